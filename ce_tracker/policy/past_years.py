"""A year as the rules on titles see it: kept or not, and what was missing.

Applications are judged by the hundred thousand each night, and nobody reads more of their years
than this. It follows from the rules of the unit (`yearly.py`, which the sweep goes by too), found
once for units that are alike; where it takes more to say, `judge` says it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from ce_tracker.policy import catalog
from ce_tracker.policy.facts import NOTHING_REDUCED, Standing, Unit, Year
from ce_tracker.policy.judge import judge
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.plan import fewest
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.weighing import YearJudged
from ce_tracker.policy.words import Outcome
from ce_tracker.policy.yearly import Ruleset, ruleset

FEW_PACKS = 4
"""What was found is remembered of so many: of those in force, and of some of an earlier moment,
which are made anew each time that somebody asks."""
_UNITS_AND_DAYS = 16_384
"""The kinds of unit of a province, on the last days of some years."""


class Same:
    """Packs, known by being the same object: none is ever changed, and to compare all that they
    say would take longer than to judge by them."""

    def __init__(self, packs: Packs) -> None:
        self.packs = packs

    def __hash__(self) -> int:
        return id(self.packs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.packs is self.packs


@lru_cache(maxsize=FEW_PACKS)
def _rulesets(packs: Same) -> Callable[[Unit, date], Ruleset]:
    @lru_cache(maxsize=_UNITS_AND_DAYS)
    def found(unit: Unit, day: date) -> Ruleset:
        return ruleset(packs.packs, unit, day)

    return found


def year_judged(packs: Same, today: date, unit: Unit, year: Year) -> YearJudged:
    last = date(year.year, 12, 31)
    day = min(today, last)
    plainly = _plainly(_rulesets(packs)(unit, day), year, over=today > last)
    if plainly is not None:
        return plainly
    verdict = judge(packs.packs, unit, year, today)
    doubt = _doubt(packs.packs, unit, day) if verdict.outcome is Outcome.UNDETERMINED else ""
    return YearJudged(verdict.outcome, verdict.plan, doubt)


def _plainly(rules: Ruleset, year: Year, *, over: bool) -> YearJudged | None:
    """Where nothing is reduced, let off or in doubt; of all that, `judge` knows."""
    by_month = rules.by_month and (year.employed_from or year.employed_to)
    if not rules.asked or not year.employed or year.required_x100 is not None or by_month:
        return None
    standing = Standing(year.general_x100, year.specialty_x100, NOTHING_REDUCED)
    kept = [asked.all_hold(standing) for asked in rules.asked]
    if all(kept):
        return YearJudged(Outcome.MET)
    if not all(
        holds or (asked.certain and not asked.any_holds(standing))
        for asked, holds in zip(rules.asked, kept, strict=True)
    ):
        return None
    settled = [asked.possible[-1 if asked.certain else 0] for asked in rules.asked]
    return YearJudged(Outcome.FAILED if over else Outcome.SHORT, fewest(settled, standing))


def _doubt(packs: Packs, unit: Unit, day: date) -> str:
    regimes = catalog.in_force(packs, unit, day)
    unsure = (
        each
        for kind in YEARLY
        for each in catalog.candidates(regimes, unit, kind.name)
        if not each.certain
    )
    first = next(unsure, None)
    return catalog.missing_fact(first.rule, first.version, unit) if first else ""
