"""A person looks at the hours of a year, and whoever is in charge at the same hours."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry import people
from ce_tracker.registry.models import Professional
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.compliance.staff import AUTUMN
from tests.factories import WEIHAI, Account, Factory
from tests.ledger.books import HEADER, Books
from tests.registry.desk import id_number

A = id_number(911)
WHY = "签到表与实际到课不符"
TITLE = "初中语文骨干教师培训班"


@pytest.fixture(autouse=True)
def _autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown where no year is asked for is that of the day; for the server's threads too."""
    monkeypatch.setattr(clock, "_pinned", ContextVar("pinned", default=AUTUMN))


@pytest.fixture
def books(make: Factory, web: Flask, worker: Flask) -> Books:
    return Books.of_session(make, web, worker, title=TITLE)


@pytest.fixture
def person_id(books: Books) -> int:
    return books.register("王晓岚", A)


@pytest.fixture
def own(make: Factory, person_id: int) -> Account:
    found = make.account(Role.PROFESSIONAL)
    found.user.professional_id = person_id
    db.session.commit()
    return found


def general(books: Books, hours: int, **session: object) -> None:
    """Hours of another session, of general knowledge."""
    values = {"subject": "general", "series_code": None, "field_code": None} | session
    books.session_id = books.make.session(books.account, title="人工智能通识", **values).id
    books.enter(HEADER, ("王晓岚", A, hours))


def entries(page: Page) -> Locator:
    """The title cell of each."""
    return page.get_by_role("region", name="明细").get_by_role("rowheader")


def sums(page: Page) -> list[str]:
    page.wait_for_load_state()
    return [text.split()[0] for text in page.locator(".sums dd").all_inner_texts()]


def test_a_person_sees_what_was_earned_where_and_when(
    books: Books, own: Account, signed_in: SignIn
) -> None:
    books.enter((*HEADER, "考核结果"), ("王晓岚", A, "32.25", "优秀"))
    general(books, 30)
    page = signed_in(own)
    expect(page.get_by_role("region", name="2026 年度学时")).to_contain_text("合计 62.25 学时")
    assert_usable(page)
    page.get_by_label("主导航").get_by_role("link", name="我的学时").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("我的学时")
    assert sums(page) == ["62.25", "32.25", "30"]
    row = page.get_by_role("row", name=TITLE)
    for said in (books.account.actor.place, "专业科目", "培训班", "2026-03-06", "32.25", "优秀"):
        expect(row).to_contain_text(said)
    expect(page.get_by_role("row", name="人工智能通识")).to_contain_text("公需科目")
    assert_usable(page)


def test_a_person_reads_what_is_missing_and_the_clause_above_the_entries(
    books: Books, person_id: int, own: Account, signed_in: SignIn
) -> None:
    person = db.session.get_one(Professional, person_id)
    people.employ(person, books.make.employer().id, None, date(2020, 9, 1), "test")
    db.session.commit()
    with clock.pinned(datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)):
        books.enter(HEADER, ("王晓岚", A, "32.25"))
    page = signed_in(own)
    glance = page.get_by_role("region", name="2026 年度学时")
    expect(glance).to_contain_text("尚有差额 还需 57.75 学时，其中专业科目至少 27.75 学时")
    assert_usable(page)
    glance.get_by_role("link", name="依据哪一条").click()
    verdict = page.get_by_role("region", name="2026 年度判定")
    expect(verdict.get_by_role("heading", level=2)).to_contain_text("尚有差额")
    expect(verdict).to_contain_text("还需 57.75 学时，其中专业科目至少 27.75 学时")
    missing = verdict.get_by_role("row", name="全年学时").get_by_role("cell").last
    expect(missing).to_have_text("57.75 学时")
    expect(verdict).to_contain_text("人力资源和社会保障部令第25号")
    expect(verdict).to_contain_text("每年累计应不少于90学时")
    below = page.locator("#verdict ~ section").get_by_role("heading", name="明细")
    expect(below).to_have_count(1)
    assert_usable(page)
    page.goto("/hours?year=2026&as_of=2026-03-20T00:00")
    then = page.get_by_role("region", name="2026 年度判定")
    expect(then).to_contain_text("当日没有任职单位，不作要求")
    assert_usable(page)


def test_hours_that_were_taken_back_stay_with_the_reason_and_count_no_more(
    books: Books, own: Account, signed_in: SignIn
) -> None:
    books.enter(HEADER, ("王晓岚", A, 8))
    books.say_yes(books.read(HEADER, ("王晓岚", A, 6)), WHY)
    page = signed_in(own, target="/hours")
    assert sums(page) == ["6", "6", "0"]
    expect(entries(page)).to_have_count(2)
    back = page.get_by_role("row", name="已冲销")
    expect(back).to_have_count(1)
    expect(back.get_by_role("rowheader")).to_contain_text(f"已冲销：{TITLE}")
    expect(back.get_by_role("deletion")).to_have_text([TITLE, "8"])
    expect(back).to_contain_text(WHY)
    assert_usable(page)


