"""Verdicts on applications for titles, and on what follows a title: the case files, and what must
hold of any career."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from ce_tracker.policy.duties import Base, Fund
from ce_tracker.policy.findings import PASSES, DutyFinding
from ce_tracker.policy.loading import load
from ce_tracker.policy.promoting import (
    FOLLOWING,
    GATE,
    RIGHTS,
    TitleFinding,
    judge_following,
    judge_wish,
)
from ce_tracker.policy.unit_duties import judge_bases, judge_fund
from tests.policy.regions import trail
from tests.policy.title_careers import pure_career, unit
from tests.policy.title_case_files import (
    CountyCase,
    FundCase,
    TitleCase,
    county_cases,
    fund_cases,
    title_cases,
)

CASES = list(title_cases())
FUNDS = list(fund_cases())
COUNTIES = list(county_cases())
AT_LEAST = 130


def _named(case: TitleCase | FundCase | CountyCase) -> str:
    return f"{case.file}: {case.name}"


def _findings(case: TitleCase) -> Sequence[TitleFinding]:
    career = pure_career(case)
    if case.wish is None:
        return judge_following(case.packs, career, case.on)
    verdict = judge_wish(case.packs, career, case.wish, case.today)
    expected = case.expected
    blocked_by = set(expected.get("blocked_by", []))
    assert {each.rule.name for each in verdict.blocking} == blocked_by
    no_way = expected.get("no_way", "")
    assert no_way in verdict.no_way
    assert bool(no_way) == bool(verdict.no_way)
    assert verdict.passes is (not blocked_by and not no_way)
    assert {each.rule.name for each in verdict.needs_a_word} == set(expected.get("word", []))
    return verdict.findings


def _is_as_said(found: DutyFinding, said: dict[str, Any]) -> None:
    weighed, words = found.weighed, dict(said)
    assert weighed.outcome.value == words.pop("outcome")
    assert words.pop("found", "") in weighed.found
    assert words.pop("remedy", "") in weighed.remedy
    assert words.pop("note", "") in "".join(found.notes)
    assert weighed.by == words.pop("by", weighed.by)
    assert weighed.ready_on == words.pop("ready_on", weighed.ready_on)
    if weighed.outcome in PASSES:
        assert not weighed.remedy
        assert not any((weighed.by, weighed.ready_on))
    assert len(weighed.proof) == words.pop("proof", len(weighed.proof))
    assert found.citation.clause == words.pop("clause", found.citation.clause)
    assert found.citation.document.number == words.pop("document", found.citation.document.number)
    assert found.strength.value == words.pop("strength", found.strength.value)
    assert found.inherited is words.pop("inherited", found.inherited)
    assert not words, f"{sorted(words)} means nothing"


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_a_title_case_is_judged_as_its_file_says(case: TitleCase) -> None:
    found = {each.rule.name: each for each in _findings(case)}
    for name, said in case.rules.items():
        _is_as_said(found[name], said)
    absent = case.expected.get("absent", [])
    assert not found.keys() & set(absent)
    assert case.rules or absent


@pytest.mark.parametrize("case", FUNDS, ids=_named)
def test_an_employers_fund_is_judged_as_its_file_says(case: FundCase) -> None:
    fund = Fund(case.year, case.wages_cents, case.training_cents)
    found = judge_fund(load(), unit(case.unit), fund, case.today)
    assert (found is not None) == bool(case.expected)
    if found is not None:
        _is_as_said(found, case.expected)


@pytest.mark.parametrize("case", COUNTIES, ids=_named)
def test_a_countys_bases_are_judged_as_its_file_says(case: CountyCase) -> None:
    bases = [
        Base(name, first, None if last is None else last + timedelta(days=1))
        for name, first, last in case.bases
    ]
    found = judge_bases(load(), trail(case.region), bases, case.on)
    assert (found is not None) == bool(case.expected)
    if found is not None:
        _is_as_said(found, case.expected)


def test_there_are_enough_title_cases_of_every_rule_and_no_two_of_a_name() -> None:
    assert len(CASES) >= AT_LEAST
    assert len({_named(case) for case in CASES}) == len(CASES)
    for kind in {*GATE, *RIGHTS, *FOLLOWING}:
        outcomes = {case.rules[kind.name]["outcome"] for case in CASES if kind.name in case.rules}
        assert len(outcomes) >= 2, kind.name
