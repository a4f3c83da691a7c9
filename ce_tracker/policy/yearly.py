"""What a year is asked of everybody in one unit: the same for all of them, so found out once.

`judge` explains one person's year; the night needs no words, only whether each rule is broken. Both
follow from the rules found here and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from hashlib import sha256
from operator import and_, or_
from typing import Any

from ce_tracker.policy import catalog
from ce_tracker.policy.catalog import Candidate, InForce
from ce_tracker.policy.facts import NOTHING_REDUCED, Standing, Unit
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.rules import YEARLY, AnnualHours, Yearly


@dataclass(frozen=True)
class Asked:
    """Of one kind, the rules that apply or may, from the innermost outward."""

    possible: tuple[Yearly, ...]
    certain: bool
    """Whether the last of them applies whatever is not known."""

    @property
    def number(self) -> int:
        return self.possible[0].number

    def any_holds(self, s: Any) -> Any:
        """If none does and one applies for certain, the year is broken."""
        return reduce(or_, (rule.holds(s) for rule in self.possible))

    def all_hold(self, s: Any) -> Any:
        """If all do it is kept, whatever is not known."""
        return reduce(and_, (rule.holds(s) for rule in self.possible))


@dataclass(frozen=True)
class Ruleset:
    asked: tuple[Asked, ...]
    full_x100: int
    """The hours of a whole year."""
    by_month: bool
    """Whether who worked for a part of the year owes a part."""
    versions: tuple[str, ...]
    """The digests of the versions in force, from the innermost outward."""

    @property
    def digest(self) -> str:
        return sha256(repr(self).encode()).hexdigest()


def yearly(candidate: Candidate) -> Yearly:
    kind = candidate.rule.kind
    assert isinstance(kind, YEARLY)  # noqa: S101  no other kind is ever looked for
    return kind


def full_hours(regimes: list[InForce], unit: Unit) -> int:
    annual = catalog.candidates(regimes, unit, AnnualHours.name)
    return yearly(annual[-1]).asked(Standing(0, 0)) if annual else NOTHING_REDUCED


def ruleset(packs: Packs, unit: Unit, day: date) -> Ruleset:
    regimes = catalog.in_force(packs, unit, day)
    found = (catalog.candidates(regimes, unit, kind.name) for kind in YEARLY)
    return Ruleset(
        tuple(
            Asked(tuple(yearly(each) for each in possible), possible[-1].certain)
            for possible in found
            if possible
        ),
        full_hours(regimes, unit),
        catalog.settings(regimes).part_year == "by_month",
        tuple(each.version.digest for each in regimes),
    )
