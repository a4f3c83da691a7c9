"""What an examination result on a list means: the words that bases write, and the marks.

A mark from 60 of 100 is a pass, as everywhere in China. What says neither is asked about, never
guessed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ce_tracker.sheets import cells
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.values import Value

PASS_MARK, FULL_MARK = 60, 100
LONGEST = 40

_PASSED = (
    *("合格", "优秀", "良好", "中等", "及格", "通过", "优", "良", "中", "已通过", "考核合格"),
    *("考试合格", "成绩合格", "准予结业", "结业", "已结业", "达标", "完成", "已完成", "已合格"),
    *("优等", "甲", "乙", "a", "b", "c", "a+", "b+", "pass", "passed"),
)
_FAILED = (
    *("不合格", "不及格", "不通过", "未通过", "未合格", "不达标", "未达标", "未结业", "不予结业"),
    *("未完成", "缺考", "缺勤", "缺课", "旷课", "旷考", "未参加", "未参训", "请假", "退学", "差"),
    *("考核不合格", "考试不合格", "d", "f", "fail", "failed"),
)
_MEANING = dict.fromkeys(_PASSED, True) | dict.fromkeys(_FAILED, False)


class Result(NamedTuple):
    said: str
    """As it goes into the register."""
    credited: bool


def result_of(value: Value, title: str) -> Result | Problem | None:
    if isinstance(value, bool):
        return _yes_or_no(value)
    text = cells.text(value, title, longest=LONGEST)
    if text is None or isinstance(text, Problem):
        return text
    bare = text.replace(" ", "").lower()
    if bare in _MEANING:
        return Result(text, _MEANING[bare])
    mark = cells.hundredths(value, title, units=("分",))
    if isinstance(mark, int):
        return _marked(mark, text, title)
    yes = cells.yes_no(value, title)
    if isinstance(yes, bool):
        return _yes_or_no(yes)
    return Problem(title, f"“{text}”看不出是否合格，请填“合格”“不合格”或 0 到 100 的成绩。")


def _yes_or_no(yes: bool) -> Result:  # noqa: FBT001  it is the cell
    return Result("合格" if yes else "不合格", yes)


def _marked(mark_x100: int, text: str, title: str) -> Result | Problem:
    if mark_x100 > FULL_MARK * 100:
        return Problem(title, f"成绩“{text}”超过 {FULL_MARK} 分，请检查。")
    said = cells.plain_number(Decimal(mark_x100) / 100)
    return Result(said, mark_x100 >= PASS_MARK * 100)
