"""The kinds of facts about a person that are entered and corrected by hand, as data.

`corrections.py` does with all of them the same; what differs stands here: the items, and which of
their values cannot be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.extensions import current_actor, db
from ce_tracker.registry.dated import (
    Appointment,
    Appraisal,
    Grade,
    OfProfessional,
    ServiceSpell,
    Title,
    TitleLevel,
    Track,
)
from ce_tracker.registry.items import Check, Errors, Item, Sort, choices
from ce_tracker.registry.models import Employer
from ce_tracker.registry.title_series import catalogue

EARLIEST = date(1950, 1, 1)
"""Nobody who is still working began anything before."""


@dataclass(frozen=True)
class Kind:
    path: str
    """In addresses."""
    label: str
    model: type[OfProfessional]
    items: tuple[Item, ...]
    check: Check
    empty: str
    """What to say where there is none."""


def _dates(fact: Any, errors: Errors, *, begin: str = "valid_from", future: bool = False) -> None:
    if fact.valid_from < EARLIEST:
        errors[begin] = f"日期过早，应在 {EARLIEST} 以后。"
    elif fact.valid_from > clock.today() and not future:
        errors[begin] = "这一天还没有到，请检查年份。"
    elif fact.valid_to is not None and fact.valid_to <= fact.valid_from:
        errors["valid_to"] = "结束日期不能早于开始日期。"


def _series(fact: Any, errors: Errors) -> None:
    if fact.series_code not in catalogue():
        errors["series"] = "没有这个职称系列。"


def _title(fact: Any, new: frozenset[str], errors: Errors) -> None:
    _dates(fact, errors)
    _series(fact, errors)
    if "series" in errors:
        return
    series = catalogue()[fact.series_code]
    if fact.field_code is not None and fact.field_code not in series.fields:
        errors["field"] = f"这个专业不属于{series.name}系列，请重新选择专业或系列。"
    if {"name", "level", "series_code"} & new:
        plain = fact.name.removeprefix("基层")
        levels = [level for level, names in series.title_names.items() if plain in names]
        if levels and fact.level not in levels:
            really = "、".join(TitleLevel(level).label for level in levels)
            errors["level"] = f"“{plain}”在{series.name}系列中是{really}，与所选级别不符。"


def _appointment(fact: Any, new: frozenset[str], errors: Errors) -> None:
    _dates(fact, errors, future=True)
    _series(fact, errors)
    actor = current_actor()
    if "employer_id" not in new or actor is None:
        return
    if not db.session.scalar(
        select(Employer.id).where(Employer.id == fact.employer_id, Employer.visible_to(actor))
    ):
        errors["employer"] = "没有这个单位，或者不归您管理。"


def _spell(fact: Any, new: frozenset[str], errors: Errors) -> None:  # noqa: ARG001
    _dates(fact, errors)
    if fact.valid_to is not None and fact.valid_to > clock.today():
        errors.setdefault("valid_to", "结束日期还没有到；仍在基层服务的，请不要填写结束日期。")


def _appraisal(fact: Any, new: frozenset[str], errors: Errors) -> None:  # noqa: ARG001
    if fact.valid_from < EARLIEST or fact.valid_from.year > clock.today().year:
        errors["year"] = f"年度应在 {EARLIEST.year} 到 {clock.today().year} 之间。"


_LEVEL = Item("level", "级别", Sort.CHOICE, "level", choices(TitleLevel))
_TRACK = Item(
    "track", "类别", Sort.CHOICE, "track", choices(Track), hint="基层职称只在基层单位有效。"
)
_SERIES = Item("series", "职称系列", Sort.SERIES, "series_code")

KINDS: dict[str, Kind] = {
    kind.path: kind
    for kind in (
        Kind(
            "titles",
            "职称",
            Title,
            (
                Item(
                    "name", "职称名称", Sort.TEXT, "name",
                    hint="按证书填写，例如：一级教师、主治医师", longest=30,
                ),
                _LEVEL,
                _TRACK,
                _SERIES,
                Item(
                    "field", "专业", Sort.FIELD, "field_code", required=False,
                    hint="所从事的专业，须属于上面的系列。没有登记专业，申报高级职称时无法判定。",
                ),
                Item(
                    "valid_from", "取得资格日期", Sort.DATE, "valid_from",
                    hint="证书上的取得资格时间，例如：2021-03-15",
                ),
                Item(
                    "valid_to", "失效日期", Sort.END, "valid_to", required=False,
                    hint="一直有效的不填。离开基层而失效的基层职称，填最后有效的一天。",
                ),
            ),
            _title,
            "还没有登记职称",
        ),
        Kind(
            "appointments",
            "聘任",
            Appointment,
            (
                Item("employer", "聘任单位", Sort.EMPLOYER, "employer_id"),
                _LEVEL,
                _TRACK,
                _SERIES,
                Item("valid_from", "聘任开始", Sort.DATE, "valid_from", hint="例如：2021-05-01"),
                Item(
                    "valid_to", "聘任结束", Sort.END, "valid_to", required=False,
                    hint="聘期的最后一天。仍在聘任、没有期限的不填。",
                ),
            ),
            _appointment,
            "还没有登记聘任",
        ),
        Kind(
            "service-spells",
            "基层服务经历",
            ServiceSpell,
            (
                Item("unit", "服务单位", Sort.TEXT, "unit", hint="当时所在的单位全称"),
                Item(
                    "region", "服务地区", Sort.REGION, "region_path",
                    hint="县（市、区）的名称或六位代码，例如：环翠区",
                ),
                Item(
                    "rural", "在农村", Sort.YES_NO, "rural",
                    hint="部分省份晋升高级职称要求农村基层服务经历。",
                ),
                Item("township", "在乡镇", Sort.YES_NO, "township"),
                Item("valid_from", "开始日期", Sort.DATE, "valid_from", hint="例如：2018-09-01"),
                Item(
                    "valid_to", "结束日期", Sort.END, "valid_to", required=False,
                    hint="最后一天。仍在服务的不填。",
                ),
            ),
            _spell,
            "还没有登记基层服务经历",
        ),
        Kind(
            "appraisals",
            "年度考核",
            Appraisal,
            (
                Item("year", "年度", Sort.YEAR, "valid_from", hint="例如：2025"),
                Item("grade", "考核结果", Sort.CHOICE, "grade", choices(Grade)),
            ),
            _appraisal,
            "还没有登记年度考核",
        ),
    )
}  # fmt: skip
