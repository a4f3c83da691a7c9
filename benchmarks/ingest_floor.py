"""What `benchmarks.ingest` is compared with; each contender is a process of its own.

The *floor* is the best that a hand-made pipeline does in one process, over the same PostgreSQL and
with the indexes of the ledger and of the standings: calamine or csv, HMAC with copied states, COPY
into a temporary table, and one ordered INSERT … SELECT … ON CONFLICT DO NOTHING whose rows move
the standings in the same statement. Nothing is checked, sealed, kept, chained or said to anybody.

The rivals are how one would write it first: the ORM's `add_all`, with everything looked up
beforehand; and a SELECT and then an INSERT for each row. They do part of the rows, and the time of
those is scaled up; what they read of the file, they read whole.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import python_calamine
from sqlalchemy import BigInteger, LargeBinary, SmallInteger, create_engine, select, tuple_
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.attendance_files import HEADER
from benchmarks.watching import peak_mb
from ce_tracker.identity import PLACE
from config import Settings

ADD_ALL_ROWS, ROW_BY_ROW_ROWS = 20_000, 2_000
_BLOCK = 5_000
_ABOVE = 2
"""Lines above the first person."""
_NUMBER, _HOURS, _RESULT, _DAY = (
    HEADER.index(title) for title in ("身份证号", "学时", "考核结果", "完成日期")
)

TABLES = """
DROP TABLE IF EXISTS floor_entries, floor_standings;
CREATE TABLE floor_entries (LIKE ledger_entries INCLUDING INDEXES) PARTITION BY RANGE (year);
ALTER TABLE floor_entries DROP digest, DROP reason;
CREATE TABLE floor_entries_now PARTITION OF floor_entries FOR VALUES FROM ({year}) TO ({year} + 1);
CREATE TABLE floor_standings (LIKE standings INCLUDING INDEXES INCLUDING DEFAULTS)
    WITH (fillfactor = 80);
INSERT INTO floor_entries (professional_id, session_id, posting_id, provider_id, hours_x100,
    row_number, finished_on, year, revision, subject, result)
SELECT professional_id, session_id, posting_id, provider_id, hours_x100,
    row_number, finished_on, year, revision, subject, result
FROM ledger_entries;
INSERT INTO floor_standings SELECT * FROM standings;
"""
"""With what the ledger has, in the order in which it came there."""

_STAGED = """
CREATE TEMPORARY TABLE staged (
    row_number integer, id_number_index bytea, hours_x100 integer, finished_on date, result text
) ON COMMIT DROP
"""
_POST = """
WITH added AS (
    INSERT INTO floor_entries (professional_id, session_id, posting_id, provider_id, hours_x100,
        row_number, finished_on, year, revision, subject, result)
    SELECT p.id, %(session)s, %(session)s, 1, s.hours_x100, s.row_number, s.finished_on,
        extract(year FROM s.finished_on), 1, 'specialty', s.result
    FROM staged s JOIN professionals p USING (id_number_index)
    ORDER BY p.id
    ON CONFLICT DO NOTHING
    RETURNING professional_id, year, hours_x100
)
INSERT INTO floor_standings AS s (professional_id, year, general_x100, specialty_x100)
SELECT professional_id, year, 0, sum(hours_x100) FROM added GROUP BY 1, 2 ORDER BY 1
ON CONFLICT (professional_id, year) DO UPDATE
    SET specialty_x100 = s.specialty_x100 + excluded.specialty_x100
