"""Verdicts on years: the case files, and what must hold of any year."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Integer, column, select, values

from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.policy.facts import NOTHING_REDUCED, Standing, Unit, Year
from ce_tracker.policy.judge import judge
from ce_tracker.policy.loading import load
from ce_tracker.policy.plan import fewest
from ce_tracker.policy.rules import (
    AnnualHours,
    Base,
    GeneralHours,
    SpecialtyHours,
    SpecialtyShare,
    Yearly,
)
from ce_tracker.policy.words import Outcome
from tests.policy.case_files import LOCAL, Case, all_cases
from tests.policy.regions import trail

CASES = list(all_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_a_case_is_judged_as_its_file_says(case: Case) -> None:
    verdict = judge(case.packs, case.unit, case.year, case.on)
    expected = case.expected
    assert verdict.outcome.value == expected["outcome"]
    assert verdict.regime == expected["regime"]
    assert {each.rule.name: shown(each.missing_x100) for each in verdict.findings} == expected[
        "missing"
    ]
    assert (verdict.plan.in_words() if verdict.plan else "") == expected["plan"]
    notes = "".join(note for each in verdict.findings for note in each.notes)
    assert expected.get("said", "") in notes
    if "inherited" in expected:
        assert verdict.findings[0].inherited is expected["inherited"]


def test_there_are_enough_cases_and_no_two_of_a_name() -> None:
    assert len(CASES) >= 120
    assert len({(case.file, case.name) for case in CASES}) == len(CASES)


def test_a_missing_fact_that_decides_is_named_with_who_can_supply_it() -> None:
    year = Year(2026, 3000, 6500)
    verdict = judge(load(LOCAL), Unit(trail("371002")), year, date(2027, 1, 10))
    assert verdict.outcome is Outcome.UNDETERMINED
    note = "".join(verdict.findings[0].notes)
    assert "目录清单没有登记，请县（市、区）人社部门确认，补充后才能判定" in note
    short = judge(load(LOCAL), Unit(trail("371002")), Year(2026, 10, 10), date(2027, 1, 10))
    assert short.outcome is Outcome.FAILED  # by either rule


def test_a_rule_for_one_sector_leaves_the_others_alone() -> None:
    day = date(2027, 1, 10)
    year = Year(2026, 0, 10000)
    for sector, asked in (
        ("health", ["annual_hours", "specialty_share", "general_hours"]),
        ("education", ["annual_hours", "specialty_share"]),
    ):
        unit = Unit(trail("371002"), sector=sector, in_directory=True)
        found = judge(load(LOCAL), unit, year, day).findings
        assert [each.rule.name for each in found] == asked


# --- what holds of any year ------------------------------------------------------------------

HOURS = st.integers(0, 30_000) | st.sampled_from([0, 3000, 5999, 6000, 6001, 8999, 9000, 9001])
REQUIRED = st.sampled_from([0, 1, 4500, 8999, 9000, 9001, NOTHING_REDUCED]) | st.integers(0, 12_000)
STANDINGS = st.builds(Standing, HOURS, HOURS, REQUIRED)
_SHARES = st.sampled_from([Fraction(2, 3), Fraction(1, 2), Fraction(3, 5), Fraction(99, 100)])
RULES: st.SearchStrategy[Yearly] = st.one_of(
    st.builds(AnnualHours, st.sampled_from([9000, 10000, 7250])),
    st.builds(SpecialtyShare, _SHARES),
    st.builds(lambda share: SpecialtyShare(share, Base.REQUIRED, 9000), _SHARES),
    st.builds(lambda hours: GeneralHours(hours, 9000), st.sampled_from([3000, 2400, 9000])),
    st.builds(lambda hours: SpecialtyHours(hours, 9000), st.sampled_from([6000, 4550])),
)
SEVERAL = st.lists(RULES, min_size=1, max_size=5)


def _all_hold(rules: list[Yearly], s: Standing, general: int, specialty: int) -> bool:
    after = Standing(s.general_x100 + general, s.specialty_x100 + specialty, s.required_x100)
    return all(rule.holds(after) for rule in rules)


@given(rules=SEVERAL, s=STANDINGS, part=st.floats(0, 1))
def test_a_plan_mends_the_year_however_the_rest_is_divided(
    rules: list[Yearly], s: Standing, part: float
) -> None:
    plan = fewest(rules, s)
    if plan is None:
        assert _all_hold(rules, s, 0, 0)
        return
    free = plan.total_x100 - plan.general_x100 - plan.specialty_x100
    assert free >= 0
    more = round(free * part)
    assert _all_hold(rules, s, plan.general_x100 + free - more, plan.specialty_x100 + more)


@given(rules=SEVERAL, s=STANDINGS, part=st.floats(0, 1))
def test_nothing_less_than_the_plan_mends_the_year(
    rules: list[Yearly], s: Standing, part: float
) -> None:
    plan = fewest(rules, s)
    if plan is None:
        return
    less = plan.total_x100 - 1
    specialty = round(less * part)
    assert not _all_hold(rules, s, less - specialty, specialty)
    if plan.specialty_x100:
        fewer = plan.specialty_x100 - 1
        assert not _all_hold(rules, s, plan.total_x100 - fewer, fewer)
    if plan.general_x100:
        fewer = plan.general_x100 - 1
        assert not _all_hold(rules, s, fewer, plan.total_x100 - fewer)


@given(rule=RULES, s=STANDINGS)
def test_what_is_missing_is_what_mends_the_rule_and_a_hundredth_less_does_not(
    rule: Yearly, s: Standing
) -> None:
    missing = rule.missing(s)
    as_general = isinstance(rule, GeneralHours)

    def with_more(more: int) -> bool:
        return _all_hold([rule], s, more if as_general else 0, 0 if as_general else more)

    assert with_more(missing)
    assert (missing == 0) == bool(rule.holds(s))
    if missing:
        assert not with_more(missing - 1)


@given(rule=RULES, s=STANDINGS, more=st.integers(1, 5000))
def test_more_specialty_hours_never_break_a_rule(rule: Yearly, s: Standing, more: int) -> None:
    assert not rule.holds(s) or _all_hold([rule], s, 0, more)


@given(rule=RULES, general=HOURS, specialty=HOURS)
def test_who_owes_nothing_breaks_nothing(rule: Yearly, general: int, specialty: int) -> None:
    owes_nothing = Standing(general, specialty, 0)
    assert rule.holds(owes_nothing)
    assert (rule.asked(owes_nothing), rule.missing(owes_nothing)) == (0, 0)


def _in_the_database(rules: list[Yearly], standings: list[Standing]) -> list[list[bool]]:
    names = ("general_x100", "specialty_x100", "required_x100")
    table = values(
        column("place", Integer), *(column(name, Integer) for name in names), name="standing"
    ).data(
        [
            (place, s.general_x100, s.specialty_x100, s.required_x100)
            for place, s in enumerate(standings)
        ]
    )
    columns: Any = SimpleNamespace(**{name: table.c[name] for name in names})
    found = db.session.execute(
        select(*(rule.holds(columns) for rule in rules)).select_from(table).order_by(table.c.place)
    )
    return [list(row) for row in found]


def test_a_rule_says_the_same_of_a_person_and_of_a_column(owner: Flask) -> None:
    """One rule, one arithmetic: each rule on the edges of each figure, in PostgreSQL and here."""
    edges = [0, 1, 1500, 2999, 3000, 3001, 5999, 6000, 6001, 8999, 9000, 9001, 87_840, 878_400]
    standings = [
        Standing(general, specialty, required)
        for general in edges
        for specialty in edges
        for required in (0, 1, 4500, 9000, 12_000, NOTHING_REDUCED)
    ]
    rules: list[Yearly] = [
        AnnualHours(9000),
        AnnualHours(7250),
        SpecialtyShare(Fraction(2, 3)),
        SpecialtyShare(Fraction(999, 1000)),
        SpecialtyShare(Fraction(2, 3), Base.REQUIRED, 9000),
        GeneralHours(3000, 9000),
        GeneralHours(2997, 3000),
        SpecialtyHours(6000, 9000),
    ]
    with owner.app_context():
        assert _in_the_database(rules, standings) == [
            [bool(rule.holds(s)) for rule in rules] for s in standings
        ]
