"""Who is grassroots on a day follows from the list in force: live, as once known, and by night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance.differing import differing
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import act_as, db
from ce_tracker.policy.loading import load
from ce_tracker.policy.words import Outcome
from ce_tracker.promotions.directory_standing import standing_of
from tests.api.asking import Asker
from tests.compliance.world import Place, World
from tests.factories import Account, Factory
from tests.policy.case_files import LOCAL
from tests.promotions.directories import Offices

JUNE = datetime(2026, 6, 3, 10, tzinfo=clock.SHANGHAI)
MAY, JULY = date(2026, 5, 31), date(2026, 7, 1)
HUANCUI = "371002"


@pytest.fixture
def offices(web: Flask, make: Factory) -> Offices:
    return Offices(web, make)


@pytest.fixture
def world(make: Factory, worker: Flask) -> World:
    return World(make, worker)


@pytest.fixture(autouse=True)
def _in_june() -> Iterator[None]:
    with clock.pinned(JUNE):
        yield


@pytest.fixture
def _stricter(monkeypatch: pytest.MonkeyPatch, owner: Flask, web: Flask, worker: Flask) -> None:
    """Rules under which the grassroots of Shandong owe 100 hours from July on, and others 90."""
    for app in (owner, web, worker):
        monkeypatch.setitem(app.config, "CE_POLICIES", load(LOCAL))


def regime(person: int, day: date, moment: datetime | None = None) -> str:
    return verdict(person, day.year, on=day, moment=moment).regime


def test_in_force_in_june_decides_in_july_and_not_in_may(offices: Offices, world: World) -> None:
    unit = world.unit(Place(HUANCUI))
    person = world.person((unit, date(2020, 1, 1), None))
    other = world.person((world.unit(Place(HUANCUI)), date(2020, 1, 1), None))
    db.session.commit()
    offices.list_in_force(unit.name)
    db.session.rollback()
    assert regime(person, MAY) == "national"
    assert regime(person, date(2026, 6, 2)) == "national"
    assert regime(person, date(2026, 6, 3)) == "shandong"
    assert regime(person, JULY) == "shandong"
    assert regime(other, JULY) == "national"


def test_as_known_before_the_approval_the_county_had_no_list(
    offices: Offices, world: World
) -> None:
    unit = world.unit(Place(HUANCUI))
    person = world.person((unit, date(2020, 1, 1), None))
    db.session.commit()
    before = clock.now()
    with clock.pinned(datetime(2026, 6, 9, tzinfo=clock.SHANGHAI)):
        offices.list_in_force(unit.name, since="2026-01-01")
        db.session.rollback()
        after = clock.now()
        assert regime(person, date(2026, 3, 1), after) == "shandong"
        assert regime(person, date(2026, 3, 1), before) == "national"


def test_a_person_sees_the_same_verdict_as_the_worker(
    offices: Offices, world: World, web: Flask, make: Factory
) -> None:
    unit = world.unit(Place(HUANCUI))
    account: Account = make.account(Role.PROFESSIONAL)
    world.works(account.actor.professional_id or 0, unit, date(2020, 1, 1))
    db.session.commit()
    offices.list_in_force(unit.name)
    assert Asker(web, account).get("/me/verdict", year=2026)["regime"] == "shandong"


@pytest.mark.usefixtures("_stricter")
def test_whoever_enters_a_list_is_judged_again_that_night_as_live(
    offices: Offices, world: World
) -> None:
    listed, unlisted = (world.unit(Place(HUANCUI)) for _ in range(2))
    people = [world.person((unit, date(2020, 1, 1), None)) for unit in (listed, unlisted)]
    for person in people:
        world.has(person, 2026, 3000, 6500)
    with clock.pinned(datetime(2026, 7, 2, tzinfo=clock.SHANGHAI)):
        world.night(2026, date(2026, 7, 2))
        assert world.flagged(2026) == set()
        assert {person for person, _ in world.doubted(2026)} == set(people)
        offices.list_in_force(listed.name)
        world.night(2026, date(2026, 7, 3))
        assert {person for person, _ in world.flagged(2026)} == {people[0]}
        assert world.doubted(2026) == set()
        judged = world.judged(people, 2026, date(2026, 7, 3))
        assert judged == (world.flagged(2026), world.doubted(2026))


@pytest.mark.usefixtures("_stricter")
def test_whoever_leaves_a_list_is_judged_again_that_night(offices: Offices, world: World) -> None:
    unit = world.unit(Place(HUANCUI))
    person = world.person((unit, date(2020, 1, 1), None))
    world.has(person, 2026, 3000, 6500)
    with clock.pinned(datetime(2026, 7, 2, tzinfo=clock.SHANGHAI)):
        offices.list_in_force(unit.name)
        world.night(2026, date(2026, 7, 2))
        assert {each for each, _ in world.flagged(2026)} == {person}
    with clock.pinned(datetime(2026, 8, 2, tzinfo=clock.SHANGHAI)):
        second = offices.begins()
        offices.adds(second, "另一个单位")
        [line, _] = offices.lines(second)
        offices.county.post(f"/directories/{second['id']}/lines/{line['id']}/remove", None)
        offices.files(second)
        offices.approves(second)
        world.night(2026, date(2026, 8, 3))
        assert world.flagged(2026) == set()
        assert verdict(person, 2026, on=date(2026, 8, 1)).outcome is Outcome.SHORT
        assert verdict(person, 2026, on=date(2026, 8, 2)).outcome is Outcome.MET


def test_new_rules_are_compared_by_the_lists_that_are_in_force(
    offices: Offices, world: World
) -> None:
    units = [world.unit(Place(HUANCUI)) for _ in range(2)]
    listed, other = (world.person((unit, date(2020, 1, 1), None)) for unit in units)
    for person in (listed, other):
        world.has(person, 2026, 3000, 6500)
    db.session.commit()
    offices.list_in_force(units[0].name)
    db.session.rollback()
    changed = [each.professional_id for each in differing(load(), load(LOCAL), 2026, JULY)]
    assert changed == [listed]


def test_a_unit_knows_since_when_it_is_named_without_a_break(offices: Offices) -> None:
    unit, other = offices.unit("卫生院"), offices.unit("中心学校")
    offices.list_in_force("卫生院", year=2025, since="2025-03-01")
    offices.list_in_force("卫生院", "中心学校", since="2026-02-01")
    db.session.rollback()
    act_as(None)
    found = standing_of(unit, JULY)
    assert found is not None
    assert (found.named, found.since, found.directory.year) == (True, date(2025, 3, 1), 2026)
    later = standing_of(other, JULY)
    assert later is not None
    assert (later.named, later.since) == (True, date(2026, 2, 1))
    before = standing_of(other, date(2025, 12, 31))
    assert before is not None
    assert (before.named, before.since) == (False, date(2025, 3, 1))
    assert standing_of(unit, date(2025, 2, 28)) is None
