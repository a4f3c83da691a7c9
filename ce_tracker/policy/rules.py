"""The yearly kinds of rule: what each asks, and whether it holds.

`holds` is written once and with operators only (`|`, `&`, comparisons, sums and products), so that
it reads a person's plain integers and a table's columns alike: one rule, one arithmetic, whether
one person looks or a million are swept. A number is given to a kind once and never to another:
standings remember it as a bit.

A standing's `required_x100` is what the person owes at most. Less than a rule asks replaces what it
asks; 0 means that nothing is owed and nothing is broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar

from ce_tracker.hours import shown
from ce_tracker.policy.facts import Standing
from ce_tracker.policy.reading import Param, hours_of, share_of, word_of


class Base(StrEnum):
    """Two thirds of what: of all hours earned, or of the hours required."""

    EARNED = "earned"
    REQUIRED = "required"


def at_least(wanted: int, part: Fraction) -> int:
    """`part` of `wanted`, rounded up: what falls short by a hundredth falls short."""
    return -(-wanted * part.numerator // part.denominator)


@dataclass(frozen=True)
class AnnualHours:
    """So many hours in the year, of both subjects together."""

    name: ClassVar[str] = "annual_hours"
    number: ClassVar[int] = 0
    label: ClassVar[str] = "全年学时"
    params: ClassVar[dict[str, Param]] = {"hours_x100": Param("hours", hours_of)}

    hours_x100: int

    def holds(self, s: Any) -> Any:
        earned = s.general_x100 + s.specialty_x100
        return (earned >= self.hours_x100) | (earned >= s.required_x100)

    def asked(self, s: Standing) -> int:
        return min(self.hours_x100, s.required_x100)

    def have(self, s: Standing) -> int:
        return s.general_x100 + s.specialty_x100

    def missing(self, s: Standing) -> int:
        return max(0, self.asked(s) - self.have(s))

    def in_words(self) -> str:
        return f"每年累计不少于 {shown(self.hours_x100)} 学时"


@dataclass(frozen=True)
class SpecialtyShare:
    """Such a part of the hours in specialty subjects."""

    name: ClassVar[str] = "specialty_share"
    number: ClassVar[int] = 1
    label: ClassVar[str] = "专业科目比例"
    params: ClassVar[dict[str, Param]] = {
        "share": Param("share", share_of),
        "of": Param("of", word_of({"earned": "按所得", "required": "按应得"}, Base)),
        "hours_x100": Param("hours", hours_of, default=0),
    }

    share: Fraction
    of: Base = Base.EARNED
    hours_x100: int = 0
    """The year's hours that the share is taken of, where it is taken of the hours required."""

    def wrong(self) -> str | None:
        """Why the parts, each in order, do not go together."""
        if self.of is Base.REQUIRED and not self.hours_x100:
            return 'of = "required" 时必须用 hours 写明全年应完成的学时'
        if self.of is Base.EARNED and self.hours_x100:
            return 'hours 只在 of = "required" 时填写'
        if self.of is Base.EARNED and self.share == 1:
            return "按实际所得计算时，比例必须小于 1"
        return None

    def holds(self, s: Any) -> Any:
        have = s.specialty_x100 * self.share.denominator
        if self.of is Base.EARNED:
            earned = s.general_x100 + s.specialty_x100
            return (have >= earned * self.share.numerator) | (s.required_x100 <= 0)
        return (have >= self.hours_x100 * self.share.numerator) | (
            have >= s.required_x100 * self.share.numerator
        )

    def asked(self, s: Standing) -> int:
        if s.required_x100 <= 0:
            return 0
        if self.of is Base.EARNED:
            return at_least(s.general_x100 + s.specialty_x100, self.share)
        return at_least(min(self.hours_x100, s.required_x100), self.share)

    def have(self, s: Standing) -> int:
        return s.specialty_x100

    def missing(self, s: Standing) -> int:
        """In specialty hours alone. Of the hours earned, each that is added counts twice: it is
        one more of specialty and one more of all."""
        if s.required_x100 <= 0:
            return 0
        if self.of is Base.REQUIRED:
            return max(0, self.asked(s) - s.specialty_x100)
        rest = Fraction(self.share.numerator, self.share.denominator - self.share.numerator)
        return max(0, at_least(s.general_x100, rest) - s.specialty_x100)

    def in_words(self) -> str:
        whole = (
            "本年所得总学时"
            if self.of is Base.EARNED
            else f"应完成的 {shown(self.hours_x100)} 学时"
        )
        return f"专业科目不少于{whole}的 {self.share}"


@dataclass(frozen=True)
class _SubjectHours:
    """So many hours of one subject. Of a reduced year, in the same proportion."""

    hours_x100: int
    full_x100: int
    """The whole year's hours, of which these are a part."""

    params: ClassVar[dict[str, Param]] = {
        "hours_x100": Param("hours", hours_of),
        "full_x100": Param("of_hours", hours_of),
    }

    @property
    def part(self) -> Fraction:
        return Fraction(self.hours_x100, self.full_x100)

    def wrong(self) -> str | None:
        if self.part > 1:
            return "hours 不能多于 of_hours"
        if self.part.denominator > LARGEST_DENOMINATOR:
            return "hours 与 of_hours 之比过于零碎，请用整数或半个学时"
        return None

    def _holds(self, have: Any, required_x100: Any) -> Any:
        return (have >= self.hours_x100) | (
            have * self.part.denominator >= required_x100 * self.part.numerator
        )

    def asked(self, s: Standing) -> int:
        return min(self.hours_x100, at_least(s.required_x100, self.part))


LARGEST_DENOMINATOR = 1000
"""So that a product of it and a standing stays within PostgreSQL's `integer`."""


@dataclass(frozen=True)
class GeneralHours(_SubjectHours):
    name: ClassVar[str] = "general_hours"
    number: ClassVar[int] = 2
    label: ClassVar[str] = "公需科目学时"

    def holds(self, s: Any) -> Any:
        return self._holds(s.general_x100, s.required_x100)

    def have(self, s: Standing) -> int:
        return s.general_x100

    def missing(self, s: Standing) -> int:
        return max(0, self.asked(s) - s.general_x100)

    def in_words(self) -> str:
        return f"公需科目每年不少于 {shown(self.hours_x100)} 学时"


@dataclass(frozen=True)
class SpecialtyHours(_SubjectHours):
    name: ClassVar[str] = "specialty_hours"
    number: ClassVar[int] = 3
    label: ClassVar[str] = "专业科目学时"

    def holds(self, s: Any) -> Any:
        return self._holds(s.specialty_x100, s.required_x100)

    def have(self, s: Standing) -> int:
        return s.specialty_x100

    def missing(self, s: Standing) -> int:
        return max(0, self.asked(s) - s.specialty_x100)

    def in_words(self) -> str:
        return f"专业科目每年不少于 {shown(self.hours_x100)} 学时"


Yearly = AnnualHours | SpecialtyShare | GeneralHours | SpecialtyHours
YEARLY: tuple[type[Yearly], ...] = (AnnualHours, SpecialtyShare, GeneralHours, SpecialtyHours)
"""Those that judge a year, in the order in which a verdict names them."""
