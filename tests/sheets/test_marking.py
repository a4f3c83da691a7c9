"""The user's own file back, marked: mended and uploaded again it is the same file."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ce_tracker.sheets import marking
from ce_tracker.sheets.cells import Problem, text
from ce_tracker.sheets.headers import Column, understood
from ce_tracker.sheets.marking import DANGEROUS, defused, marked_file
from ce_tracker.sheets.reading import read
from ce_tracker.sheets.values import Value
from tests.sheets.files import COLUMNS, LI, TITLES, ZHANG, by_hand, csv_text, xls, xlsx

PROBLEM = Problem("学时", "“八”不是数字，请只填数字，如 8 或 8.5。")
MARK = "学时：“八”不是数字，请只填数字，如 8 或 8.5。"
RED = "FFFFC7CE"


def _values(data: bytes) -> list[list[Value]]:
    with read(data) as sheet:
        return [list(row.values) for row in sheet]


def _opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data)).active


def _reds(data: bytes) -> set[str]:
    return {
        cell.coordinate
        for row in _opened(data).iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == RED
    }


def test_the_rows_stay_where_they_were_and_one_column_is_added() -> None:
    grid: list[list[Any]] = [["登记表"], [], TITLES, ZHANG, [], [*LI[:2], "八"], ["合计", "2"]]
    marked = marked_file(read(xlsx(grid)), {6: [PROBLEM]}, COLUMNS)
    assert _values(marked) == [
        ["登记表", None, None, None],
        [None, None, None, None],
        [*TITLES, "问题"],
        [*ZHANG, None],
        [None, None, None, None],
        [*LI[:2], "八", MARK],
        ["合计", "2", None, None],
    ]


def test_the_wrong_cells_are_highlighted_and_no_others() -> None:
    problems: dict[int, list[Problem | str]]
    problems = {2: [PROBLEM, Problem("姓名", "没有填写，请补上。")], 3: ["查无此人"]}
    marked = marked_file(read(xlsx([TITLES, [None, *ZHANG[1:]], LI])), problems, COLUMNS)
    assert _reds(marked) == {"A2", "C2"}
    assert _opened(marked)["D2"].value == f"{MARK[:-1]}；姓名：没有填写，请补上。"
    assert _opened(marked)["D3"].value == "查无此人。"


def test_a_problem_finds_its_cell_by_the_title_as_written_and_as_we_call_it() -> None:
    data = xlsx([["姓名", "证件号码", "学 时 数（必填）"], ZHANG, LI])
    problems = {2: [Problem("学 时 数（必填）", "错。")], 3: [Problem("身份证号", "错。")]}
    assert _reds(marked_file(read(data), problems, COLUMNS)) == {"C2", "B3"}


def test_a_wrong_cell_that_is_not_there_is_highlighted_too() -> None:
    marked = marked_file(read(csv_text([TITLES, ["张三"]]).encode()), {2: [PROBLEM]}, COLUMNS)
    assert _reds(marked) == {"C2"}


def test_a_marked_file_is_understood_again_and_marked_anew_in_the_same_column() -> None:
    once = marked_file(read(xlsx([TITLES, ZHANG, LI])), {2: ["旧的"], 3: [PROBLEM]}, COLUMNS)
    table = understood(read(once), COLUMNS)
    assert [[line[key] for key in ("name", "id_number", "hours")] for line in table] == [ZHANG, LI]
    assert table.header.unknown == ()
    twice = marked_file(read(once), {2: ["新的"]}, COLUMNS)
    assert _values(twice) == [[*TITLES, "问题"], [*ZHANG, "新的。"], [*LI, None]]


@pytest.mark.parametrize("sign", DANGEROUS)
def test_what_could_be_run_as_a_formula_is_defused_and_reads_as_it_was(sign: str) -> None:
    evil = f"{sign}cmd|' /C calc'!A0"
    marked = marked_file(read(xlsx([TITLES, [evil, *ZHANG[1:]]])), {2: [f"{sign}1+1"]}, COLUMNS)
    sheet = _opened(marked)
    for place in ("A2", "D2"):
        assert sheet[place].data_type == "s"
        assert sheet[place].value.startswith("'")
    (line,) = understood(read(marked), COLUMNS)
    assert text(line["name"], "姓名") == text(evil, "姓名")


def test_a_title_that_could_be_run_is_defused_and_still_found() -> None:
    marked = marked_file(read(xlsx([["=姓名", *TITLES[1:]], ZHANG])), {}, COLUMNS)
    assert _opened(marked)["A1"].value == "'=姓名"
    assert [line["name"] for line in understood(read(marked), COLUMNS)] == ["张三"]


def test_a_formula_comes_back_as_its_result() -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.write_formula(1, 2, '=HYPERLINK("http://x","8")', None, "8")

    marked = marked_file(read(xlsx([TITLES, ZHANG], change=change)), {}, COLUMNS)
    assert _opened(marked)["C2"].value == "8"


def test_an_id_number_stays_a_text_and_its_cell_is_formatted_as_one() -> None:
    cell = _opened(marked_file(read(xlsx([TITLES, ZHANG])), {}, COLUMNS))["B2"]
    assert (cell.value, cell.data_type, cell.number_format) == (ZHANG[1], "s", "@")


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_every_kind_of_value_comes_back_as_it_was(epoch_1904: bool) -> None:
    def change(book: Any, sheet: Any) -> None:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_datetime(1, 3, datetime(2026, 3, 5, 14, 30), moment)
        sheet.write(1, 5, 1.5, book.add_format({"num_format": "[h]:mm:ss"}))
        sheet.write(1, 6, 0.25, book.add_format({"num_format": "hh:mm:ss"}))

    row = ["张三", 46086, 8.1, None, date(2026, 3, 5), None, None, True, -5]
    data = xlsx([[*TITLES, "a", "b", "c", "d", "e", "f"], row], change=change, date_1904=epoch_1904)
    marked = marked_file(read(data), {}, COLUMNS)
    before, after = _values(data), _values(marked)
    assert [type(value) for value in before[1][3:6]] == [type(value) for value in after[1][3:6]]
    assert after[1][:6] == before[1][:6]
    assert after[1][7:9] == before[1][7:9] == [True, Decimal(-5)]
    assert read(marked).epoch_1904 is epoch_1904


@pytest.mark.parametrize(
    ("name", "kept"),
    [("名单", "名单"), ("a" * 31, "a" * 31), ("a/b:c", "Sheet1"), ("'x'", "Sheet1")],
)
def test_the_sheet_keeps_its_name_where_excel_allows_it(name: str, kept: str) -> None:
    data = by_hand(sheet_name=name)
    with read(data) as sheet:
        assert sheet.name == name
    with read(marked_file(read(data), {}, COLUMNS)) as sheet:
        assert sheet.name == kept


@pytest.mark.parametrize(
    "data", [xls([TITLES, ZHANG]), csv_text([TITLES, ZHANG]).encode("gb18030")]
)
def test_an_xls_and_a_csv_come_back_as_xlsx(data: bytes) -> None:
    with read(marked_file(read(data), {2: ["错"]}, COLUMNS)) as sheet:
        assert sheet.kind == "xlsx"
        assert [list(row.values) for row in sheet] == [[*TITLES, "问题"], [*ZHANG, "错。"]]


def test_a_large_file_is_written_row_by_row_and_reads_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = marked_file(read(xlsx([TITLES, ZHANG, LI])), {3: [PROBLEM]}, COLUMNS)
    monkeypatch.setattr(marking, "_MOST_CELLS_IN_MEMORY", 0)
    large = marked_file(read(xlsx([TITLES, ZHANG, LI])), {3: [PROBLEM]}, COLUMNS)
    assert _values(large) == _values(small)
    assert _reds(large) == _reds(small) == {"C3"}


TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=30
)
CELLS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    TEXTS,
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.dates(date(1905, 1, 1), date(2199, 12, 31)),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=40))
def test_whatever_is_written_is_read_and_after_marking_read_again(
    rows: list[tuple[Any, Any, Any]],
) -> None:
    columns = [Column("a", ("甲列",)), Column("b", ("乙列",)), Column("c", ("丙列",))]
    data = xlsx([["甲列", "乙列", "丙列", "末"], *[[*row, "。"] for row in rows]])
    expected = [[None if value == "" else value for value in row] for row in rows]
    assert [row[:3] for row in _values(data)[1:]] == expected
    marked = marked_file(read(data), {2: ["错"]}, columns)
    after = [row[:3] for row in _values(marked)[1:]]
    assert after == [
        [defused(value) if isinstance(value, str) else value for value in row] for row in expected
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(TEXTS, TEXTS), max_size=40),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_whatever_is_written_as_csv_is_read_in_every_encoding(
    rows: list[tuple[str, str]], encoding: str
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["甲列", "乙列", "丙列"], *[[*row, "。"] for row in rows]])
    expected = [[a or None, b or None, "。"] for a, b in rows]
    assert _values(out.getvalue().encode(encoding))[1:] == expected


def test_a_very_long_list_of_problems_is_cut_and_can_still_be_read() -> None:
    marked = marked_file(read(xlsx([TITLES, ZHANG])), {2: ["错" * 900] * 50}, COLUMNS)
    assert len(str(_values(marked)[1][3])) == 1_000
