"""A person's hours of a year: what they add up to, whose they are, who sees them, as of when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ce_tracker import clock, hours
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.errors import NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.ledger import reading
from ce_tracker.registry import merging, people
from ce_tracker.registry.models import Professional
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Account, Factory
from tests.ledger.world import NO_FIELD, Ledger, Move

WHY = "签到表与实际到课不符"
SINCE = date(2020, 9, 1)


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, 10, tzinfo=clock.SHANGHAI)


@pytest.fixture
def ledger(make: Factory, worker: Flask) -> Ledger:
    return Ledger(worker, make)


@pytest.fixture
def base(make: Factory) -> Account:
    return make.account(Role.PROVIDER)


@pytest.fixture
def own(make: Factory) -> Account:
    return make.account(Role.PROFESSIONAL)


@contextmanager
def as_web(web: Flask, actor: Actor | None) -> Iterator[None]:
    with web.app_context():
        act_as(actor)
        try:
            yield
            db.session.commit()
        finally:
            db.session.remove()


def seen(
    web: Flask, actor: Actor, person: int, year: int = 2026, moment: datetime | None = None
) -> dict[str, Any]:
    with as_web(web, actor):
        found: dict[str, Any] = json.loads(reading.hours_of(person, year, moment))
        return found


def sums(found: dict[str, Any]) -> tuple[str, str, str]:
    return found["general"], found["specialty"], found["total"]


def of(account: Account) -> int:
    assert account.actor.professional_id is not None
    return account.actor.professional_id


def test_a_year_has_its_sums_and_where_each_hour_was_earned(
    web: Flask, make: Factory, ledger: Ledger, base: Account, own: Account
) -> None:
    specialty, general = make.session(base), make.session(base, subject="general", **NO_FIELD)
    ledger.posts(
        Move(of(own), specialty.id, 4000, result="优秀"),
        Move(of(own), general.id, 825, date(2026, 3, 5)),
        upload_id=ledger.upload(base),
    )
    found = seen(web, own.actor, of(own))
    assert sums(found) == ("8.25", "40", "48.25")
    assert (found["year"], found["years"], found["position"]) == (2026, [2026], 1)
    first, second = found["entries"]
    assert (first["session"]["id"], first["hours"], first["finished_on"]) == (
        general.id,
        "8.25",
        "2026-03-05",
    )
    assert second["session"]["title"] == specialty.title
    assert second["provider"] == {"id": base.actor.provider_id, "name": base.actor.place}
    assert (second["result"], second["reversal"]) == ("优秀", None)
    assert found["shown_from"] is None


def test_what_was_taken_back_stays_to_be_seen_with_its_reason_and_counts_no_more(
    web: Flask, make: Factory, ledger: Ledger, base: Account, own: Account
) -> None:
    session, upload = make.session(base), ledger.upload(base)
    ledger.posts(Move(of(own), session.id, 800), upload_id=upload)
    ledger.posts(
        Move(of(own), session.id, -800, reason=WHY),
        Move(of(own), session.id, 650),
        upload_id=upload,
    )
    found = seen(web, own.actor, of(own))
    assert sums(found) == ("0", "6.5", "6.5")
    before, now = found["entries"]
    assert before["hours"] == "8"
    assert (before["reversal"]["hours"], before["reversal"]["reason"]) == ("-8", WHY)
    assert (now["hours"], now["reversal"]) == ("6.5", None)


def test_as_of_a_moment_a_later_correction_is_not_known_yet(
    web: Flask, make: Factory, ledger: Ledger, base: Account, own: Account
) -> None:
    session, upload = make.session(base), ledger.upload(base)
    with clock.pinned(at(4)):
        ledger.posts(Move(of(own), session.id, 800), upload_id=upload)
    with clock.pinned(at(6)):
        correction = (Move(of(own), session.id, -800, reason=WHY), Move(of(own), session.id, 600))
        ledger.posts(*correction, upload_id=upload)

    def then(moment: datetime) -> tuple[str, int, list[tuple[str, bool]]]:
        found = seen(web, own.actor, of(own), moment=moment)
        assert datetime.fromisoformat(found["as_of"]) == moment
        lines = [(entry["hours"], entry["reversal"] is not None) for entry in found["entries"]]
        return found["total"], found["position"], lines

    assert then(at(3)) == ("0", 0, [])
    assert then(at(4)) == ("8", 1, [("8", False)])
    assert then(at(5)) == ("8", 1, [("8", False)])
    assert then(at(6)) == ("6", 2, [("8", True), ("6", False)])
    assert seen(web, own.actor, of(own), moment=at(3))["years"] == []


def test_each_year_stands_alone_and_names_the_others(
    web: Flask, make: Factory, ledger: Ledger, base: Account, own: Account
) -> None:
    this = make.session(base)
    days = {"starts_at": datetime(2025, 5, 6, 9, tzinfo=clock.SHANGHAI)}
    before = make.session(base, ends_at=datetime(2025, 5, 7, 17, tzinfo=clock.SHANGHAI), **days)
    ledger.posts(
        Move(of(own), this.id, 800),
        Move(of(own), before.id, 1600, date(2025, 5, 7)),
        upload_id=ledger.upload(base),
    )
    assert seen(web, own.actor, of(own), 2026)["total"] == "8"
    last = seen(web, own.actor, of(own), 2025)
    assert (last["total"], last["years"]) == ("16", [2026, 2025])
    assert seen(web, own.actor, of(own), 2024)["entries"] == []


def test_two_records_of_one_person_are_read_as_one(
    web: Flask, make: Factory, ledger: Ledger, base: Account, own: Account
) -> None:
    """As of a moment before they were known to be one they are two, and after a split again."""
    unit = make.employer(HUANCUI)
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    other = make.professional("王晓岚").id
    with clock.pinned(at(2)):
        for person in (of(own), other):
            people.employ(db.session.get_one(Professional, person), unit.id, None, SINCE, "test")
        db.session.commit()
    sessions = [make.session(base).id for _ in range(2)]
    with clock.pinned(at(4)):
        ledger.posts(
            Move(of(own), sessions[0], 800),
            Move(other, sessions[1], 1600),
            upload_id=ledger.upload(base),
        )
    with clock.pinned(at(6)), as_web(web, authority):
        merging.merge(other, of(own), "同一人，号码抄错一位")
    for reader in (own.actor, authority):
        found = seen(web, reader, of(own))
        assert sums(found) == ("0", "24", "24")
        assert [entry["session"]["id"] for entry in found["entries"]] == sessions
        assert seen(web, reader, of(own), moment=at(7))["total"] == "24"
        assert seen(web, reader, of(own), moment=at(5))["total"] == "8"
    with clock.pinned(at(8)), as_web(web, authority):
        merging.split(other, "另有其人")
    assert seen(web, own.actor, of(own))["total"] == "8"
    # What is somebody else's after all was shown then, and is not shown again.
    assert seen(web, own.actor, of(own), moment=at(7))["total"] == "8"
    assert seen(web, authority, other)["total"] == "16"


def test_an_employer_sees_of_before_somebody_joined_the_sums_alone(
    web: Flask, make: Factory, ledger: Ledger, base: Account
) -> None:
    employer = make.account(Role.EMPLOYER, HUANCUI)
    person = make.professional()
    people.employ(person, make.employer(HUANCUI).id, None, SINCE, "test")
    people.employ(person, employer.actor.employer_id or 0, None, date(2026, 3, 4), "test")
    db.session.commit()
    early, late = make.session(base), make.session(base)
    with clock.pinned(at(4)):
        ledger.posts(
            Move(person.id, early.id, 800, date(2026, 3, 3)),
            Move(person.id, late.id, 1600, date(2026, 3, 4)),
            upload_id=ledger.upload(base),
        )
    for moment in (None, at(5)):
        found = seen(web, employer.actor, person.id, moment=moment)
        assert sums(found) == ("0", "24", "24"), moment
        assert [entry["session"]["id"] for entry in found["entries"]] == [late.id]
        assert found["shown_from"] == "2026-03-04"
    assert seen(web, employer.actor, person.id, 2027)["shown_from"] is None
    assert seen(web, employer.actor, person.id, 2025)["shown_from"] == "2026-01-01"
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    whole = seen(web, authority, person.id)
    assert (len(whole["entries"]), whole["shown_from"]) == (2, None)


def test_nobody_else_sees_anything_now_or_as_of_then(
    web: Flask, make: Factory, ledger: Ledger, base: Account
) -> None:
    person = make.professional()
    people.employ(person, make.employer(HUANCUI).id, None, SINCE, "test")
    db.session.commit()
    session = make.session(base)
    ledger.posts(Move(person.id, session.id, 800), upload_id=ledger.upload(base))
    strangers = [
        base.actor,
        make.account(Role.PROFESSIONAL).actor,
        make.account(Role.EMPLOYER, HUANCUI).actor,
        make.account(Role.AUTHORITY, YINCHUAN).actor,
        make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH).actor,
    ]
    for stranger in strangers:
        for moment in (None, clock.now()):
            with pytest.raises(NotFound):
                seen(web, stranger, person.id, moment=moment)
            with as_web(web, stranger):
                past = select(func.standings_at([person.id], clock.now()))
                assert db.session.execute(past).all() == []
    with as_web(web, None), pytest.raises(NotFound):
        reading.hours_of(person.id, 2026)


@given(st.integers(-10_000_000, 10_000_000))
def test_postgresql_writes_hours_as_we_do(owner: Flask, x100: int) -> None:
    with owner.app_context():
        assert db.session.scalar(select(func.hours_text(x100))) == hours.shown(x100)
        db.session.remove()
