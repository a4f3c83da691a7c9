"""The kinds of rule that give somebody a right: by the years in a place, or by appraisals. Nobody
fails them; who has come into one is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ce_tracker.policy.careers import (
    DAYS_OF_A_YEAR,
    LEVELS,
    Spell,
    anniversary,
    day_reached,
    days_in,
    on_end_since,
)
from ce_tracker.policy.reading import Param, list_of, whole_of, word_of, yes_no
from ce_tracker.policy.weighing import Case, Weighed, met, not_asked
from ce_tracker.policy.words import TITLE_LEVELS, Outcome

_YEARS = whole_of(1, 60)


def _step(value: Any) -> tuple[int, str]:
    """`{ years = 10, title = "intermediate" }`: after so many years, this title."""
    if not isinstance(value, dict) or set(value) != {"years", "title"}:
        raise ValueError('应写成 { years = 10, title = "intermediate" }')
    return _YEARS(value["years"]), word_of(TITLE_LEVELS)(value["title"])


@dataclass(frozen=True)
class RightByService:
    name: ClassVar[str] = "right_by_service"
    number: ClassVar[int] = 11
    label: ClassVar[str] = "凭基层工作年限的倾斜"
    params: ClassVar[dict[str, Param]] = {
        "steps": Param("steps", list_of(_step)),
        "consecutive": Param("consecutive", yes_no, default=False),
        "rural": Param("rural", yes_no, default=False),
        "institutions": Param("institutions", yes_no, default=False),
        "present_title": Param("present_title", yes_no, default=False),
    }

    steps: tuple[tuple[int, str], ...]
    consecutive: bool = False
    rural: bool = False
    """The text says 乡村: the countryside counts like the townships."""
    institutions: bool = False
    """Time at enterprises does not count."""
    present_title: bool = False
    """To be appointed by the title that somebody has, and not to apply for the next."""

    @property
    def _how(self) -> str:
        where = "在乡村基层" if self.rural else "在乡镇"
        return f"{where}{'连续' if self.consecutive else '累计'}工作"

    def in_words(self) -> str:
        steps = "、".join(f"{years} 年（{TITLE_LEVELS[title]}）" for years, title in self.steps)
        return f"{self._how}满 {steps}的，可享受文件规定的倾斜"

    def weigh(self, case: Case) -> Weighed:
        levels = _levels(case, present=self.present_title)
        steps = [(years, title) for years, title in self.steps if title in levels]
        if not steps:
            return _no_such_right(case)
        counted = [spell for spell in case.career.spells if self._counts(spell)]
        notes = self._notes(counted)
        spans = [(spell.begins, spell.ends) for spell in counted]
        begins = on_end_since(spans, case.day)
        if self.consecutive:
            spans = [(begins, None)] if begins else []
        days = days_in(spans, case.day)
        worked = f"{self._how} {days // DAYS_OF_A_YEAR} 年 {days % DAYS_OF_A_YEAR} 天"
        if self.consecutive and begins:
            worked = f"自 {begins} 起{self._how}"
            ready = [(anniversary(begins, years), years, title) for years, title in steps]
        else:
            reached = [(day_reached(spans, y * DAYS_OF_A_YEAR), y, title) for y, title in steps]
            ready = [(day, years, title) for day, years, title in reached if day]
        to = "聘任" if self.present_title else "申报"
        there = [f"{to}{TITLE_LEVELS[t]}（满 {y} 年）" for day, y, t in ready if day <= case.day]
        if there:
            return met(f"{worked}，可享受的倾斜：{'、'.join(there)}。", notes=notes)
        years, title = min(steps)
        right = f"满 {years} 年可享受{to}{TITLE_LEVELS[title]}的倾斜"
        if begins and ready:
            day = min(ready)[0]
            going_on = f"继续工作，自 {day} 起满 {years} 年。"
            return Weighed(
                Outcome.SHORT, f"{worked}，{right}。", going_on, ready_on=day, notes=notes
            )
        missing = years * DAYS_OF_A_YEAR - days
        return Weighed(Outcome.SHORT, f"{worked}，{right}，还差 {missing} 天。", notes=notes)

    def _counts(self, spell: Spell) -> bool:
        if self.institutions and spell.public_institution is False:
            return False
        return spell.township or (self.rural and spell.rural)

    def _notes(self, counted: list[Spell]) -> tuple[str, ...]:
        unknown = [spell for spell in counted if spell.public_institution is None]
        if not self.institutions or not unknown:
            return ()
        listed = "、".join(dict.fromkeys(spell.where for spell in unknown))
        return (f"{listed}是否事业单位没有登记，其间的时间先计入，请用人单位核实。",)


@dataclass(frozen=True)
class RightByAppraisal:
    name: ClassVar[str] = "right_by_appraisal"
    number: ClassVar[int] = 12
    label: ClassVar[str] = "凭年度考核的倾斜"
    params: ClassVar[dict[str, Param]] = {
        "excellent": Param("excellent", whole_of(1, 20)),
        "years": Param("years", whole_of(1, 20)),
    }

    excellent: int
    years: int

    def in_words(self) -> str:
        return f"任职期内每有 {self.excellent} 个年度考核优秀，工作年限要求缩短 {self.years} 年"

    def weigh(self, case: Case) -> Weighed:
        if case.titles and not set(case.titles) & set(_levels(case, present=False)):
            return _no_such_right(case)
        present = case.career.present(case.day)
        if present is None:
            return not_asked("没有现职称，无从计算任职期。")
        excellent = sorted(
            year
            for year, grade in case.career.grades.items()
            if grade == "excellent" and present.obtained.year <= year <= case.day.year
        )
        shorter = len(excellent) // self.excellent * self.years
        found = f"任职期内年度考核优秀 {len(excellent)} 次"
        if shorter:
            listed = "、".join(str(year) for year in excellent)
            return met(f"{found}（{listed}），参评要求的工作年限可缩短 {shorter} 年。")
        missing = self.excellent - len(excellent)
        return Weighed(
            Outcome.SHORT, f"{found}，再有 {missing} 次，参评要求的工作年限可缩短 {self.years} 年。"
        )


def _levels(case: Case, *, present: bool) -> tuple[str, ...]:
    """The level applied for. Where nobody applies, the one somebody has, or the next, whichever the
    right is about."""
    if case.wish is not None:
        return (case.wish.level,)
    held = case.career.present(case.day)
    if held is None:
        return () if present else LEVELS[:1]
    place = LEVELS.index(held.level)
    return (held.level,) if present else LEVELS[place + 1 : place + 2]


def _no_such_right(case: Case) -> Weighed:
    whose = "申报的级别" if case.wish is not None else "本人的职称"
    return not_asked(f"没有与{whose}对应的倾斜。")
