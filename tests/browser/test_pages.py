"""Jobs, regions, the API's page, and what errors look like."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import SHANDONG, Factory


def test_an_authority_sees_a_dead_job_and_restarts_it(make: Factory, signed_in: SignIn) -> None:
    account = make.account(Role.AUTHORITY, SHANDONG)
    job = make.job(
        key="2026-11-19",
        state="dead",
        attempts=3,
        steps_done=40,
        steps_total=100,
        error="执行它的进程三次异常终止",
        finished_at=clock.now(),
    )
    page = signed_in(account, target="/jobs")
    row = page.get_by_role("row", name="2026-11-19")
    expect(row).to_contain_text("已停止")
    expect(row).to_contain_text("三次异常终止")
    assert_usable(page)
    row.get_by_role("button", name="重新执行").click()
    expect(page.get_by_text("任务已重新排队")).to_be_visible()
    expect(page.get_by_role("row", name="2026-11-19")).to_contain_text("等待执行")
    db.session.expire_all()
    restarted = db.session.get_one(Job, job.id)
    assert (restarted.state, restarted.attempts, restarted.steps_done) == ("waiting", 0, 40)


def test_the_table_of_jobs_renews_itself(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.AUTHORITY, SHANDONG), target="/jobs")
    expect(page.get_by_text("没有这样的任务")).to_be_visible()
    make.job(key="came-later")
    expect(page.get_by_role("row", name="came-later")).to_be_visible()


def test_a_region_is_found_as_it_was_on_a_day(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL), target="/regions")
    expect(page.get_by_role("row")).to_have_count(35)  # the heading and 34 provinces
    assert_usable(page)
    page.get_by_role("link", name="山东省").click()
    page.get_by_role("link", name="济南市").click()
    expect(page.get_by_role("row", name="莱芜区 370116")).to_be_visible()
    page.get_by_label("哪一天的区划").fill("2017-01-01")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("row", name="济阳县 370125")).to_be_visible()
    expect(page.get_by_text("莱芜区")).to_have_count(0)
    page.get_by_label("名称或代码").fill("莱芜")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("row", name=re.compile("莱芜市"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("尚未设立")).first).to_be_visible()
    assert_usable(page)


def test_the_api_is_described_on_a_page_of_our_own(page: Page) -> None:
    page.goto("/api/docs")
    expect(page.get_by_text("/api/v1/jobs/{job_id}/restart").first).to_be_visible()
    assert_usable(page)


def test_an_address_that_is_nothing_says_so_and_offers_a_way_on(
    make: Factory, signed_in: SignIn
) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL), target="/no-such-page")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有找到")
    assert_usable(page)
    page.get_by_role("link", name="这类错误的说明").click()
    expect(page.get_by_text("not_found").first).to_be_visible()
    assert_usable(page)
    page.goto("/problems")
    expect(page.get_by_text("idempotency_key_reused")).to_be_visible()
    assert_usable(page)


def test_a_page_of_another_role_is_refused_by_name(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.PROFESSIONAL), target="/jobs")
    expect(page.get_by_role("heading", level=1)).to_have_text("您的身份不能做这件事")
    assert_usable(page)
