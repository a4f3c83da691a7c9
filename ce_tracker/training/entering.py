"""What a provider enters about a training session, item by item, and whether it can be so.

The items are read by the API, the forms and the tables alike (`registry/items.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.registry.items import Errors, Item, Sort, choices
from ce_tracker.registry.models import Field, TitleSeries
from ce_tracker.training.models import FIRST_DAY, Form, Purpose, Subject

LONGEST_CODE = 40
LONGEST = timedelta(days=366)
FURTHEST_AHEAD = timedelta(days=366)
"""Nothing wiser than a sane cap: whoever types 2062 for 2026 is told so, and the ledger's years,
which are made ahead of time, are always there."""
MOST_HOURS_X100 = 100_000

ITEMS = (
    Item(
        "title", "班次名称", Sort.TEXT, "title", longest=100,
        hint="例如：2026 年初中语文骨干教师培训班",
    ),
    Item(
        "course", "课程内容", Sort.TEXT, "course", longest=200,
        hint="讲什么，例如：统编教材的单元教学",
    ),
    Item(
        "code", "班次编号", Sort.TEXT, "code", required=False, longest=LONGEST_CODE,
        hint="本机构自己的编号，不填则自动编号。一份名单里有几个班次时，凭它区分。",
    ),
    Item("subject", "科目", Sort.CHOICE, "subject", choices(Subject)),
    Item(
        "series", "职称系列", Sort.SERIES, "series_code", required=False,
        hint="专业科目才选。只选系列、不选专业，是面向整个系列的培训。",
    ),
    Item(
        "field", "专业", Sort.FIELD, "field_code", required=False,
        hint="专业科目才选。选了专业，职称系列可以不选。",
    ),
    Item("purpose", "培训目的", Sort.CHOICE, "purpose", choices(Purpose)),
    Item("form", "培训形式", Sort.CHOICE, "form", choices(Form)),
    Item("online", "线上培训", Sort.YES_NO, "online"),
    Item(
        "place", "地点", Sort.TEXT, "place", required=False, longest=100,
        hint="线下培训必填；线上培训可以写平台名称。",
    ),
    Item("starts_at", "开始时间", Sort.MOMENT, "starts_at"),
    Item("ends_at", "结束时间", Sort.MOMENT, "ends_at", hint="学时计入结束时间所在的年度。"),
    Item(
        "hours", "学时", Sort.HOURS, "hours_x100",
        hint="一名学员最多可得的学时，例如：40 或 7.5",
    ),
    Item("capacity", "人数上限", Sort.COUNT, "capacity", required=False),
)  # fmt: skip
COLUMN_OF = {item.name: item.column for item in ITEMS}
LABEL_OF = {item.column: item.label for item in ITEMS}

KEPT_ONCE_POSTED = (
    *("subject", "series_code", "field_code", "purpose"),
    *("hours_x100", "starts_at", "ends_at"),
)

_CODE = re.compile(r"[0-9A-Za-z_\-〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]+")


def settle(whole: dict[str, Any], new: Mapping[str, Any], errors: Errors) -> None:
    """Put a session as it would be in order; `new` is what of it has just been entered."""
    for name in ("title", "course", "place", "code"):
        if whole[name] is not None:
            whole[name] = " ".join(whole[name].split()) or None
            _look_at_text(name, whole[name], errors)
    if whole["code"] and not _CODE.fullmatch(whole["code"]):
        errors.setdefault("code", "班次编号只能用字母、数字、汉字、“-”和“_”。")
    if not whole["online"] and not whole["place"]:
        errors.setdefault("place", "线下培训请填写地点。")
    if not 0 < whole["hours_x100"] <= MOST_HOURS_X100:
        errors["hours"] = f"学时应大于 0，最多 {MOST_HOURS_X100 // 100}。"
    _settle_field(whole, new, errors)
    _look_at_times(whole["starts_at"], whole["ends_at"], errors)


def _look_at_text(name: str, text: str | None, errors: Errors) -> None:
    label = LABEL_OF[name]
    if text is None:
        if name in {"title", "course"}:
            errors[name] = f"请填写{label}。"
    elif any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        errors[name] = f"{label}中有不能保存的字符，请重新输入。"
    elif hidden(text) != text:
        errors[name] = f"{label}会公开显示，不能含有证件号码或与之相像的一长串数字。"


def _settle_field(whole: dict[str, Any], new: Mapping[str, Any], errors: Errors) -> None:
    if whole["subject"] == Subject.GENERAL:
        for name in ("series", "field"):
            if new.get(COLUMN_OF[name]):
                errors[name] = f"公需科目不分{LABEL_OF[COLUMN_OF[name]]}，请不要选。"
        whole["series_code"] = whole["field_code"] = None
        return
    series, field = whole["series_code"], whole["field_code"]
    if series is not None and db.session.get(TitleSeries, series) is None:
        errors["series"] = f"没有代码为 {hidden(series)} 的职称系列。"
        return
    if field is None:
        return
    known = db.session.get(Field, field)
    if known is None:
        errors["field"] = f"没有代码为 {hidden(field)} 的专业。"
    elif series in (None, known.series_code) or "series_code" not in new:
        whole["series_code"] = known.series_code
    else:
        errors["field"] = f"专业“{known.name}”不属于所选的职称系列，请改选专业，或不选系列。"


def _look_at_times(starts_at: datetime, ends_at: datetime, errors: Errors) -> None:
    # Compared before they are moved to our time zone: not every moment of year 9999 can be.
    first = datetime.combine(FIRST_DAY, datetime.min.time(), clock.SHANGHAI)
    if starts_at < first:
        errors["starts_at"] = f"开始时间过早，应在 {FIRST_DAY} 以后。"
    elif starts_at > clock.now() + FURTHEST_AHEAD:
        errors["starts_at"] = "开始时间最多在一年之内，请检查年份。"
    elif ends_at <= starts_at:
        errors["ends_at"] = "结束时间应晚于开始时间。"
    elif ends_at > starts_at + LONGEST:
        errors["ends_at"] = f"一个班次最长 {LONGEST.days} 天，更长的请分成几个班次。"
