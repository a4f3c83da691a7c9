"""The page of hours shows what the API answers, and bears whatever is asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from tests.api.asking import Asker
from tests.compliance.staff import AUTUMN
from tests.factories import Account, Factory
from tests.http.visitor import signed_in
from tests.ledger.books import HEADER, Books
from tests.registry.desk import id_number

A = id_number(921)


@pytest.fixture(autouse=True)
def _autumn() -> Iterator[None]:
    """What is shown where no year is asked for is that of the day."""
    with clock.pinned(AUTUMN):
        yield


@pytest.fixture
def own(make: Factory, web: Flask, worker: Flask) -> Account:
    """8 hours, put right to 6.5 later; and 12.25 of general knowledge."""
    books = Books.of_session(make, web, worker, title="骨干教师培训班")
    found = make.account(Role.PROFESSIONAL)
    found.user.professional_id = books.register("王晓岚", A)
    db.session.commit()
    with clock.pinned(datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)):
        books.enter(HEADER, ("王晓岚", A, 8))
    books.say_yes(books.read(HEADER, ("王晓岚", A, "6.5")), "签到表与实际到课不符")
    values = {"subject": "general", "series_code": None, "field_code": None}
    books.session_id = make.session(books.account, title="人工智能通识", **values).id
    books.enter(HEADER, ("王晓岚", A, "12.25"))
    return found


def shown(page: str) -> tuple[list[str], list[list[str]]]:
    """The sums, and of each entry title, provider and hours; with why, if it was taken back."""
    sums = re.findall(r"<dd><span class=\"num\">([\d.]+)</span> 学时</dd>", page)
    entries = []
    for row in re.findall(r"<tr[ >].*?</tr>", page, re.DOTALL)[1:]:
        words = [word.strip() for word in re.findall(r">([^<]+)<", row) if word.strip()]
        entries.append(words)
    return sums, entries


@pytest.mark.parametrize(
    "asked", [{}, {"year": "2026"}, {"year": "2025"}, {"as_of": "2026-05-01T00:00"}]
)
def test_the_page_shows_what_the_api_answers(
    web: Flask, own: Account, asked: dict[str, Any]
) -> None:
    answer = Asker(web, own).get("/me/hours", **asked)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    page = signed_in(web, own).get(f"/hours?{query}").text
    sums, entries = shown(page)
    assert sums == [answer["total"], answer["specialty"], answer["general"]]
    assert len(entries) == len(answer["entries"])
    for words, entry in zip(entries, answer["entries"], strict=True):
        for said in (
            entry["session"]["title"],
            entry["provider"]["name"],
            entry["finished_on"],
            entry["hours"],
        ):
            assert said in words
        reversal = entry["reversal"]
        assert ("已冲销" in words) == (reversal is not None)
        assert reversal is None or any(reversal["reason"] in word for word in words)


def test_of_the_three_entries_one_was_taken_back(web: Flask, own: Account) -> None:
    """Or the test above would compare nothing with nothing."""
    sums, entries = shown(signed_in(web, own).get("/hours").text)
    assert sums == ["18.75", "6.5", "12.25"]
    assert ["已冲销" in words for words in entries].count(True) == 1
    assert len(entries) == 3


@pytest.mark.parametrize(
    "query",
    [
        "year=magic",
        "year=20260",
        "year=-1",
        "as_of=%F0%9F%98%80",
        "as_of=2026-13-45T99:99",
        "as_of=%25",
    ],
)
def test_the_page_bears_any_question(web: Flask, own: Account, query: str) -> None:
    answer = signed_in(web, own).get(f"/hours?{query}")
    assert answer.status_code == 200
    assert shown(answer.text)[0] == ["18.75", "6.5", "12.25"]
