"""Rosters as employers really keep them: each file with exactly what becomes of each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import pytest
from flask import Flask

from ce_tracker.extensions import db
from ce_tracker.registry import people
from ce_tracker.registry.dated import Title
from ce_tracker.registry.facts import record
from ce_tracker.registry.roster_requests import ShownRow
from ce_tracker.registry.rosters import RosterState
from tests.factories import YINCHUAN, Factory
from tests.registry.crowd import person
from tests.registry.desk import HEADER, Desk, as_csv, id_number, rounded_number, xlsx
from tests.sheets.files import xls

ZHANG, LI, WANG, AYI, ROUND = (*(id_number(n) for n in (101, 103, 105, 107)), rounded_number())
"""张三 and 李四 are ours, 王五 works elsewhere; 阿依古丽 and 赵圆 (…000) are ours."""
NEW1, NEW2, NEW3 = (id_number(n) for n in (211, 213, 215))
OTHER_ROUND = rounded_number("198604")
OLD_FORM = ZHANG[:6] + ZHANG[8:17]


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    rows: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    """Line → what becomes of it, and the column that a problem or a reminder is about."""
    error: str = ""


def _cell(name: object, number: object, **more: object) -> bytes:
    """A list of one, with these columns beside name and number."""
    return xlsx(("姓名", "身份证号", *more), (name, number, *more.values()))


OK: tuple[str, str | None] = ("new", None)
PLAIN = (HEADER, ("孙一", NEW1, "数学组"), ("孙二", NEW2, "语文组"))


def _wrong(column: str) -> dict[int, tuple[str, str | None]]:
    return {2: ("wrong", column)}


CASES = [
    Case("a plain list", xlsx(*PLAIN), {2: OK, 3: OK}),
    Case("a heading above", xlsx(("某某学校教职工名册",), *PLAIN), {3: OK, 4: OK}),
    Case(
        "a merged heading and a note",
        xlsx(("某某学校名册", None, None), ("注：按部门排列",), *PLAIN, merge=["A1:C1"]),
        {4: OK, 5: OK},
    ),
    Case(
        "two rows of titles",
        xlsx(
            ("姓名", "身份证号", "任职情况", None),
            (None, None, "部门", "到岗日期"),
            ("孙一", NEW1, "数学组", "2020-09-01"),
            merge=["C1:D1"],
        ),
        {3: OK},
    ),
    Case(
        "titles with spaces, line ends and brackets",
        xlsx(("姓 名", "身份证号\n（18位）", "科  室*"), ("孙一", NEW1, "内科")),
        {2: OK},
    ),
    Case(
        "other columns in another order",
        xlsx(("序号", "性别", "证件号码", "学历", "姓名"), (1, "女", NEW1, "本科", "孙一")),
        {2: OK},
    ),
    Case("blank lines", xlsx(PLAIN[0], (), PLAIN[1], (None, " ", None), PLAIN[2]), {3: OK, 5: OK}),
    Case("a total below", xlsx(*PLAIN, ("合计", "2人", None)), {2: OK, 3: OK}),
    Case("signatures below", xlsx(*PLAIN, ("填表人：钱某", None, "审核人：")), {2: OK, 3: OK}),
    Case("the titles again on each page", xlsx(*PLAIN[:2], PLAIN[0], PLAIN[2]), {2: OK, 4: OK}),
    Case("other sheets", xlsx(*PLAIN, more_sheets=["说明", "填表须知"]), {2: OK, 3: OK}),
    Case("CSV from Excel in GBK", as_csv(*PLAIN, encoding="gb18030"), {2: OK, 3: OK}),
    Case("CSV in UTF-8", as_csv(*PLAIN), {2: OK, 3: OK}),
    Case("an xls of 2003", xls(PLAIN), {2: OK, 3: OK}),
    Case("a number that Excel rounded", _cell("孙一", int(NEW1[:15]) * 1000), _wrong("身份证号")),
    Case("a number in scientific form", _cell("孙一", "3.71002E+17"), _wrong("身份证号")),
    Case("…000 and another name", _cell("孙一", ROUND), _wrong("姓名")),
    Case("…000 of somebody unknown", _cell("孙一", OTHER_ROUND), _wrong("证件号码")),
    Case("…000 and the matching name", _cell("赵圆", ROUND), {2: ("same", None)}),
    Case(
        "a wrong check digit",
        _cell("孙一", NEW1[:17] + ("1" if NEW1[17] == "0" else "0")),
        _wrong("身份证号"),
    ),
    Case("born in the future", _cell("孙一", id_number(1, born="20990101")), _wrong("身份证号")),
    Case("too short a number", _cell("孙一", NEW1[:17]), _wrong("身份证号")),
    Case("no name", _cell(None, NEW1), _wrong("姓名")),
    Case("no number", _cell("孙一", None), _wrong("身份证号")),
    Case("a name with figures", _cell("孙1", NEW1), _wrong("姓名")),
    Case("the right number and another name", _cell("张山", ZHANG), _wrong("姓名")),
    Case("a name with spaces of any width", _cell("张\u3000三 ", ZHANG), {2: ("same", None)}),
    Case("another interpunct", _cell("阿依古丽•买买提", AYI), {2: ("same", None)}),
    Case("no interpunct at all", _cell("阿依古丽买买提", AYI), {2: ("same", None)}),
    Case(
        "one number twice",
        xlsx(HEADER, ("孙一", NEW1, "a"), ("孙二", NEW2, "b"), ("孙一", NEW1, "c")),
        {2: ("wrong", "身份证号"), 3: OK, 4: ("wrong", "身份证号")},
    ),
    Case("the 15 digits of before", _cell("张三", OLD_FORM), {2: ("same", None)}),
    Case("15 digits in a numeric cell", _cell("张三", int(OLD_FORM)), {2: ("same", None)}),
    Case(
        "one person in both forms",
        xlsx(HEADER, ("张三", OLD_FORM, None), ("张三", ZHANG, None)),
        {2: ("wrong", "身份证号"), 3: ("wrong", "身份证号")},
    ),
    Case("two people of one name", xlsx(HEADER, ("孙一", NEW1), ("孙一", NEW2)), {2: OK, 3: OK}),
    Case(
        "a region that never was",
        _cell("孙一", id_number(1, region="991002")),
        {2: ("new", "身份证号")},
    ),
    Case(
        "full-width figures",
        _cell("孙一", "".join(chr(ord(ch) + 0xFEE0) for ch in NEW1)),
        {2: OK},
    ),
    Case("an apostrophe before", _cell("孙一", "'" + NEW1), {2: OK}),
    Case("a number cut by spaces", _cell("孙一", f"{NEW1[:6]} {NEW1[6:14]} {NEW1[14:]}"), {2: OK}),
    Case("a residence permit", _cell("陈一", id_number(1, region="810000")), {2: OK}),
    Case("an ID number in another column", _cell("孙一", NEW1, 部门=NEW2), _wrong("部门")),
    Case("a date as a date", _cell("孙一", NEW1, 入职时间=datetime(2020, 9, 1)), {2: OK}),
    Case("a date as a serial number", _cell("孙一", NEW1, 入职时间=44075), {2: OK}),
    Case("a date in Chinese", _cell("孙一", NEW1, 入职时间="2020年9月1日"), {2: OK}),
    Case("a month", _cell("孙一", NEW1, 入职时间="2020.09"), {2: OK}),
    Case("no such day", _cell("孙一", NEW1, 入职时间="2020-02-30"), _wrong("入职时间")),
    Case("no date", _cell("孙一", NEW1, 入职时间="去年"), _wrong("入职时间")),
    Case(
        "left before it began",
        _cell("孙一", NEW1, 入职时间="2020-09-01", 离职时间="2019-09-01"),
        _wrong("离职时间"),
    ),
    Case("left long ago", _cell("孙一", NEW1, 离职时间="2020-09-01"), {2: ("same", "离职时间")}),
    Case("leaves in the file", _cell("张三", ZHANG, 离职时间="2026-06-30"), {2: ("left", None)}),
    Case("a title", _cell("孙一", NEW1, 职称="主治医师", 取得资格时间="2020-06"), {2: OK}),
    Case("no title, in words", _cell("孙一", NEW1, 职称="无"), {2: OK}),
    Case("an unknown title", _cell("孙一", NEW1, 职称="班长"), _wrong("职称")),
    Case(
        "a title of several series",
        _cell("孙一", NEW1, 职称="讲师", 取得资格时间="2020-06"),
        _wrong("职称"),
    ),
    Case(
        "a title of several series, with its series",
        _cell("孙一", NEW1, 职称="讲师", 职称系列="高等学校教师", 取得资格时间="2020-06"),
        {2: OK},
    ),
    Case(
        "a level alone",
        _cell("孙一", NEW1, 职称级别="中级", 取得资格时间="2020-06"),
        _wrong("职称"),
    ),
    Case(
        "a level and its series",
        _cell("孙一", NEW1, 职称级别="副高级", 职称系列="卫生技术", 取得资格时间="2020-06"),
        {2: OK},
    ),
    Case("an unknown series", _cell("孙一", NEW1, 职称系列="魔法"), _wrong("职称系列")),
    Case(
        "a title without its day",
        _cell("孙一", NEW1, 职称="主治医师"),
        {2: ("new", "取得资格时间")},
    ),
    Case(
        "a title of the future",
        _cell("孙一", NEW1, 职称="主治医师", 取得资格时间="2030-01-01"),
        _wrong("取得资格时间"),
    ),
    Case(
        "neither province nor grassroots", _cell("孙一", NEW1, 职称类别="其他"), _wrong("职称类别")
    ),
    Case("another department", _cell("张三", ZHANG, 部门="教务处"), {2: ("changed", None)}),
    Case("the same department", _cell("张三", ZHANG, 部门="数学组"), {2: ("same", None)}),
    Case("an empty department", _cell("张三", ZHANG, 部门=None), {2: ("same", None)}),
    Case(
        "the known title again",
        _cell("李四", LI, 职称="一级教师", 取得资格时间="2015-07-01"),
        {2: ("same", None)},
    ),
    Case(
        "the known title by its level",
        _cell("李四", LI, 职称级别="中级"),
        {2: ("same", None)},
    ),
    Case(
        "another day for the known title",
        _cell("李四", LI, 职称="一级教师", 取得资格时间="2016-07-01"),
        {2: ("changed", None)},
    ),
    Case("who works elsewhere", _cell("王五", WANG), {2: ("joins", None)}),
    Case(
        "who works elsewhere, here since before",
        _cell("王五", WANG, 入职时间="2015-09-01"),
        {2: ("joins", "入职时间")},
    ),
    Case("no titles at all", xlsx(("孙一", NEW1), ("孙二", NEW2)), error="标题行"),
    Case("no column of numbers", xlsx(("姓名", "部门"), ("孙一", "数学组")), error="缺少必填的列"),
    Case("a column twice", xlsx(("姓名", "身份证号", "姓名"), ("孙一", NEW1, "孙")), error="两次"),
    Case("nobody below the titles", xlsx(HEADER), error="没有人员"),
    Case("a picture by the name of a table", b"\x89PNG\r\n\x1a\n" + b"x" * 200, error="表格"),
    Case("half a file", xlsx(*PLAIN)[:900], error="文件"),
]


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> Desk:
    desk = Desk.open(make, web, worker)
    here, there = desk.employer_id, make.employer(YINCHUAN).id
    for name, number, unit in (
        ("张三", ZHANG, here),
        ("李四", LI, here),
        ("王五", WANG, there),
        ("阿依古丽·买买提", AYI, here),
        ("赵圆", ROUND, here),
    ):
        row = person(make, name, unit, number)
        if name == "张三":
            people.employ(row, here, "数学组", date(2020, 9, 1), "test")
        if name == "李四":
            title = Title(
                professional_id=row.id,
                valid_from=date(2015, 7, 1),
                level="intermediate",
                track="unified",
                series_code="school",
                name="一级教师",
            )
            record(title, "test")
    db.session.commit()
    return desk


def _about(row: ShownRow) -> str | None:
    remarks = [*row.problems, *row.warnings]
    return remarks[0]["column"] if remarks else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_of_each_line_of_a_messy_roster_becomes_exactly_what_should(desk: Desk, case: Case) -> None:
    found = desk.preview(case.data)
    roster = desk.roster(found)
    if case.error:
        assert roster.state == RosterState.FAILED
        assert case.error in (roster.error or "")
        return
    assert roster.state == RosterState.PREVIEWED, roster.error
    rows = {row.row_number: (row.outcome, _about(row)) for row in desk.rows(found)}
    assert rows == case.rows


def test_there_are_many_kinds_of_mess() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60
