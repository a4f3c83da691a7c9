"""What a number says, which one is refused with what words, and that none gets out by accident."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from ce_tracker import clock, logs
from ce_tracker.identity import (
    IdKind,
    Sex,
    WrongNumberError,
    check_character,
    credit_check_character,
    hidden,
    ordinary,
    parse_credit_code,
    parse_id_number,
)

TODAY = date(2026, 11, 20)
NUMBERS = st.from_regex(r"[1-9][0-9]{16}[0-9Xx]|[1-9][0-9]{14}|[A-Z]{3}[0-9]{12}", fullmatch=True)
BIRTHS = st.dates(date(1927, 1, 1), date(2009, 12, 31))
REGIONS = st.sampled_from(["371002", "110105", "640100", "810000", "820000", "830000", "932682"])
SEQUENCES = st.integers(0, 999).map("{:03d}".format)


def made(region: str, born: date | str, sequence: str) -> str:
    body = f"{region}{born if isinstance(born, str) else f'{born:%Y%m%d}'}{sequence}"
    return body + check_character(body)


@pytest.mark.parametrize(
    ("number", "kind", "born", "sex", "region"),
    [
        # specimens, as the standards and the authorities that issue the cards print them
        ("11010519491231002X", IdKind.RESIDENT, "1949-12-31", Sex.FEMALE, "110105"),
        ("810000199001010019", IdKind.HONG_KONG, "1990-01-01", Sex.MALE, "810000"),
        ("820000199001010010", IdKind.MACAO, "1990-01-01", Sex.MALE, "820000"),
        ("830000199201300022", IdKind.TAIWAN, "1992-01-30", Sex.FEMALE, "830000"),
        ("932682198501010017", IdKind.FOREIGN_PERMANENT, "1985-01-01", Sex.MALE, "32"),
        ("911398199012310021", IdKind.FOREIGN_PERMANENT, "1990-12-31", Sex.FEMALE, "11"),
        ("KAZ110090123105", IdKind.FOREIGN_PERMANENT, "1990-12-31", None, "1100"),
    ],
)
def test_a_number_says_who_its_holder_is(
    number: str, kind: IdKind, born: str, sex: Sex | None, region: str
) -> None:
    found = parse_id_number(number, TODAY)
    assert found.canonical == number
    assert (found.kind, found.born, found.sex) == (kind, date.fromisoformat(born), sex)
    assert found.region_code == region
    assert found.tail == number[-4:]
    assert found.warnings == ()
    assert not found.maybe_rounded


def test_an_old_card_is_the_same_person_as_its_new_form() -> None:
    old, new = (parse_id_number(n, TODAY) for n in ("110105491231002", "11010519491231002X"))
    assert old == new
    assert old.canonical == "11010519491231002X"


@given(st.sampled_from(["371002", "110105"]), BIRTHS, SEQUENCES)
def test_every_old_card_of_the_century_is_indexed_by_its_new_form(
    region: str, born: date, sequence: str
) -> None:
    assume(born.year < 2000)
    new = made(region, born, sequence)
    assert parse_id_number(new[:6] + new[8:17], TODAY).canonical == new


@given(REGIONS, BIRTHS, SEQUENCES, st.data())
def test_one_mistyped_or_two_swapped_characters_are_always_noticed(
    region: str, born: date, sequence: str, data: st.DataObject
) -> None:
    number = made(region, born, sequence)
    assert parse_id_number(number, TODAY).canonical == number
    at = data.draw(st.integers(0, 16))
    if data.draw(st.booleans()):
        wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    else:
        wrong = number[:at] + data.draw(st.sampled_from("0123456789")) + number[at + 1 :]
    assume(wrong != number)
    with pytest.raises(WrongNumberError):
        parse_id_number(wrong, TODAY)


@given(REGIONS, st.dates(date(1890, 1, 1), date(2030, 12, 31)), SEQUENCES, st.data())
def test_an_ordinary_number_is_a_right_one_as_it_stands_and_nothing_more_to_say_of_it(
    region: str, born: date, sequence: str, data: st.DataObject
) -> None:
    number = made(region, born, sequence)
    at = data.draw(st.integers(0, 17))
    changed = data.draw(st.sampled_from("0123456789Xx １")) + number[at + 1 :]
    typed = data.draw(st.sampled_from([number, number[:at] + changed, number[:at], number + "0"]))
    try:
        right = parse_id_number(typed, TODAY).canonical == typed
    except WrongNumberError:
        right = False
    stands_out = typed[:1] in {"0", "9"} or typed.endswith("000")
    assert ordinary(typed, TODAY) == (right and len(typed) == 18 and not stands_out)


@pytest.mark.parametrize(
    "typed",
    [
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002x\u00a0",
        "11010519491231002x",
        "'11010519491231002X",
        "\ufeff11010519491231002X\u200b",
        "110105\t19491231002X\n",
    ],
)
def test_width_spaces_and_case_are_forgiven(typed: str) -> None:
    assert parse_id_number(typed, TODAY).canonical == "11010519491231002X"
    assert parse_id_number("kaz１１00 901231 05", TODAY).canonical == "KAZ110090123105"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("", "没有填写"),
        ("   ", "没有填写"),
        ("11010519491231002", "应为 18 位（旧证 15 位），这里有 17 位"),
        ("1101051949123100212", "这里有 19 位"),
        ("110105194912310021", "校验不符"),
        ("11010519491231X02X", "格式不对"),
        ("王晓岚", "格式不对"),
        ("AB110090123105", "格式不对"),
        (made("110105", "19900230", "002"), "出生日期不存在"),
        (made("110105", "20261121", "002"), "在今天之后"),
        (made("110105", "18991231", "002"), "早于 1900 年"),
        ("110105490230002", "出生日期不存在"),
        ("KAZ110090023105", "出生日期不存在"),
        ("1.10105E+17", "被表格存成了数字"),
        ("110105194912310000.0", "被表格存成了数字"),
        ("110105194912310020.", "被表格存成了数字"),
        ("110105194912310000", "以 000 结尾"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason_and_without_the_number(
    number: str, said: str
) -> None:
    with pytest.raises(WrongNumberError, match=said) as refusal:
        parse_id_number(number, TODAY)
    assert len(number) < 6 or number not in str(refusal.value)
    assert check_character("11010519491231002") not in str(refusal.value)


def test_nobody_is_told_which_check_character_would_be_right() -> None:
    for last in "0123456789":
        with pytest.raises(WrongNumberError) as refusal:
            parse_id_number("11010519491231002" + last, TODAY)
        assert "X" not in str(refusal.value)


def test_a_birth_is_in_the_future_only_after_today_in_shanghai() -> None:
    number = made("110105", "20261121", "002")
    with (
        clock.pinned(datetime(2026, 11, 20, 16, 0, tzinfo=clock.SHANGHAI)),
        pytest.raises(WrongNumberError),
    ):
        parse_id_number(number)
    with clock.pinned(datetime.fromisoformat("2026-11-20T16:00:00+00:00")):
        assert parse_id_number(number).born == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (made("660105", "19900101", "002"), "以 66 开头"),
        (made("978682", "19900101", "002"), "以 78 开头"),
        (made("110105", "20200101", "002"), "年龄不在 16 到 100 岁之间"),
        (made("110105", "19200101", "002"), "年龄不在 16 到 100 岁之间"),
        ("KAZ110090123106", "末位校验不符"),
    ],
)
def test_what_is_strange_but_possible_is_only_warned_of(number: str, said: str) -> None:
    assert any(said in warning for warning in parse_id_number(number, TODAY).warnings)


def test_an_old_foreigners_card_has_the_later_century_that_is_not_in_the_future() -> None:
    assert parse_id_number("KAZ110026112005", TODAY).born == date(2026, 11, 20)
    assert parse_id_number("KAZ110027010105", TODAY).born == date(1927, 1, 1)


def test_a_rightful_number_that_ends_in_000_is_flagged() -> None:
    number = next(
        n
        for day in range(2000)
        if (n := made("110105", date(1985, 1, 1) + timedelta(day), "500")).endswith("5000")
        or (n := made("110105", date(1985, 1, 1) + timedelta(day), "000")).endswith("000")
    )
    assert parse_id_number(number, TODAY).maybe_rounded
    assert not parse_id_number("11010519491231002X", TODAY).maybe_rounded


def test_a_number_does_not_show_itself() -> None:
    shown = repr(parse_id_number("11010519491231002X", TODAY))
    assert "110105" not in shown
    assert "1949" not in shown


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("91350100M000100Y43", "91350100M000100Y43"),  # the standard's own example
        ("91440300708461136T", "91440300708461136T"),
        ("９１３５０１００m000100y43 ", "91350100M000100Y43"),
    ],
)
def test_a_credit_code_is_read_whatever_its_width_and_case(typed: str, code: str) -> None:
    assert parse_credit_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "没有填写"),
        ("91350100M000100Y4", "应为 18 位，这里有 17 位"),
        ("91350100M000100Y4Z", "不会有 Z"),
        ("9135O100M00O100Y43", "不会有 O"),
        ("91350100M000100Y34", "校验不符"),
        ("91A50100M000100Y43", "第 3 到 8 位应为数字"),
        ("X00000000000000001", "校验不符"),
    ],
)
def test_a_wrong_credit_code_is_refused_with_the_reason(typed: str, said: str) -> None:
    with pytest.raises(WrongNumberError, match=said):
        parse_credit_code(typed)


CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(st.text(CREDIT, min_size=9, max_size=9), st.data())
def test_one_mistyped_character_of_a_credit_code_is_always_noticed(
    organisation: str, data: st.DataObject
) -> None:
    body = f"12371002{organisation}"
    code = body + credit_check_character(body)
    assert parse_credit_code(code) == code
    at = data.draw(st.integers(0, 17))
    wrong = code[:at] + data.draw(st.sampled_from(CREDIT)) + code[at + 1 :]
    assume(wrong != code)
    with pytest.raises(WrongNumberError):
        parse_credit_code(wrong)


AROUND = st.sampled_from(["", " ", "：", "身份证号", "id=", "\n", "（", "-", ",", "'"])


@given(NUMBERS, AROUND, AROUND)
def test_an_id_number_in_a_text_is_hidden(number: str, before: str, after: str) -> None:
    assert number not in hidden(before + number + after)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T08:14:00.123456+08:00",
        "01a1f80c-16f8-7223-b06d-39a9098feabc",
        "3ed1ac8f6d75e483f8",
        "12345678901234567890",
        "370000",
    ],
)
def test_what_is_no_id_number_stays(text: str) -> None:
    assert hidden(text) == text


def test_no_log_line_carries_an_id_number(capsys: pytest.CaptureFixture[str]) -> None:
    number = "37060219900101123X"
    logs.configure("INFO")
    try:
        log = structlog.get_logger("test")
        log.info(f"about {number}", who=number, nested={"of": [number, (number,)]}, count=1)
        logging.getLogger("someone.else").warning("row of %s", number)
        try:
            raise ValueError(number)
        except ValueError:
            log.exception("failed")
        said = capsys.readouterr().err
    finally:
        logs.configure("INFO")
    assert number not in said
    assert said.count("[证件号码已隐去]") >= 5
    assert json.loads(said.splitlines()[0])["logger"] == "test"


def test_an_id_number_written_as_a_number_is_hidden_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("INFO")
    structlog.get_logger("test").info("count", who=370602199001011234)
    assert "370602199001011234" not in capsys.readouterr().err


@pytest.mark.parametrize("given_id", [None, "", "short", "has space in it", "x" * 65])
def test_an_unusable_request_id_is_replaced(given_id: str | None) -> None:
    with logs.request(given_id) as used:
        assert used != given_id
        assert logs.current_request_id() == used
    assert logs.current_request_id() is None


def test_a_request_id_that_is_an_id_number_is_replaced() -> None:
    with logs.request("370602199001011234") as used:
        assert used != "370602199001011234"


def test_a_usable_request_id_is_kept() -> None:
    with logs.request("from-the-proxy_1.2") as used:
        assert used == "from-the-proxy_1.2"
