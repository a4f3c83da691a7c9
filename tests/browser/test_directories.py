"""A directory on pages, from draft to in force: the county writes, the city decides."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Employer
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import HUANCUI, WEIHAI, Account, Factory
from tests.notices.conftest import nights
from tests.notices.world import Nights
from tests.promotions.directories import ANNEX, xlsx
from tests.registry.lists import drafted, filed, in_force

__all__ = ["nights"]


@pytest.fixture
def county(make: Factory) -> Account:
    return make.account(Role.AUTHORITY, HUANCUI)


@pytest.fixture
def city(make: Factory) -> Account:
    return make.account(Role.AUTHORITY, WEIHAI)


def named(unit: Employer, name: str) -> Employer:
    unit.name = name
    db.session.commit()
    return unit


def line(page: Page, name: str) -> Locator:
    """The way to change it."""
    return page.get_by_role("row").filter(has_text=name).get_by_role("link")


def test_the_county_drafts_uploads_mends_and_files(
    make: Factory, signed_in: SignIn, county: Account
) -> None:
    year = clock.today().year
    named(make.employer(HUANCUI), "柳林镇卫生院")
    named(make.employer(HUANCUI), "环翠区第一小学")
    page = signed_in(county, target="/directories")
    expect(page.get_by_text("还没有目录清单")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="编制清单").click()
    assert_usable(page)
    page.get_by_role("button", name="开始编制").click()
    expect(page.get_by_role("alert")).to_contain_text("从空白开始")
    page.get_by_label("从空白开始").check()
    page.get_by_role("button", name="开始编制").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"环翠区 {year} 年度基层单位目录清单")
    assert_usable(page)
    page.get_by_role("link", name="上传表格").click()
    assert_usable(page)
    data = xlsx(ANNEX, (1, "柳林镇卫生院", "柳林镇", "也许", ""), (2, "一小", "新威路", "否", ""))
    page.get_by_label("清单文件").set_input_files(
        {"name": "清单.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    )
    page.get_by_role("button", name="上传", exact=True).click()
    lines = page.get_by_role("table", name="清单中的单位")
    expect(lines).to_contain_text("表格第 2 行，是否享受乡镇工作补贴")
    expect(lines).to_contain_text("未登记的单位")
    expect(page.get_by_role("alert")).to_contain_text("有 1 行需要改正")
    assert_usable(page)
    page.get_by_role("button", name="报备").click()
    expect(page.get_by_role("alert").first).to_contain_text("1 行有问题")
    line(page, "柳林镇卫生院").click()
    assert_usable(page)
    page.get_by_label("是", exact=True).check()
    page.get_by_role("button", name="保存").click()
    line(page, "一小").click()
    page.get_by_label("登记的单位").select_option(label="环翠区第一小学")
    page.get_by_role("button", name="保存").click()
    expect(lines).to_contain_text("环翠区第一小学")
    page.get_by_role("link", name="增加单位").click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写单位名称")
    assert_usable(page)
    page.get_by_label("单位名称").fill("石桥镇中心学校")
    page.get_by_role("button", name="保存").click()
    line(page, "石桥镇中心学校").click()
    page.get_by_role("button", name="从清单中去掉这个单位").click()
    expect(lines).not_to_contain_text("石桥镇中心学校")
    page.get_by_role("button", name="报备").click()
    expect(page.get_by_text("已报备，待审核")).to_be_visible()
    expect(page.get_by_role("link", name="增加单位")).to_have_count(0)
    assert_usable(page)


def test_the_city_sees_who_has_filed_returns_with_a_reason_and_approves(
    make: Factory, signed_in: SignIn, county: Account, city: Account
) -> None:
    year = clock.today().year
    unit = make.employer(HUANCUI)
    found = filed(drafted(make, HUANCUI, [unit.id], year))
    db.session.commit()
    page = signed_in(city, target="/directories")
    table = page.get_by_role("table", name="各地报备情况")
    row = table.get_by_role("row").filter(has_text="环翠区")
    expect(row).to_contain_text("已报备，待审核")
    expect(row).to_contain_text(f"{year}-06-30")
    expect(table.get_by_role("row").filter(has_text="荣成市")).to_contain_text("没有编制")
    assert_usable(page)
    row.get_by_role("link").click()
    page.get_by_role("link", name="退回").click()
    assert_usable(page)
    page.get_by_role("button", name="退回").click()
    expect(page.get_by_role("alert")).to_contain_text("理由")
    page.get_by_label("理由").fill("第 1 行的地址没有填写")
    page.get_by_role("button", name="退回").click()
    expect(page.get_by_role("table", name="经过")).to_contain_text("第 1 行的地址没有填写")
    assert_usable(page)
    page.context.clear_cookies()
    page = signed_in(county, target=f"/directories/{found.id}")
    expect(page.get_by_text("退回的理由：第 1 行的地址没有填写")).to_be_visible()
    assert_usable(page)
    page.get_by_role("button", name="报备").click()
    expect(page.get_by_text("已报备，待审核")).to_be_visible()
    page.context.clear_cookies()
    page = signed_in(city, target=f"/directories/{found.id}")
    page.get_by_role("link", name="审核备案").click()
    assert_usable(page)
    page.get_by_label("施行日期").fill(f"{year + 1}-01-01")
    page.get_by_role("button", name="审核备案").click()
    expect(page.get_by_role("alert")).to_contain_text("施行日期应为")
    page.get_by_label("施行日期").fill(f"{year}-01-01")
    page.get_by_role("button", name="审核备案").click()
    expect(page.get_by_role("status").first).to_contain_text(f"自 {year}-01-01 起施行")
    expect(page.get_by_role("heading", level=1)).to_contain_text("基层单位目录清单")
    assert_usable(page)


def test_a_unit_sees_on_its_own_page_whether_and_since_when_it_is_listed(
    make: Factory, signed_in: SignIn
) -> None:
    school = make.account(Role.EMPLOYER, HUANCUI)
    today = clock.today()
    page = signed_in(school, target=f"/employers/{school.actor.employer_id}")
    section = page.get_by_role("region", name="基层单位目录清单")
    expect(section).to_contain_text("还没有施行的目录清单")
    assert_usable(page)
    first = today.replace(month=1, day=1)
    in_force(make, HUANCUI, [school.actor.employer_id or 0], first)
    page.reload()
    expect(section).to_contain_text(f"自 {first} 起列入环翠区的目录清单")
    assert_usable(page)
    section.get_by_role("link", name="正在施行的清单").click()
    expect(page.get_by_role("table", name="清单中的单位")).to_contain_text(school.actor.place)
    assert_usable(page)


def test_a_county_reads_that_its_list_is_due_and_goes_there(
    make: Factory, signed_in: SignIn, nights: Nights, county: Account
) -> None:
    nights.pass_(date(2026, 6, 23))
    page = signed_in(county, target="/messages")
    expect(page.get_by_role("navigation", name="主导航")).to_contain_text("消息（1）")
    assert_usable(page)
    page.get_by_role("link", name="还没有报备").click()
    expect(page.get_by_text("应在 6 月 30 日前报上级主管部门审核备案")).to_be_visible()
    assert_usable(page)
    page.get_by_role("main").get_by_role("link", name="基层单位目录清单").click()
    expect(page.get_by_role("link", name="编制清单")).to_be_visible()
