"""What the database itself refuses about a session, and what happens when two come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import act_as, db
from ce_tracker.jobs import Job
from ce_tracker.training import sessions
from ce_tracker.training.models import TrainingSession
from tests.factories import Account, Factory
from tests.training import office
from tests.training.office import ENTERED

KEPT = {
    "subject": "'general', series_code = NULL, field_code = NULL",
    "series_code": "'university'",
    "field_code": "'school-02'",
    "purpose": "'rotation'",
    "hours_x100": "3999",
    "starts_at": "starts_at + interval '1 minute'",
    "ends_at": "ends_at - interval '1 minute'",
}
"""Column → another value for it."""


@pytest.fixture
def account(make: Factory) -> Account:
    found = make.account(Role.PROVIDER)
    office.known_as(found, "university")
    return found


def write(app: Flask, account: Account, statement: str) -> int:
    """Raw SQL in that application's database role; how many rows it changed."""
    with app.app_context():
        try:
            act_as(account.actor)
            found: Any = db.session.execute(text(statement))
            db.session.commit()
            return int(found.rowcount)
        finally:
            db.session.remove()


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
@pytest.mark.parametrize("column", KEPT)
def test_no_role_changes_what_hours_were_posted_for(
    make: Factory, account: Account, request: pytest.FixtureRequest, role: str, column: str
) -> None:
    app: Flask = request.getfixturevalue(role)
    change = f"UPDATE training_sessions SET {column} = {KEPT[column]}"
    make.session(account)
    assert write(app, account, change) == 1
    make.session(account, first_posted_at=clock.now())
    with pytest.raises(DBAPIError, match="has posted hours"):
        write(app, account, change)
    assert write(app, account, "UPDATE training_sessions SET title = '新名称', capacity = 5") == 2


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_no_role_brings_back_what_was_revoked(
    make: Factory, account: Account, request: pytest.FixtureRequest, role: str
) -> None:
    make.session(account, state="revoked", revoked_at=clock.now(), revoked_because="重复办班")
    again = (
        "UPDATE training_sessions SET state = 'published', revoked_at = NULL,"
        " revoked_because = NULL"
    )
    with pytest.raises(DBAPIError, match="was revoked"):
        write(request.getfixturevalue(role), account, again)


def test_only_the_worker_says_that_hours_were_posted_and_never_unsays_it(
    make: Factory, account: Account, web: Flask, worker: Flask
) -> None:
    make.session(account)
    posted = "UPDATE training_sessions SET first_posted_at = now()"
    with pytest.raises(DBAPIError, match="permission denied"):
        write(web, account, posted)
    assert write(worker, account, posted) == 1
    with pytest.raises(DBAPIError, match="has posted hours"):
        write(worker, account, "UPDATE training_sessions SET first_posted_at = NULL")


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "published", "published_at": None},
        {"state": "closed", "published_at": None},
        {"state": "draft", "published_at": office.at(date(2026, 2, 2), 9)},
        {"state": "revoked"},
        {"revoked_because": "没有撤销，却有理由"},
        {"subject": "general"},
        {"series_code": None},
        {"place": None},
        {"hours_x100": 0},
        {"hours_x100": 100_001},
        {"capacity": 0},
        {"ends_at": office.at(office.FIRST, 9)},
    ],
)
def test_the_database_holds_no_session_that_cannot_be(
    make: Factory, account: Account, columns: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match="check constraint"):
        make.session(account, **columns)
    db.session.rollback()


def at_once(web: Flask, account: Account, *acts: Any) -> list[str]:
    """Each in a transaction of its own, all begun together; how each of them ended."""
    ready = Barrier(len(acts))

    def run(act: Any) -> str:
        with web.app_context():
            act_as(account.actor)
            ready.wait()
            try:
                act()
                db.session.commit()
            except CeTrackerError as error:
                return error.code
            finally:
                db.session.remove()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_numbers_made_at_once_are_all_different(web: Flask, account: Account) -> None:
    create = [lambda: sessions.create(account.actor, entered())] * 8
    assert at_once(web, account, *create) == ["done"] * 8
    codes = db.session.scalars(db.select(TrainingSession.code)).all()
    assert sorted(codes) == [f"2026-{number:04d}" for number in range(1, 9)]


def test_one_number_given_at_once_is_given_once(web: Flask, account: Account) -> None:
    create = [lambda: sessions.create(account.actor, entered(code="春-1"))] * 6
    assert sorted(at_once(web, account, *create)) == ["conflict"] * 5 + ["done"]


def test_revoking_and_publishing_at_once_leave_one_story(
    web: Flask, account: Account, make: Factory
) -> None:
    found = make.session(account, state="draft").id
    who = account.actor
    acts = [
        lambda: sessions.publish(who, found),
        lambda: sessions.revoke(who, found, "不办了，作废"),
    ]
    ends = at_once(web, account, *acts * 3)
    db.session.expire_all()
    session = db.session.get_one(TrainingSession, found)
    assert session.state == "revoked"
    assert ends[1::2].count("done") == 1
    published, revoked = (
        db.session.query(AuditEntry).filter_by(action=f"session.{act}").count()
        for act in ("published", "revoked")
    )
    assert (published, revoked) == (int(session.published_at is not None), 1)
    assert db.session.query(Job).filter_by(kind="revoke-session").count() == published


def entered(**more: Any) -> dict[str, Any]:
    """As a form or the API hands it over."""
    times = {"starts_at": office.at(office.FIRST, 9), "ends_at": office.at(office.LAST, 17)}
    return ENTERED | times | {"hours": 4000} | more
