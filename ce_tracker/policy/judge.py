"""THE decision: a person's year, by the rules that cover it, on a day.

A year is judged by the rules and facts of the earlier of the day asked and its own 31 December, so
that neither a document nor a move ever reaches back. What is missing never lets anybody pass: where
a fact is not known and would decide, the verdict says which, and who can supply it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from ce_tracker.policy import catalog, explaining
from ce_tracker.policy.catalog import Candidate, InForce
from ce_tracker.policy.facts import NOTHING_REDUCED, Standing, Unit, Year
from ce_tracker.policy.packs import Citation, Packs
from ce_tracker.policy.plan import Plan, fewest
from ce_tracker.policy.rules import YEARLY, AnnualHours, SpecialtyShare, Yearly
from ce_tracker.policy.words import WORST_FIRST, Outcome, Strength
from ce_tracker.policy.yearly import full_hours, yearly

NATIONAL = "national"


@dataclass(frozen=True)
class Finding:
    """One rule, and how the year stands by it. Hours in hundredths."""

    rule: Yearly
    outcome: Outcome
    asked_x100: int
    have_x100: int
    missing_x100: int
    strength: Strength
    regime: str
    regime_name: str
    citation: Citation
    inherited: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    year: int
    day: date
    """Whose rules and facts decided."""
    regime: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    plan: Plan | None
    policy: tuple[str, ...]
    """The digests of the versions in force, from the innermost outward."""


@dataclass(frozen=True)
class _Case:
    """What all rules of one judgement share."""

    unit: Unit
    year: Year
    standing: Standing
    regimes: list[InForce]
    innermost: str
    over: bool
    exempt: str
    """Why nothing is owed; empty, where something is."""

    @property
    def broken(self) -> Outcome:
        return Outcome.FAILED if self.over else Outcome.SHORT


def judge(packs: Packs, unit: Unit, year: Year, on: date) -> Verdict:
    last = date(year.year, 12, 31)
    day = min(on, last)
    regimes = catalog.in_force(packs, unit, day)
    places = [pack.regime for pack in catalog.covering(packs, unit)]
    if not regimes:
        return _before_all(packs, unit, year, day)
    required, notes = _required(regimes, unit, year)
    case = _Case(
        unit,
        year,
        Standing(year.general_x100, year.specialty_x100, required),
        regimes,
        places[0],
        on > last,
        explaining.why_exempt(year, required),
    )
    findings = [
        finding for kind in YEARLY if (finding := _found(case, kind.name, notes)) is not None
    ]
    findings = _with_both_readings(findings, case)
    settled = [each.rule for each in findings if each.outcome is not Outcome.UNDETERMINED]
    regime = min((each.regime for each in findings), key=places.index, default=NATIONAL)
    return Verdict(
        year.year,
        day,
        regime,
        _worst(findings),
        tuple(findings),
        None if case.exempt else fewest(settled, case.standing),
        tuple(each.version.digest for each in regimes),
    )


def _found(case: _Case, kind: str, notes: list[str]) -> Finding | None:
    """How the year stands by the innermost rule of this kind that covers it."""
    possible = catalog.candidates(case.regimes, case.unit, kind)
    if not possible:
        return None
    chosen, outcome, doubt = _chosen(possible, case)
    inherited = chosen.pack.regime != case.innermost
    said = [chosen.rule.note, doubt] if not case.exempt else [case.exempt]
    if inherited:
        said += explaining.bridges(catalog.bridges(case.regimes, case.unit, kind))
    if kind == AnnualHours.name and not case.exempt:
        said += notes
    if chosen.rule.scope.open_list:
        said.append("条文中的“等”没有展开，只按列明的执行。")
    return _finding(chosen, case, outcome, inherited=inherited, notes=said)


def _finding(
    chosen: Candidate, case: _Case, outcome: Outcome, *, inherited: bool, notes: list[str]
) -> Finding:
    rule = yearly(chosen)
    owed = replace(case.standing, required_x100=0) if case.exempt else case.standing
    return Finding(
        rule,
        outcome,
        rule.asked(owed),
        rule.have(owed),
        0 if case.exempt else rule.missing(owed),
        chosen.rule.strength,
        chosen.pack.regime,
        chosen.pack.name,
        chosen.rule.citation,
        inherited,
        tuple(note for note in notes if note),
    )


def _chosen(possible: list[Candidate], case: _Case) -> tuple[Candidate, Outcome, str]:
    """The rule to cite, how it stands, and what was not known.

    A missing fact matters where it decides: if every rule that may apply holds, or none does, the
    one that applies for certain is cited.
    """
    if case.exempt:
        return possible[-1], Outcome.EXEMPT, ""
    unsure = [each for each in possible if not each.certain]
    certain = possible[-1] if possible[-1].certain else None
    holds = {bool(yearly(each).holds(case.standing)) for each in possible}
    if certain is None:
        holds |= {True}  # perhaps nothing is asked at all
    doubt = ""
    if unsure:
        first = unsure[0]
        doubt = catalog.missing_fact(first.rule, first.version, case.unit)
    if len(holds) > 1:
        return unsure[0], Outcome.UNDETERMINED, f"{doubt}，补充后才能判定。"
    outcome = Outcome.MET if holds == {True} else case.broken
    note = f"{doubt}；不论如何，结果相同。" if doubt else ""
    return certain or unsure[0], outcome, note


def _worst(findings: list[Finding]) -> Outcome:
    outcomes = {finding.outcome for finding in findings}
    return next((each for each in WORST_FIRST if each in outcomes), Outcome.EXEMPT)


def _with_both_readings(findings: list[Finding], case: _Case) -> list[Finding]:
    annual = next((each.rule for each in findings if isinstance(each.rule, AnnualHours)), None)
    if annual is None or case.exempt:
        return findings
    return [
        replace(
            each,
            notes=(*each.notes, *explaining.both_readings(each.rule, annual, case.standing)),
        )
        if isinstance(each.rule, SpecialtyShare)
        else each
        for each in findings
    ]


def _required(regimes: list[InForce], unit: Unit, year: Year) -> tuple[int, list[str]]:
    """What is owed at most, and what is to be said of it."""
    required = NOTHING_REDUCED if year.required_x100 is None else year.required_x100
    notes = []
    full = full_hours(regimes, unit)
    if 0 < required < full:
        notes.append(explaining.reduced(required))
    if year.employed_from or year.employed_to:
        by_month = catalog.settings(regimes).part_year == "by_month"
        months = _whole_months(year)
        notes.append(explaining.part_of_year(year, months if by_month else None))
        if by_month and full < NOTHING_REDUCED:
            required = min(required, -(-full * months // 12))
    return required, notes


def _whole_months(year: Year) -> int:
    begins = year.employed_from or date(year.year, 1, 1)
    ends = year.employed_to or date(year.year, 12, 31)
    firsts = [date(year.year, month, 1) for month in range(1, 13)]
    nexts = [*firsts[1:], date(year.year + 1, 1, 1)]
    return sum(
        begins <= first and following - timedelta(days=1) <= ends
        for first, following in zip(firsts, nexts, strict=True)
    )


def _before_all(packs: Packs, unit: Unit, year: Year, day: date) -> Verdict:
    """Nothing was in force yet: the rules that came first are named, and ask nothing."""
    outermost = catalog.covering(packs, unit)[-1]
    first = outermost.versions[0]
    why = explaining.not_yet(first.in_force_from, day)
    case = _Case(
        unit,
        year,
        Standing(year.general_x100, year.specialty_x100),
        [InForce(outermost, first)],
        outermost.regime,
        over=False,
        exempt=why,
    )
    findings = [each for kind in YEARLY if (each := _found(case, kind.name, [])) is not None]
    return Verdict(year.year, day, outermost.regime, Outcome.EXEMPT, tuple(findings), None, ())
