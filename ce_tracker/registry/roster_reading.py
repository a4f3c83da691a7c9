"""From an uploaded file to lines that say something of a person.

Here a cell is understood or refused by itself; what a line means for somebody is decided where it
is known who that is (`roster_planning`). A wrong cell is data: the line stays behind with its
reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TypeVar

from ce_tracker.identity import IdNumber, WrongNumberError, hidden, parse_id_number
from ce_tracker.registry.dated import Track
from ce_tracker.registry.names import tidy_name
from ce_tracker.registry.rosters import Line
from ce_tracker.registry.title_series import Reading, is_no_title, series_of, title_of
from ce_tracker.sheets import cells
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import Column, Table
from ce_tracker.sheets.headers import Line as SheetLine
from ce_tracker.sheets.limits import Limits

T = TypeVar("T")

NAME = Column(
    "name",
    (
        *(
            "姓名",
            "名字",
            "人员姓名",
            "职工姓名",
            "教师姓名",
            "学员姓名",
            "参训人员",
            "参训人员姓名",
        ),
        *("参训教师", "学员", "参加人员", "参加人员姓名"),
    ),
)
ID_NUMBER = Column(
    "id_number",
    (
        *("证件号码", "身份证号", "身份证号码", "身份证", "公民身份号码", "公民身份证号码"),
        *("证件号", "居民身份证号", "居民身份证号码", "身份证件号码", "有效证件号码"),
    ),
)
"""What says who a line is about, on a roster as on a list of attendance."""

LIMITS = Limits(rows=50_000)
LONGEST_NAME = 60

COLUMNS = (
    NAME,
    ID_NUMBER,
    Column(
        "department",
        (
            "部门",
            "科室",
            "年级组",
            "所在部门",
            "所在科室",
            "教研组",
            "工作部门",
            "部门科室",
            "处室",
        ),
        required=False,
    ),
    Column(
        "title",
        (
            *("职称", "职称名称", "现职称", "现有职称", "专业技术职称", "技术职称"),
            *(
                "专业技术职务",
                "现任专业技术职务",
                "专业技术资格",
                "任职资格",
                "专业技术职务任职资格",
            ),
        ),
        required=False,
    ),
    Column("level", ("职称级别", "层次", "职称层次", "职称等级", "级别"), required=False),
    Column("series", ("职称系列", "系列", "专业技术系列"), required=False),
    Column("field", ("专业", "从事专业", "现从事专业", "申报专业", "职称专业"), required=False),
    Column("track", ("职称类别", "职称类型", "全省统一/基层"), required=False),
    Column(
        "obtained_on",
        (
            *("取得资格时间", "资格取得时间", "取得时间", "取得资格日期", "职称取得时间"),
            *("取得职称时间", "评定时间", "资格时间", "取得日期"),
        ),
        required=False,
    ),
    Column(
        "appointed_on",
        ("聘任时间", "聘任日期", "现职聘任时间", "受聘时间", "聘用时间", "首聘时间"),
        required=False,
    ),
    Column(
        "joined_on",
        (
            *("入职时间", "入职日期", "到岗日期", "到岗时间", "到本单位时间", "进入本单位时间"),
            *("来本单位时间", "到校时间", "来校时间", "来院时间", "到院时间"),
        ),
        required=False,
    ),
    Column(
        "left_on",
        ("离职时间", "离职日期", "离岗时间", "离岗日期", "调出时间", "离开本单位时间"),
        required=False,
    ),
    Column("remark", ("备注", "说明"), required=False),
)

TRACKS: dict[str, Track] = {
    "全省统一": Track.UNIFIED,
    "基层": Track.GRASSROOTS,
    "全省统一职称": Track.UNIFIED,
    "基层职称": Track.GRASSROOTS,
    "统一": Track.UNIFIED,
    "全省": Track.UNIFIED,
    "普通": Track.UNIFIED,
    "基层有效": Track.GRASSROOTS,
    "unified": Track.UNIFIED,
    "grassroots": Track.GRASSROOTS,
}


@dataclass(frozen=True, slots=True)
class Understood:
    """A line with its number of ID, if it has a right one, and what is wrong or strange."""

    row_number: int
    line: Line
    id_number: str | None
    problems: list[list[str]]
    warnings: list[list[str]]


class RowReader:
    """Reads one line after the other of one table."""

    def __init__(self, table: Table, as_of: date, *, typed: bool, epoch_1904: bool) -> None:
        self._title = {column.key: table.title(column.key) for column in COLUMNS}
        self._as_of = as_of
        self._typed = typed
        self._epoch_1904 = epoch_1904

    def read(self, said: SheetLine) -> Understood:
        problems: list[Problem] = []
        warnings: list[list[str]] = []
        line = Line(
            name=self._name(said, problems),
            department=self._text(said, "department", problems),
            title=self._text(said, "title", problems),
            level=self._text(said, "level", problems),
            series=self._series(said, problems),
            field=self._text(said, "field", problems),
            track=_kept(cells.choice(said["track"], self._title["track"], TRACKS), problems),
            obtained_on=self._day(said, "obtained_on", problems),
            appointed_on=self._day(said, "appointed_on", problems),
            joined_on=self._day(said, "joined_on", problems),
            left_on=self._day(said, "left_on", problems),
        )
        number = self._id_number(said, problems)
        if number is not None:
            line = replace(
                line,
                tail=number.tail,
                id_kind=number.kind.value,
                rounded=number.maybe_rounded and not self._typed,
            )
            warnings += [[self._title["id_number"], text] for text in number.warnings]
        self._check(line, problems)
        return Understood(
            said.number,
            line,
            None if number is None else number.canonical,
            # Nothing that looks like an ID number gets out of here, whatever column it was in.
            [[hidden(problem.title), hidden(problem.message)] for problem in problems],
            warnings,
        )

    def _name(self, said: SheetLine, problems: list[Problem]) -> str:
        title = self._title["name"]
        found = cells.required(cells.text(said["name"], title, longest=LONGEST_NAME), title)
        name = tidy_name(_kept(found, problems) or "")
        if not name and not isinstance(found, Problem):
            problems.append(Problem(title, "不是姓名，请检查。"))
        if any(letter.isdigit() for letter in name):
            problems.append(Problem(title, "姓名中有数字，请检查是否填错了列。"))
        return hidden(name)

    def _id_number(self, said: SheetLine, problems: list[Problem]) -> IdNumber | None:
        title = self._title["id_number"]
        text = _kept(cells.required(cells.id_number(said["id_number"], title), title), problems)
        if text is None:
            return None
        try:
            return parse_id_number(text)
        except WrongNumberError as error:
            problems.append(Problem(title, str(error)))
            return None

    def _text(self, said: SheetLine, key: str, problems: list[Problem]) -> str | None:
        found = _kept(cells.text(said[key], self._title[key]), problems)
        if found is not None and hidden(found) != found:
            problems.append(Problem(self._title[key], "里面有证件号码，请检查是否填错了列。"))
            return None
        return found

    def _day(self, said: SheetLine, key: str, problems: list[Problem]) -> date | None:
        found = cells.day(said[key], self._title[key], months=True, epoch_1904=self._epoch_1904)
        return _kept(found, problems)

    def _series(self, said: SheetLine, problems: list[Problem]) -> str | None:
        text = self._text(said, "series", problems)
        if text is None or is_no_title(text):
            return None
        code = series_of(text)
        if code is None:
            problems.append(
                Problem(self._title["series"], f"“{text}”不在职称系列目录中，请照目录填写。")
            )
        return code

    def _check(self, line: Line, problems: list[Problem]) -> None:
        """What only several cells together can show to be wrong."""
        if has_title(line) and not meanings(line.title, line.level, line.series):
            key = "title" if line.title and not is_no_title(line.title) else "level"
            said = line.title if key == "title" else line.level
            problems.append(
                Problem(
                    self._title[key],
                    f"没有认出“{said}”，请照资格证书填写职称全称，如“一级教师”“主治医师”；"
                    "与所填的级别、系列不一致也会这样。",
                )
            )
        if line.obtained_on and line.obtained_on > self._as_of:
            problems.append(
                Problem(self._title["obtained_on"], f"晚于名单的截止日期 {self._as_of}，请检查。")
            )
        if line.joined_on and line.left_on and line.left_on < line.joined_on:
            problems.append(Problem(self._title["left_on"], "早于入职时间，请检查。"))


def has_title(line: Line) -> bool:
    """An empty cell says nothing, and 无 says that there is none: neither takes a title away."""
    return any(text and not is_no_title(text) for text in (line.title, line.level))


@lru_cache(maxsize=4096)
def meanings(title: str | None, level: str | None, series: str | None) -> Sequence[Reading]:
    """What certificate, level and series together may mean."""
    by_level = [] if not level or is_no_title(level) else title_of(level, series)
    if not title or is_no_title(title):
        return by_level
    found = title_of(title, series)
    levels = {reading.level for reading in by_level}
    return [reading for reading in found if reading.level in levels] if levels else found


def _kept(found: T | Problem | None, problems: list[Problem]) -> T | None:
    if isinstance(found, Problem):
        problems.append(found)
        return None
    return found
