"""The inbox, the address of an account, and mails that did not arrive, as people see them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.notices.models import Mail, MailAddress, MailState, Message
from tests.browser.conftest import PHONE, SignIn
from tests.browser.looks import assert_usable
from tests.factories import WEIHAI, Account, Factory
from tests.notices.conftest import nights
from tests.notices.test_nights import FIRST, SECOND, SPRING
from tests.notices.world import SHARE, Nights, hours_before

__all__ = ["nights"]


@pytest.fixture
def reminded(nights: Nights) -> tuple[Account, Account]:
    """A person who is short, and their employer: twice reminded."""
    with clock.pinned(hours_before(SPRING)):
        school = nights.employer()
        person = nights.person(school, "语文组")
        nights.earns(person, general=4000, specialty=2000)
        nights.opens(person, 2026, clock.now())
        nights.opens(person, 2026, clock.now(), SHARE)
    nights.pass_(FIRST)
    nights.pass_(SECOND)
    return person, school


def test_a_person_sees_what_is_missing_and_the_count_of_the_unread_falls(
    reminded: tuple[Account, Account], signed_in: SignIn, page: Page
) -> None:
    page.set_viewport_size(PHONE)
    signed_in(reminded[0], target="/messages")
    expect(page.get_by_role("navigation", name="主导航")).to_contain_text("消息（2）")
    expect(page.get_by_text("本服务没有接通邮件")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="距年底还有 60 天").click()
    expect(page.get_by_text("还需 60 学时，其中专业科目至少 60 学时")).to_be_visible()
    expect(page.get_by_text("全年学时：要求 90 学时，已有 60 学时")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="查看 2026 年度的学时").click()
    expect(page).to_have_url(re.compile(r"/hours\?year=2026$"))
    page.get_by_role("link", name="消息").first.click()
    expect(page.get_by_role("navigation", name="主导航")).to_contain_text("消息（1）")
    expect(page.get_by_text("已读", exact=True)).to_have_count(1)
    page.get_by_role("link", name="未读").click()
    expect(page.get_by_role("link", name="距年底还有 60 天")).to_have_count(0)
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.get_by_role("status").filter(has_text="已全部标为已读")).to_be_visible()
    expect(page.get_by_role("navigation", name="主导航")).not_to_contain_text("（")


def test_an_employer_sees_how_many_of_which_department(
    reminded: tuple[Account, Account], signed_in: SignIn
) -> None:
    page = signed_in(reminded[1], target="/messages")
    assert_usable(page)
    page.get_by_role("link", name="距年底还有 60 天，1 人还有差额").click()
    expect(page.get_by_text("语文组 1 人：王晓岚")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="查看 2026 年度达标情况").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("达标情况")


def test_an_inbox_without_messages_says_so(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL), target="/messages")
    expect(page.get_by_text("还没有消息")).to_be_visible()
    assert_usable(page)


def test_an_address_is_entered_twice_shown_to_its_owner_and_removed(
    make: Factory, signed_in: SignIn
) -> None:
    page = signed_in(make.account(Role.EMPLOYER), target="/account")
    page.get_by_role("link", name="填写邮箱").click()
    assert_usable(page)
    page.get_by_label("邮箱地址", exact=True).fill("office")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写完整的邮箱地址")
    page.get_by_label("邮箱地址", exact=True).fill("office@example.cn")
    page.get_by_label("再输入一遍邮箱地址").fill("offic@example.cn")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("两次填写的邮箱地址不一样")
    assert_usable(page)
    page.get_by_label("再输入一遍邮箱地址").fill("office@example.cn")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("office@example.cn")).to_be_visible()
    assert_usable(page)
    kept = db.session.query(MailAddress).one()
    assert b"example" not in kept.address_sealed
    db.session.rollback()
    page.get_by_role("button", name="删除邮箱").click()
    expect(page.get_by_text("邮箱地址已删除")).to_be_visible()
    assert db.session.query(MailAddress).count() == 0


def test_an_address_with_an_id_number_is_not_taken(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL), target="/account/mail")
    for label in ("邮箱地址", "再输入一遍邮箱地址"):
        page.get_by_label(label, exact=True).fill("371002198503127110@example.cn")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("含有证件号码")


def test_the_authority_sees_what_did_not_arrive_and_has_it_tried_again(
    reminded: tuple[Account, Account], nights: Nights, make: Factory, signed_in: SignIn
) -> None:
    person, school = reminded
    for reader in (person, school):
        _given_up(nights.told(reader)[0], reader)
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI))
    page.get_by_role("link", name="未送达的邮件").click()
    expect(page.get_by_text("未送达 2 封，等待发送 0 封")).to_be_visible()
    expect(page.get_by_text("邮件服务器答复 550：unknown")).to_have_count(2)
    assert_usable(page)
    page.set_viewport_size(PHONE)
    assert_usable(page)
    page.get_by_role("button", name=f"给{school.user.display_name}再发一次").click()
    expect(page.get_by_text("未送达 1 封，等待发送 1 封")).to_be_visible()
    page.get_by_role("button", name="全部再发一次").click()
    expect(page.get_by_text("没有未送达的邮件")).to_be_visible()
    states = db.session.query(Mail.state, Mail.attempts).all()
    assert [tuple(row) for row in states] == [(MailState.WAITING, 0)] * 2


def _given_up(message: Message, reader: Account) -> None:
    db.session.add(
        Mail(
            message_id=message.id,
            user_id=reader.user.id,
            state=MailState.GIVEN_UP,
            attempts=6,
            due_at=clock.now(),
            error="邮件服务器答复 550：unknown",
        )
    )
    db.session.commit()
