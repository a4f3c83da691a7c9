"""Of each line of a messy list becomes exactly what should, or the file is refused by name."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.uploads import UploadPage, UploadState
from ce_tracker.registry import people
from tests.factories import Factory
from tests.ledger.books import Books
from tests.ledger.messy.case import (
    CREDITED,
    CROWD,
    HEADER,
    REGISTERED,
    SESSION,
    Became,
    Case,
    Refused,
)
from tests.ledger.messy.layouts import LAYOUTS
from tests.ledger.messy.refused import REFUSED
from tests.ledger.messy.within_cells import DAYS, WITHIN_CELLS

CASES = [*LAYOUTS, *WITHIN_CELLS]


@pytest.fixture
def books(make: Factory, web: Flask, worker: Flask) -> Books:
    books = Books.of_session(make, web, worker, code=SESSION)
    for name, number in {**REGISTERED, **CROWD}.items():
        people.register(make.settings.keyring(), name, number, "resident")
    db.session.commit()
    return books


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_of_each_line_becomes_exactly_what_should(books: Books, case: Case) -> None:
    if case.credited:
        books.enter(HEADER, *((who, REGISTERED[who], hours) for who, hours in CREDITED.items()))
    before = books.hours_x100()
    found = books.preview(case.make(), case.mode, name=case.file, of_many=case.of_many)
    upload = books.upload_of(found)
    assert upload.state == UploadState.PREVIEWED, upload.error
    counts, notes = books.counts(found), tuple(upload.notes)
    lines = {
        line.row_number: Became(
            outcome, line.now_x100, tuple((c, said) for c, said in line.remarks)
        )
        for outcome, line in books.lines(found)
        if line.row_number is not None
    }
    assert lines == case.lines
    expected = Counter(became.outcome for became in case.lines.values())
    assert counts == expected + Counter(removed=case.removed)
    assert notes == case.notes
    assert books.hours_x100() == before, "nothing is posted before somebody says yes"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_cannot_be_read_is_refused_and_nothing_of_it_is_kept(
    books: Books, case: Refused
) -> None:
    found = books.preview(case.make(), post=True)
    upload = books.upload_of(found)
    assert upload.state == UploadState.FAILED
    assert (upload.error or "").startswith(case.kind.title)
    assert case.says in (upload.error or "")
    kept = select(func.count()).where(UploadPage.upload_id == found)
    assert (db.session.scalar(kept), upload.counts) == (0, {})
    assert books.postings() == 0


def test_however_a_day_is_written_it_is_that_day(books: Books) -> None:
    books.preview(DAYS.make(), post=True)
    newest = select(func.max(LedgerEntry.posting_id)).scalar_subquery()
    days = db.session.scalars(
        select(LedgerEntry.finished_on).where(LedgerEntry.posting_id == newest)
    ).all()
    assert days == [date(2026, 3, 5)] * len(DAYS.lines)


def test_there_are_many_kinds_of_mess() -> None:
    names = [case.name for case in CASES] + [case.name for case in REFUSED]
    assert len(set(names)) == len(names) >= 80
