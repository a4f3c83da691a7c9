"""From an uploaded list to lines that say who attended, for how many hours.

A cell is understood or refused by itself, without knowing who the person is; a wrong one is data.
Lists run to a hundred thousand lines, so what repeats (hours, days, results, session numbers) is
understood once and remembered, and a line goes on as the text that COPY takes.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from ce_tracker import clock
from ce_tracker.identity import (
    LONGEST_NUMBER,
    TAIL,
    WrongNumberError,
    hidden,
    ordinary,
    parse_id_number,
)
from ce_tracker.ledger.results import Result, result_of
from ce_tracker.registry.names import tidy_name
from ce_tracker.registry.roster_reading import ID_NUMBER, LONGEST_NAME, NAME
from ce_tracker.sheets import cells
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import Column, Line, Table
from ce_tracker.sheets.limits import Limits
from ce_tracker.sheets.values import Value

LIMITS = Limits(rows=200_000)
LONGEST_CODE = 60

SESSION_TITLES = (
    *("班次编号", "期次编号", "培训班编号", "班级编号", "培训班次编号", "班次代码", "期次代码"),
    *("培训编号", "班次号", "期次号"),
)
_SAID = (
    Column(
        "hours",
        (
            *("学时", "学时数", "课时", "课时数", "获得学时", "所获学时", "认定学时", "实得学时"),
            *("授予学时", "登记学时", "实际学时", "完成学时", "总学时"),
        ),
        required=False,
    ),
    Column(
        "result",
        (
            *("考核结果", "成绩", "考核成绩", "考试成绩", "结业情况", "考核情况", "是否合格"),
            *("考核", "考试结果", "结业成绩", "结业考核", "是否结业", "培训结果", "考核等次"),
        ),
        required=False,
    ),
    Column(
        "finished_on",
        (
            *("完成日期", "完成时间", "结业日期", "结业时间", "培训完成时间", "培训完成日期"),
            *("学习完成时间", "学习日期", "培训日期", "取得日期"),
        ),
        required=False,
    ),
    Column(
        "unit",
        ("单位", "工作单位", "所在单位", "单位名称", "学校", "医院"),
        required=False,
        read=False,
    ),
    Column("remark", ("备注", "说明"), required=False, read=False),
)
COLUMNS = (NAME, ID_NUMBER, Column("session", SESSION_TITLES, required=False), *_SAID)
COLUMNS_OF_MANY = (NAME, ID_NUMBER, Column("session", SESSION_TITLES), *_SAID)
"""Of a file for many sessions, where each line must say which."""

STAGED = (
    "row_number integer, code text, name text, tail text, id_index bytea, hours_x100 integer,"
    " finished_on date, result text, credited boolean, rounded boolean, wrong boolean"
)
"""A staged line, in the order in which it is written."""

_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,5}")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NOTHING = r"\N"
_MOST_REMEMBERED = 20_000


class WrongLine(NamedTuple):
    row_number: int
    code: str
    name: str
    tail: str
    remarks: list[list[str]]
    """Each a column and what is wrong in it."""


class _Said(NamedTuple):
    """What a line says beside who it is about."""

    code: str | None
    lacks_hours: bool
    problems: Sequence[Problem]
    before: str
    after: str
    """As COPY takes it: what stands before the person, and behind."""


class AttendanceReader:
    """Reads the lines of one table, once, and remembers of them what must be said later."""

    def __init__(
        self, table: Table, index: Callable[[bytes], bytes], *, typed: bool, epoch_1904: bool
    ) -> None:
        self._table = table
        self._index = index
        self._typed = typed
        self._today = clock.today()
        title = {column.key: table.title(column.key) for column in COLUMNS}
        self._name_title, self._number_title = title["name"], title["id_number"]
        self._meanings: dict[str, Callable[[Value], Any]] = {
            "session": lambda cell: _said_code(
                cells.text(cell, title["session"], longest=LONGEST_CODE)
            ),
            "hours": lambda cell: cells.hundredths(cell, title["hours"]),
            "result": lambda cell: result_of(cell, title["result"]),
            "finished_on": lambda cell: cells.day(
                cell, title["finished_on"], epoch_1904=epoch_1904
            ),
        }
        places = table.header.places
        self._person = _picking([places["name"], places["id_number"]])
        self._keys = [key for key in self._meanings if key in places]
        self._rest = _picking([places[key] for key in self._keys])
        self._known: dict[tuple[object, ...], _Said] = {}
        self.gives_hours = "hours" in places
        self.rows = 0
        self.wrong: list[WrongLine] = []
        self._rows_of_numbers = array("l")
        self._numbers = bytearray()

    def number_in(self, row_number: int) -> bytes:
        """The ID number of a line that was staged: in memory, for those who must be held."""
        return self._number(bisect_left(self._rows_of_numbers, row_number))

    def numbers(self) -> Iterator[tuple[int, bytes]]:
        return ((row, self._number(place)) for place, row in enumerate(self._rows_of_numbers))

    def _number(self, place: int) -> bytes:
        start = place * LONGEST_NUMBER
        return bytes(self._numbers[start : start + LONGEST_NUMBER]).rstrip()

    def staged(self) -> Iterator[str]:
        for line in self._table:
            self.rows += 1
            staged = self._read(line)
            if staged is not None:
                yield staged

    def _read(self, line: Line) -> str | None:
        rest = self._rest(line.values)
        key = (*rest, *map(type, rest))  # True is 1 to a dictionary
        said = self._known.get(key) or self._understood(key, rest)
        problems: list[Problem] = []
        name_cell, number_cell = self._person(line.values)
        name = self._named(name_cell, problems)
        number, rounded = self._numbered(number_cell, problems)
        problems += said.problems
        if said.lacks_hours and not problems:
            problems.append(Problem(self._table.title("hours"), "没有填写，请补上。"))
        if problems:
            self._refuse(line.number, said.code, name, number, problems)
        if number is None:
            return None
        as_bytes = number.encode()
        self._rows_of_numbers.append(line.number)
        self._numbers += as_bytes.ljust(LONGEST_NUMBER)
        plain = name if name.isalpha() else name.translate(_ESCAPES)
        return (
            f"{line.number}{said.before}\t{plain}\t{number[-TAIL:]}"
            f"\t\\\\x{self._index(as_bytes).hex()}{said.after}"
            f"\t{rounded}\t{bool(problems)}\n"
        )

    def _understood(self, key: tuple[object, ...], rest: Sequence[Value]) -> _Said:
        """Few lines say here what none before them has said."""
        found: dict[str, Any] = dict.fromkeys(self._meanings)
        problems = []
        for name, cell in zip(self._keys, rest, strict=True):
            if cell is not None:
                found[name] = self._meanings[name](cell)
                if isinstance(found[name], Problem):
                    problems.append(found[name])
                    found[name] = None
        code, hours, day = found["session"], found["hours"], found["finished_on"]
        result: Result | None = found["result"]
        credited = result is None or result.credited
        said = _Said(
            code=code,
            lacks_hours=self.gives_hours and credited and hours is None,
            problems=problems,
            before=f"\t{_NOTHING if code is None else code.translate(_ESCAPES)}",
            after=f"\t{hours or _NOTHING}\t{day or _NOTHING}"
            f"\t{_NOTHING if result is None else result.said.translate(_ESCAPES)}"
            f"\t{credited and hours != 0}",
        )
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = said
        return said

    def _named(self, cell: Value, problems: list[Problem]) -> str:
        if isinstance(cell, str) and _PLAIN_NAME.fullmatch(cell):
            return cell
        title = self._name_title
        found = cells.required(cells.text(cell, title, longest=LONGEST_NAME), title)
        if isinstance(found, Problem):
            problems.append(found)
            return ""
        name = tidy_name(found)
        if not name:
            problems.append(Problem(title, "不是姓名，请检查。"))
        elif any(letter.isdigit() for letter in name):
            problems.append(Problem(title, "姓名中有数字，请检查是否填错了列。"))
        return hidden(name)

    def _numbered(self, cell: Value, problems: list[Problem]) -> tuple[str | None, bool]:
        """The number in its one form, and whether it may have lost its last digits."""
        if isinstance(cell, str) and ordinary(cell, self._today):
            return cell, False
        title = self._number_title
        text = cells.required(cells.id_number(cell, title), title)
        if isinstance(text, Problem):
            problems.append(text)
            return None, False
        try:
            number = parse_id_number(text, self._today)
        except WrongNumberError as error:
            problems.append(Problem(title, str(error)))
            return None, False
        return number.canonical, number.maybe_rounded and not self._typed

    def _refuse(
        self, row: int, code: str | None, name: str, number: str | None, problems: list[Problem]
    ) -> None:
        # Nothing that looks like an ID number gets out of here, whatever column it was in.
        said = [[hidden(problem.title), hidden(problem.message)] for problem in problems]
        tail = "" if number is None else number[-TAIL:]
        self.wrong.append(WrongLine(row, code or "", name, tail, said))


def _said_code(found: str | Problem | None) -> str | Problem | None:
    return hidden(found) if isinstance(found, str) else found


def _picking(places: Sequence[int]) -> Callable[[Sequence[Value]], Sequence[Value]]:
    """The cells in these columns, of a row that may be shorter."""
    pick = itemgetter(*places) if len(places) > 1 else None

    def picked(values: Sequence[Value]) -> Sequence[Value]:
        try:
            if pick is not None:
                found: Sequence[Value] = pick(values)
                return found
        except IndexError:
            pass
        return [values[place] if place < len(values) else None for place in places]

    return picked
