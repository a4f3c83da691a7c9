"""The lines of an upload's file in a temporary table, ready to be compared all at once.

The file is read by a child process that holds no keys; here each ID number becomes its index and
the line goes to PostgreSQL by COPY, which finds whom it is about, while the child is still reading.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from psycopg import Connection
from sqlalchemy import text

from ce_tracker.extensions import db
from ce_tracker.identity import PLACE, hidden
from ce_tracker.ledger.attendance_reading import (
    COLUMNS,
    COLUMNS_OF_MANY,
    LIMITS,
    STAGED,
    AttendanceReader,
)
from ce_tracker.ledger.uploads import FILE, Upload
from ce_tracker.sealing import Keyring
from ce_tracker.sheets.headers import understood
from ce_tracker.sheets.notes import left_out
from ce_tracker.sheets.reading import Limits, Sheet, read
from ce_tracker.sheets.refusals import Empty

LINES_AT_ONCE = 5000

Tell = Callable[[int, int | None], None]
"""Hears how many lines are done, and of how many."""

Opener = Callable[[bytes, str, Limits], Sheet]
"""Opens the file: a child does, unless somebody knows what is in it."""


@dataclass(frozen=True)
class Reading:
    reader: AttendanceReader
    notes: list[str]


def stage(upload: Upload, keyring: Keyring, tell: Tell, opened: Opener = read) -> Reading:
    """Raises UnreadableFile; then nothing of it is staged."""
    data = keyring.open(_sealed_file(upload), FILE)
    with db.session.begin_nested(), opened(data, upload.file_name, LIMITS) as sheet:
        del data
        table = understood(sheet, COLUMNS if upload.session_id else COLUMNS_OF_MANY)
        reader = AttendanceReader(
            table, keyring.indexer(PLACE), typed=upload.typed, epoch_1904=sheet.epoch_1904
        )
        _copy(reader, sheet.height, tell)
        if not reader.rows:
            raise Empty(f"第 {table.header.row} 行是标题行，下面没有人员。")
        notes = [hidden(note) for note in left_out(sheet, table)]
        if not reader.gives_hours:
            notes.append("文件中没有“学时”一列，合格的人员都按班次的学时计。")
    _find_under_older_keys(reader, keyring)
    return Reading(reader, notes)


def _sealed_file(upload: Upload) -> bytes:
    """In binary: as text it would be there three times over, in memory that is not given back."""
    found = (
        _connection()
        .execute("SELECT file_sealed FROM uploads WHERE id = %s", (upload.id,), binary=True)
        .fetchone()
    )
    return found[0] if found and found[0] else b""


def _connection() -> Connection[Any]:
    """The session's own, in the same transaction."""
    connection: Any = db.session.connection().connection.driver_connection
    return connection  # type: ignore[no-any-return]


def _copy(reader: AttendanceReader, expected: int, tell: Tell) -> None:
    """While PostgreSQL looks for the people of some lines, the next are being read."""
    for table in _TABLES:
        db.session.execute(text(table))
    connection = _connection()
    lines = reader.staged()
    with ThreadPoolExecutor(1, thread_name_prefix="stage") as thread:
        under_way: Future[None] | None = None
        while chunk := "".join(islice(lines, LINES_AT_ONCE)):
            if under_way is not None:
                under_way.result()
            under_way = thread.submit(_take_in, connection, chunk)
            tell(reader.rows, max(expected, reader.rows))
        if under_way is not None:
            under_way.result()


def _take_in(connection: Connection[Any], chunk: str) -> None:
    """Nobody else uses the connection meanwhile."""
    with connection.cursor() as cursor:
        with cursor.copy("COPY lines FROM STDIN") as copy:
            copy.write(chunk)
        cursor.execute(_FIND)
        cursor.execute("TRUNCATE lines")


def _find_under_older_keys(reader: AttendanceReader, keyring: Keyring) -> None:
    """While a change of keys is under way, some people are still found by an older one."""
    for version in keyring.versions[1:]:
        unknown = set(
            db.session.scalars(text("SELECT row_number FROM staged WHERE record IS NULL"))
        )
        index = keyring.indexer(PLACE, version)
        found = [(row, index(number)) for row, number in reader.numbers() if row in unknown]
        db.session.execute(
            _FIND_OLDER, {"rows": [row for row, _ in found], "indexes": [each for _, each in found]}
        )


_FOUND = "record bigint, person bigint, known_as text"
_TABLES = (
    f"CREATE TEMPORARY TABLE lines ({STAGED}) ON COMMIT DROP",
    f"CREATE TEMPORARY TABLE staged ({STAGED}, {_FOUND}) ON COMMIT DROP",
)
_FIND = """
INSERT INTO staged
SELECT l.*, p.id, coalesce(p.merged_into, p.id), p.name
FROM lines l LEFT JOIN professionals p ON p.id_number_index = l.id_index
"""
_FIND_OLDER = text("""
UPDATE staged s SET record = p.id, person = coalesce(p.merged_into, p.id), known_as = p.name
FROM unnest(CAST(:rows AS integer[]), CAST(:indexes AS bytea[])) AS u (row_number, id_index)
JOIN professionals p ON p.id_number_index = u.id_index
WHERE s.row_number = u.row_number
""")
