"""What a message says of the directory of grassroots units."""

from __future__ import annotations

from datetime import date
from typing import Any

_HOW_FAR = {"draft": "清单还在编制，没有报备。", "returned": "清单已被退回，请改好后再报备。"}


def listed_title(said: list[dict[str, Any]]) -> str:
    last = said[-1]
    what = "列入" if last["enters"] else "不再列入"
    return f"本单位自 {last['from']} 起{what}{last['region']}基层单位目录清单"


def listed(said: dict[str, Any]) -> str:
    edition = f"（第 {said['edition']} 版）" if said["edition"] > 1 else ""
    name = f"{said['region']} {said['year']} 年度基层单位目录清单{edition}"
    if said["enters"]:
        return (
            f"按{name}，本单位自 {said['from']} 起列入清单，"
            "专业技术人员算作基层，年度学时当天夜里按基层的规定重新判定。"
        )
    return (
        f"按{name}，本单位自 {said['from']} 起不再列入清单，"
        "专业技术人员不再算作基层，年度学时当天夜里重新判定。"
    )


def reminder_title(year: int, facts: dict[str, Any]) -> str:
    left = facts["days_left"]
    how_long = f"距报备截止还有 {left} 天" if left >= 0 else "已过报备截止日期"
    return f"{year} 年度基层单位目录清单还没有报备：{how_long}"


def reminder(year: int, facts: dict[str, Any]) -> tuple[str, ...]:
    due = date.fromisoformat(facts["due"])
    last = f"{due.month} 月 {due.day} 日"
    how_far = _HOW_FAR.get(facts["state"] or "", "清单还没有开始编制，可以沿用上一份清单。")
    return (
        f"{year} 年度基层单位目录清单应在 {last}前报上级主管部门审核备案。{how_far}",
        "没有施行的清单，就不能判定本地谁是基层。",
    )
