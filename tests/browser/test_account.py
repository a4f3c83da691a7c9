"""One's own account: devices, tokens, what was done."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from ce_tracker.actor import Role
from ce_tracker.web.devices import device_name
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import PASSWORD, Factory


def test_a_token_is_shown_once_works_and_stops_when_revoked(
    make: Factory, signed_in: SignIn, web: Flask
) -> None:
    page = signed_in(make.account(Role.EMPLOYER), target="/account/tokens/new")
    page.get_by_role("button", name="新建令牌").click()
    expect(page.get_by_role("alert")).to_contain_text("请给令牌起个名称")
    expect(page.get_by_role("alert")).to_contain_text("请至少选择一项权限")
    assert_usable(page)
    page.get_by_label("名称").fill("人事系统每日同步")
    page.get_by_label("查看本人账号信息").check()
    page.get_by_role("button", name="新建令牌").click()
    assert_usable(page)
    secret = page.locator("#secret").inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert web.test_client().get("/api/v1/me", headers=bearer).status_code == 200
    page.goto("/account")
    assert secret not in page.content()
    row = page.get_by_role("row", name="人事系统每日同步")
    expect(row).to_contain_text("有效")
    assert_usable(page)
    row.get_by_role("button", name="作废").click()
    expect(page.get_by_role("row", name="人事系统每日同步")).to_contain_text("已作废")
    assert web.test_client().get("/api/v1/me", headers=bearer).status_code == 401


def test_another_device_can_be_signed_out_from_here(
    make: Factory, signed_in: SignIn, browser: Browser, address: str
) -> None:
    account = make.account(Role.PROFESSIONAL)
    elsewhere = browser.new_context(base_url=address, user_agent="Mozilla/5.0 (iPhone) Safari/605")
    other = elsewhere.new_page()
    other.goto("/sign-in")
    other.get_by_label("登录名").fill(account.actor.login)
    other.get_by_label("密码", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="登录", exact=True).click()
    expect(other.get_by_role("heading", level=1)).to_have_text(account.actor.display_name)
    page = signed_in(account, target="/account")
    page.get_by_role("row", name="iPhone，Safari").get_by_role("button").click()
    expect(page.get_by_text("已让该设备退出登录")).to_be_visible()
    expect(page.get_by_text("iPhone，Safari")).to_have_count(0)
    other.goto("/")
    expect(other.get_by_role("heading", name="登录")).to_be_visible()
    elsewhere.close()


def test_what_was_done_with_the_account_is_there_to_read(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROVIDER), target="/account/activity")
    expect(page.get_by_role("row", name="登录").first).to_be_visible()
    expect(page.get_by_role("row", name="开通账号")).to_be_visible()
    assert_usable(page)


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Windows 电脑，Edge"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 MicroMessenger/8", "安卓手机，微信"),
        ("curl/8.5", "未知设备"),
        ("", "未知设备"),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent: str, said: str) -> None:
    assert device_name(user_agent) == said


def test_the_password_can_be_changed_and_the_old_one_is_worth_nothing(
    make: Factory, signed_in: SignIn, page: Page
) -> None:
    account = make.account(Role.EMPLOYER)
    signed_in(account, target="/account/password")
    for label, text in (
        ("当前密码", PASSWORD),
        ("新密码", "another long password"),
        ("再输入一遍新密码", "another long password"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_text("密码已修改")).to_be_visible()
    page.context.clear_cookies()
    signed_in(account)
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不正确")
    signed_in(account, password="another long password")
    expect(page.get_by_role("heading", level=1)).to_have_text(account.actor.place)
