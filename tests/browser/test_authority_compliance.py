"""What the authority does about the year, on pages: exemptions, sweeps, its region, closing."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import update

from ce_tracker import clock, jobs
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.registry import snapshot
from tests.api.asking import employed
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, SHANDONG, WEIHAI, Account, Factory
from workers import doing
from workers.tasks import KINDS


@pytest.fixture
def authority(make: Factory) -> Account:
    return make.account(Role.AUTHORITY, WEIHAI)


@pytest.fixture
def province(make: Factory) -> Account:
    return make.account(Role.AUTHORITY, SHANDONG)


@pytest.fixture
def world(make: Factory, worker: Flask) -> World:
    return World(make, worker)


def test_the_authority_lets_somebody_off_and_takes_it_back(
    make: Factory, signed_in: SignIn, authority: Account
) -> None:
    person = employed(make, make.employer().id)
    page = signed_in(authority, target=f"/people/{person.id}")
    page.get_by_role("link", name="登记学时减免").click()
    assert_usable(page)
    page.get_by_label("年度").fill("2025")
    page.get_by_label("生育").check()
    page.get_by_label("减免后全年应学").fill("四十五")
    page.get_by_label("理由").fill("产假")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("减免后全年应学")
    assert_usable(page)
    page.get_by_label("减免后全年应学").fill("45")
    page.get_by_label("理由").fill("产假，见单位 3 月 2 日证明")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已登记")
    let_off = page.get_by_role("region", name="学时减免")
    expect(let_off).to_contain_text("2025 年度减为 45 学时")
    expect(let_off).to_contain_text("产假，见单位 3 月 2 日证明")
    assert_usable(page)
    let_off.get_by_role("link", name="撤回").click()
    assert_usable(page)
    page.get_by_label("理由").fill("证明材料有误")
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(page.get_by_role("region", name="学时减免")).to_contain_text("没有学时减免")
    page.get_by_text("撤回和更正过的").click()
    expect(page.get_by_role("table", name="学时减免的历史")).to_contain_text("已撤回")
    assert_usable(page)


def test_a_person_sees_what_they_were_let_off_and_why_and_can_change_nothing(
    make: Factory, world: World, signed_in: SignIn
) -> None:
    account = make.account(Role.PROFESSIONAL)
    world.let_off(account.actor.professional_id or 0, 2025, 0)
    world.make.employer()
    page = signed_in(account, target="/record")
    let_off = page.get_by_role("region", name="学时减免")
    expect(let_off).to_contain_text("2025 年度全部免除")
    expect(let_off).to_contain_text("住院")
    expect(let_off.get_by_role("link")).to_have_count(0)
    assert_usable(page)


def _someone(world: World) -> int:
    """Without any hours, at a school in Huancui."""
    person = world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    snapshot.refresh_professionals([person], clock.today())
    db.session.commit()
    return person


def _the_worker_does_what_was_asked(worker: Flask) -> None:
    with worker.app_context():
        while doing.run_next(KINDS, 600) is not None:
            db.session.remove()
        db.session.remove()


def test_the_province_has_the_year_judged_now_and_reads_what_changed(
    world: World, worker: Flask, signed_in: SignIn, province: Account
) -> None:
    _someone(world)
    year = clock.today().year
    page = signed_in(province, target="/sweeps")
    expect(page.get_by_text("还没有判定过")).to_be_visible()
    assert_usable(page)
    page.get_by_role("button", name=f"立即判定 {year} 年度").click()
    expect(page.get_by_text(f"正在判定 {year} 年度")).to_be_visible()
    assert_usable(page)
    _the_worker_does_what_was_asked(worker)
    page.get_by_role("link", name=f"{year} 年度，按").click()
    expect(page.get_by_role("table", name="规定")).to_contain_text("全年学时")
    expect(page.get_by_role("table", name="地区")).to_contain_text("威海市环翠区")
    expect(page.get_by_role("table", name="有变化的人员")).to_contain_text("新不达标")
    assert_usable(page)


def test_a_city_reads_the_reports_and_cannot_ask(
    world: World, signed_in: SignIn, authority: Account
) -> None:
    _someone(world)
    world.night(clock.today().year, clock.today())
    page = signed_in(authority, target="/sweeps")
    expect(page.get_by_role("button", name="立即判定")).to_have_count(0)
    page.get_by_role("link", name="年度，按").click()
    expect(page.get_by_role("table", name="地区")).to_contain_text("环翠区")


def test_the_province_closes_a_year_and_later_changes_stand_beside_what_was_closed(
    world: World, worker: Flask, signed_in: SignIn, province: Account
) -> None:
    person, year = _someone(world), clock.today().year - 1
    world.night(year, clock.today())
    page = signed_in(province, target="/years")
    expect(page.get_by_text("还没有年度封账")).to_be_visible()
    page.get_by_role("link", name=f"{year} 年度封账").click()
    expect(page.get_by_text("封账不能撤销")).to_be_visible()
    assert_usable(page)
    page.get_by_role("button", name="封账", exact=True).click()
    expect(page.get_by_role("table", name="已封账的年度")).to_contain_text("正在封账")
    _the_worker_does_what_was_asked(worker)
    world.has(person, year, 3000, 6000)
    jobs.ask("restate", "tonight", day=clock.today().isoformat())
    db.session.commit()
    _the_worker_does_what_was_asked(worker)
    page.goto("/years")
    assert_usable(page)
    page.get_by_role("link", name=f"{year} 年度").click()
    expect(page.get_by_role("region", name="封账时的判定")).to_contain_text("未达标")
    changed = page.get_by_role("table", name="封账以后的变化")
    expect(changed).to_contain_text("已达标，90 学时，其中专业科目 60")
    assert_usable(page)
    changed.get_by_role("link").click()
    closed = page.get_by_role("region", name="封账时的判定")
    expect(closed).to_contain_text("未达标")
    expect(closed).to_contain_text("已达标，90 学时")
    assert_usable(page)


def test_a_closing_that_stopped_is_taken_up_again_where_it_is_seen(
    world: World, worker: Flask, signed_in: SignIn, province: Account
) -> None:
    _someone(world)
    year = clock.today().year - 1
    world.night(year, clock.today())
    page = signed_in(province, target=f"/years/{year}/close")
    page.get_by_role("button", name="封账", exact=True).click()
    expect(page.get_by_text("正在封账")).to_be_visible()
    db.session.execute(
        update(Job).where(Job.kind == "close-year").values(state="dead", finished_at=clock.now())
    )
    db.session.commit()
    page.reload()
    expect(page.get_by_role("table", name="已封账的年度")).to_contain_text("没有完成")
    assert_usable(page)
    page.get_by_role("link", name="继续封账").click()
    page.get_by_role("button", name="封账", exact=True).click()
    expect(page.get_by_text("正在封账")).to_be_visible()
    _the_worker_does_what_was_asked(worker)
    page.reload()
    expect(page.get_by_text("正在封账")).to_have_count(0)


def test_a_city_looks_at_closed_years_and_closes_none(
    world: World, worker: Flask, signed_in: SignIn, authority: Account, province: Account
) -> None:
    _someone(world)
    year = clock.today().year - 1
    world.night(year, clock.today())
    page = signed_in(authority, target="/years")
    expect(page.get_by_role("link", name=f"{year} 年度封账")).to_have_count(0)
    page.goto(f"/years/{year}/close")
    expect(page.get_by_text("只有省级或全国的综合主管部门")).to_be_visible()


def test_the_region_stands_on_one_page_by_place_and_sector(
    world: World, signed_in: SignIn, province: Account
) -> None:
    _someone(world)
    year = clock.today().year
    page = signed_in(province, target="/region")
    expect(page.get_by_text("还没有判定过")).to_be_visible()
    assert_usable(page)
    world.night(year, clock.today())
    page.get_by_role("link", name=f"{year} 年度").click()
    expect(page.get_by_role("table", name="地区")).to_contain_text("威海市环翠区")
    expect(page.get_by_role("table", name="行业")).to_contain_text("教育")
    expect(page.get_by_text("这个年度还没有入账的学时")).to_be_visible()
    assert_usable(page)
    page.get_by_role("table", name="用人单位").get_by_role("link").click()
    expect(page.get_by_role("heading", name=f"{year} 年度", exact=True)).to_be_visible()
    assert_usable(page)
