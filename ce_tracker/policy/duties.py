"""The kinds of rule that no year is judged by: those on titles, which `promoting.py` judges, what
employers and counties owe, and what only says what holds here. Numbers go on where `rules.py` ends
and are never given twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ce_tracker.hours import shown
from ce_tracker.policy.after_titles import Rotation, TrackConversion, TrainingAfterPromotion
from ce_tracker.policy.before_promotion import (
    HoursBeforePromotion,
    ServiceBeforePromotion,
    TrackExclusive,
    TrainingBeforePromotion,
)
from ce_tracker.policy.reading import (
    Param,
    list_of,
    month_day_of,
    percent_of,
    text_of,
    whole_of,
    word_of,
)
from ce_tracker.policy.rights import RightByAppraisal, RightByService
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.weighing import Weighed, met, not_asked, unknown
from ce_tracker.policy.words import Outcome


@dataclass(frozen=True)
class Fund:
    """What an employer paid out in a year, in cents. Nothing: it has not said."""

    year: int
    wages_cents: int | None
    training_cents: int | None


@dataclass(frozen=True)
class EmployerFund:
    name: ClassVar[str] = "employer_fund"
    number: ClassVar[int] = 13
    label: ClassVar[str] = "继续教育经费"
    params: ClassVar[dict[str, Param]] = {"percent_x100": Param("percent", percent_of)}

    percent_x100: int

    def in_words(self) -> str:
        return f"用人单位每年的继续教育经费不低于工资总额的 {shown(self.percent_x100)}%"

    def weigh(self, fund: Fund, today: date) -> Weighed:
        wages, spent, last = fund.wages_cents, fund.training_cents, date(fund.year, 12, 31)
        if wages is None or spent is None:
            lacking = [
                word
                for word, amount in (("工资总额", wages), ("继续教育经费", spent))
                if amount is None
            ]
            return unknown(f"{fund.year} 年{'和'.join(lacking)}没有填报。", "请用人单位填报。")
        if wages == 0:
            return not_asked(f"{fund.year} 年工资总额为 0，不作要求。")
        asked = -(-wages * self.percent_x100 // _ALL_X100)
        found = (
            f"{fund.year} 年工资总额 {in_yuan(wages)} 元，继续教育经费 {in_yuan(spent)} 元，"
            f"要求不低于 {in_yuan(asked)} 元（{shown(self.percent_x100)}%）。"
        )
        if spent >= asked:
            return met(found)
        missing = f"{in_yuan(asked - spent)} 元"
        if today > last:
            return Weighed(Outcome.FAILED, found, f"全年少 {missing}，请用人单位说明情况。")
        remedy = f"{last} 前（含当日）再安排 {missing}。"
        return Weighed(Outcome.SHORT, found, remedy, by=last)


def in_yuan(cents: int) -> str:
    """As people read it."""
    return f"{cents // 100:,}.{cents % 100:02d}"


@dataclass(frozen=True)
class Base:
    """A base's accreditation; the last day not included."""

    name: str
    begins: date
    ends: date | None


@dataclass(frozen=True)
class BasesPerCounty:
    name: ClassVar[str] = "bases_per_county"
    number: ClassVar[int] = 14
    label: ClassVar[str] = "每县的继续教育基地"
    params: ClassVar[dict[str, Param]] = {"at_least": Param("at_least", whole_of(1, 100))}

    at_least: int

    def in_words(self) -> str:
        return f"每个县（市、区）至少 {self.at_least} 所"

    def weigh(self, bases: Sequence[Base], day: date) -> Weighed:
        there = sorted(
            {b.name for b in bases if b.begins <= day and (b.ends is None or b.ends > day)}
        )
        if len(there) >= self.at_least:
            return met(f"{day} 有继续教育基地 {len(there)} 所：{'、'.join(there)}。")
        missing = self.at_least - len(there)
        found = f"{day} 有继续教育基地 {len(there)} 所，要求至少 {self.at_least} 所。"
        ended = sorted({b.name for b in bases if b.ends is not None and b.ends <= day})
        if ended:
            found += f"认定已经到期或撤销的：{'、'.join(ended)}。"
        return Weighed(Outcome.FAILED, found, f"请再建成并认定 {missing} 所。")


@dataclass(frozen=True)
class Bridge:
    """Sets nothing itself and says that what stands above holds here: an inherited rule then
    names it."""

    name: ClassVar[str] = "bridge"
    number: ClassVar[int] = 15
    label: ClassVar[str] = "沿用上级规定"
    params: ClassVar[dict[str, Param]] = {
        "inherits": Param("inherits", list_of(word_of({kind.name: kind.label for kind in YEARLY}))),
    }

    inherits: tuple[str, ...]

    def in_words(self) -> str:
        labels = {kind.name: kind.label for kind in YEARLY}
        return "、".join(labels[name] for name in self.inherits) + "按上级规定执行"


@dataclass(frozen=True)
class Register:
    name: ClassVar[str] = "register"
    number: ClassVar[int] = 16
    label: ClassVar[str] = "继续教育登记"
    params: ClassVar[dict[str, Param]] = {}

    def in_words(self) -> str:
        return "用人单位登记每个人参加继续教育的情况"


@dataclass(frozen=True)
class BothSubjects:
    name: ClassVar[str] = "both_subjects"
    number: ClassVar[int] = 17
    label: ClassVar[str] = "两类科目分别记录"
    params: ClassVar[dict[str, Param]] = {}

    def in_words(self) -> str:
        return "公需科目和专业科目分别记录"


@dataclass(frozen=True)
class Directory:
    name: ClassVar[str] = "directory"
    number: ClassVar[int] = 18
    label: ClassVar[str] = "基层单位目录清单"
    params: ClassVar[dict[str, Param]] = {
        "due": Param("due", month_day_of, default=None),
        "columns": Param("columns", list_of(text_of), default=()),
    }

    due: str | None
    """Month and day by which a year's directory is handed in."""
    columns: tuple[str, ...]
    """Of the form that the document annexes."""

    def in_words(self) -> str:
        due = ""
        if self.due:
            month, day = self.due.split("-")
            due = f"，每年 {int(month)} 月 {int(day)} 日前报审核备案"
        return f"建立并动态管理基层单位目录清单{due}"


_ALL_X100 = 100_00

Duty = (
    HoursBeforePromotion | ServiceBeforePromotion | TrainingBeforePromotion
    | TrainingAfterPromotion | TrackExclusive | TrackConversion | Rotation | RightByService
    | RightByAppraisal | EmployerFund | BasesPerCounty | Bridge | Register | BothSubjects
    | Directory
)  # fmt: skip
DUTIES: tuple[type[Duty], ...] = (
    HoursBeforePromotion, ServiceBeforePromotion, TrainingBeforePromotion,
    TrainingAfterPromotion, TrackExclusive, TrackConversion, Rotation, RightByService,
    RightByAppraisal, EmployerFund, BasesPerCounty, Bridge, Register, BothSubjects,
    Directory,
)  # fmt: skip
OF_EMPLOYERS = (EmployerFund, Register)
OF_COUNTIES = (BasesPerCounty, Directory)
KINDS = {kind.name: kind for kind in (*YEARLY, *DUTIES)}
