"""/messages: one's own inbox over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from ce_tracker.identity import hidden
from tests.factories import Account
from tests.notices.conftest import nights
from tests.notices.test_nights import FIRST, SECOND, SPRING, THIRD
from tests.notices.world import ANNUAL, Nights, hours_before

__all__ = ["nights"]

INBOX = "/api/v1/messages"


def get(web: Flask, who: Account, address: str = INBOX, **query: Any) -> Any:
    answer = web.test_client().get(address, headers=who.bearer, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def read(web: Flask, who: Account, message: dict[str, Any]) -> Any:
    answer = web.test_client().post(f"{INBOX}/{message['id']}/read", headers=who.bearer)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def school(nights: Nights) -> Account:
    """Whose only teacher is short, and was reminded three times."""
    school = nights.employer()
    teacher = nights.person(school, "语文组")
    nights.opens(teacher, 2026, hours_before(SPRING))
    for day in (FIRST, SECOND, THIRD):
        nights.pass_(day)
    return school


def test_messages_come_newest_first_page_by_page(web: Flask, school: Account) -> None:
    whole = get(web, school)
    assert [each["title"] for each in whole["items"]] == [
        f"2026 年度继续教育提醒：距年底还有 {days} 天，1 人还有差额" for days in (30, 60, 90)
    ]
    assert {each["kind"] for each in whole["items"]} == {"reminder"}
    assert (whole["unread"], whole["next_cursor"]) == (3, None)
    first = get(web, school, limit=2)
    second = get(web, school, limit=2, cursor=first["next_cursor"])
    assert first["items"] + second["items"] == whole["items"]


def test_what_was_read_stays_read_since_the_first_time(web: Flask, school: Account) -> None:
    newest, *others = get(web, school)["items"]
    assert newest["read_at"] is None
    once = read(web, school, newest)
    assert once["read_at"] is not None
    assert read(web, school, newest) == once
    unread = get(web, school, unread="true")
    assert (unread["items"], unread["unread"]) == (others, 2)


def test_a_change_is_said_as_one_and_no_message_has_a_number(web: Flask, nights: Nights) -> None:
    person = nights.person(nights.employer())
    nights.opens(person, 2025, hours_before(SPRING))
    nights.pass_(SPRING)
    nights.closes(person, 2025, hours_before(SPRING + timedelta(9)), ANNUAL)
    nights.pass_(SPRING + timedelta(9))
    mended, failed = get(web, person)["items"]
    assert (mended["kind"], mended["title"]) == ("changes", "2025 年度继续教育学时有补足")
    assert "2025 年度的全年学时已不再有差额。" in mended["body"]
    assert "2025 年度已经结束，全年学时没有达到要求。" in failed["body"]
    for message in (mended, failed):
        assert message["link"] == f"/messages/{message['id']}"
        assert hidden(str(message)) == str(message)


def test_each_reader_of_an_employer_reads_for_themselves(
    web: Flask, nights: Nights, school: Account
) -> None:
    colleague = nights.colleague(school)
    read(web, school, get(web, school)["items"][0])
    assert get(web, school)["unread"] == 2
    assert get(web, colleague)["unread"] == 3
