"""Titles as people write them, and the lines below that are no data."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ce_tracker.sheets.headers import Column, is_no_data, plain_title, understood
from ce_tracker.sheets.refusals import ColumnsDoubled, ColumnsMissing, HeaderNotFound
from ce_tracker.sheets.values import Row, Value
from tests.sheets.files import COLUMNS, LI, TITLES, ZHANG


def _rows(*grid: Sequence[Value]) -> list[Row]:
    return [Row(number, values) for number, values in enumerate(grid, 1)]


@pytest.mark.parametrize(
    "written",
    [
        "身份证号",
        " 身份证号 ",
        "身 份 证 号",
        "身份证号：",
        "*身份证号",
        "身份证号*",
        "★身份证号",
        "身份证号（必填）",
        "身份证号(18位)",
        "【必填】身份证号",
        "身份证号必填",
        "身份证\n号",
        "身份证\u200b号",
        "“身份证号”",
        "1、身份证号"[2:],
        "［身份证号］",
        "身份证号\t",
    ],
)
def test_a_title_is_known_however_it_is_dressed(written: str) -> None:
    assert plain_title(written) == "身份证号"


def test_full_width_letters_are_the_same_title() -> None:
    assert plain_title("ＩＤ号") == plain_title("id 号") == "id号"


@pytest.mark.parametrize("written", [None, 5, True, "", "　", "——", "()"])
def test_what_says_nothing_is_no_title(written: Value) -> None:
    assert plain_title(written) == ""


@given(st.permutations([*TITLES, "单位", "备注"]), st.integers(0, 29))
def test_titles_are_found_in_any_order_at_any_depth(order: list[str], above: int) -> None:
    values: dict[str, Value] = dict(zip(TITLES, ZHANG, strict=True))
    rows = _rows(*[["说明文字"]] * above, list(order), [values.get(title, "x") for title in order])
    table = understood(rows, COLUMNS)
    (line,) = table
    assert [line[key] for key in ("name", "id_number", "hours")] == ZHANG
    assert table.header.row == above + 1
    assert sorted(table.header.unknown) == ["单位", "备注"]


def test_the_row_with_most_titles_wins_over_a_sentence_with_one() -> None:
    table = understood(_rows(["姓名"], ["填表人", "张三"], TITLES, ZHANG), COLUMNS)
    assert table.header.row == 3


def test_a_column_that_may_be_missing_reads_as_empty() -> None:
    (line,) = understood(_rows(TITLES, ZHANG), COLUMNS)
    assert line["finished_on"] is None


def test_a_short_row_reads_as_empty_at_its_end() -> None:
    (line,) = understood(_rows(TITLES, ZHANG[:2]), COLUMNS)
    assert (line["id_number"], line["hours"]) == (ZHANG[1], None)


def test_a_title_is_quoted_as_it_stands_in_the_file() -> None:
    table = understood(_rows(["*姓 名", "证件号码\n（必填）", "学时"], ZHANG), COLUMNS)
    assert (table.title("name"), table.title("id_number")) == ("*姓 名", "证件号码 （必填）")


def test_a_problem_column_of_an_earlier_marking_is_neither_unknown_nor_data() -> None:
    table = understood(
        _rows([*TITLES, "问题"], [*ZHANG, "学时：太多。"], [None, None, None, "旧"]), COLUMNS
    )
    assert [line.number for line in table] == [2]
    assert (table.header.notes, table.header.unknown) == (3, ())


def test_a_missing_column_is_named_with_its_other_names_and_what_was_found() -> None:
    with pytest.raises(ColumnsMissing) as missing:
        understood(_rows(["名册"], ["姓名", "学时", "工作单位"]), COLUMNS)
    assert str(missing.value) == (
        "第 2 行是标题行，其中没有：“身份证号”（也可写“证件号码”“公民身份号码”“身份证号码”）。"
        "该行的列名是：“姓名”、“学时”、“工作单位”。"
    )


def test_two_columns_for_one_thing_are_both_named() -> None:
    with pytest.raises(ColumnsDoubled, match="第 2 列“身份证号”、第 3 列“证件号码”都是“身份证号”"):
        understood(_rows(["姓名", "身份证号", "证件号码", "学时"]), COLUMNS)


def test_an_optional_column_twice_is_refused_too() -> None:
    with pytest.raises(ColumnsDoubled):
        understood(_rows([*TITLES, "完成日期", "完成日期"]), COLUMNS)


def test_one_title_alone_is_not_taken_for_a_header() -> None:
    with pytest.raises(HeaderNotFound, match="应有的列：“姓名”"):
        understood(_rows(["姓名", "甲"], ["乙", "丙"]), COLUMNS)


def test_a_file_of_one_column_needs_one_title() -> None:
    (line,) = understood(_rows(["名册"], ["姓名"], ["张三"]), [Column("name", ("姓名",))])
    assert line["name"] == "张三"


@pytest.mark.parametrize(
    "first",
    [
        "合计",
        "合 计",
        "总计：",
        "小计",
        "共计20人",
        "合计（人）",
        "填表人：王五",
        "审核人",
        "制表：王",
        "单位负责人（签字）：",
        "填报日期：2026年3月5日",
        "注：以上属实",
        "备注：",
        "联系电话：123",
        "本页小计",
    ],
)
def test_a_total_or_a_signature_is_no_data(first: str) -> None:
    assert is_no_data([first, None, "14.5"])
    table = understood(_rows(TITLES, ZHANG, [None, first, None]), COLUMNS)
    assert [line.number for line in table] == [2]
    assert table.left_out == [3]


@pytest.mark.parametrize(
    "first",
    [
        "张三",
        "何合计",
        "小计镇中学",
        "总计划师",
        "注册会计师王",
        "说明书",
        "备注员",
        "计小军",
        "盖章明",
    ],
)
def test_a_name_that_begins_alike_is_data(first: str) -> None:
    assert not is_no_data([first, None, "8"])


def test_a_line_with_an_id_number_is_always_data() -> None:
    lines = list(understood(_rows(TITLES, ["合计", ZHANG[1], "8"], LI), COLUMNS))
    assert [line.number for line in lines] == [2, 3]


def test_a_column_that_is_known_and_not_read_may_stand_there_twice() -> None:
    unread = (*COLUMNS, Column("unit", ("单位", "工作单位"), required=False, read=False))
    table = understood(_rows([*TITLES, "单位", "工作单位"], ZHANG), unread)
    assert table.header.unknown == ()
    assert [line["name"] for line in table] == ["张三"]
