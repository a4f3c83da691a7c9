"""An employer looks at its year: how many are done, who is short of what, what may come."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from flask import Flask
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.compliance.staff import AUTUMN, LAST, THIS, Staff
from tests.factories import WEIHAI, Factory
from tests.ledger.world import NO_FIELD


@pytest.fixture
def staff(make: Factory, web: Flask, worker: Flask, monkeypatch: pytest.MonkeyPatch) -> Staff:
    """Autumn: one is done, one short, one will make it by what they did in other autumns."""
    # For the server's threads too, which know nothing of a clock pinned in this one.
    monkeypatch.setattr(clock, "now", lambda: AUTUMN)
    staff = Staff.of_a_school(make, web, worker)
    done = staff.joins("安宁", "数学组", {"level": "associate_senior", "name": "高级教师"})
    staff.joins("白露", "语文组", {})
    usual = staff.joins("陈晨", "语文组", {})
    staff.has(done, THIS, 3000, 6000)
    for day, hours in ((date(2024, 10, 8), 6000), (date(2025, 11, 3), 6000)):
        staff.learnt(usual, day, hours)
    staff.learnt(usual, date(2026, 3, 6), 6000)
    staff.night(THIS, AUTUMN.date())
    return staff


def figures(page: Page) -> list[str]:
    page.wait_for_load_state()
    return page.locator(".stand dd .num").all_inner_texts()


def people(page: Page) -> Locator:
    return page.get_by_role("region", name="人员").get_by_role("rowheader")


def test_an_employer_sees_the_figures_who_is_short_and_what_is_expected(
    staff: Staff, signed_in: SignIn
) -> None:
    page = signed_in(staff.account)
    page.get_by_label("主导航").get_by_role("link", name="达标情况").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("达标情况")
    assert figures(page) == ["3", "1", "2"]
    expect(page.get_by_text("全年学时不符合的 2 人")).to_be_visible()
    coming = page.get_by_role("region", name="预计到 2026-12-31")
    expect(coming).to_contain_text("估计")
    expect(coming).to_contain_text("达标 2 人，仍不达标 1 人")
    expect(people(page)).to_have_count(2)
    idle = page.get_by_role("row", name="白露")
    for said in ("语文组", "一级教师", "尚有差额", "全年学时 90 学时", "0 学时"):
        expect(idle).to_contain_text(said)
    expect(page.get_by_role("row", name="陈晨")).to_contain_text("120 学时 已达标")
    assert_usable(page)


def test_it_says_why_fewer_may_be_done_at_the_end_than_now(staff: Staff, signed_in: SignIn) -> None:
    page = signed_in(staff.account, target="/compliance")
    why = page.get_by_text("公需科目增加以后，专业科目可能不到规定的比例")
    expect(page.get_by_role("region", name="预计到 2026-12-31")).to_contain_text("达标 2 人")
    expect(why).to_have_count(0)
    for name in ("杜若", "方舟"):
        much_general = staff.joins(name, "数学组")
        staff.learnt(much_general, date(2026, 3, 9), 9000)
        for day in (date(2024, 10, 9), date(2025, 11, 4)):
            staff.learnt(much_general, day, 6000, subject="general", **NO_FIELD)
    staff.night(THIS, AUTUMN.date() + timedelta(1))
    page.reload()
    assert figures(page) == ["5", "3", "2"]
    expect(page.get_by_role("region", name="预计到 2026-12-31")).to_contain_text("达标 2 人")
    expect(why).to_be_visible()


def test_the_list_is_narrowed_down_by_the_form_and_by_a_department(
    staff: Staff, signed_in: SignIn
) -> None:
    page = signed_in(staff.account, target="/compliance")
    page.get_by_label("看哪些人").select_option(label="预计年底仍不达标")
    page.get_by_role("button", name="查看").click()
    expect(people(page)).to_have_count(1)
    expect(people(page)).to_contain_text("白露")
    page.get_by_role("link", name="数学组").click()
    expect(people(page)).to_have_count(1)
    expect(people(page)).to_contain_text("安宁")
    expect(page.get_by_label("部门", exact=True)).to_have_value("数学组")
    page.get_by_label("看哪些人").select_option(label="尚未达标")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_text("没有符合条件的人员")).to_be_visible()
    assert_usable(page)
    page.get_by_text("按职称级别", exact=True).click()
    page.get_by_role("link", name="中级").click()
    expect(people(page)).to_have_count(2)


def test_from_the_list_one_comes_to_a_persons_verdict(staff: Staff, signed_in: SignIn) -> None:
    page = signed_in(staff.account, target="/compliance")
    page.get_by_role("link", name="白露").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("白露的学时")
    verdict = page.get_by_role("region", name="2026 年度判定")
    expect(verdict).to_contain_text("还需 90 学时，其中专业科目至少 60 学时")
    expect(verdict).to_contain_text("全年学时：2026-09-30 判为不达标，至今没有补齐")
    expect(page.get_by_role("link", name="下载 2026 年度登记册")).to_be_visible()
    assert_usable(page)


def test_the_register_is_downloaded(staff: Staff, signed_in: SignIn) -> None:
    page = signed_in(staff.account, target="/compliance")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 2026 年度登记册").click()
    assert download.value.suggested_filename == f"{staff.unit.name}2026年度继续教育登记册.xlsx"
    sheet = load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    assert [row[1].value for row in sheet.iter_rows(min_row=3)] == ["安宁", "白露", "陈晨"]


def test_a_year_without_a_night_says_so(staff: Staff, signed_in: SignIn) -> None:
    page = signed_in(staff.account, target="/compliance")
    page.get_by_role("navigation", name="年度").get_by_role("link", name=f"{LAST} 年度").click()
    expect(page.get_by_text(f"{LAST} 年度还没有判定过")).to_be_visible()
    assert_usable(page)


def test_the_authority_sees_the_same_of_one_employer(
    staff: Staff, make: Factory, signed_in: SignIn
) -> None:
    unit = staff.unit
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target=f"/employers/{unit.id}")
    page.get_by_role("main").get_by_role("link", name="达标情况").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{unit.name}的达标情况")
    assert figures(page) == ["3", "1", "2"]
    expect(people(page)).to_have_count(2)
    assert_usable(page)


def test_an_employer_that_asks_for_nonsense_gets_the_usual_page(
    staff: Staff, signed_in: SignIn
) -> None:
    page = signed_in(staff.account)
    page.goto("/compliance?year=2025&only=forecast&series=none&level=x")
    expect(page.get_by_role("heading", level=1)).to_have_text("达标情况")
    page.goto("/compliance?year=x&only=x&series=x&level=x")
    expect(people(page)).to_have_count(3)
