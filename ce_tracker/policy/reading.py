"""Reading a pack's values: each reader answers with what it made of the value, or raises what was
expected instead. Where the value stands, the caller knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from ce_tracker.hours import parsed

Read = Callable[[Any], Any]

MOST_HOURS_X100 = 878_400
"""A leap year has no more."""
_LARGEST_DENOMINATOR = 1000
_ALL_X100 = 100_00
_REQUIRED: Any = object()


@dataclass(frozen=True)
class Param:
    """One key of a table: what it is called in the file, and how it is read."""

    key: str
    read: Read
    default: Any = _REQUIRED

    @property
    def required(self) -> bool:
        return self.default is _REQUIRED


def hours_of(value: Any) -> int:
    """A string, since a TOML number with decimals is a float."""
    found = parsed(value) if isinstance(value, str) else None
    if found is None or not 0 < found <= MOST_HOURS_X100:
        raise ValueError('应是加引号的学时数，大于 0，最多两位小数，如 "90" 或 "7.5"')
    return found


def share_of(value: Any) -> Fraction:
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value) if isinstance(value, str) else None
    if (
        match is None
        or not 0 < int(match[1]) <= int(match[2])
        or int(match[2]) > _LARGEST_DENOMINATOR
    ):
        raise ValueError('应是大于 0、不大于 1 的分数，如 "2/3"')
    return Fraction(int(match[1]), int(match[2]))


def percent_of(value: Any) -> int:
    """In hundredths of a percent."""
    found = parsed(value) if isinstance(value, str) else None
    if found is None or not 0 < found <= _ALL_X100:
        raise ValueError('应是加引号的百分数，大于 0、不大于 100，最多两位小数，如 "1.5"')
    return found


def whole_of(least: int, most: int) -> Read:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"应是 {least} 到 {most} 之间的整数")
        return value

    return read


def yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("应是 true 或 false")  # noqa: TRY004  data, no mistake of ours
    return value


def text_of(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("应是加引号的文字，不能为空")
    return value


def date_of(value: Any) -> date:
    if type(value) is not date:  # a moment is a date to Python
        raise ValueError("应是不加引号的日期，如 2026-01-01")
    return value


def month_day_of(value: Any) -> str:
    expected = '应是加引号的月日，如 "06-30"'
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{2}-[0-9]{2}", value):
        raise ValueError(expected)
    try:
        date.fromisoformat(f"2025-{value}")
    except ValueError:
        raise ValueError(expected) from None
    return value


def region_of(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{6}|Z[0-9]{5}", value):
        raise ValueError('应是加引号的六位区划代码，如 "370000"')
    return value


def word_of(words: Mapping[str, str], kind: Callable[[str], Any] = str) -> Read:
    listed = "、".join(f"{word}（{meaning}）" for word, meaning in words.items())

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"只能是：{listed}")
        return kind(value)

    return read


def list_of(each: Read, *, least: int = 1) -> Read:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) < least:
            raise ValueError(f"应是用方括号括起的列表，至少 {least} 项")
        return tuple(each(one) for one in value)

    return read
