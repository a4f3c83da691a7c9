"""What people type into forms is read as they mean it, or refused in words."""

from __future__ import annotations

from datetime import datetime

import pytest
from werkzeug.datastructures import MultiDict

from ce_tracker import clock
from ce_tracker.registry.items import Item, Sort
from ce_tracker.web import forms

NINE = datetime(2026, 3, 5, 9, tzinfo=clock.SHANGHAI)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-05T09:00",
        "2026-03-05T09:00:00",
        "2026-03-05 09:00",
        "2026-3-5 9:00",
        "2026.3.5 9:00",
        "2026/3/5  9：00",
        "2026年3月5日 9:00",
        "2026年3月5日9:00",
        "2026年3月5日 9时",
        "2026年3月5日 9点00分",
        "２０２６－０３－０５ ０９：００",
        "20260305 9:00",
    ],
)
def test_a_moment_is_read_however_it_is_written(typed: str) -> None:
    assert forms.moment(typed, "开始时间") == NINE


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-03-05", "日期和几点几分都要有"),
        ("9:00", "日期和几点几分都要有"),
        ("下午三点", "日期和几点几分都要有"),
        ("2026-02-30 9:00", "没有 2026-02-30 这一天"),
        ("2026-03-05 24:00", "没有 24 点 00 分"),
        ("2026-03-05 9:60", "没有 9 点 60 分"),
    ],
)
def test_a_moment_that_is_none_is_refused_with_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        forms.moment(typed, "开始时间")


@pytest.mark.parametrize(
    ("sort", "typed", "meant"),
    [
        (Sort.HOURS, "40", 4000),
        (Sort.HOURS, "7.5", 750),
        (Sort.COUNT, "60", 60),
        (Sort.YEAR, "2026年度", 2026),
    ],
)
def test_a_figure_is_read(sort: Sort, typed: str, meant: int) -> None:
    item = Item("x", "数", sort, "x")
    errors: dict[str, str] = {}
    assert forms.read([item], MultiDict({"x": typed}), errors) == {"x": meant}
    assert errors == {}


@pytest.mark.parametrize(
    ("sort", "typed"),
    [
        *((Sort.HOURS, typed) for typed in ("-1", "7.125", "七", "1e3", "8学时")),
        *((Sort.COUNT, typed) for typed in ("0", "-5", "3.5", "1000000", "几十")),
    ],
)
def test_a_figure_that_is_none_is_refused_by_name(sort: Sort, typed: str) -> None:
    errors: dict[str, str] = {}
    forms.read([Item("x", "学时数", sort, "x")], MultiDict({"x": typed}), errors)
    assert errors["x"].startswith("学时数应是")