def test_what_was_known_at_a_moment_is_shown_and_said_to_be_so(
    books: Books, own: Account, signed_in: SignIn
) -> None:
    with clock.pinned(datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)):
        books.enter(HEADER, ("王晓岚", A, 8))
    books.say_yes(books.read(HEADER, ("王晓岚", A, 6)), WHY)
    page = signed_in(own, target="/hours")
    page.get_by_text("看以前某一时刻的情况").click()
    page.get_by_label("截至").fill("2026-05-01T00:00")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("status").filter(has_text="截至")).to_contain_text("2026-05-01 00:00")
    assert sums(page) == ["8", "8", "0"]
    expect(entries(page)).to_have_count(1)
    expect(page.get_by_role("deletion")).to_have_count(0)
    assert_usable(page)
    page.get_by_role("link", name="回到现在").click()
    assert sums(page) == ["6", "6", "0"]


def test_an_empty_year_says_what_to_do(own: Account, books: Books, signed_in: SignIn) -> None:
    with clock.pinned(datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)):
        books.enter(HEADER, ("王晓岚", A, 8))
    page = signed_in(own, target="/hours?year=2025")
    expect(page.get_by_text("2025 年度还没有入账的学时")).to_be_visible()
    expect(page.get_by_text("请问施教机构")).to_be_visible()
    assert sums(page) == ["0", "0", "0"]
    assert_usable(page)
    page.get_by_role("navigation", name="年度").get_by_role("link", name="2026 年度").click()
    expect(entries(page)).to_have_count(1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("2099-01-01T00:00", "这一刻还没有到"),
        ("昨天", "应写成 2026-03-05 09:00 这样"),
        ("1066-01-01T00:00", "时间过早"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_named_and_the_present_is_shown(
    books: Books, own: Account, signed_in: SignIn, asked: str, said: str
) -> None:
    books.enter(HEADER, ("王晓岚", A, 8))
    page = signed_in(own, target="/hours")
    page.goto(f"/hours?as_of={asked}")
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_text("以下是截至")).to_have_count(0)
    assert sums(page) == ["8", "8", "0"]
    assert_usable(page)


def test_an_employer_sees_all_in_the_sums_and_the_entries_since_the_person_came(
    books: Books, person_id: int, make: Factory, signed_in: SignIn
) -> None:
    employer = make.account(Role.EMPLOYER)
    person = db.session.get_one(Professional, person_id)
    people.employ(person, employer.actor.employer_id or 0, "语文组", date(2026, 5, 1), "test")
    db.session.commit()
    books.enter(HEADER, ("王晓岚", A, 8))
    later = datetime(2026, 6, 2, 9, tzinfo=clock.SHANGHAI)
    general(books, 6, starts_at=later, ends_at=later + timedelta(hours=8))
    page = signed_in(employer, target=f"/people/{person_id}")
    page.get_by_role("link", name="学时：").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("王晓岚的学时")
    expect(page.get_by_text("入职前的学时只显示年度合计")).to_contain_text("2026-05-01")
    assert sums(page) == ["14", "8", "6"]
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("人工智能通识")
    assert_usable(page)
    page.goto(f"/people/{person_id}/hours?year=2025")
    expect(page.get_by_text("入职前的学时只显示年度合计")).to_be_visible()
    expect(page.get_by_text("还没有入账")).to_have_count(0)
    assert_usable(page)


def test_whoever_is_in_charge_sees_every_entry(
    books: Books, person_id: int, make: Factory, signed_in: SignIn
) -> None:
    unit = make.employer()
    person = db.session.get_one(Professional, person_id)
    people.employ(person, unit.id, "语文组", date(2026, 5, 1), "test")
    db.session.commit()
    books.enter(HEADER, ("王晓岚", A, 8))
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target=f"/people/{person_id}/hours")
    expect(entries(page)).to_contain_text(TITLE)
    expect(page.get_by_text("入职前")).to_have_count(0)
    assert_usable(page)
    page.get_by_role("navigation", name="所在位置").get_by_role("link", name="王晓岚").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("王晓岚")


def test_on_paper_it_says_whose_hours_they_are(
    books: Books, own: Account, signed_in: SignIn
) -> None:
    books.enter(HEADER, ("王晓岚", A, 8))
    page = signed_in(own, target="/hours")
    whose = page.get_by_text(f"王晓岚，证件尾号 {A[-4:]}")
    expect(whose).to_be_hidden()
    page.emulate_media(media="print")
    expect(whose).to_be_visible()
    expect(page.get_by_text("看以前某一时刻的情况")).to_be_hidden()
