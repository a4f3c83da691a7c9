"""Two records of one person, put together and taken apart by the authority on a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Professional
from tests.api.asking import employed
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import WEIHAI, Account, Factory
from tests.registry.crowd import number, person

WHY = "永居证换发新号，核对过新旧证件"


@pytest.fixture
def authority(make: Factory) -> Account:
    return make.account(Role.AUTHORITY, WEIHAI)


def test_the_authority_looks_at_both_records_merges_them_and_takes_it_back(
    make: Factory, signed_in: SignIn, authority: Account
) -> None:
    numbers = number(), number()
    kept, double = (person(make, at=make.employer(), id_number=each) for each in numbers)
    page = signed_in(authority, target=f"/people/{kept.id}")
    page.get_by_role("link", name="合并重复的记录").click()
    assert_usable(page)
    page.get_by_label("另一条记录的证件号码").fill(numbers[0])
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("alert")).to_contain_text("这就是同一条记录")
    page.get_by_label("另一条记录的证件号码").fill(numbers[1])
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_label("并入它的记录")).to_contain_text(double.id_tail)
    page.get_by_role("button", name="合并这两条记录").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明合并理由")
    assert_usable(page)
    page.get_by_label("合并理由").fill(WHY)
    page.get_by_role("button", name="合并这两条记录").click()
    expect(page.get_by_text("已合并")).to_be_visible()
    db.session.expire_all()
    assert db.session.get_one(Professional, double.id).merged_into == kept.id

    page.get_by_role("link", name="合并有误，拆分记录").click()
    page.get_by_role("button", name="拆分", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请选择要拆分的记录")
    assert_usable(page)
    page.get_by_label(double.id_tail).check()
    page.get_by_label("拆分理由").fill("核对后不是同一个人")
    page.get_by_role("button", name="拆分", exact=True).click()
    expect(page.get_by_text("已拆分")).to_be_visible()
    db.session.expire_all()
    assert db.session.get_one(Professional, double.id).merged_into is None


def test_an_employer_is_not_offered_to_merge(make: Factory, signed_in: SignIn) -> None:
    account = make.account(Role.EMPLOYER)
    own = employed(make, account.actor.employer_id or 0)
    page = signed_in(account, target=f"/people/{own.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(own.name)
    expect(page.get_by_role("link", name="合并重复的记录")).to_have_count(0)
