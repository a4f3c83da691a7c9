"""Asking for a whole ID number, as an employer does it in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, expect

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import PASSWORD, Factory
from tests.registry.crowd import number, person

WHY = "核对职称证书上的号码"


def test_a_number_is_shown_after_a_purpose_and_the_password_and_not_again(
    make: Factory, signed_in: SignIn
) -> None:
    account = make.account(Role.EMPLOYER)
    theirs = number()
    who = person(make, "王晓岚", account.actor.employer_id, theirs).id
    page = signed_in(account, target=f"/people/{who}/id-number")
    expect(page.get_by_role("heading", level=1)).to_have_text("查看完整证件号码")
    expect(page.get_by_text(theirs[-4:])).to_be_visible()
    assert theirs not in page.content()
    assert_usable(page)

    page.get_by_role("button", name="查看号码").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明用途，至少 4 个字")
    expect(page.get_by_role("alert")).to_contain_text("请输入您的登录密码")
    assert_usable(page)

    page.get_by_label("用途").fill(WHY)
    page.get_by_label("您的登录密码", exact=True).fill("wrong horse battery")
    page.get_by_role("button", name="查看号码").click()
    expect(page.get_by_role("alert")).to_contain_text("密码不正确")
    expect(page.get_by_label("用途")).to_have_value(WHY)

    page.get_by_label("您的登录密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="查看号码").click()
    expect(page.locator("#number")).to_have_text(theirs)
    expect(page.get_by_text("本人可以看到")).to_be_visible()
    assert theirs not in page.url
    assert_usable(page)

    page.get_by_role("link", name="用完了，离开本页").click()
    expect(page.get_by_role("heading", name="王晓岚")).to_be_visible()
    assert theirs not in page.content()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()  # the browser kept nothing to go back to


def test_the_person_reads_who_looked_and_why(make: Factory, signed_in: SignIn) -> None:
    account = make.account(Role.AUTHORITY)
    employer = make.employer()
    theirs = number()
    who = person(make, "阿依古丽·买买提", employer, theirs).id
    page = signed_in(account, target=f"/people/{who}/id-number")
    page.get_by_label("用途").fill(WHY)
    page.get_by_label("您的登录密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="查看号码").click()
    expect(page.locator("#number")).to_have_text(theirs)
    page.context.clear_cookies()
    me = make.account(Role.PROFESSIONAL)
    me.user.professional_id = who
    db.session.commit()
    signed_in(me, target="/account/activity")
    row = page.get_by_role("row", name="查看完整证件号码")
    expect(row).to_contain_text(account.user.display_name)
    expect(row).to_contain_text(WHY)
    assert theirs not in page.content()
