"""The kinds of rule that follow a title: what is owed after a promotion, what becomes of a title of
the grassroots, and who is due for a turn. Rights that somebody comes into stand in `rights.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from ce_tracker.policy.careers import (
    DAYS_OF_A_YEAR,
    LEVELS,
    Appointed,
    Held,
    anniversary,
    day_reached,
    days_in,
)
from ce_tracker.policy.reading import Param, date_of, whole_of, word_of
from ce_tracker.policy.weighing import Case, Weighed, YearJudged, met, not_asked, unknown
from ce_tracker.policy.words import TITLE_LEVELS, TRACKS, Outcome

_YEARS = whole_of(1, 60)
_PURPOSES = {"induction": "岗前培训", "special": "专项培训"}
_GOOD_ENOUGH = frozenset({"excellent", "competent"})
_NOT_BROKEN = frozenset({Outcome.MET, Outcome.EXEMPT})


@dataclass(frozen=True)
class TrainingAfterPromotion:
    name: ClassVar[str] = "training_after_promotion"
    number: ClassVar[int] = 7
    label: ClassVar[str] = "晋升后的培训"
    params: ClassVar[dict[str, Param]] = {"purpose": Param("purpose", word_of(_PURPOSES))}

    purpose: str

    def in_words(self) -> str:
        return f"新取得职称的，安排{_PURPOSES[self.purpose]}"

    def weigh(self, case: Case) -> Weighed:
        """Who had the title before the document was in force is not new to it."""
        new = [
            each
            for each in case.career.held(case.day)
            if case.asked_since <= each.obtained and (not case.titles or each.level in case.titles)
        ]
        levels = "、".join(TITLE_LEVELS[each] for each in case.titles)
        if not new:
            return not_asked(f"自 {case.asked_since} 文件施行以来，没有新取得{levels}职称。")
        last = max(new, key=lambda each: each.obtained)
        title = f"{last.obtained} 取得{TITLE_LEVELS[last.level]}职称" + (
            f"（{last.name}）" if last.name else ""
        )
        training = _PURPOSES[self.purpose]
        since = [
            each
            for each in case.career.attended
            if each.purpose == self.purpose and last.obtained <= each.ended <= case.day
        ]
        if not since:
            return Weighed(
                Outcome.FAILED, f"{title}，还没有参加{training}。", f"请用人单位安排{training}。"
            )
        first = min(since, key=lambda each: each.ended)
        return met(f"{title}，{first.ended} 完成{training}：{first.title}。", first.entry)


@dataclass(frozen=True)
class TrackConversion:
    name: ClassVar[str] = "track_conversion"
    number: ClassVar[int] = 9
    label: ClassVar[str] = "基层职称换发"
    params: ClassVar[dict[str, Param]] = {"years": Param("years", _YEARS)}

    years: int

    def in_words(self) -> str:
        return f"在基层累计聘满 {self.years} 年可申请换发全省统一职称，离开基层即无效"

    def weigh(self, case: Case) -> Weighed:
        held = self._held(case)
        if held is None:
            return not_asked("没有尚待换发的基层职称。")
        title = f"{TRACKS['grassroots']}{TITLE_LEVELS[held.level]}（{held.obtained} 取得）"
        if case.grassroots is None:
            return unknown(
                f"{title}：单位是否属于基层没有登记，无法判定。", "请县（市、区）人社部门确认。"
            )
        if not case.grassroots:
            return Weighed(
                Outcome.FAILED,
                f"{title}：已离开基层单位，该职称不再有效。",
                "请用人单位在职称登记中填写失效日期；回到基层单位后，由人社部门确认。",
            )
        mine = [each for each in case.career.appointments if _counts(each, held.level)]
        certain = [each for each in mine if each.grassroots]
        missing = self.years * DAYS_OF_A_YEAR - days_in(_spans(certain), case.day)
        if missing <= 0:
            return self._of_the_years(case, title, certain)
        if days_in(_spans(mine), case.day) >= self.years * DAYS_OF_A_YEAR:
            return unknown(
                f"{title}：有的聘任单位当时是否属于基层没有登记，无法判定。",
                "请县（市、区）人社部门确认。",
            )
        ready = day_reached(_spans(certain), self.years * DAYS_OF_A_YEAR)
        when = f"继续聘任，自 {ready} 起" if ready else "累计聘"
        return Weighed(
            Outcome.SHORT,
            f"{title}：在基层累计聘任未满 {self.years} 年，还差 {missing} 天。",
            f"{when}满 {self.years} 年，可以提请换发。",
            ready_on=ready,
        )

    def _held(self, case: Case) -> Held | None:
        """The highest that no unified title of its level, or above, stands beside."""
        titles = case.career.held(case.day)
        unified = max(
            (LEVELS.index(each.level) for each in titles if each.track == "unified"), default=-1
        )
        mine = [
            each
            for each in titles
            if each.track == "grassroots" and LEVELS.index(each.level) > unified
        ]
        return max(mine, key=lambda each: LEVELS.index(each.level), default=None)

    def _of_the_years(self, case: Case, title: str, mine: list[Appointed]) -> Weighed:
        """Appraised as competent, and trained as asked, in each of the last years of them."""
        known = {year.year: (unit, year) for unit, year in case.career.years}
        years = _years_of(mine, case.day)[-self.years :]
        grades = {year: case.career.grades.get(year) for year in years}
        judged = {
            year: case.judge_year(*known[year])
            if year in known
            else YearJudged(Outcome.UNDETERMINED)
            for year in years
        }
        wrong = [
            f"{year} 年度考核没有达到合格"
            for year, grade in grades.items()
            if grade is not None and grade not in _GOOD_ENOUGH
        ] + [
            f"{year} 年度继续教育没有达标"
            for year, found in judged.items()
            if found.outcome not in _NOT_BROKEN | {Outcome.UNDETERMINED}
        ]
        full = f"{title}：在基层累计聘满 {self.years} 年"
        if wrong:
            mend = f"登记有误的，请用人单位更正；没有误的，最近 {self.years} 年都符合后再提请换发。"
            return Weighed(Outcome.FAILED, f"{full}，但 {'；'.join(wrong)}。", mend)
        ungraded = [year for year, grade in grades.items() if grade is None]
        if ungraded:
            return unknown(
                f"{full}，{_listed(ungraded)} 年度考核结果没有登记。", "请用人单位补充登记。"
            )
        unsure = [year for year, found in judged.items() if found.outcome not in _NOT_BROKEN]
        if unsure:
            doubt = next((judged[year].doubt for year in unsure if judged[year].doubt), "")
            who = f"{doubt or '请用人单位补充登记当年的任职单位'}。"
            return unknown(f"{full}，{_listed(unsure)} 年度学时暂不能判定。", who)
        return met(f"{full}，考核合格，学时达标，可以提请换发。")


def _counts(appointed: Appointed, level: str) -> bool:
    return (
        appointed.track == "grassroots"
        and appointed.level == level
        and appointed.grassroots is not False
    )


def _spans(appointments: Iterable[Appointed]) -> list[tuple[date, date | None]]:
    return [(each.begins, each.ends) for each in appointments]


def _years_of(appointments: list[Appointed], day: date) -> list[int]:
    """The years that were over by then and for more than half of which somebody was so appointed:
    who worked for less of a year is not graded for it."""
    if not appointments:
        return []
    spans = _spans(appointments)
    first = min(begins for begins, _ in spans).year
    return [
        year
        for year in range(first, day.year)
        if 2 * (days_in(spans, date(year + 1, 1, 1)) - days_in(spans, date(year, 1, 1)))
        > DAYS_OF_A_YEAR
    ]


@dataclass(frozen=True)
class Rotation:
    name: ClassVar[str] = "rotation"
    number: ClassVar[int] = 10
    label: ClassVar[str] = "轮训"
    params: ClassVar[dict[str, Param]] = {
        "years": Param("years", _YEARS),
        "starting": Param("starting", date_of),
        "until": Param("until", date_of, default=None),
    }

    years: int
    starting: date
    until: date | None
    """The last day, where there is one round only."""

    def wrong(self) -> str | None:
        return "until 不能早于 starting" if self.until and self.until < self.starting else None

    def in_words(self) -> str:
        if self.until:
            return f"{self.starting} 至 {self.until} 轮训一遍"
        return f"自 {self.starting} 起每 {self.years} 年轮训一遍"

    def round_of(self, day: date) -> tuple[date, date] | None:
        """The first and the last day of the round that a day lies in."""
        if day < self.starting or (self.until is not None and day > self.until):
            return None
        if self.until is not None:
            return self.starting, self.until
        turn = 0
        while anniversary(self.starting, (turn + 1) * self.years) <= day:
            turn += 1
        following = anniversary(self.starting, (turn + 1) * self.years)
        return anniversary(self.starting, turn * self.years), following - timedelta(days=1)

    def weigh(self, case: Case) -> Weighed:
        found = self.round_of(case.day)
        if found is None:
            if case.day < self.starting:
                return not_asked(f"轮训自 {self.starting} 起，还没有开始。")
            return not_asked(f"轮训已于 {self.until} 结束。")
        first, last = found
        turns = [
            each
            for each in case.career.attended
            if each.purpose == "rotation" and first <= each.ended <= case.day
        ]
        if turns:
            one = min(turns, key=lambda each: each.ended)
            return met(f"本轮（{first} 至 {last}）已参加：{one.ended}，{one.title}。", one.entry)
        return Weighed(
            Outcome.SHORT,
            f"本轮（{first} 至 {last}）还没有参加轮训。",
            f"{last} 前（含当日）参加一次轮训。",
            by=last,
        )


def _listed(years: Iterable[int]) -> str:
    return "、".join(str(year) for year in years)