"""
_COMPARE = """
SELECT count(e.professional_id), count(*)
FROM staged s JOIN professionals p USING (id_number_index)
LEFT JOIN floor_entries e ON e.professional_id = p.id AND e.session_id = %(session)s
"""


def _rows(file: Path) -> list[list[Any]]:
    data = file.read_bytes()
    if file.suffix == ".xlsx":
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return book.get_sheet_by_index(0).to_python()[_ABOVE:]
    return list(csv.reader(io.StringIO(data.decode("gb18030"), newline="")))[_ABOVE:]


@cache
def _day(said: str | date) -> date:
    return said if isinstance(said, date) else date(*map(int, said.split("/")))


# --- the floor -----------------------------------------------------------------------------


def floor(settings: Settings, file: Path, session: int, *, post: bool = True) -> float:
    with psycopg.connect(str(settings.database_url), autocommit=True) as connection:
        began = time.perf_counter()
        rows = _rows(file)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(_STAGED)
            with cursor.copy("COPY staged FROM STDIN") as sink:
                lines = _lines(settings, rows)
                while block := "".join(islice(lines, _BLOCK)):
                    sink.write(block)
            cursor.execute("ANALYZE staged")
            cursor.execute(_POST if post else _COMPARE, {"session": session})
            if post and cursor.rowcount != len(rows):
                raise RuntimeError(cursor.rowcount)
        return time.perf_counter() - began


def previewed(settings: Settings, file: Path, session: int) -> float:
    """As far as a preview goes: read, staged, found, compared with what is there."""
    return floor(settings, file, session, post=False)


def _lines(settings: Settings, rows: Sequence[list[Any]]) -> Iterator[str]:
    index = settings.keyring().indexer(PLACE)
    for place, row in enumerate(rows, _ABOVE + 1):
        yield (
            f"{place}\t\\\\x{index(row[_NUMBER].encode()).hex()}\t{int(float(row[_HOURS]) * 100)}"
            f"\t{_day(row[_DAY])}\t{row[_RESULT]}\n"
        )


# --- the rivals ----------------------------------------------------------------------------


class _Base(DeclarativeBase):
    pass


class _Person(_Base):
    __tablename__ = "professionals"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id_number_index: Mapped[bytes] = mapped_column(LargeBinary)


class _Entry(_Base):
    __tablename__ = "floor_entries"
    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    posting_id: Mapped[int] = mapped_column(BigInteger)
    provider_id: Mapped[int] = mapped_column(BigInteger)
    hours_x100: Mapped[int]
    row_number: Mapped[int | None]
    finished_on: Mapped[date]
    subject: Mapped[str]
    result: Mapped[str | None]


class _Standing(_Base):
    __tablename__ = "floor_standings"
    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    general_x100: Mapped[int]
    specialty_x100: Mapped[int]


class _Line(NamedTuple):
    row_number: int
    id_index: bytes
    hours_x100: int
    finished_on: date
    result: str

    def entry(self, person: int, session: int) -> _Entry:
        return _Entry(
            professional_id=person,
            year=self.finished_on.year,
            session_id=session,
            revision=1,
            posting_id=session,
            provider_id=1,
            hours_x100=self.hours_x100,
            row_number=self.row_number,
            finished_on=self.finished_on,
            subject="specialty",
            result=self.result,
        )

    def standing(self, person: int) -> _Standing:
        return _Standing(
            professional_id=person,
            year=self.finished_on.year,
            general_x100=0,
            specialty_x100=self.hours_x100,
        )


def add_all(settings: Settings, file: Path, session: int) -> float:
    return _rival(settings, file, ADD_ALL_ROWS, lambda db, lines: _all_added(db, lines, session))


def row_by_row(settings: Settings, file: Path, session: int) -> float:
    return _rival(settings, file, ROW_BY_ROW_ROWS, lambda db, lines: _each(db, lines, session))


def _rival(
    settings: Settings, file: Path, rows: int, post: Callable[[Session, list[_Line]], None]
) -> float:
    engine = create_engine(
        str(settings.database_url).replace("postgresql://", "postgresql+psycopg://", 1)
    )
    with Session(engine) as db:
        began = time.perf_counter()
        found = _rows(file)
        read = time.perf_counter()
        index = settings.keyring().indexer(PLACE)
        post(
            db,
            [
                _Line(
                    place,
                    index(row[_NUMBER].encode()),
                    int(float(row[_HOURS]) * 100),
                    _day(row[_DAY]),
                    row[_RESULT],
                )
                for place, row in enumerate(found[:rows], _ABOVE + 1)
            ],
        )
        db.commit()
        return read - began + (time.perf_counter() - read) * max(1.0, len(found) / rows)


def _all_added(db: Session, lines: list[_Line], session: int) -> None:
    people: dict[bytes, int] = {}
    standings: dict[tuple[int, int], _Standing] = {}
    for start in range(0, len(lines), _BLOCK):
        batch = lines[start : start + _BLOCK]
        indexes = [line.id_index for line in batch]
        found = db.execute(
            select(_Person.id_number_index, _Person.id).where(_Person.id_number_index.in_(indexes))
        )
        people |= {each.id_number_index: each.id for each in found}
        keys = [(people[line.id_index], line.finished_on.year) for line in batch]
        there = db.scalars(
            select(_Standing).where(tuple_(_Standing.professional_id, _Standing.year).in_(keys))
        )
        standings |= {(each.professional_id, each.year): each for each in there}
    fresh = []
    for line in lines:
        person = people[line.id_index]
        standing = standings.get((person, line.finished_on.year))
        if standing is None:
            fresh.append(line.standing(person))
        else:
            standing.specialty_x100 += line.hours_x100
    db.add_all([line.entry(people[line.id_index], session) for line in lines])
    db.add_all(fresh)


def _each(db: Session, lines: list[_Line], session: int) -> None:
    for line in lines:
        person = db.scalars(
            select(_Person.id).where(_Person.id_number_index == line.id_index)
        ).one()
        key = (person, line.finished_on.year, session, 1)
        if db.get(_Entry, key) is not None:
            continue
        db.add(line.entry(person, session))
        standing = db.get(_Standing, (person, line.finished_on.year))
        if standing is None:
            db.add(line.standing(person))
        else:
            standing.specialty_x100 += line.hours_x100
        db.flush()


CONTENDERS: dict[str, Callable[[Settings, Path, int], float]] = {
    each.__name__: each for each in (floor, previewed, add_all, row_by_row)
}


def _once(name: str, given: Sequence[str]) -> None:
    """File, session, file, session …"""
    settings = Settings.from_env()
    seconds = [
        CONTENDERS[name](settings, Path(file), int(session))
        for file, session in zip(given[::2], given[1::2], strict=True)
    ]
    print(json.dumps({"seconds": sum(seconds), "peak_mb": peak_mb()}))


if __name__ == "__main__":
    _once(sys.argv[1], sys.argv[2:])
