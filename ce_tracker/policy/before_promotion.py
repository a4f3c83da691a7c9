"""The kinds of rule that an application for a title is weighed by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from ce_tracker.hours import shown
from ce_tracker.policy.careers import (
    DAYS_OF_A_YEAR,
    Attended,
    Held,
    Spell,
    Wish,
    anniversary,
    day_reached,
    days_in,
)
from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.reading import Param, date_of, hours_of, whole_of, yes_no
from ce_tracker.policy.weighing import Case, Weighed, YearJudged, met, not_asked, unknown
from ce_tracker.policy.words import PROVIDER_KINDS, TITLE_LEVELS, TRACKS, WORST_FIRST, Outcome

_YEARS = whole_of(1, 60)
_MONTHS_OF_A_YEAR = 12
_KEPT = frozenset({Outcome.MET, Outcome.EXEMPT})


@dataclass(frozen=True)
class HoursBeforePromotion:
    name: ClassVar[str] = "hours_before_promotion"
    number: ClassVar[int] = 4
    label: ClassVar[str] = "申报职称前的学时"
    params: ClassVar[dict[str, Param]] = {
        "years": Param("years", _YEARS, default=5),
        "employers_word": Param("employers_word", yes_no, default=False),
    }

    years: int
    employers_word: bool
    """The employer states in writing that it took the hours into account."""

    def in_words(self) -> str:
        word = "，推荐时须由用人单位书面说明" if self.employers_word else ""
        return f"看取得现职称以来的完整年度，最多最近 {self.years} 年{word}"

    def weigh(self, case: Case) -> Weighed:
        judged = [(y.year, case.judge_year(unit, y)) for unit, y in self._full_years(case)]
        if not judged:
            return met("取得现职称以来还没有完整的年度。")
        wrong = [(year, found) for year, found in judged if found.outcome not in _KEPT]
        if not wrong:
            let_off = [year for year, found in judged if found.outcome is Outcome.EXEMPT]
            besides = f"，其中 {_listed(let_off)} 年度不作要求" if let_off else ""
            return met(f"{_from_to(year for year, _ in judged)}年度学时均符合规定{besides}。")
        running = [year for year, found in wrong if year >= case.today.year and found.plan]
        return Weighed(
            _worst(found for _, found in wrong),
            "；".join(_of_a_year(year, found) for year, found in wrong) + "。",
            _to_mend(wrong, case.today.year),
            by=date(running[-1], 12, 31) if len(running) == len(wrong) else None,
        )

    def _full_years(self, case: Case) -> list[tuple[Unit, Year]]:
        first = case.day.year - self.years
        present = case.career.present(case.day)
        if present:
            obtained = present.obtained
            whole = (obtained.month, obtained.day) == (1, 1)
            first = max(first, obtained.year if whole else obtained.year + 1)
        return [
            (unit, year) for unit, year in case.career.years if first <= year.year < case.day.year
        ]


def _worst(found: Iterable[YearJudged]) -> Outcome:
    """A year that still runs is over on the day of the application: what it lacks is missing."""
    outcomes = {Outcome.FAILED if each.outcome is Outcome.SHORT else each.outcome for each in found}
    return next(each for each in WORST_FIRST if each in outcomes)


def _of_a_year(year: int, found: YearJudged) -> str:
    lacks = f"（{found.plan.in_words('差')}）" if found.plan else ""
    return f"{year} 年度{found.outcome.label}{lacks}"


def _to_mend(wrong: list[tuple[int, YearJudged]], this_year: int) -> str:
    doubts = dict.fromkeys(found.doubt for _, found in wrong if found.doubt)
    parts = [f"{doubt}，补充后才能判定。" for doubt in doubts]
    for year, found in wrong:
        if year >= this_year and found.plan:
            parts.append(f"{date(year, 12, 31)} 前（含当日）{found.plan.in_words('再完成')}。")
    if any(year < this_year and found.outcome is Outcome.FAILED for year, found in wrong):
        parts.append(
            "已经结束的年度：确已完成而没有入账的，请施教机构补报；"
            "没有完成的，请用人单位推荐时说明情况。"
        )
    return "".join(parts)


@dataclass(frozen=True)
class ServiceBeforePromotion:
    name: ClassVar[str] = "service_before_promotion"
    number: ClassVar[int] = 5
    label: ClassVar[str] = "凡晋必下"
    params: ClassVar[dict[str, Param]] = {
        "months": Param("months", whole_of(1, 600)),
        "rural": Param("rural", yes_no),
        "starting": Param("starting", date_of, default=None),
    }

    months: int
    rural: bool
    starting: date | None
    """Where the document itself names a later day than its own."""

    @property
    def days(self) -> int:
        return -(-self.months * DAYS_OF_A_YEAR // _MONTHS_OF_A_YEAR)

    @property
    def place(self) -> str:
        return "农村基层" if self.rural else "基层"

    def in_words(self) -> str:
        start = f"，自 {self.starting} 起" if self.starting else ""
        return f"须有 {self.months} 个月以上{self.place}服务经历{start}"

    def weigh(self, case: Case) -> Weighed:
        if self.starting and case.day < self.starting:
            return not_asked(f"自 {self.starting} 起才有此要求。")
        counted = [spell for spell in case.career.spells if spell.rural or not self.rural]
        spans = [(spell.begins, spell.ends) for spell in counted]
        days = days_in(spans, case.day)
        found = f"{self.place}服务经历累计 {days} 天，要求 {self.days} 天（{self.months} 个月）。"
        notes = tuple(self._notes(case, counted))
        if days >= self.days:
            return met(found, notes=notes)
        missing = self.days - days
        ready = day_reached(spans, self.days)
        if ready:
            remedy = f"还差 {missing} 天：继续服务，自 {ready} 起满足。"
            return Weighed(Outcome.FAILED, found, remedy, ready_on=ready, notes=notes)
        last_start, earliest = case.day - timedelta(missing), case.today + timedelta(missing)
        in_time = last_start >= case.today
        when = f"最迟 {last_start} 开始" if in_time else f"现在开始，最早 {earliest} 满足"
        remedy = (
            f"还需{self.place}服务 {missing} 天，{when}；已有经历没有登记的，请用人单位补充登记。"
        )
        by = last_start if in_time else None
        return Weighed(Outcome.FAILED, found, remedy, by=by, notes=notes)

    def _notes(self, case: Case, counted: list[Spell]) -> Iterable[str]:
        there = dict.fromkeys(spell.where for spell in counted if spell.employed)
        if there:
            yield f"在{'、'.join(there)}任职的时间计入。"
        ahead = case.day > case.today
        if ahead and any(spell.ends is None or spell.ends > case.today for spell in counted):
            yield f"{case.today} 以后的时间，按继续服务计算。"
        left_out = sum(not s.employed for s in case.career.spells if s not in counted)
        if left_out:
            yield f"另有 {left_out} 段基层经历没有登记为农村基层，不计入。"


@dataclass(frozen=True)
class TrainingBeforePromotion:
    name: ClassVar[str] = "training_before_promotion"
    number: ClassVar[int] = 6
    label: ClassVar[str] = "凡晋必学"
    params: ClassVar[dict[str, Param]] = {
        "after_present_title": Param("after_present_title", yes_no, default=True),
        "hours_x100": Param("hours", hours_of, default=0),
    }

    after_present_title: bool
    hours_x100: int = 0
    """So many, where a local text names a number; 0: any training will do."""

    def in_words(self) -> str:
        since = "取得现职称以后的" if self.after_present_title else ""
        hours = f"，不少于 {shown(self.hours_x100)} 学时" if self.hours_x100 else ""
        return f"申报前须有{since}本专业学习培训经历{hours}"

    def weigh(self, case: Case) -> Weighed:
        wish = case.wish
        if wish is None or wish.field is None:
            return unknown(
                "没有填写申报的专业，无法判定培训是否属于本专业。",
                "请填写申报的专业；职称没有登记专业的，请用人单位补充登记。",
            )
        own = wish.field_name or wish.field
        in_time = [
            each
            for each in case.career.attended
            if each.subject == "specialty" and each.ended <= case.day and _own_field(each, wish)
        ]
        present = case.career.present(case.day)
        since = present.obtained if present and self.after_present_title else None
        counted = [each for each in in_time if since is None or each.ended > since]
        notes = tuple(self._notes(since, len(in_time) - len(counted)))
        earned = sum(each.hours_x100 for each in counted)
        if counted and earned >= self.hours_x100:
            found = (
                f"{own}专业培训 {len(counted)} 项，共 {shown(earned)} 学时；{_latest(counted)}。"
            )
            return met(found, *(each.entry for each in counted), notes=notes)
        how_much = f" {shown(self.hours_x100 - earned)} 学时" if self.hours_x100 else "至少一项"
        found = f"{'取得现职称以后' if since else ''}没有{own}专业的培训经历。"
        if counted:
            found = f"{own}专业培训共 {shown(earned)} 学时，要求 {shown(self.hours_x100)} 学时。"
        remedy = f"{case.day} 前（含当日）再完成{how_much}{own}专业的专业科目培训。"
        return Weighed(Outcome.FAILED, found, remedy, by=case.day, notes=notes)

    def _notes(self, since: date | None, earlier: int) -> Iterable[str]:
        if since is None:
            return
        yield f"本服务的理解：只计取得现职称（{since}）以后结束的培训；政策规则可以改为不限。"
        if earlier:
            yield f"{since} 及以前还有 {earlier} 项本专业培训，没有计入。"


def _own_field(training: Attended, wish: Wish) -> bool:
    """In the field applied for, or meant for its whole series."""
    if training.field is not None:
        return training.field == wish.field
    return training.series is not None and training.series == wish.series


def _latest(counted: list[Attended]) -> str:
    """The day, and the kind of provider; what it was and who held it is the proof's to say, since
    an employer may not read that of the time before somebody came to it."""
    last = max(counted, key=lambda each: each.ended)
    kind = PROVIDER_KINDS.get(last.provider_kind or "", "")
    return f"最近一项 {last.ended} 结束" + (f"（{kind}）" if kind else "")


@dataclass(frozen=True)
class TrackExclusive:
    name: ClassVar[str] = "track_exclusive"
    number: ClassVar[int] = 8
    label: ClassVar[str] = "两类职称不得兼报"
    params: ClassVar[dict[str, Param]] = {"years": Param("years", _YEARS)}

    years: int

    def in_words(self) -> str:
        return f"同年度只能申报一类；取得一类后 {self.years} 年内不得申报另一类同级别职称"

    def weigh(self, case: Case) -> Weighed:
        wish, seat = case.wish, case.career.seat
        if wish is None:
            return not_asked("没有申报。")
        free, held = self._free_on(case, wish)
        found, remedy, ready = "", "", free
        if held and free:
            found = (
                f"{held.obtained} 取得{TRACKS[held.track]}{TITLE_LEVELS[held.level]}，"
                f"未满 {self.years} 年，不得申报同级别的{TRACKS[wish.track]}。"
            )
            remedy = f"{free} 起可以申报。"
        if seat is not None and seat != wish.track:
            next_year = date(case.day.year + 1, 1, 1)
            found = f"{case.day.year} 年度已申报{TRACKS[seat]}，同年度不得再申报另一类。{found}"
            if free is None or free < next_year:
                ready = next_year
                remedy = f"{ready} 起可以申报" + (
                    "。" if free else "；已有的申报还能撤回的，也可以先撤回。"
                )
        if ready is None:
            return met(f"{self.years} 年内没有取得另一类的同级别职称，本年度也没有申报另一类。")
        return Weighed(Outcome.FAILED, found, remedy, ready_on=ready)

    def _free_on(self, case: Case, wish: Wish) -> tuple[date | None, Held | None]:
        """The day on which the last title of the other track no longer stands in the way, also if
        it counts no longer; and that title."""
        other = [
            (anniversary(each.obtained, self.years), each)
            for each in case.career.titles
            if each.track != wish.track and each.level == wish.level and each.obtained <= case.day
        ]
        in_the_way = [pair for pair in other if pair[0] > case.day]
        return max(in_the_way, key=lambda pair: pair[0], default=(None, None))


def _from_to(years: Iterable[int]) -> str:
    listed = sorted(years)
    return f"{listed[0]} " if len(listed) == 1 else f"{listed[0]} 至 {listed[-1]} "


def _listed(years: Iterable[int]) -> str:
    return "、".join(str(year) for year in years)
