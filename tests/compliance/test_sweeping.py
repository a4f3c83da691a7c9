"""What the night flags, and that it is what a verdict on each one says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from ce_tracker.compliance import circumstances, sweeping
from ce_tracker.compliance.models import Flag, Sweep
from ce_tracker.compliance.sweeping import Night
from ce_tracker.extensions import db
from ce_tracker.policy.loading import load
from ce_tracker.policy.words import Outcome
from tests.compliance import crowds
from tests.compliance.world import LONG_AGO, Place, World
from tests.policy.case_files import LOCAL

YEAR = 2025
SUMMER, AFTER = date(2025, 7, 3), date(2026, 1, 15)
HUANCUI, NANGANG, YUEYANG, ZHEJIANG = "371002", "230103", "430602", "330000"


def test_who_has_no_hours_is_flagged_like_others(world: World) -> None:
    unit = world.unit(Place(HUANCUI))
    idle, busy = world.person((unit, LONG_AGO, None)), world.person((unit, LONG_AGO, None))
    world.has(busy, YEAR, 3000, 6000)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(idle, 0)}


def test_a_flag_closes_when_it_holds_again_and_keeps_both_days(world: World) -> None:
    person = world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    world.has(person, YEAR, 5000, 5000)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(person, 1)}
    world.has(person, YEAR, 5000, 10_000)
    world.night(YEAR, AFTER)
    assert world.flagged(YEAR) == set()
    flag = db.session.scalars(select(Flag)).one()
    assert (flag.opened_on, flag.closed_on) == (SUMMER, date(2025, 12, 31))
    world.has(person, YEAR, 6000, 10_000)
    world.night(YEAR, AFTER)
    assert len(db.session.scalars(select(Flag)).all()) == 2, "it opens again beside the old one"


def test_a_second_sweep_of_the_same_day_writes_nothing(world: World) -> None:
    person = world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    world.night(YEAR, SUMMER)
    world.night(YEAR, SUMMER)
    first, second = db.session.scalars(select(Sweep).order_by(Sweep.id))
    assert (first.opened, first.closed, first.whole) == (1, 0, True)
    assert (second.opened, second.closed, second.whole) == (0, 0, False)
    assert world.flagged(YEAR) == {(person, 0)}


def test_a_flag_is_short_while_its_year_runs_and_failed_after(world: World) -> None:
    flag = Flag(year=YEAR)
    assert flag.outcome is Outcome.FAILED
    assert Flag(year=9999).outcome is Outcome.SHORT


def test_who_leaves_owes_nothing_any_more(world: World) -> None:
    unit = world.unit(Place(HUANCUI))
    person = world.person((unit, LONG_AGO, None))
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(person, 0)}
    world.leaves(person, date(2025, 11, 1))
    world.night(YEAR, AFTER)
    assert world.flagged(YEAR) == set()


def test_a_whole_exemption_closes_a_half_one_asks_half(world: World) -> None:
    unit = world.unit(Place(HUANCUI))
    one, other = world.person((unit, LONG_AGO, None)), world.person((unit, LONG_AGO, None))
    for each in (one, other):
        world.has(each, YEAR, 1000, 3600)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(one, 0), (other, 0)}
    world.let_off(one, YEAR, 0)
    world.let_off(other, YEAR, 4500)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == set()


def test_of_two_sweeps_under_way_at_once_one_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PEOPLE_A_STEP", 1)
    there, leaves = (world.person((world.unit(Place(HUANCUI)), LONG_AGO, None)) for _ in range(2))
    world.leaves(leaves, date(2025, 6, 20))
    db.session.commit()
    spring, summer = Night(YEAR, date(2025, 5, 1)), Night(YEAR, SUMMER)
    for night in (summer, spring, summer, spring, spring):
        ended = sweeping.step(night)
        db.session.commit()
    assert ended, "the day before gives way"
    while not sweeping.step(summer):
        db.session.commit()
    db.session.commit()
    assert world.flagged(YEAR) == {(there, 0)}
    finished = db.session.scalars(select(Sweep).where(Sweep.finished_at.is_not(None))).one()
    assert (finished.day, finished.whole) == (SUMMER, True)


def test_what_a_sweep_left_half_done_the_next_looks_at_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PEOPLE_A_STEP", 1)
    monkeypatch.setattr(circumstances, "MARGIN", timedelta())
    comes, _ = (world.person((world.unit(Place(HUANCUI)), date(2025, 6, 20), None)) for _ in "12")
    world.night(YEAR, date(2025, 5, 1))
    assert not sweeping.step(Night(YEAR, SUMMER)), "and nobody goes on with it"
    db.session.commit()
    assert world.flagged(YEAR) == {(comes, 0)}
    world.night(YEAR, date(2025, 5, 2))
    assert world.flagged(YEAR) == set()


def test_what_was_tampered_with_is_made_anew_on_the_first_of_a_month(world: World) -> None:
    person = world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    world.night(YEAR, SUMMER)
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(text("UPDATE employments SET known_from = '2024-01-01'"))
    db.session.execute(text("UPDATE standings SET required_x100 = 0, employer_id = NULL"))
    world.night(YEAR, date(2025, 7, 4))
    assert world.flagged(YEAR) == {(person, 0)}, "nothing of the person's came, so nobody looked"
    world.has(person, YEAR, 0, 100)
    world.night(YEAR, date(2025, 7, 5))
    assert world.flagged(YEAR) == set()
    world.night(YEAR, date(2025, 8, 1))
    assert world.flagged(YEAR) == {(person, 0)}


def test_rules_that_come_while_a_sweep_is_under_way_judge_everybody(
    world: World, owner: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PEOPLE_A_STEP", 1)
    unit = world.unit(Place(ZHEJIANG))
    people = [world.person((unit, LONG_AGO, None)) for _ in range(3)]
    for each in people:
        world.has(each, YEAR, 3000, 6000)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == set()
    night = Night(YEAR, AFTER)
    assert not sweeping.step(night)
    db.session.commit()
    monkeypatch.setitem(owner.config, "CE_POLICIES", load(LOCAL))  # 100 hours, from that year on
    while not sweeping.step(night):
        db.session.commit()
    db.session.commit()
    assert world.flagged(YEAR) == {(each, 0) for each in people}


def test_rules_that_came_since_the_last_night_judge_also_those_of_whom_nothing_did(
    world: World, owner: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.person((world.unit(Place(ZHEJIANG)), LONG_AGO, None))
    world.has(person, YEAR, 3000, 6000)
    world.night(YEAR, AFTER)
    for app in (owner, world.worker):
        monkeypatch.setitem(app.config, "CE_POLICIES", load(LOCAL))
    world.night(YEAR, AFTER + timedelta(1))
    assert world.flagged(YEAR) == {(person, 0)}


def test_what_was_posted_while_a_sweep_was_under_way_is_judged_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PEOPLE_A_STEP", 1)
    unit = world.unit(Place(HUANCUI))
    first, second = (world.person((unit, LONG_AGO, None)) for _ in range(2))
    night = Night(YEAR, SUMMER)
    assert not sweeping.step(night)
    for each in (first, second):
        world.has(each, YEAR, 3000, 6000)
    db.session.commit()
    while not sweeping.step(night):
        db.session.commit()
    db.session.commit()
    assert world.flagged(YEAR) == {(first, 0)}
    world.night(YEAR, SUMMER + timedelta(1))
    assert world.flagged(YEAR) == set()


HOURS = st.sampled_from([0, 1, 2999, 3000, 4500, 5999, 6000, 8999, 9000, 10_100])
PLACES = st.builds(
    Place,
    st.sampled_from([HUANCUI, "370322", NANGANG, YUEYANG, "500102", "640122", "110000"]),
    st.sampled_from(["province", "city", "county", "township"]),
    st.sampled_from(["province", "city", "county", "township"]),
    st.sampled_from(["education", "health", "agriculture"]),
    st.booleans(),
)
DAYS = st.dates(date(2024, 12, 30), date(2026, 2, 2))
LIVES = st.tuples(
    st.lists(st.tuples(st.integers(0, 5), DAYS), max_size=3, unique_by=lambda each: each[1]),
    st.tuples(HOURS, HOURS),
    st.none() | st.sampled_from([0, 1, 3000, 4500, 8999, 9000]),
)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(PLACES, min_size=6, max_size=6),
    st.lists(LIVES, min_size=20, max_size=20),
    st.lists(st.tuples(st.integers(0, 19), HOURS, HOURS), max_size=8),
    st.lists(DAYS, min_size=1, max_size=3),
)
def test_the_night_flags_whom_a_verdict_finds_short(
    world: World,
    places: list[Place],
    lives: list[tuple[list[tuple[int, date]], tuple[int, int], int | None]],
    changes: list[tuple[int, int, int]],
    nights: list[date],
) -> None:
    units = [world.unit(place) for place in places]
    people = []
    for spells, hours, required in lives:
        person = world.person()
        for where, since in sorted(spells, key=lambda each: each[1]):
            world.works(person, units[where], since)
        world.has(person, YEAR, *hours)
        if required is not None:
            world.let_off(person, YEAR, required)
        people.append(person)
    for night, day in enumerate(sorted(nights)):
        world.night(YEAR, day)
        broken, doubtful = world.judged(people, YEAR, day)
        ours = set(people)
        assert {each for each in world.flagged(YEAR) if each[0] in ours} == broken
        assert {each for each in world.doubted(YEAR) if each[0] in ours} == doubtful
        for who, general, specialty in changes[night::3]:
            world.has(people[who], YEAR, general, specialty)


@pytest.mark.parametrize("size", [100])
def test_a_crowd_is_flagged_as_each_of_it_is_judged(world: World, owner: Flask, size: int) -> None:
    _, flags = crowds.worlds(world, owner, 2, size)
    assert flags > size
