"""What of a file was not taken in, for whoever sent it to look over."""

from __future__ import annotations

from collections.abc import Sequence

from ce_tracker.sheets.headers import Table
from ce_tracker.sheets.reading import Sheet

MOST_NAMED = 8


def left_out(sheet: Sheet, table: Table) -> list[str]:
    """Known once the table has been read to its end."""
    notes = []
    if sheet.other_sheets:
        notes.append(
            f"读取的是工作表“{sheet.name}”，另有 {len(sheet.other_sheets)} 张没有读取："
            f"{listed(sheet.other_sheets)}。"
        )
    if table.header.unknown:
        notes.append(f"这些列没有用到：{listed(table.header.unknown)}。")
    if table.left_out:
        lines = listed([str(number) for number in table.left_out])
        notes.append(f"第 {lines} 行是合计、签名一类，没有当作人员。")
    return notes


def listed(words: Sequence[str]) -> str:
    more = f"等 {len(words)} 项" if len(words) > MOST_NAMED else ""
    return "、".join(words[:MOST_NAMED]) + more
