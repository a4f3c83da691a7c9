"""The list as a spreadsheet: read as counties really keep it, written in the form of the annex."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ce_tracker.errors import Invalid
from ce_tracker.identity import hidden
from ce_tracker.sheets import cells, handed_in
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import Column, Line, Table, understood
from ce_tracker.sheets.limits import Limits
from ce_tracker.sheets.reading import read
from ce_tracker.sheets.writing import Cell, list_file
from ce_tracker.sheets.writing import Column as OutColumn

T = TypeVar("T")

LIMITS = Limits(rows=5_200)
"""More lines than a list may have, for headings and totals."""
COLUMNS = (
    Column("number", ("序号", "编号", "顺序号"), required=False, read=False),
    Column(
        "name",
        ("单位名称", "基层单位名称", "单位全称", "单位", "名称", "基层单位", "事业单位名称"),
    ),
    Column(
        "address",
        ("所在地址", "地址", "单位地址", "详细地址", "所在地", "单位所在地"),
        required=False,
    ),
    Column(
        "subsidy",
        (
            *("是否享受乡镇工作补贴", "享受乡镇工作补贴", "乡镇工作补贴", "是否享受乡镇补贴"),
            *("乡镇补贴", "是否享受补贴", "是否享受乡镇工作人员补贴"),
        ),
        required=False,
    ),
    Column("remark", ("备注", "说明"), required=False),
)
FORM = (
    OutColumn("序号", 8),
    OutColumn("单位名称", 40),
    OutColumn("所在地址", 40),
    OutColumn("是否享受乡镇工作补贴", 24),
    OutColumn("备注", 30),
)
_LONGEST_NAME = 100
_SAID = {True: "是", False: "否", None: None}


@dataclass
class SheetLine:
    row_number: int
    name: str
    address: str
    subsidy: bool | None
    remark: str
    problems: list[list[str]]


@dataclass
class Handed:
    """What a file said, nothing of it lost."""

    lines: list[SheetLine] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    """Rows that are totals or signatures."""
    unknown: tuple[str, ...] = ()
    """Columns that a list does not have."""

    @property
    def wrong(self) -> list[SheetLine]:
        return [line for line in self.lines if line.problems]

    def in_words(self) -> list[str]:
        said = [f"读入 {len(self.lines)} 行。"]
        if self.wrong:
            said.append(f"其中 {len(self.wrong)} 行有问题，已标出，改正后才能报备。")
        if self.left_out:
            rows = "、".join(str(row) for row in self.left_out)
            said.append(f"第 {rows} 行是合计或落款，没有读入。")
        if self.unknown:
            titles = "、".join(f"“{title}”" for title in self.unknown)
            said.append(f"没有用到的列：{titles}。")
        return said


def read_list(data: bytes, file_name: str) -> Handed:
    objections = handed_in.objections(data, LIMITS)
    if objections:
        raise Invalid(errors=objections)
    with read(data, handed_in.tidy_name(file_name, "目录清单"), LIMITS) as sheet:
        table = understood(sheet, COLUMNS)
        handed = Handed()
        rows: dict[str, int] = {}
        for line in table:
            handed.lines.append(_read(line, table, rows))
        handed.left_out, handed.unknown = table.left_out, table.header.unknown
        return handed


def _read(line: Line, table: Table, rows: dict[str, int]) -> SheetLine:
    problems: list[list[str]] = []

    def kept(found: T | Problem | None) -> T | None:
        if isinstance(found, Problem):
            problems.append([hidden(found.title), hidden(found.message)])
            return None
        return found

    def words(key: str, longest: int = cells.LONGEST_TEXT) -> str:
        said = kept(cells.text(line[key], table.title(key), longest=longest)) or ""
        if hidden(said) != said:
            problems.append([table.title(key), "里面有证件号码，请检查是否填错了列。"])
            return ""
        return said

    name = words("name", _LONGEST_NAME)
    title = table.title("name")
    if not name and not problems:
        problems.append([title, "没有填写，请补上。"])
    if name in rows:
        problems.append([title, f"与第 {rows[name]} 行是同一个单位。"])
    elif name:
        rows[name] = line.number
    return SheetLine(
        line.number,
        name,
        words("address"),
        kept(cells.yes_no(line["subsidy"], table.title("subsidy"))),
        words("remark"),
        problems,
    )


def as_file(heading: str, lines: Iterable[tuple[int, str, str, bool | None, str]]) -> bytes:
    """In the form that the city's document annexes."""
    rows: Iterable[tuple[Cell, ...]] = (
        (number, name, address or None, _SAID[subsidy], remark or None)
        for number, name, address, subsidy, remark in lines
    )
    return list_file("基层单位目录清单", heading, FORM, rows)
