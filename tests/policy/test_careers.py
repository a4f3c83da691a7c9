"""How the time of a working life is counted, held against counting day by day; and that nobody
loses by more training or more service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ce_tracker.policy.careers import (
    DAYS_OF_A_YEAR,
    Attended,
    Career,
    Held,
    Span,
    Spell,
    Wish,
    anniversary,
    day_reached,
    days_in,
    on_end_since,
    union,
)
from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.findings import PASSES
from ce_tracker.policy.judge import judge
from ce_tracker.policy.loading import load
from ce_tracker.policy.past_years import Same, year_judged
from ce_tracker.policy.promoting import TitleFinding, judge_following, judge_wish
from ce_tracker.policy.words import Outcome
from tests.policy.case_files import LOCAL
from tests.policy.regions import trail

FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
DAYS = st.dates(FIRST, LAST)
ENDS = st.none() | DAYS
SPANS = st.lists(st.tuples(DAYS, ENDS), max_size=6)
A_DAY = timedelta(days=1)


def _covered(spans: list[Span], day: date) -> bool:
    return any(begins <= day and (ends is None or day < ends) for begins, ends in spans)


def _each_day(until: date) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((until - FIRST).days)]


@given(spans=SPANS, until=DAYS)
def test_days_in_spans_are_those_that_one_counts_day_by_day(spans: list[Span], until: date) -> None:
    assert days_in(spans, until) == sum(_covered(spans, day) for day in _each_day(until))


@given(spans=SPANS, until=DAYS)
def test_a_union_is_the_same_days_in_order_and_apart(spans: list[Span], until: date) -> None:
    whole = union(spans, until)
    assert all(begins < ends for begins, ends in whole)
    assert all(one[1] < next_[0] for one, next_ in pairwise(whole))
    within: list[Span] = list(whole)
    assert all(_covered(spans, day) == _covered(within, day) for day in _each_day(until))


@given(spans=SPANS, until=DAYS)
def test_time_on_end_goes_back_to_the_first_day_that_is_missing(
    spans: list[Span], until: date
) -> None:
    count, day = 0, until - A_DAY
    while _covered(spans, day):
        count, day = count + 1, day - A_DAY
    assert on_end_since(spans, until) == (day + A_DAY if count else None)


@given(spans=SPANS, days=st.integers(1, 900))
def test_the_day_that_so_many_days_are_reached_is_the_first_with_as_many_before(
    spans: list[Span], days: int
) -> None:
    reached = day_reached(spans, days)
    if reached is None:
        assert days_in(spans, date(2040, 1, 1)) < days
    else:
        assert days_in(spans, reached) == days
        assert days_in(spans, reached - A_DAY) == days - 1


@given(day=st.dates(date(1950, 1, 1), date(2050, 12, 31)), years=st.integers(1, 40))
def test_an_anniversary_is_the_same_day_of_its_month_or_the_months_last(
    day: date, years: int
) -> None:
    found = anniversary(day, years)
    assert (found.year, found.month) == (day.year + years, day.month)
    assert found.day == day.day or (day.month, day.day, found.day) == (2, 29, 28)


@given(day=st.dates(date(1950, 1, 1), date(2050, 12, 31)), years=st.integers(1, 40))
def test_who_waits_a_day_longer_has_no_earlier_anniversary(day: date, years: int) -> None:
    assert anniversary(day, years) <= anniversary(day + A_DAY, years)


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        (date(2020, 2, 29), 5, date(2025, 2, 28)),
        (date(2020, 2, 29), 4, date(2024, 2, 29)),
        (date(2021, 3, 15), 5, date(2026, 3, 15)),
        (date(2019, 2, 28), 5, date(2024, 2, 28)),
    ],
)
def test_anniversaries_around_the_leap_day(day: date, years: int, expected: date) -> None:
    assert anniversary(day, years) == expected


# --- more never harms ------------------------------------------------------------------------

ON = date(2026, 9, 1)
WISH = Wish("associate_senior", "unified", "health", "health-01", ON, "内科学")
HARBIN = Unit(trail("230103"), "city", "city", "health", True, False, None)
UNITS = st.sampled_from(
    [
        HARBIN,
        Unit(trail("371002"), "county", "county", "health", True, False, True),
        Unit(trail("371002"), "county", "county", "health", True, False, None),
        Unit(trail("640422"), "township", "township", "health", True, True, None),
        Unit(trail("500235"), "county", "county", "health", True, False, None),
        Unit(trail("430181"), "township", "township", "health", True, True, None),
    ]
)
TRAININGS = st.builds(
    Attended,
    st.uuids().map(str),
    st.just("业务培训"),
    st.sampled_from(["specialty", "general"]),
    st.sampled_from(["ordinary", "induction", "special", "rotation"]),
    st.sampled_from([None, "health"]),
    st.sampled_from([None, "health-01", "health-02"]),
    st.dates(date(2019, 1, 1), ON),
    st.integers(1, 4000),
)
SPELLS = st.builds(
    Spell,
    st.dates(date(2000, 1, 1), ON),
    st.none() | st.dates(date(2001, 1, 1), date(2027, 1, 1)),
    st.booleans(),
    st.booleans(),
    st.just("服务单位"),
)
SPECIALTY = st.sampled_from([0, 3000, 5999, 6000])


@st.composite
def _careers(draw: st.DrawFn) -> Career:
    unit = draw(UNITS)
    obtained = draw(st.dates(date(2015, 1, 1), ON))
    return Career(
        unit,
        titles=(Held("intermediate", "unified", "health", "health-01", obtained),),
        attended=tuple(draw(st.lists(TRAININGS, max_size=4))),
        spells=tuple(draw(st.lists(SPELLS, max_size=4))),
        years=tuple(
            (unit, Year(year, 3000, draw(st.sampled_from([5999, 6000]))))
            for year in range(2020, 2026)
        ),
    )


RANK = {Outcome.FAILED: 0, Outcome.UNDETERMINED: 1, Outcome.SHORT: 2, Outcome.MET: 3}


def _standing(career: Career) -> dict[str, int]:
    """How well by each rule; what is not asked is as good as kept."""
    findings = (
        *judge_wish(load(), career, WISH, ON).findings,
        *judge_following(load(), career, ON),
    )
    return {
        f"{place} {each.rule.name}": RANK.get(each.outcome, RANK[Outcome.MET])
        for place, each in enumerate(findings)
    }


@given(career=_careers(), training=TRAININGS, spell=SPELLS)
def test_more_training_and_more_service_never_harm(
    career: Career, training: Attended, spell: Spell
) -> None:
    before = _standing(career)
    more = replace(career, attended=(*career.attended, training), spells=(*career.spells, spell))
    after = _standing(more)
    assert before.keys() == after.keys()
    assert all(after[rule] >= before[rule] for rule in before)


@given(career=_careers())
def test_whatever_blocks_says_what_to_do_and_whatever_passes_has_nothing_to_mend(
    career: Career,
) -> None:
    verdict = judge_wish(load(), career, WISH, ON)
    assert verdict.passes is not any(each.blocks for each in verdict.findings)
    for each in verdict.findings:
        assert each.weighed.found
        assert each.citation.clause
        if each.outcome in PASSES:
            assert not each.weighed.remedy
        else:
            assert each.weighed.remedy or each.outcome is Outcome.SHORT


@given(days=st.integers(0, 900))
def test_who_is_told_a_day_on_which_service_suffices_passes_on_it_and_not_the_day_before(
    days: int,
) -> None:
    begins = ON - timedelta(days=days)
    career = Career(HARBIN, spells=(Spell(begins, None, True, True, "服务单位"),))

    def service(day: date) -> TitleFinding:
        verdict = judge_wish(load(), career, replace(WISH, on=day), ON)
        return next(e for e in verdict.findings if e.rule.name == "service_before_promotion")

    now = service(ON)
    assert (now.outcome in PASSES) == (days >= DAYS_OF_A_YEAR)
    if now.outcome not in PASSES:
        ready = begins + timedelta(days=DAYS_OF_A_YEAR)
        assert now.weighed.ready_on == ready
        assert service(ready).outcome is Outcome.MET
        assert service(ready - A_DAY).outcome is Outcome.FAILED


SOME_HOURS = st.sampled_from([0, 3000, 5999, 6000, 9000])
YEARS = st.builds(
    Year,
    st.integers(2014, 2026),
    SOME_HOURS,
    SOME_HOURS,
    st.none() | st.sampled_from([0, 4500, 9000]),
    employed=st.booleans(),
    employed_from=st.none() | st.just(date(2025, 6, 15)),
)


@given(unit=UNITS, year=YEARS, local=st.booleans())
def test_a_year_is_to_the_gate_what_it_is_to_whoever_asks_for_it(
    unit: Unit, year: Year, *, local: bool
) -> None:
    packs = load(LOCAL) if local else load()
    verdict = judge(packs, unit, year, ON)
    found = year_judged(Same(packs), ON, unit, year)
    assert (found.outcome, found.plan) == (verdict.outcome, verdict.plan)
    assert bool(found.doubt) == (verdict.outcome is Outcome.UNDETERMINED)


def test_a_fact_that_decides_a_year_is_named_with_who_can_supply_it() -> None:
    unit = Unit(trail("371002"), "county", "county", "health", True, False, None)
    career = Career(unit, years=((unit, Year(2026, 3000, 6500)),))
    day = date(2027, 3, 1)
    verdict = judge_wish(load(LOCAL), career, replace(WISH, level="junior", on=day), day)
    found = next(e for e in verdict.findings if e.rule.name == "hours_before_promotion")
    assert found.outcome is Outcome.UNDETERMINED
    assert found.weighed.found == "2026 年度暂不能判定。"
    assert found.weighed.remedy == (
        "单位是否列入目录清单没有登记，请县（市、区）人社部门确认，补充后才能判定。"
    )
