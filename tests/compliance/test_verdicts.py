"""A verdict on somebody's year over the API: the clause, what is missing, and as it was known."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry import people
from ce_tracker.registry.models import Employer, Professional
from tests.api.asking import Asker
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory
from tests.ledger.world import Ledger, Move

YEAR = 2025


@pytest.fixture
def world(make: Factory, worker: Flask) -> World:
    return World(make, worker)


@pytest.fixture
def own(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.PROFESSIONAL))


@pytest.fixture
def unit(world: World) -> Employer:
    return world.unit(Place(HUANCUI))


@pytest.fixture
def person(world: World, own: Asker, unit: Employer) -> int:
    """With 50 general and 39.99 specialty hours."""
    found = own.account.actor.professional_id or 0
    world.works(found, unit, LONG_AGO)
    world.has(found, YEAR, 5000, 3999)
    db.session.commit()
    return found


def rules(answer: dict[str, object]) -> dict[str, tuple[str, str]]:
    found = answer["rules"]
    assert isinstance(found, list)
    return {each["rule"]: (each["outcome"], each["missing"]) for each in found}


def test_a_person_is_told_what_is_missing_by_which_clause(own: Asker, person: int) -> None:
    answer = own.get("/me/verdict", year=YEAR)
    assert (answer["person"]["id"], answer["year"], answer["outcome"]) == (person, YEAR, "failed")
    assert rules(answer)["annual_hours"] == ("failed", "0.01")
    assert answer["plan"].startswith("还需 ")
    annual = answer["rules"][0]
    assert annual["document"]
    assert annual["clause"]
    assert "90学时" in annual["quote"]
    assert (answer["day"], answer["as_of"], answer["flags"]) == ("2025-12-31", None, [])
    assert len(answer["policy"]) >= 2, "the nation's version and the province's"


def test_the_employer_and_the_authority_are_told_the_same(
    web: Flask, make: Factory, own: Asker, person: int
) -> None:
    employer = make.account(Role.EMPLOYER)
    found = db.session.get_one(Professional, person)
    people.employ(found, employer.actor.employer_id or 0, None, date(2025, 7, 1), "test")
    db.session.commit()
    mine = own.get("/me/verdict", year=YEAR)
    for account in (employer, make.account(Role.AUTHORITY, WEIHAI)):
        answer = Asker(web, account).get(f"/professionals/{person}/verdict", year=YEAR)
        assert answer == mine


def test_whoever_is_not_in_charge_is_told_nothing(web: Flask, make: Factory, person: int) -> None:
    for account in (make.account(Role.EMPLOYER), make.account(Role.AUTHORITY, YINCHUAN)):
        Asker(web, account).get(f"/professionals/{person}/verdict", 404, year=YEAR)


def test_a_flag_is_told_with_the_day_it_was_opened_and_the_day_it_was_closed(
    world: World, own: Asker, person: int
) -> None:
    world.night(YEAR, date(2025, 7, 1))
    [annual, share] = own.get("/me/verdict", year=YEAR)["flags"]
    assert annual == {
        "rule": "annual_hours",
        "outcome": "failed",
        "open": True,
        "opened_on": "2025-07-01",
        "closed_on": None,
    }
    assert share["rule"] == "specialty_share"
    world.has(person, YEAR, 5000, 10_000)
    world.night(YEAR, date(2025, 9, 1))
    [annual, _] = own.get("/me/verdict", year=YEAR)["flags"]
    assert (annual["open"], annual["closed_on"]) == (False, "2025-09-01")


def test_a_verdict_of_an_earlier_moment_knows_what_was_known_then(
    worker: Flask, make: Factory, own: Asker, world: World, unit: Employer
) -> None:
    person = own.account.actor.professional_id or 0
    spring = datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)
    base, ledger = make.account(Role.PROVIDER), Ledger(worker, make)
    session, upload = make.session(base).id, ledger.upload(base)
    with clock.pinned(spring):
        world.works(person, unit, LONG_AGO)
        db.session.commit()
        ledger.posts(Move(person, session, 800), upload_id=upload)
    with clock.pinned(spring + timedelta(days=60)):
        ledger.posts(Move(person, session, -800, reason="签到表与实际不符"), upload_id=upload)
        ledger.posts(Move(person, session, 600), upload_id=upload)
    with clock.pinned(spring + timedelta(days=90)):
        now = own.get("/me/verdict", year=2026)
        then = own.get("/me/verdict", year=2026, as_of="2026-05-01T00:00")
        before = own.get("/me/verdict", year=2026, as_of="2026-03-01T00:00")
    assert (now["outcome"], rules(now)["annual_hours"]) == ("short", ("short", "84"))
    assert (then["outcome"], rules(then)["annual_hours"]) == ("short", ("short", "82"))
    assert then["as_of"].startswith("2026-05-01T00:00")
    assert then["day"] == "2026-05-01"
    assert before["outcome"] == "exempt", "it was not known then where the person works"


def test_a_moment_to_come_and_a_year_that_cannot_be_are_refused(own: Asker) -> None:
    own.get("/me/verdict", 422, as_of="2199-01-01T00:00")
    own.get("/me/verdict", 422, year=1066)
