"""What a verdict says beside its figures: why, and how the text was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from ce_tracker.hours import shown
from ce_tracker.policy.facts import Standing, Year
from ce_tracker.policy.packs import Rule, Scope
from ce_tracker.policy.rules import AnnualHours, Base, SpecialtyShare
from ce_tracker.policy.words import SECTORS, SERIES, TITLE_LEVELS, Who


def why_exempt(year: Year, required_x100: int) -> str:
    if not year.employed:
        return "当日没有任职单位，不作要求。"
    if year.required_x100 is None and required_x100 <= 0:
        return "本年任职不满一个整月，按月折算后不作要求。"
    if required_x100 <= 0:
        return "本年度应完成的学时为 0，不作要求；所引文件没有免除的条款，免除由主管部门批准。"
    return ""


def not_yet(begins: date, day: date) -> str:
    return f"规定自 {begins} 起施行，{day} 时还没有施行，不作要求。"


def reduced(required_x100: int) -> str:
    return (
        f"本年度应完成的学时减为 {shown(required_x100)} 学时；"
        "所引文件没有减少的条款，减少由主管部门批准。"
    )


def part_of_year(year: Year, months: int | None) -> str:
    begins = year.employed_from or date(year.year, 1, 1)
    ends = year.employed_to or date(year.year, 12, 31)
    if months is None:
        return f"本年任职 {begins} 至 {ends}；规定没有按月折算，全年学时照算。"
    return f"本年任职 {begins} 至 {ends}，按 {months} 个整月折算。"


def bridges(rules: Iterable[Rule]) -> list[str]:
    return [
        f"{rule.citation.document.number}{rule.citation.clause}要求沿用上级规定："
        f"“{rule.citation.quote}”。"
        for rule in rules
    ]


def both_readings(rule: SpecialtyShare, annual: AnnualHours, s: Standing) -> list[str]:
    """Of the hours earned, or of the hours required? Said where it makes a difference to this
    person."""
    notes = []
    if rule.of is Base.EARNED and rule.missing(s) != max(0, rule.asked(s) - rule.have(s)):
        notes.append("补专业科目时总学时也随之增加，还差的学时已按补完后的总学时计算。")
    if rule.share == 1:
        return notes
    earned = replace(rule, of=Base.EARNED, hours_x100=0)
    required = replace(rule, of=Base.REQUIRED, hours_x100=rule.hours_x100 or annual.hours_x100)
    if earned.missing(s) == required.missing(s):
        return notes
    base = min(required.hours_x100, s.required_x100)
    total = s.general_x100 + s.specialty_x100
    ours = "前者" if rule.of is Base.EARNED else "后者"
    notes.append(
        f"比例有两种算法，结果不同：按本年所得的 {shown(total)} 学时计算，{_left(earned, s)}；"
        f"按应完成的 {shown(base)} 学时计算，{_left(required, s)}。本规定按{ours}判定。"
    )
    return notes


def _left(rule: SpecialtyShare, s: Standing) -> str:
    missing = rule.missing(s)
    return f"专业科目还差 {shown(missing)} 学时" if missing else "已经达到"


def of_whom(scope: Scope) -> str:
    """Of whom a rule on titles speaks."""
    named = "、".join(
        [
            *(f"{SECTORS[each]}行业" for each in scope.sectors),
            *(f"{SERIES[each]}系列" for each in scope.series),
        ]
    )
    titles = "、".join(TITLE_LEVELS[each] for each in scope.titles)
    whom = "专业技术人员" if named and scope.who is Who.EVERYBODY else scope.who.label
    return (f"{named}的" if named else "") + whom + (f"申报{titles}职称" if titles else "")
