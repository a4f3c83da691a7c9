"""What is kept of an upload's lines to be looked at, in sealed pages by outcome."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

from sqlalchemy import text

from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.ledger.classifying import OUTCOME
from ce_tracker.ledger.closed_years import late
from ce_tracker.ledger.staging import Reading
from ce_tracker.ledger.uploads import Outcome, ShownLine, sealed_page
from ce_tracker.sealing import Keyring

LINES_A_PAGE = 500
ROWS_AT_ONCE = 5000

_LINES = f"""
SELECT {OUTCOME} AS outcome, j.row_number, j.code, j.name, j.tail, j.was_x100, j.hours_x100,
    j.credited, j.problem, j.twin, t.hours_x100 AS most, j.closed_year
FROM judged j LEFT JOIN training_sessions t ON t.id = j.session_id
WHERE j.problem IS DISTINCT FROM 'cells' {{more}}
UNION ALL
SELECT 'removed', NULL, code, name, id_tail, hours_x100, NULL, false, NULL, NULL, NULL, NULL
FROM gone {{gone}}
ORDER BY outcome, row_number, code, name
"""  # noqa: S608
_EVERYTHING = text(_LINES.format(more="", gone=""))
_WRONG = text(_LINES.format(more=f"AND {OUTCOME} = 'wrong'", gone="WHERE false"))


def all_lines(keyring: Keyring, reading: Reading) -> Iterator[dict[str, Any]]:
    """Columns of each page to keep, before anybody has said yes."""
    return _pages(keyring, _rows(_EVERYTHING), reading)


def wrong_lines(keyring: Keyring, reading: Reading) -> Iterator[dict[str, Any]]:
    """What stays behind once the rest is posted."""
    return _pages(keyring, _rows(_WRONG), reading)


def _pages(
    keyring: Keyring, rows: Iterator[tuple[str, ShownLine]], reading: Reading
) -> Iterator[dict[str, Any]]:
    wrong = [
        ShownLine(line.row_number, line.code, line.name, line.tail, None, None, line.remarks)
        for line in reading.reader.wrong
    ]
    for outcome, group in groupby(rows, key=lambda row: row[0]):
        lines: Iterator[ShownLine] = (line for _, line in group)
        if outcome == Outcome.WRONG:
            wrong += lines
            continue
        yield from _cut(keyring, outcome, lines)
    yield from _cut(keyring, Outcome.WRONG, iter(sorted(wrong, key=lambda w: w.row_number or 0)))


def _cut(keyring: Keyring, outcome: str, lines: Iterator[ShownLine]) -> Iterator[dict[str, Any]]:
    page = 0
    while some := list(islice(lines, LINES_A_PAGE)):
        yield {"outcome": outcome, "page": page, "lines_sealed": sealed_page(keyring, some)}
        page += 1


def _rows(query: Any) -> Iterator[tuple[str, ShownLine]]:
    found = db.session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for row in found:
        now = row.hours_x100 if row.credited and row.outcome != Outcome.WRONG else None
        yield (
            row.outcome,
            ShownLine(
                row.row_number, row.code or "", row.name, row.tail, row.was_x100, now, _remarks(row)
            ),
        )


_SAID: dict[str, tuple[str, str]] = {
    "same": ("姓名", "与第 {twin} 行相同，只计一次。"),
    "double": ("证件号码", "与第 {twin} 行是同一个人，内容却不同，请只保留正确的一行。"),
    "no_code": ("班次编号", "没有填写，请填班次列表中的编号。"),
    "no_session": ("班次编号", "“{code}”不是这次可以登记的班次的编号，请对照班次列表检查。"),
    "not_open": ("班次编号", "这个班次没有发布、已结班或已撤销，不能登记学时。"),
    "name": ("姓名", "这个证件号码登记的是另一个姓名，请核对姓名和证件号码。"),
    "rounded": (
        "证件号码",
        "以 000 结尾，可能被表格改动过，又查不到这个人，请对照证件核对，把该列改为文本后重填。",
    ),
    "no_result": ("考核结果", "没有填写，请填“合格”“不合格”或成绩。"),
    "too_many_hours": ("学时", "{hours} 学时超过了班次的 {most} 学时，请检查。"),
    "too_early": ("完成日期", "早于班次的开始日期，请检查。"),
    "too_late": ("完成日期", "晚于班次的结束日期，请检查。"),
    "not_over": ("完成日期", "班次还没有结束；已完成的人员请填写本人的完成日期。"),
}
"""What `classifying` found → the column, and what to say of it."""


def _remarks(row: Any) -> list[list[str]]:
    if row.outcome == Outcome.HELD and row.closed_year is not None:
        return [["完成日期", late([row.closed_year])]]
    if row.problem is None:
        return []
    problem = "no_code" if row.problem == "no_session" and not row.code else row.problem
    title, said = _SAID[problem]
    hours, most = (shown(row.hours_x100 or 0), shown(row.most or 0))
    return [[title, said.format(twin=row.twin, code=row.code, hours=hours, most=most)]]
