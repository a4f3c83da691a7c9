"""No ID number gets out by accident."""

from __future__ import annotations

import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ce_tracker import logs
from ce_tracker.identity import hidden, masked

NUMBERS = st.from_regex(r"[1-9]\d{16}[\dXx]|[1-9]\d{14}", fullmatch=True)
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


def test_a_masked_number_shows_the_ends_alone() -> None:
    assert masked("370602199001011234") == "370***********1234"
    assert masked("370602900101123") == "370********1123"


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
