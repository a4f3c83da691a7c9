"""The fewest hours that mend a year: so many in all, of them at least so many of each subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ce_tracker.hours import shown
from ce_tracker.policy.facts import Standing
from ce_tracker.policy.rules import (
    AnnualHours,
    Base,
    GeneralHours,
    SpecialtyHours,
    SpecialtyShare,
    Yearly,
)


@dataclass(frozen=True)
class Plan:
    """Any way of earning `total_x100` hours that has both parts makes every rule hold, and no way
    of earning fewer does."""

    total_x100: int
    specialty_x100: int
    general_x100: int

    def in_words(self, verb: str = "还需") -> str:
        parts = [
            f"{subject}至少 {shown(hours)} 学时"
            for subject, hours in (
                ("专业科目", self.specialty_x100),
                ("公需科目", self.general_x100),
            )
            if hours
        ]
        return f"{verb} {shown(self.total_x100)} 学时" + (
            f"，其中{'、'.join(parts)}" if parts else ""
        )


def fewest(rules: Sequence[Yearly], s: Standing) -> Plan | None:
    """Nothing, where every rule holds as it is."""
    if all(rule.holds(s) for rule in rules):
        return None
    total = general = specialty = 0
    shares = []
    for rule in rules:
        match rule:
            case AnnualHours():
                total = max(total, rule.missing(s))
            case GeneralHours():
                general = max(general, rule.missing(s))
            case SpecialtyHours() | SpecialtyShare(of=Base.REQUIRED):
                specialty = max(specialty, rule.missing(s))
            case SpecialtyShare():
                shares.append(rule)
    # General hours that are owed anyway raise what the share asks of the specialty.
    after = Standing(s.general_x100 + general, s.specialty_x100, s.required_x100)
    with_them = max([specialty, *(rule.missing(after) for rule in shares)])
    total = max(total, general + with_them)
    return Plan(
        total, max([specialty, *(_least_specialty(rule, s, total) for rule in shares)]), general
    )


def _least_specialty(rule: SpecialtyShare, s: Standing, total: int) -> int:
    """So many of `total` further hours, that the share holds of all of them."""
    if s.required_x100 <= 0:
        return 0
    after = s.general_x100 + s.specialty_x100 + total
    part = rule.share
    return max(0, -(-after * part.numerator // part.denominator) - s.specialty_x100)
