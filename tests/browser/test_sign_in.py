"""Coming in, as each role; being kept out; the first password."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ce_tracker.actor import Role
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import PASSWORD, Factory


@pytest.mark.parametrize("role", list(Role))
def test_each_role_signs_in_and_finds_its_own_home(
    role: Role, make: Factory, signed_in: SignIn
) -> None:
    account = make.account(role)
    page = signed_in(account)
    expect(page).to_have_url(re.compile(r"/$"))
    name = account.actor.display_name if role is Role.PROFESSIONAL else account.actor.place
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("人力资源和社会保障部令第25号")).to_be_visible()
    links = page.get_by_role("link", name="后台任务")
    expect(links).to_have_count(2 if role is Role.AUTHORITY else 0)
    assert_usable(page)


def test_whoever_is_not_signed_in_is_asked_to_and_then_comes_where_they_wanted(
    make: Factory, page: Page
) -> None:
    account = make.account(Role.EMPLOYER)
    page.goto("/regions?q=威海")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.get_by_label("登录名").fill(account.actor.login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("cell", name="371000")).to_be_visible()


def test_a_wrong_password_says_so_keeps_the_login_and_lets_nobody_in(
    make: Factory, signed_in: SignIn
) -> None:
    account = make.account(Role.PROVIDER)
    page = signed_in(account, password="not the password")
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不正确")
    expect(page.get_by_label("登录名")).to_have_value(account.actor.login)
    assert_usable(page)
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_too_many_wrong_passwords_say_how_long_to_wait(make: Factory, signed_in: SignIn) -> None:
    account = make.account(Role.PROVIDER)
    for _ in range(6):
        page = signed_in(account, password="not the password")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"请等待 \d+ 分钟"))
    expect(page.get_by_role("alert")).to_contain_text("账号没有被锁定")


def test_a_first_password_must_be_changed_before_anything_else(
    make: Factory, signed_in: SignIn
) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL, first_password=True))
    expect(page).to_have_url(re.compile("/account/password"))
    assert_usable(page)
    page.goto("/account")
    expect(page).to_have_url(re.compile("/account/password"))
    page.get_by_label("当前密码", exact=True).fill(PASSWORD)
    page.get_by_label("新密码", exact=True).fill("short")
    page.get_by_label("再输入一遍新密码", exact=True).fill("short")
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_role("alert")).to_contain_text("12 个字符")
    page.get_by_label("当前密码", exact=True).fill(PASSWORD)
    page.get_by_label("新密码", exact=True).fill("蓝天 白云 与 九十 学时")
    page.get_by_label("再输入一遍新密码", exact=True).fill("蓝天 白云 与 九十 学时")
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_text("密码已修改")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))


def test_signing_out_ends_it_for_this_browser_for_good(
    make: Factory, signed_in: SignIn, context: BrowserContext, browser: Browser, address: str
) -> None:
    page = signed_in(make.account(Role.EMPLOYER))
    expect(page).to_have_url(re.compile(r"/$"))
    kept = context.storage_state()
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_text("您已退出登录")).to_be_visible()
    somebody_elses = browser.new_context(base_url=address, storage_state=kept)
    copied = somebody_elses.new_page()
    copied.goto("/")
    expect(copied).to_have_url(re.compile("/sign-in"))
    somebody_elses.close()


def test_the_demo_accounts_can_be_filled_in_with_one_click(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="填入 teacher").click()
    expect(page.get_by_label("登录名")).to_have_value("teacher")
    expect(page.get_by_role("row", name="weihai-health")).to_contain_text("卫生健康")
    assert_usable(page)


def test_a_sign_in_form_from_a_foreign_page_is_refused(
    make: Factory, page: Page, address: str
) -> None:
    account = make.account(Role.EMPLOYER)
    answer = page.request.post(
        f"{address}/sign-in", form={"login": account.actor.login, "password": PASSWORD}
    )
    assert answer.status == 403
    assert "页面已过期" in answer.text()
