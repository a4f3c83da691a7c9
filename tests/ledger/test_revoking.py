"""Revoking a session takes back all that was posted of it: once, and whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import jobs
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger import holding
from ce_tracker.ledger.classifying import classify
from ce_tracker.ledger.models import LedgerEntry, Posting
from ce_tracker.ledger.uploads import HeldRow, UploadState
from ce_tracker.registry.models import Professional
from ce_tracker.training import sessions
from tests.factories import Factory
from tests.ledger.books import HEADER, Books
from tests.registry.desk import as_csv, id_number
from tests.waiting import until

A, B, C = (id_number(n) for n in (411, 413, 415))
WHY = "签到表系伪造，经核查属实"


@pytest.fixture
def books(make: Factory, web: Flask, worker: Flask) -> Books:
    return Books.of_session(make, web, worker)


def revoke(books: Books) -> None:
    with books.signed_in():
        sessions.revoke(books.account.actor, books.session_id, WHY)


def revoked(books: Books) -> None:
    revoke(books)
    books.work()


def test_everybody_loses_what_they_had_of_it_with_the_reason_that_was_given(books: Books) -> None:
    first, second = books.register("孙一", A), books.register("孙二", B)
    books.enter(HEADER, ("孙一", A, 8), ("孙二", B, 6))
    revoked(books)
    assert (books.hours(first), books.hours(second)) == ((0, 0), (0, 0))
    assert books.entries(second) == [(2026, 1, 600), (2026, 2, -600)]
    posting = db.session.scalars(select(Posting).order_by(Posting.id.desc())).first()
    assert posting is not None
    assert (posting.kind, posting.session_id, posting.entries) == (
        "revocation",
        books.session_id,
        2,
    )
    reasons = select(LedgerEntry.reason).where(LedgerEntry.posting_id == posting.id)
    assert set(db.session.scalars(reasons)) == {f"班次撤销：{WHY}"}


def test_what_another_session_gave_stays(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    other = books.make.session(books.account).id
    given_up, books.session_id = books.session_id, other
    books.enter(HEADER, ("孙一", A, 6))
    books.session_id = given_up
    revoked(books)
    assert books.hours(person) == (0, 600)


def test_it_is_taken_back_once_however_often_the_job_runs(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    revoked(books)
    with books.worker.app_context():
        jobs.ask("revoke-session", "once more", session_id=books.session_id)
        db.session.commit()
        db.session.remove()
    books.work()
    assert books.entries(person) == [(2026, 1, 800), (2026, 2, -800)]
    assert books.postings() == 2


def test_what_was_taken_back_before_is_not_taken_back_again(books: Books) -> None:
    stays, corrected, failed = (
        books.register(name, number) for name, number in (("孙一", A), ("孙二", B), ("孙三", C))
    )
    header = (*HEADER, "考核结果")
    books.enter(
        header, *((name, n, 8, "合格") for name, n in (("孙一", A), ("孙二", B), ("孙三", C)))
    )
    books.enter(header, ("孙二", B, 6, "合格"), ("孙三", C, 8, "不合格"))
    revoked(books)
    assert [hours for *_, hours in books.entries(stays)] == [800, -800]
    assert [hours for *_, hours in books.entries(corrected)] == [800, -800, 600, -600]
    assert [hours for *_, hours in books.entries(failed)] == [800, -800]


def test_of_two_records_of_one_person_each_loses_its_own(books: Books) -> None:
    old, new = books.register("孙一", A), books.register("孙一", B)
    books.enter(HEADER, ("孙一", A, 8), ("孙一", B, 6))
    db.session.get_one(Professional, old).merged_into = new
    db.session.commit()
    revoked(books)
    assert [hours for *_, hours in books.entries(old)] == [800, -800]
    assert [hours for *_, hours in books.entries(new)] == [600, -600]


def test_where_nothing_was_posted_nothing_is_taken_back(books: Books) -> None:
    revoked(books)
    assert books.postings() == 0
    assert db.session.scalars(select(Job.state).where(Job.kind == "revoke-session")).one() == "done"


def test_who_waits_to_be_registered_waits_no_longer(books: Books) -> None:
    books.enter(HEADER, ("孙一", A, 8))
    revoked(books)
    row = db.session.scalars(select(HeldRow)).one()
    assert (row.state, row.problem) == ("released", holding.SESSION_GONE)
    assert (row.line_sealed, row.id_number_sealed) == (None, None)
    person = books.register("孙一", A)
    books.tonight("post-held")
    assert books.hours(person) == (0, 0)


def test_a_list_that_was_agreed_to_before_posts_nothing_after(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.upload(as_csv(HEADER, ("孙一", A, 8)), name="名单.csv", post=True)
    revoke(books)
    books.work()
    assert books.state(found) == UploadState.POSTED
    assert books.counts(found) == {"wrong": 1}
    assert (books.hours(person), books.postings()) == ((0, 0), 0)


@contextmanager
def posting_held_up(books: Books) -> Iterator[Event]:
    """A worker has judged its list, keeps the session, and goes on when it is told."""
    go_on, there = Event(), Event()

    def held_up(*given: Any, **named: Any) -> list[str]:
        found = classify(*given, **named)
        there.set()
        assert go_on.wait(60)
        return found

    with patch("ce_tracker.ledger.attendance.classify", held_up):
        worker = Thread(target=books.work)
        worker.start()
        try:
            assert there.wait(60)
            yield go_on
        finally:
            go_on.set()
            worker.join()


def test_a_revocation_waits_for_a_posting_under_way_and_takes_it_back(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.upload(as_csv(HEADER, ("孙一", A, 8)), name="名单.csv", post=True)
    with posting_held_up(books) as go_on:
        revoking = Thread(target=revoke, args=(books,))
        revoking.start()
        until(_somebody_waits_for_a_lock, 20, "the revocation waits")
        go_on.set()
        revoking.join()
    books.work()
    assert books.state(found) == UploadState.POSTED
    assert books.counts(found) == {"new": 1}
    assert books.entries(person) == [(2026, 1, 800), (2026, 2, -800)]


def _somebody_waits_for_a_lock() -> bool:
    waiting = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid())"
    )
    db.session.rollback()
    return bool(db.session.scalar(waiting))
