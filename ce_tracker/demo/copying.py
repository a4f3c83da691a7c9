"""Lines into PostgreSQL with COPY, while the next ones are being made.

Most of the time goes into PostgreSQL checking references and keeping indexes; a thread waits for
that, and Python invents the next people meanwhile. The connection is the session's own, so all of
it is one transaction; nobody else uses it before the `with` ends.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from psycopg import Connection, sql

from ce_tracker.demo.sheets import ANCHORS, TABLES

_TIMES = ", valid_from, valid_to, known_from, known_to, source"


class Copier:
    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copy")
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            self._wait()

    def send(self, lines: dict[str, list[str]]) -> None:
        """Begin with these as soon as those before are done; memory never holds a third batch."""
        self._wait()
        self._under_way = self._thread.submit(self._copy, lines)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()

    def _copy(self, lines: dict[str, list[str]]) -> None:
        with self._connection.cursor() as cursor:
            for table, columns in TABLES.items():
                if not lines[table]:
                    continue
                every = columns if table in ANCHORS else columns + _TIMES
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(table), sql.SQL(every)
                )
                with cursor.copy(statement) as copy:
                    copy.write("".join(lines[table]))
