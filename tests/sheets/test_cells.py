"""What a cell means, or what is wrong with it in plain Chinese."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ce_tracker.sheets import cells
from ce_tracker.sheets.cells import (
    Problem,
    choice,
    day,
    hundredths,
    id_number,
    required,
    text,
    yes_no,
)
from ce_tracker.sheets.values import Fault, Value

NUMBER = "37060219900101123X"
EMPTY: list[Value] = [None, "", "  ", "\u3000", "\u200b", "'", "\t"]
DAYS = st.dates(date(1910, 1, 1), date(2099, 12, 31))


def _says(found: object) -> str:
    assert isinstance(found, Problem), found
    assert found.title == "某列"
    assert found.message.endswith(("。", "”"))
    return found.message


@pytest.mark.parametrize("value", EMPTY)
def test_an_empty_cell_is_none_for_every_conversion_and_a_problem_where_required(
    value: Value,
) -> None:
    for convert in (text, id_number, day, yes_no, hundredths):
        assert convert(value, "某列") is None
    assert choice(value, "某列", {"甲": 1}) is None
    assert "没有填写" in _says(required(text(value, "某列"), "某列"))


@pytest.mark.parametrize("value", [Fault("#N/A"), "#N/A", "#REF!"])
def test_an_error_value_is_a_problem_for_every_conversion(value: Value) -> None:
    for convert in (text, id_number, day, yes_no, hundredths):
        assert "错误值 #" in _says(convert(value, "某列"))


# --- text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  张　三 ", "张 三"),
        ("张\u200b三\ufeff", "张三"),
        ("Ａ１２－３", "A12-3"),
        ("你好，（世界）", "你好，（世界）"),
        ("'007", "007"),
        ('="007"', "007"),
        ("a\n b", "a b"),
        (Decimal("8.0"), "8"),
        (Decimal("3E+3"), "3000"),
        (5, "5"),
        (True, "是"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 8, 30), "2026-03-05 08:30"),
        (time(8, 30), "08:30"),
        ("买买提·艾力", "买买提·艾力"),
    ],
)
def test_text_is_what_one_reads_in_the_cell(value: Value, read: str) -> None:
    assert text(value, "某列") == read


def test_text_keeps_its_lines_where_they_matter() -> None:
    assert text(" a \n  b ", "某列", lines=True) == "a\nb"


def test_a_text_too_long_or_not_readable_is_a_problem() -> None:
    assert "有 11 个字，最多 10 个" in _says(text("长" * 11, "某列", longest=10))
    assert "无法显示" in _says(text("a\x07b", "某列"))
    assert "无法显示" in _says(text("锟\ufffd", "某列"))


# --- ID numbers


@pytest.mark.parametrize(
    "value",
    [
        NUMBER,
        f"'{NUMBER}",
        f" {NUMBER} ",
        NUMBER.lower(),
        "３７０６０２１９９００１０１１２３Ｘ",
        f'="{NUMBER}"',
        "370602 19900101 123x",
        f"\t{NUMBER}",
        f"{NUMBER}\u200b",
        f"‘{NUMBER}",
        "370602\u300019900101123Ｘ",
    ],
)
def test_an_id_number_as_people_type_it_is_read(value: str) -> None:
    assert id_number(value, "某列") == NUMBER


@pytest.mark.parametrize("value", [370602900101123, Decimal(370602900101123), "370602900101123"])
def test_fifteen_digits_survive_a_numeric_cell(value: Value) -> None:
    assert id_number(value, "某列") == "370602900101123"


@pytest.mark.parametrize(
    "value",
    [
        Decimal("3.706021990010113E+17"),
        370602199001011234,
        "3.70602E+17",
        "3.70602e17",
        "３．７０６０２Ｅ＋１７",
        Decimal("370602199001011000.0"),
    ],
)
def test_eighteen_digits_as_a_number_are_always_refused_with_the_reason(value: Value) -> None:
    said = _says(id_number(value, "某列"))
    assert "15 位有效数字" in said
    assert "“文本”" in said
    assert "3706" not in said


@pytest.mark.parametrize(
    "value", ["张三", "3706021990010112；3", date(2026, 3, 5), True, Decimal("8.5")]
)
def test_what_is_no_id_number_is_a_problem(value: Value) -> None:
    _says(id_number(value, "某列"))


# --- dates


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-05",
        "2026-3-5",
        "2026.3.5",
        "2026/3/5",
        "2026年3月5日",
        "2026年03月05",
        "20260305",
        "２０２６．３．５",
        " 2026 年 3 月 5 日 ",
        "2026—3—5",
        "2026。3。5",
        "2026-03-05 00:00:00",
        "2026/3/5 8:30",
        date(2026, 3, 5),
        datetime(2026, 3, 5, 23, 59),
        20260305,
        Decimal(46086),
        Decimal("46086.5"),
        Decimal("46086.0"),
        "'2026-03-05",
    ],
)
def test_a_date_is_read_as_people_write_it(value: Value) -> None:
    assert day(value, "某列") == date(2026, 3, 5)


def test_a_serial_number_counts_from_the_epoch_of_its_workbook() -> None:
    assert day(44624, "某列", epoch_1904=True) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "value", ["2026.3", "2026-03", "2026年3月", "2026年3月份", "202603", 202603, Decimal("2026.03")]
)
def test_a_month_is_its_first_day_where_months_will_do_and_a_problem_elsewhere(
    value: Value,
) -> None:
    assert day(value, "某列", months=True) == date(2026, 3, 1)
    assert "没有写到日" in _says(day(value, "某列"))


def test_a_month_that_may_be_january_or_october_is_not_guessed() -> None:
    assert "1 月还是 10 月" in _says(day(Decimal("2026.1"), "某列", months=True))
    assert day("2026.1", "某列", months=True) == date(2026, 1, 1)
    assert day("2026.10", "某列", months=True) == date(2026, 10, 1)


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026.13.1", "20260230", "2025-2-29", "0000-1-1", 20261301]
)
def test_an_impossible_day_is_refused(value: Value) -> None:
    assert "没有" in _says(day(value, "某列"))


@pytest.mark.parametrize(
    "value",
    [
        "三月五日",
        "3-5",
        "5/3/26",
        "去年",
        8,
        Decimal("0.5"),
        True,
        time(8),
        "2026-03-05-01",
        "26.3.5",
    ],
)
def test_what_is_no_date_is_a_problem_that_shows_how(value: Value) -> None:
    assert "2026-03-05" in _says(day(value, "某列"))


@pytest.mark.parametrize("value", ["1026-03-05", date(9999, 1, 1), "2260-03-05"])
def test_an_unlikely_year_is_questioned(value: Value) -> None:
    assert "年份" in _says(day(value, "某列"))


@given(
    DAYS,
    st.sampled_from(
        [
            "{0.year}-{0.month:02}-{0.day:02}",
            "{0.year}.{0.month}.{0.day}",
            "{0.year}/{0.month}/{0.day}",
            "{0.year}年{0.month}月{0.day}日",
            "{0.year}{0.month:02}{0.day:02}",
        ]
    ),
)
def test_every_day_in_every_form_comes_back(on: date, form: str) -> None:
    assert day(form.format(on), "某列") == on


@given(DAYS)
def test_every_day_as_a_serial_number_comes_back(on: date) -> None:
    assert day((on - date(1899, 12, 30)).days, "某列") == on


# --- choices


@pytest.mark.parametrize("value", ["是", "√", "有", "1", 1, True, "Ｙ", " yes ", Decimal("1.0")])
def test_yes(value: Value) -> None:
    assert yes_no(value, "某列") is True


@pytest.mark.parametrize("value", ["否", "×", "无", "0", 0, False, "Ｎ", "X"])
def test_no(value: Value) -> None:
    assert yes_no(value, "某列") is False


def test_neither_yes_nor_no_is_a_problem() -> None:
    assert "“是”或“否”" in _says(yes_no("也许", "某列"))


def test_a_choice_is_known_by_any_of_its_names_and_offered_by_the_first() -> None:
    aliases = {"合格": True, "通过": True, "不合格": False, "Ａ": True}
    assert choice(" 通 过", "某列", aliases) is True
    assert choice("a", "某列", aliases) is True
    assert choice("不合格", "某列", aliases) is False
    assert (
        _says(choice("良好", "某列", aliases)) == "“良好”不在可填的内容之中，请填“合格”、“不合格”。"
    )


# --- hours


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (8, 800),
        ("8", 800),
        ("8.0", 800),
        (Decimal("8.0"), 800),
        ("8.5", 850),
        ("８学时", 800),
        ("8.25课时", 825),
        (Decimal("0.1"), 10),
        ("0.07", 7),
        ("1,234.5", 123450),
        ("+8", 800),
        ("8.", 800),
        ("8.500", 850),
        (0, 0),
        ("'8", 800),
        (" 8 学时 ", 800),
        (Decimal("1E+2"), 10000),
        ("-0", 0),
    ],
)
def test_hours_are_exact_hundredths(value: Value, read: int) -> None:
    assert hundredths(value, "某列") == read


@pytest.mark.parametrize("value", ["8.125", Decimal("8.125"), Decimal("8.499999999999998")])
def test_more_than_two_decimals_are_refused_and_never_rounded(value: Value) -> None:
    assert "超过两位" in _says(hundredths(value, "某列"))


@pytest.mark.parametrize(
    "value",
    ["八", "8学时半", "1e2", "8,5", "学时", "½", "٣", True, date(2026, 3, 5), "1 2 a", "NaN"],
)
def test_what_is_no_number_is_a_problem(value: Value) -> None:
    assert "数字" in _says(hundredths(value, "某列"))


def test_less_than_nothing_and_far_too_much_are_refused() -> None:
    assert "不能小于 0" in _says(hundredths("-8", "某列"))
    assert hundredths("-8.5", "某列", negative=True) == -850
    assert "过大" in _says(hundredths("1" * 10, "某列"))


@given(st.integers(0, 99_999_999_999), st.booleans())
def test_every_amount_comes_back_from_text_and_from_a_number(amount: int, as_text: bool) -> None:
    number = Decimal(amount) / 100
    assert hundredths(str(number) if as_text else number, "某列") == amount


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
        st.text(),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(),
        st.builds(Fault, st.text()),
    )
)
def test_no_cell_makes_a_conversion_fail(value: Value) -> None:
    for convert in (text, id_number, day, yes_no, hundredths):
        found = convert(value, "某列")
        assert found is None or isinstance(found, str | date | bool | int | Problem)
    assert isinstance(cells.choice(value, "某列", {"甲": "乙"}), str | Problem | None)
