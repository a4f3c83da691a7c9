"""The case files lived through: units, employments, exemptions and hours in the ledger, judged live
and by the night. What each says on bare facts (`tests.policy.test_judging`), both must say too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.policy.judge import Verdict, judge
from ce_tracker.policy.words import Outcome
from tests.compliance.world import BROKEN, Place, World
from tests.factories import Factory
from tests.ledger.world import NO_FIELD, Ledger, Move
from tests.policy.case_files import Case, Spell, all_cases

LIVED = [case for case in all_cases() if not case.not_in_registry]
MOST_THAT_NO_REGISTRY_HOLDS = 8


def test_few_cases_are_of_facts_that_no_registry_holds() -> None:
    assert len(LIVED) >= 120
    assert len(list(all_cases())) - len(LIVED) <= MOST_THAT_NO_REGISTRY_HOLDS


@pytest.mark.parametrize("directory", [False, True])
@pytest.mark.parametrize("local", [False, True])
def test_lived_through_a_case_ends_as_on_bare_facts(
    world: World,
    make: Factory,
    owner: Flask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    local: bool,
    directory: bool,
) -> None:
    cases = [c for c in LIVED if c.local is local and c.in_directory is directory]
    for app in (owner, world.worker):
        monkeypatch.setitem(app.config, "CE_POLICIES", cases[0].packs)
    people = _lay_down(world, make, cases)
    expected = {case.name: judge(case.packs, case.unit, case.year, case.on) for case in cases}
    told = {}
    for year, day, same in _nights(cases):
        world.night(year, day)
        flagged, doubted = _by_person(world.flagged(year)), _by_person(world.doubted(year))
        for case in same:
            person = people[case.name]
            told[case.name] = [
                ("live", _live(person, case), expected[case.name]),
                (
                    "as known now, from the entries",
                    verdict(person, year, on=day, moment=clock.now()),
                    expected[case.name],
                ),
                ("flagged", flagged[person], _rules(expected[case.name], BROKEN)),
                (
                    "in doubt",
                    doubted[person],
                    _rules(expected[case.name], {Outcome.UNDETERMINED}),
                ),
            ]
    assert told.keys() == people.keys()
    assert not [
        (name, way, found, wanted)
        for name, ways in told.items()
        for way, found, wanted in ways
        if found != wanted
    ]


def _nights(cases: list[Case]) -> Iterator[tuple[int, date, list[Case]]]:
    def night(case: Case) -> tuple[int, date]:
        return case.year.year, case.on

    for (year, day), same in groupby(sorted(cases, key=night), night):
        yield year, day, list(same)


def _live(person: int, case: Case) -> Verdict:
    """Where the second matters, on the day that the clock then says."""
    if case.moment is None:
        return verdict(person, case.year.year, on=case.on)
    with clock.pinned(case.moment):
        return verdict(person, case.year.year)


def _by_person(found: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    rules: dict[int, set[int]] = defaultdict(set)
    for person, rule in found:
        rules[person].add(rule)
    return rules


def _rules(expected: Verdict, outcomes: Iterable[Outcome]) -> set[int]:
    return {each.rule.number for each in expected.findings if each.outcome in outcomes}


# --- a case as rows --------------------------------------------------------------------------


def _lay_down(world: World, make: Factory, cases: list[Case]) -> dict[str, int]:
    people = {case.name: _person(world, case) for case in cases}
    world.lists_come_into_force()
    base = make.account(Role.PROVIDER)
    sessions = {
        subject: [make.session(base, subject=subject, **said).id for _ in range(_MOST_TIMES)]
        for subject, said in (("general", NO_FIELD), ("specialty", {}))
    }
    moves = [move for case in cases for move in _moves(world, people[case.name], case, sessions)]
    db.session.commit()
    ledger = Ledger(world.worker, make)
    ledger.posts(*moves, upload_id=ledger.upload(base), posted_by=base.user.id)
    return people


_MOST_TIMES = 4
"""That anybody earned hours of one subject."""


def _person(world: World, case: Case) -> int:
    person, unit = world.person(), None
    for spell in case.life:
        if spell.same_unit and unit is not None:
            world.moves(unit, _place(spell), spell.first)
        else:
            unit = world.unit(_place(spell))
        if spell.in_directory is not None:
            world.is_listed(spell.region, unit if spell.in_directory else None)
        after = None if spell.last is None else spell.last + timedelta(days=1)
        world.works(person, unit, spell.first, after)
    if case.required_on_other_record_x100 is not None:
        other = world.person()
        world.is_the_same(other, person)
        world.let_off(other, case.year.year, case.required_on_other_record_x100)
    if case.required_x100 is not None:
        world.let_off(person, case.year.year, case.required_x100)
    return person


def _place(spell: Spell) -> Place:
    return Place(spell.region, **spell.said)


def _moves(world: World, person: int, case: Case, sessions: dict[str, list[int]]) -> Iterator[Move]:
    other = None
    if any(each.other_record for each in case.hours):
        other = world.person()
        world.is_the_same(other, person)
    unused = {subject: iter(several) for subject, several in sessions.items()}
    for each in case.hours:
        whose = other if each.other_record and other is not None else person
        session = next(unused[each.subject])
        yield Move(whose, session, each.x100, each.on)
        if each.taken_back:
            yield Move(whose, session, -each.x100, each.on, reason="更正")
