"""What has no year, on pages: rights and duties where people look for them, and money entered."""

from __future__ import annotations

from playwright.sync_api import expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from tests.api.asking import employed
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import HUANCUI, Factory
from tests.promotions.duties import duty


def test_a_person_reads_their_rights_and_their_turn_beside_their_hours(
    make: Factory, signed_in: SignIn
) -> None:
    own = make.account(Role.PROFESSIONAL, HUANCUI)
    found = "在乡镇累计工作 16 年 328 天，可享受的倾斜：申报中级（满 10 年）。"
    person = own.actor.professional_id
    duty(10, "short", professional_id=person, remedy="2030-12-31 前（含当日）参加一次轮训。")
    duty(11, "met", professional_id=person, found=found, remedy="")
    db.session.commit()
    page = signed_in(own, target="/hours")
    told = page.get_by_role("region", name="倾斜和其他要求")
    expect(told.get_by_role("heading", level=3)).to_have_text(
        ["您已满足条件：凭基层工作年限的倾斜", "轮训"]
    )
    expect(told.get_by_text(found)).to_be_visible()
    expect(told.get_by_text("2030-12-31 前（含当日）参加一次轮训。")).to_be_visible()
    assert_usable(page)
    page.goto("/duties")
    expect(page.get_by_role("row", name="凭基层工作年限的倾斜")).to_contain_text("可享受")
    assert_usable(page)


def test_an_employer_finds_whom_a_rule_is_about(make: Factory, signed_in: SignIn) -> None:
    school = make.account(Role.EMPLOYER, HUANCUI)
    for name in ("赵一", "钱二"):
        person = employed(make, school.actor.employer_id or 0, name)
        duty(7, professional_id=person.id)
    duty(10, "short", professional_id=person.id)
    db.session.commit()
    page = signed_in(school, target="/")
    page.get_by_role("link", name="培训、轮训和倾斜").click()
    page.get_by_role("region", name="按规定").get_by_role("link", name="晋升后的培训").click()
    people = page.get_by_role("region", name="晋升后的培训")
    expect(people.get_by_role("row")).to_have_count(3)
    expect(people.get_by_role("link", name="钱二")).to_be_visible()
    assert_usable(page)


def test_an_authority_sees_them_by_county(make: Factory, signed_in: SignIn) -> None:
    duty(14, region_path=make.path(HUANCUI))
    db.session.commit()
    page = signed_in(make.account(Role.AUTHORITY, HUANCUI), target="/duties")
    counties = page.get_by_role("region", name="按区县")
    expect(counties.get_by_role("row", name="威海市环翠区 1")).to_be_visible()
    assert_usable(page)


def test_an_employer_enters_its_money_and_corrects_it(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.EMPLOYER, HUANCUI), target="/funds")
    last = str(clock.today().year - 1)
    expect(page.get_by_label("年度", exact=True)).to_have_value(last)
    page.get_by_label("工资总额（元）").fill("1250000")
    page.get_by_label("继续教育经费（元）").fill("一万")
    page.get_by_role("button", name="填报").click()
    expect(page.get_by_text("应为不超过两位小数的金额").first).to_be_visible()
    assert_usable(page)
    for training in ("1875", "18750.5"):
        page.get_by_label("工资总额（元）").fill("1250000")
        page.get_by_label("继续教育经费（元）").fill(training)
        page.get_by_role("button", name="填报").click()
    expect(page.get_by_role("row", name=f"{last} 年 1,250,000.00 18,750.50")).to_be_visible()
    expect(page.get_by_role("row", name=f"{last} 年 1,250,000.00 1,875.00")).to_be_visible()
    assert_usable(page)
