"""The page of the policies: what they say, and what they would say of a year."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ce_tracker.actor import Role
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import HUANCUI, SHANDONG, Factory


@pytest.mark.parametrize("role", list(Role))
def test_everybody_finds_every_regime_with_its_quotes(
    make: Factory, signed_in: SignIn, role: Role
) -> None:
    page = signed_in(make.account(role), target="/")
    page.get_by_role("contentinfo").get_by_role("link", name="政策依据").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("政策依据")
    for name in ("国家", "黑龙江省", "湖南省", "重庆市", "山东省", "威海市", "宁夏回族自治区"):
        expect(page.get_by_role("heading", level=2, name=name, exact=True)).to_be_visible()
    shandong = page.get_by_role("region", name="山东省", exact=True)
    expect(shandong.get_by_role("heading", name="凡晋必学 不得申报")).to_be_visible()
    expect(
        shandong.get_by_text("基层专业技术人员在申报高级职称前，要有接受本专业学习培训的经历")
    ).to_be_visible()
    expect(shandong.get_by_text("鲁人社字〔2020〕42号").first).to_be_visible()
    assert_usable(page)


def test_a_year_is_tried_and_the_verdict_is_told_in_words(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.AUTHORITY, SHANDONG), target="/policies")
    page.get_by_label("单位所在地").fill("山东省")
    page.get_by_label("是", exact=True).check()
    page.get_by_label("年度", exact=True).fill("2025")
    page.get_by_label("在哪一天判定").fill("2026-01-15")
    page.get_by_label("公需科目学时").fill("41")
    page.get_by_label("专业科目学时").fill("60")
    page.get_by_role("button", name="试算").click()
    verdict = page.get_by_role("region", name="2025 年度 未达标")
    expect(verdict.get_by_text("还需 22 学时，其中专业科目至少 22 学时。")).to_be_visible()
    expect(verdict.get_by_role("row", name="全年学时 已达标")).to_contain_text("101")
    expect(verdict.get_by_role("row", name="专业科目比例 未达标")).to_contain_text("67.34")
    expect(verdict.get_by_role("heading", name="全年学时的依据：山东省")).to_be_visible()
    expect(
        verdict.get_by_role("heading", name="专业科目比例的依据：国家（当地沿用）")
    ).to_be_visible()
    expect(verdict.get_by_text("按应完成的 90 学时计算，已经达到")).to_be_visible()
    expect(page.get_by_label("公需科目学时")).to_have_value("41")
    assert_usable(page)


def test_what_is_typed_wrong_is_said_beside_its_field(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL, HUANCUI), target="/policies")
    page.get_by_label("单位所在地").fill("没有的地方")
    page.get_by_label("公需科目学时").fill("30.125")
    page.get_by_role("button", name="试算").click()
    expect(page.get_by_text("没有叫“没有的地方”的行政区划").first).to_be_visible()
    expect(page.get_by_text("公需科目学时应是数字，最多两位小数").first).to_be_visible()
    expect(page.get_by_text("请填写专业科目学时").first).to_be_visible()
    expect(page.locator("#verdict")).to_have_count(0)
    assert_usable(page)
