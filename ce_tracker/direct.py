"""Reading in one round trip: one statement that is a transaction of its own.

A session says BEGIN, the statement and COMMIT, three round trips, and writes each statement anew.
Beside a read of a tenth of a millisecond that is most of the work. What is read so enters the
actor in the same statement, or row security shows it nothing.

It is asked with the driver's own libpq, in half the time that the driver's cursor takes. The
connections are others than the session's, since of those the driver forgets what was prepared
whenever a transaction is rolled back. There are never more of them than threads that ask, so
nobody waits for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import OperationalError, errors, pq

from ce_tracker.errors import Unavailable

Value = bytes | str | int | datetime | None


class Direct:
    def __init__(self, address: str, options: dict[str, Any]) -> None:
        self._address, self._options = address, options
        self._idle: deque[_Connection] = deque()

    def read(self, statement: str, values: Sequence[Value]) -> str:
        """The one text that the statement answers. Its parameters are $1, $2 …"""
        texts = [_as_text(value) for value in values]
        while connection := self._from_before():
            try:
                return self._asked(connection, statement, texts)
            except OperationalError as error:
                if not connection.lost:
                    raise Unavailable from error
                # Cut while it lay idle, as all are when PostgreSQL starts again.
        try:
            driver = psycopg.connect(self._address, autocommit=True, **self._options)
            return self._asked(_Connection(driver), statement, texts)
        except OperationalError as error:
            raise Unavailable from error

    def close(self) -> None:
        while connection := self._from_before():
            connection.close()

    def _from_before(self) -> _Connection | None:
        try:
            return self._idle.pop()  # the one that has just answered has all at hand
        except IndexError:
            return None

    def _asked(self, connection: _Connection, statement: str, values: list[Any]) -> str:
        try:
            found = connection.read(statement, values)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return found


class _Connection:
    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._prepared: dict[str, bytes] = {}
        self.lost = False

    def read(self, statement: str, values: list[Any]) -> str:
        connection = self._driver.pgconn
        name = self._prepared.get(statement)
        if name is None:
            name = f"direct_{len(self._prepared)}".encode()
            _looked_at(connection.prepare(name, statement.encode()))
            self._prepared[statement] = name
        found = _looked_at(connection.exec_prepared(name, values)).get_value(0, 0)
        return (found or b"").decode()

    def close(self) -> None:
        self.lost = self._driver.broken
        self._driver.close()


def _looked_at(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in _FINE:
        return result
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    kind = errors.lookup(state.decode()) if state else OperationalError
    raise kind((result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode())


_FINE = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


def _as_text(value: Value) -> Any:  # the driver's types forget that a value may be missing
    if value is None:
        return None
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, datetime):
        return value.isoformat().encode()
    return str(value).encode()
