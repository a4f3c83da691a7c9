"""A session over New Year, whose first year is closed: for tests of what may still be posted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask
from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger.chain import BEFORE_ALL
from ce_tracker.ledger.closed_years import YearClosing
from ce_tracker.registry import people, snapshot
from tests.api.asking import described
from tests.factories import HUANCUI, Factory
from tests.ledger.books import HEADER, Books

YEAR = 2025
RESULTS = (*HEADER, "考核结果")
FULL = (*RESULTS, "完成日期")


def books_of_two_years(make: Factory, web: Flask, worker: Flask) -> Books:
    return Books.of_session(
        make,
        web,
        worker,
        starts_at=datetime(YEAR, 12, 29, 9, tzinfo=clock.SHANGHAI),
        ends_at=datetime(YEAR + 1, 1, 3, 17, tzinfo=clock.SHANGHAI),
        created_at=datetime(YEAR, 11, 2, 9, tzinfo=clock.SHANGHAI),
    )


def teacher(books: Books, name: str, number: str, region: str = HUANCUI) -> int:
    """On the staff of a school of that place."""
    person = books.registered(name, number)
    unit = books.make.employer(region)
    described(unit)
    people.employ(person, unit.id, None, date(2020, 9, 1), "test")
    snapshot.refresh_professionals([person.id], clock.today())
    db.session.commit()
    return person.id


def close(year: int = YEAR) -> None:
    db.session.add(YearClosing(year=year, asked_at=clock.now(), asked_by_name="山东省人社厅"))
    db.session.flush()
    db.session.execute(
        text(
            "WITH head AS (SELECT position, digest FROM postings UNION ALL"
            " SELECT 0, CAST(:none AS bytea) ORDER BY position DESC LIMIT 1)"
            " UPDATE year_closings SET closed_at = :now, day = :day, sweep_id = 1, policies = '{}',"
            " ledger_position = head.position, ledger_digest = head.digest, people = 0"
            " FROM head WHERE year = :year"
        ),
        {"now": clock.now(), "day": date(year, 12, 31), "none": BEFORE_ALL, "year": year},
    )
    db.session.commit()


def line(
    name: str, number: str, hours: Any, result: str = "合格", day: int = 30
) -> tuple[Any, ...]:
    return (name, number, hours, result, f"{YEAR}-12-{day}")
