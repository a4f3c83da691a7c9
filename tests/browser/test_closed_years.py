"""Hours that come after a year is closed: who handed them in, who decides, and what both see."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import expect

from ce_tracker.actor import Role
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import WEIHAI, Factory
from tests.ledger.two_years import FULL, YEAR, books_of_two_years, close, line, teacher
from tests.registry.desk import id_number

A, B = (id_number(n) for n in (831, 833))


def test_late_hours_are_shown_held_and_decided(
    make: Factory, web: Flask, worker: Flask, signed_in: SignIn
) -> None:
    books = books_of_two_years(make, web, worker)
    first, second = teacher(books, "孙甲", A), teacher(books, "孙乙", B)
    close()
    upload = books.read(FULL, line("孙甲", A, 8), line("孙乙", B, 6))
    base = signed_in(books.account, target=f"/uploads/{upload}?outcome=held")
    expect(base.get_by_role("row", name="孙甲")).to_contain_text("须经主管部门同意")
    expect(base.get_by_text("有 2 行属于封账的年度")).to_be_visible()
    assert_usable(base)
    books.say_yes(upload)
    base.goto("/held-rows")
    expect(base.get_by_role("row", name="孙乙")).to_contain_text(f"{YEAR} 年度已封账")

    base.context.clear_cookies()
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target="/years")
    page.get_by_role("link", name="封账以后要求补记的 2 条").click()
    assert_usable(page)
    page.get_by_role("link", name="决定孙甲的这条学时").click()
    assert_usable(page)
    page.get_by_label("同意入账").check()
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("alert")).to_contain_text("理由")
    assert_usable(page)
    page.get_by_label("理由").fill("签到表原件已核对")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("status").first).to_contain_text("已同意")
    page.get_by_role("link", name="决定孙乙的这条学时").click()
    page.get_by_label("不同意").check()
    page.get_by_label("理由").fill("没有签到记录")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("status").first).to_contain_text("没有同意")
    books.work()
    assert (books.hours(first, YEAR), books.hours(second, YEAR)) == ((0, 800), (0, 0))

    page.context.clear_cookies()
    base = signed_in(books.account, target="/held-rows")
    refused = base.get_by_role("region", name="主管部门没有同意的")
    expect(refused).to_contain_text("没有签到记录")
    assert_usable(base)
