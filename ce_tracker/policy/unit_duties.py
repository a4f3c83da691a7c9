"""What employers and counties owe, judged: money for training, and bases to be trained at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ce_tracker.policy import catalog
from ce_tracker.policy.catalog import Candidate
from ce_tracker.policy.duties import Base, BasesPerCounty, EmployerFund, Fund
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.findings import DutyFinding, settled
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.weighing import Weighed


@dataclass(frozen=True)
class UnitFinding(DutyFinding):
    """One rule, and how the employer or the county stands by it."""

    rule: EmployerFund | BasesPerCounty


def judge_fund(packs: Packs, unit: Unit, fund: Fund, today: date) -> UnitFinding | None:
    """Of an employer and a year; nothing, where no rule speaks of the employer. As with people's
    years, the rules and the unit are those of the earlier of today and the year's end."""

    def weigh(candidate: Candidate) -> Weighed:
        kind = candidate.rule.kind
        assert isinstance(kind, EmployerFund)  # noqa: S101  no other kind was looked for
        return kind.weigh(fund, today)

    day = min(today, date(fund.year, 12, 31))
    return _found(packs, unit, EmployerFund.name, day, weigh)


def judge_bases(
    packs: Packs, regions: tuple[str, ...], bases: Sequence[Base], day: date
) -> UnitFinding | None:
    """Of a county or a district, told from the country down, if a rule speaks of it."""

    def weigh(candidate: Candidate) -> Weighed:
        kind = candidate.rule.kind
        assert isinstance(kind, BasesPerCounty)  # noqa: S101  no other kind was looked for
        return kind.weigh(bases, day)

    return _found(packs, Unit(regions), BasesPerCounty.name, day, weigh)


def _found(
    packs: Packs, unit: Unit, kind: str, day: date, weigh: Callable[[Candidate], Weighed]
) -> UnitFinding | None:
    possible = catalog.candidates(catalog.in_force(packs, unit, day), unit, kind)
    if not possible:
        return None
    chosen, answer, note = settled(possible, weigh, unit)
    innermost = catalog.covering(packs, unit)[0].regime
    return UnitFinding.of(chosen, answer, innermost, note)
