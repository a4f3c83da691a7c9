"""A provider opens a session, publishes it, closes it; whoever is in charge takes it back."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.training.models import TrainingSession
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import WEIHAI, Account, Factory
from tests.training import office


@pytest.fixture
def account(make: Factory) -> Account:
    """Of a base that may hold Chinese and maths for teachers."""
    found = make.account(Role.PROVIDER)
    office.known_as(found, "base")
    office.accredited(found, date(2026, 1, 1), date(2026, 12, 31), "school-01", "school-02")
    return found


def fill(page: Page, field: str) -> None:
    page.get_by_label("班次名称").fill("2026 年初中语文骨干教师培训班")
    page.get_by_label("课程内容").fill("统编教材的单元教学")
    page.get_by_label("专业科目").check()
    page.get_by_label("面向的专业").select_option(label=field)
    page.get_by_label("培训形式").select_option(label="培训班、研修班或者进修班")
    page.get_by_label("地点").fill("一号楼报告厅")
    page.get_by_label("开始时间").fill("2026-03-02T09:00")
    page.get_by_label("结束时间").fill("2026-03-06T17:00")
    page.get_by_label("学时", exact=True).fill("７．５")


def fact(page: Page, name: str) -> Locator:
    return page.locator("dl div").filter(has=page.get_by_text(name, exact=True)).locator("dd")


def stored(session_id: int | None = None) -> TrainingSession:
    db.session.rollback()
    db.session.expire_all()
    found = db.session.query(TrainingSession)
    return (found.filter_by(id=session_id) if session_id else found).one()


def test_a_session_is_drafted_mended_published_closed_and_opened_again(
    account: Account, signed_in: SignIn
) -> None:
    page = signed_in(account)
    page.get_by_role("link", name="新建班次").click()
    assert_usable(page)
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择科目")
    assert_usable(page)
    fill(page, "英语（中小学教师）")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("草稿已保存，班次编号 2026-0001")).to_be_visible()
    expect(page.get_by_text("认定不包括“英语”")).to_be_visible()
    expect(page.get_by_role("link", name="发布")).to_have_count(0)
    assert_usable(page)
    page.get_by_role("link", name="修改").click()
    assert_usable(page)
    page.get_by_label("面向的专业").select_option(label="语文（中小学教师）")
    page.get_by_role("button", name="保存").click()
    expect(fact(page, "面向的专业")).to_have_text("中小学教师，语文")
    expect(fact(page, "学时")).to_have_text("7.5，计入 2026 年度")
    page.get_by_role("link", name="发布").click()
    assert_usable(page)
    page.get_by_role("button", name="确认发布").click()
    expect(page.get_by_text("可以上传学时名单了")).to_be_visible()
    assert_usable(page)
    assert stored().state == "published"
    page.get_by_role("link", name="结班").click()
    assert_usable(page)
    page.get_by_role("button", name="确认结班").click()
    assert stored().state == "closed"
    page.get_by_role("link", name="重新开放").click()
    assert_usable(page)
    page.get_by_role("button", name="确认重新开放").click()
    assert stored().state == "published"


def test_a_specialty_for_no_field_is_warned_of_before_it_is_published(
    account: Account, signed_in: SignIn
) -> None:
    page = signed_in(account, target="/sessions/new")
    fill(page, "不分系列和专业")
    page.get_by_role("button", name="保存草稿").click()
    warning = page.get_by_text("不能证明学员参加过本专业学习培训")
    expect(warning).to_be_visible()
    page.get_by_role("link", name="发布").click()
    expect(warning).to_be_visible()


def test_a_whole_series_and_general_knowledge_are_chosen_from_the_same_list(
    account: Account, signed_in: SignIn
) -> None:
    page = signed_in(account, target="/sessions/new")
    fill(page, "整个系列（中小学教师）")
    page.get_by_role("button", name="保存草稿").click()
    expect(fact(page, "面向的专业")).to_have_text("中小学教师，整个系列")
    assert (stored().series_code, stored().field_code) == ("school", None)
    page.get_by_role("link", name="修改").click()
    expect(page.get_by_label("面向的专业")).to_have_value("school")
    expect(page.get_by_label("开始时间")).to_have_value("2026-03-02T09:00")
    page.get_by_label("公需科目").check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("公需科目不分职称系列").first).to_be_visible()
    assert_usable(page)
    page.get_by_label("面向的专业").select_option(label="不分系列和专业")
    page.get_by_role("button", name="保存").click()
    expect(fact(page, "科目")).to_have_text("公需科目")
    assert stored().series_code is None


def test_what_was_typed_stays_when_something_of_it_is_wrong(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    make.session(account, code="春-1", title="先有的班")
    page = signed_in(account, target="/sessions/new")
    fill(page, "数学（中小学教师）")
    page.get_by_label("班次编号").fill("春-1")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("春-1 已用于“先有的班”")
    expect(page.get_by_label("课程内容")).to_have_value("统编教材的单元教学")
    expect(page.get_by_label("面向的专业")).to_have_value("school-02")
    expect(page.get_by_label("结束时间")).to_have_value("2026-03-06T17:00")
    assert_usable(page)


def test_once_hours_are_posted_only_the_rest_is_offered_for_change(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    session = make.session(account, title="旧名称", first_posted_at=clock.now())
    page = signed_in(account, target=f"/sessions/{session.id}/change")
    expect(page.get_by_text("已有学时入账，下面几项不能再改")).to_be_visible()
    expect(fact(page, "学时")).to_have_text("40，计入 2026 年度")
    for label in ("专业科目", "开始时间", "结束时间", "面向的专业"):
        expect(page.get_by_label(label)).to_have_count(0)
    assert_usable(page)
    page.get_by_label("班次名称").fill("新名称")
    page.get_by_label("人数上限").fill("60")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("新名称")
    expect(fact(page, "人数上限")).to_have_text("60 人")
    assert stored().hours_x100 == 4000


def test_sessions_are_found_by_name_state_subject_and_year(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    make.session(account, title="语文骨干教师培训")
    make.session(account, title="还没想好", state="draft")
    general = {"subject": "general", "series_code": None, "field_code": None}
    make.session(account, title="人工智能通识", first_posted_at=clock.now(), **general)
    page = signed_in(account)
    page.get_by_role("link", name="1 结束未入账").click()
    expect(page.get_by_label("状态")).to_have_value("without-hours")
    found = page.get_by_role("rowheader")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("语文骨干教师培训")
    assert_usable(page)
    page.get_by_label("状态").select_option(label="全部状态")
    page.get_by_label("科目").select_option(label="公需科目")
    page.get_by_label("年度").select_option(label="2026 年度")
    page.get_by_role("button", name="查找").click()
    expect(found).to_have_count(1)
    expect(found).to_contain_text("人工智能通识")
    page.get_by_label("名称或编号").fill("没有这个班")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("没有找到")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="看全部班次").click()
    expect(found).to_have_count(3)


def test_whoever_is_in_charge_finds_a_session_by_its_provider_and_revokes_it(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    session = make.session(account, title="名不副实的班", first_posted_at=clock.now())
    make.session(title="别家的班")
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI))
    page.get_by_role("link", name="施教机构").first.click()
    page.get_by_role("link", name=account.actor.place, exact=True).click()
    page.get_by_role("main").get_by_role("link", name="培训班次").click()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    assert_usable(page)
    page.get_by_role("link", name="名不副实的班").click()
    expect(page.get_by_role("link", name="修改")).to_have_count(0)
    expect(page.get_by_role("link", name="上传学时名单")).to_have_count(0)
    assert_usable(page)
    page.get_by_role("link", name="撤销班次").click()
    expect(page.get_by_text("已入账的学时会逐人冲销")).to_be_visible()
    page.get_by_role("button", name="确认撤销").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明理由")
    assert_usable(page)
    page.get_by_label("理由").fill("实际没有开班")
    page.get_by_role("button", name="确认撤销").click()
    expect(page.get_by_text("由系统逐人冲销")).to_be_visible()
    expect(fact(page, "撤销理由")).to_have_text("实际没有开班")
    assert_usable(page)
    assert stored(session.id).state == "revoked"
    assert db.session.query(Job).filter_by(kind="revoke-session").one().key == str(session.id)


def test_a_draft_is_given_up_without_anything_to_take_back(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    session = make.session(account, state="draft")
    page = signed_in(account, target=f"/sessions/{session.id}")
    page.get_by_role("link", name="作废草稿").click()
    assert_usable(page)
    page.get_by_label("理由").fill("不办了，作废")
    page.get_by_role("button", name="确认作废草稿").click()
    expect(page.get_by_text("草稿已作废")).to_be_visible()
    expect(fact(page, "作废理由")).to_have_text("不办了，作废")
    assert_usable(page)
    assert stored().state == "revoked"


def test_somebody_who_was_slower_is_told_and_nothing_breaks(
    account: Account, signed_in: SignIn, make: Factory
) -> None:
    session = make.session(account)
    page = signed_in(account, target=f"/sessions/{session.id}/close")
    session.state, session.revoked_at, session.revoked_because = "revoked", clock.now(), "重复办班"
    db.session.commit()
    page.get_by_role("button", name="确认结班").click()
    expect(page.get_by_role("alert")).to_contain_text("已发布的才能结班")
    assert_usable(page)
    page.goto(f"/sessions/{session.id}/close")
    expect(fact(page, "撤销理由")).to_have_text("重复办班")
