"""Forms made of items (`registry/items.py`): reading what was typed, and filling in what is known.

People type days as 2026-03-05 and as they find them on paper; they think of the last day on which
something holds, where we keep the first on which it does not; they know a region by its name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from ce_tracker import clock
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.hours import parsed, shown
from ce_tracker.registry.items import Errors, Item, Sort
from ce_tracker.registry.models import Region
from ce_tracker.registry.title_series import catalogue

_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")
_MOMENT = re.compile(r"(.+日|.+(?=[T ]))[T ]?(\d{1,2})[:时点](\d{1,2})?(?::\d{2}|分)?")
_YEAR = re.compile(r"(\d{4})年?度?")
_CODE = re.compile(r"([0-9]{6}|Z[0-9]{5})(?:\s.*)?")
LAST_YEAR = 2199
ONE_DAY = timedelta(days=1)

Values = dict[str, Any]


def read(items: Iterable[Item], form: MultiDict[str, str], errors: Errors) -> Values:
    """What was typed, as the registry takes it; what makes no sense is added to `errors`."""
    values: Values = {}
    for item in items:
        if item.sort is Sort.FIELDS:
            values[item.name] = form.getlist(item.name)
            continue
        text = unicodedata.normalize("NFKC", form.get(item.name, "")).strip()
        if item.sort is Sort.TEXT:
            text = form.get(item.name, "").strip()
        if not text:
            values[item.name] = None
            if item.required:
                picked = item.sort in {Sort.CHOICE, Sort.YES_NO, Sort.SERIES}
                errors[item.name] = f"请{'选择' if picked else '填写'}{item.label}。"
            continue
        try:
            values[item.name] = _value(item, text)
        except ValueError as error:
            errors[item.name] = str(error)
    return values


def begin(items: Iterable[Item], values: Values) -> dict[str, Any]:
    """As it stands in the form at first."""
    return {item.name: _typed(item, values.get(item.name)) for item in items}


def day(text: str, label: str = "日期") -> date:
    found = _DAY.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        raise ValueError(f"{label}应写成 2026-03-05 这样。")
    year, month, of_month = (int(part) for part in found.groups() if part)
    try:
        meant = date(year, month, of_month)
    except ValueError:
        raise ValueError(f"没有 {text} 这一天，请检查{label}。") from None
    if year > LAST_YEAR:
        raise ValueError(f"{label}的年份过大，请检查。")
    return meant


def moment(text: str, label: str) -> datetime:
    """As browsers write it (2026-03-05T09:00) and as people do (2026.3.5 9:00)."""
    found = _MOMENT.fullmatch(" ".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        raise ValueError(f"{label}应写成 2026-03-05 09:00 这样，日期和几点几分都要有。")
    try:
        of_day = time(int(found[2]), int(found[3] or 0))
    except ValueError:
        raise ValueError(f"没有 {found[2]} 点 {found[3] or 0} 分，请检查{label}。") from None
    return datetime.combine(day(found[1], label), of_day, clock.SHANGHAI)


def objections(error: Invalid | Conflict, names: Iterable[str]) -> Errors:
    """What was wrong, beside the field where it stands; the rest above the form."""
    known = set(names)
    found: Errors = {}
    for entry in error.facts.get("errors", ()):
        found[entry["field"] if entry["field"] in known else "form"] = entry["message"]
    return found or {"form": error.detail}


def _value(item: Item, text: str) -> Any:  # noqa: PLR0911  one a sort
    match item.sort:
        case Sort.DATE:
            return day(text, item.label)
        case Sort.END:
            return day(text, item.label) + ONE_DAY
        case Sort.MOMENT:
            return moment(text, item.label)
        case Sort.YEAR | Sort.HOURS | Sort.COUNT:
            return _figure(item, text)
        case Sort.YES_NO:
            return text == "yes"
        case Sort.EMPLOYER:
            return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0
        case Sort.REGION:
            return _region(text)
        case Sort.CHOICE if text not in dict(item.choices):
            raise ValueError(f"请选择{item.label}。")
        case Sort.TEXT if len(text) > item.longest:
            raise ValueError(f"{item.label}最多 {item.longest} 个字。")
        case _:
            return text


def _figure(item: Item, text: str) -> int:
    match item.sort:
        case Sort.YEAR:
            found = _YEAR.fullmatch(text)
            meant, example = int(found[1]) if found else None, "应写成 2025 这样"
        case Sort.HOURS:
            meant, example = parsed(text), "应是数字，最多两位小数，例如：40 或 7.5"
        case _:
            meant = int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else None
            example = "应是大于 0 的整数，最多六位"
    if meant is None:
        raise ValueError(f"{item.label}{example}。")
    return meant


def _region(text: str) -> str:
    """A code, a code with the name behind it as the list offers it, or a name that is unique."""
    if found := _CODE.fullmatch(text):
        return found[1]
    same = db.session.scalars(
        select(Region).where(Region.name == text, Region.holds_on(clock.today())).limit(10)
    ).all()
    if not same:
        raise ValueError(f"没有叫“{text}”的行政区划。请写全称，或写六位代码。")
    if len(same) > 1:
        codes = "、".join(region.code for region in same)
        raise ValueError(f"有 {len(same)} 个“{text}”，请改写六位代码：{codes}。")
    return same[0].code


def _typed(item: Item, value: Any) -> Any:  # noqa: PLR0911  one a sort
    match item.sort:
        case Sort.FIELDS:
            return list(value or [])
        case _ if value is None:
            return ""
        case Sort.YES_NO:
            return "yes" if value else "no"
        case Sort.END:
            return (value - ONE_DAY).isoformat()
        case Sort.DATE:
            return value.isoformat()
        case Sort.MOMENT:
            return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H:%M")
        case Sort.HOURS:
            return shown(value)
        case Sort.REGION:
            region = db.session.scalar(select(Region).where(Region.code == value))
            return f"{value} {region.name}" if region else value
        case _:
            return str(value)


def series_options() -> list[tuple[str, str]]:
    return [(series.code, series.name) for series in catalogue().values()]


def field_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Series by series."""
    return [(series.name, list(series.fields.items())) for series in catalogue().values()]


def region_options(path: str) -> list[str]:
    """What the browser may offer while a region is typed: those within a path."""
    found = db.session.scalars(
        select(Region)
        .where(Region.path.startswith(path), Region.holds_on(clock.today()))
        .order_by(Region.code)
    )
    return [f"{region.code} {region.name}" for region in found]
