"""A person asks and drafts, the employer recommends, the authority examines."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import Account, Factory
from tests.promotions.applicants import SISTER, Applicant


@pytest.fixture
def applicant(make: Factory, web: Flask, worker: Flask) -> Applicant:
    found = Applicant.comes(make, web, worker)
    found.is_listed()
    return found


def another(page: Page, account: Account, signed_in: SignIn, target: str) -> Page:
    page.context.clear_cookies()
    return signed_in(account, target=target)


def asks(page: Page, track: str = "基层职称") -> None:
    page.get_by_label("申报的级别").select_option(label="副高级")
    page.get_by_label(track).check()
    page.get_by_role("button", name="查看").click()


def test_a_person_asks_and_reads_what_is_missing_by_when_and_by_which_clause(
    applicant: Applicant, signed_in: SignIn
) -> None:
    applicant.attends(field_code=SISTER)
    page = signed_in(applicant.own)
    page.get_by_label("主导航").get_by_role("link", name="职称申报").click()
    assert_usable(page)
    asks(page)
    expect(page.get_by_text("现在还不能申报基层职称副高级")).to_be_visible()
    rule = page.get_by_role("listitem").filter(has_text="凡晋必学")
    expect(rule).to_contain_text("不符合，不能申报")
    expect(rule).to_contain_text("前（含当日）再完成至少一项")
    expect(rule).to_contain_text("要有接受本专业学习培训的经历")
    expect(rule).to_contain_text("鲁人社字〔2020〕42号")
    expect(page.get_by_text("还没有申报")).to_be_visible()
    assert_usable(page)


def test_a_question_that_makes_no_sense_is_asked_again(
    applicant: Applicant, signed_in: SignIn
) -> None:
    page = signed_in(applicant.own, target="/promotions")
    page.get_by_label("哪一天申报").fill("2026-02-30")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("alert")).to_contain_text("没有 2026-02-30 这一天")
    expect(page.get_by_label("哪一天申报")).to_have_value("2026-02-30")
    assert_usable(page)


def test_an_application_goes_from_draft_to_the_board(
    applicant: Applicant, signed_in: SignIn
) -> None:
    applicant.attends()
    page = signed_in(applicant.own, target="/promotions")
    asks(page)
    expect(page.get_by_text("可以申报基层职称副高级")).to_be_visible()
    rule = page.get_by_role("listitem").filter(has_text="凡晋必学")
    expect(rule.get_by_role("row").nth(1)).to_contain_text("40")
    assert_usable(page)
    page.get_by_role("button", name="填写这份申报").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("基层职称副高级")
    expect(page.get_by_role("region", name="接下来")).to_contain_text("等用人单位推荐")
    assert_usable(page)
    address = page.url

    page = another(page, applicant.school, signed_in, "/promotions")
    expect(page.get_by_role("row").nth(1)).to_contain_text("待推荐")
    assert_usable(page)
    page.get_by_role("rowheader").get_by_role("link").click()
    page.get_by_role("link", name="推荐", exact=True).click()
    expect(page.get_by_text("下面的规定要由单位书面说明")).to_be_visible()
    assert_usable(page)
    page.get_by_role("button", name="确认推荐").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写单位的书面说明")
    page.get_by_label("单位的书面说明").fill("长期支教，学时不足部分已核实")
    page.get_by_role("button", name="确认推荐").click()
    expect(page.get_by_role("status").first).to_contain_text("已推荐")
    expect(page.locator("dl.facts")).to_contain_text("长期支教")

    page = another(page, applicant.own, signed_in, "/promotions")
    page.get_by_role("rowheader").get_by_role("link").click()
    page.get_by_role("link", name="提交", exact=True).click()
    assert_usable(page)
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("status").first).to_contain_text("已提交")

    page = another(page, applicant.authority, signed_in, "/promotions?state=submitted")
    assert_usable(page)
    page.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("link", name="特批")).to_have_count(0)
    page.get_by_role("link", name="审核", exact=True).click()
    page.get_by_label("退回补正").check()
    page.get_by_role("button", name="登记审核意见").click()
    expect(page.get_by_role("alert")).to_contain_text("理由")
    assert_usable(page)
    page.get_by_label("资格审核通过").check()
    page.get_by_role("button", name="登记审核意见").click()
    expect(page.get_by_text("资格审核通过，提交评审委员会").first).to_be_visible()
    assert page.url == address
    steps = ["填写申报", "单位推荐", "提交", "资格审核通过"]
    expect(page.locator(".timeline li strong")).to_have_text(steps)
    assert_usable(page)


def test_who_is_not_ready_is_not_recommended_until_the_authority_sets_it_aside(
    applicant: Applicant, signed_in: SignIn
) -> None:
    page = signed_in(applicant.school, target=f"/people/{applicant.person_id}")
    page.get_by_role("link", name="职称申报：能不能申报").click()
    assert_usable(page)
    asks(page)
    expect(page.get_by_text("现在还不能申报")).to_be_visible()
    page.get_by_role("button", name="填写这份申报").click()
    address = page.url
    page.get_by_role("link", name="推荐", exact=True).click()
    expect(page.get_by_text("现在还不能推荐")).to_be_visible()
    expect(page.get_by_role("button", name="确认推荐")).to_have_count(0)
    assert_usable(page)

    page = another(page, applicant.authority, signed_in, "/promotions")
    page.goto(address)
    page.get_by_role("link", name="特批").click()
    expect(page.get_by_text("此刻没有满足的规定：凡晋必学")).to_be_visible()
    assert_usable(page)
    page.get_by_label("特批的理由").fill("援藏三年，已由省厅核实")
    page.get_by_role("button", name="确认特批").click()
    expect(page.get_by_text("援藏三年，已由省厅核实").first).to_be_visible()
    assert_usable(page)

    page = another(page, applicant.school, signed_in, "/promotions")
    page.goto(address + "/recommend")
    page.get_by_label("单位的书面说明").fill("情况已核实")
    page.get_by_role("button", name="确认推荐").click()
    expect(page.get_by_role("status").first).to_contain_text("已推荐")


def test_somebody_who_lost_what_they_rested_on_is_told_when_they_submit(
    applicant: Applicant, signed_in: SignIn
) -> None:
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    page = signed_in(applicant.own, target=f"/promotions/{application}")
    page.get_by_role("link", name="提交", exact=True).click()
    applicant.is_reversed(session_id)
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("alert")).to_contain_text("没有通过")
    expect(page.locator(".timeline")).to_contain_text("没有通过判定")
    expect(page.get_by_text("不符合，不能申报")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="撤回", exact=True).click()
    assert_usable(page)
    page.get_by_role("button", name="确认撤回").click()
    expect(page.get_by_role("status").first).to_contain_text("已撤回")
    assert_usable(page)
