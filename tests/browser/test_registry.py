"""Units and people, as each role finds, sees and corrects them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.extensions import db
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import Accreditation, Appraisal
from ce_tracker.registry.models import Professional, Provider
from tests.api.asking import SINCE, credit_code, described, employed, titled
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import HUANCUI, WEIHAI, Account, Factory


@pytest.fixture
def employer(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


@pytest.fixture
def person(make: Factory, employer: Account) -> Professional:
    return employed(make, employer.actor.employer_id or 0)


def test_an_employer_finds_a_person_by_initials_and_by_department(
    make: Factory, signed_in: SignIn, employer: Account, person: Professional
) -> None:
    employed(make, employer.actor.employer_id or 0, "阿依古丽·麦麦提", "英语组")
    page = signed_in(employer)
    page.get_by_label("主导航").get_by_role("link", name="人员").click()
    expect(page.get_by_role("rowheader")).to_have_text(["阿依古丽·麦麦提", "王晓岚"])
    assert_usable(page)
    page.get_by_label("姓名或拼音").fill("wxl")
    page.get_by_role("button", name="查找", exact=True).click()
    expect(page.get_by_role("rowheader")).to_have_text(["王晓岚"])
    page.get_by_label("姓名或拼音").fill("")
    page.get_by_label("部门").select_option("英语组")
    page.get_by_role("button", name="查找", exact=True).click()
    expect(page.get_by_role("rowheader")).to_have_text(["阿依古丽·麦麦提"])
    page.get_by_label("姓名或拼音").fill("没有这个人")
    page.get_by_role("button", name="查找", exact=True).click()
    expect(page.get_by_text("没有找到这样的人员")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="看全部人员").click()
    page.get_by_role("link", name="王晓岚").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("王晓岚")
    expect(page.get_by_text(f"尾号 {person.id_tail}")).to_be_visible()


def test_a_title_is_entered_with_its_mistakes_named_and_then_shown_with_its_source(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    page = signed_in(employer, target=f"/people/{person.id}")
    assert_usable(page)
    page.get_by_role("link", name="登记职称").click()
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请填写职称名称")
    assert_usable(page)
    page.get_by_label("职称名称").fill("一级教师")
    page.get_by_label("副高级").check()
    page.get_by_label("职称系列").select_option("中小学教师")
    page.get_by_label("专业").select_option("health-01")
    page.get_by_label("取得资格日期").fill("2062-12-20")
    page.get_by_role("button", name="登记", exact=True).click()
    alert = page.get_by_role("alert")
    for said in ("这一天还没有到", "不属于中小学教师系列", "是中级，与所选级别不符"):
        expect(alert).to_contain_text(said)
    page.get_by_label("中级").check()
    page.get_by_label("专业").select_option("school-02")
    page.get_by_label("取得资格日期").fill("2019年12月20日")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="已登记")).to_be_visible()
    row = page.get_by_role("row", name="一级教师")
    expect(row).to_contain_text("2019-12-20 取得")
    expect(row).to_contain_text("用人单位在网页上登记")
    assert_usable(page)


def test_a_correction_leaves_what_was_there_in_the_history(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    titled(person)
    page = signed_in(employer, target=f"/people/{person.id}")
    page.get_by_role("link", name=re.compile("更正.*一级教师")).click()
    page.get_by_label("取得资格日期").fill("2021-12-20")
    page.get_by_role("button", name="保存更正").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明理由")
    page.get_by_label("理由").fill("对照证书原件改正")
    page.get_by_role("button", name="保存更正").click()
    expect(page.get_by_role("row", name="一级教师")).to_contain_text("2021-12-20")
    page.get_by_role("link", name="历史：").click()
    old = page.get_by_role("row", name="2019-12-01")
    expect(old).to_contain_text("已被更正")
    expect(page.get_by_role("row", name="2021-12-20")).to_contain_text("现行")
    expect(page.get_by_text("对照证书原件改正")).to_be_visible()
    assert_usable(page)


def test_a_fact_is_withdrawn_only_after_saying_why(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    titled(person)
    page = signed_in(employer, target=f"/people/{person.id}")
    page.get_by_role("link", name=re.compile("撤回.*一级教师")).click()
    assert_usable(page)
    page.get_by_role("button", name="撤回").click()
    expect(page.get_by_role("alert")).to_contain_text("理由")
    page.get_by_label("理由").fill("误录了同名人员的证书")
    page.get_by_role("button", name="撤回").click()
    expect(page.get_by_text("还没有登记职称")).to_be_visible()
    page.get_by_role("link", name="历史：").click()
    expect(page.get_by_role("row", name="一级教师")).to_contain_text("已撤回")


def test_the_same_entered_again_is_told_to_be_there_already(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    page = signed_in(employer, target=f"/people/{person.id}/appraisals/new")
    for _ in range(2):
        page.goto(f"/people/{person.id}/appraisals/new")
        page.get_by_label("年度").fill("2025")
        page.get_by_label("优秀").check()
        page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("已经登记了同样的年度考核")
    db.session.rollback()
    assert db.session.query(Appraisal).count() == 1


def test_service_is_entered_by_the_name_of_a_region_and_its_last_day(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    page = signed_in(employer, target=f"/people/{person.id}/service-spells/new")
    page.get_by_label("服务单位").fill("孙家疃镇初级中学")
    page.get_by_label("服务地区").fill("鼓楼区")
    page.get_by_role("group", name="在农村").get_by_label("是", exact=True).check()
    page.get_by_role("group", name="在乡镇").get_by_label("是", exact=True).check()
    page.get_by_label("开始日期").fill("2016-09-01")
    page.get_by_label("结束日期").fill("2018-08-31")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("鼓楼区")
    assert_usable(page)
    page.get_by_label("服务地区").fill("环翠区")
    page.get_by_role("button", name="登记", exact=True).click()
    row = page.get_by_role("row", name="孙家疃镇初级中学")
    expect(row).to_contain_text("2016-09-01 至 2018-08-31")
    expect(row).to_contain_text("山东省威海市环翠区")


def test_another_day_is_shown_as_it_is_known_or_was(
    signed_in: SignIn, employer: Account, person: Professional
) -> None:
    titled(person)
    page = signed_in(employer, target=f"/people/{person.id}")
    page.get_by_text("看另一天的情况").click()
    page.get_by_label("哪一天的情况").fill("2019-06-30")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_text("这一天没有职称的记录")).to_be_visible()
    expect(page.get_by_role("link", name="登记职称")).to_have_count(0)
    assert_usable(page)
    page.get_by_label("哪一天的情况").fill("去年")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("alert")).to_contain_text("2026-03-05 这样")
    page.goto(f"/people/{person.id}")
    expect(page.get_by_role("row", name="一级教师")).to_be_visible()


def test_a_person_is_found_by_the_whole_id_number_only(
    make: Factory, signed_in: SignIn, employer: Account
) -> None:
    number = "11010519491231002X"
    person = people.register(make.settings.keyring(), "张大年", number, "resident")
    people.employ(person, employer.actor.employer_id or 0, None, SINCE, "test")
    db.session.commit()
    page = signed_in(employer, target="/people")
    page.get_by_label("证件号码", exact=True).fill(number[:17])
    page.get_by_role("button", name="按号码查找").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert number[:17] not in page.content()
    page.get_by_label("证件号码", exact=True).fill(number)
    page.get_by_role("button", name="按号码查找").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("张大年")
    assert number not in page.content() + page.url
    page.goto(f"/people?q={number[:6]}")
    expect(page.get_by_role("alert")).to_contain_text("完整的号码")
    assert_usable(page)


def test_an_authority_opens_a_unit_and_corrects_it(make: Factory, signed_in: SignIn) -> None:
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target="/employers")
    expect(page.get_by_text("还没有登记用人单位")).to_be_visible()
    assert_usable(page)
    page.get_by_role("link", name="登记用人单位").click()
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请填写统一社会信用代码")
    assert_usable(page)
    page.get_by_label("统一社会信用代码").fill(credit_code(5))
    page.get_by_label("单位全称").fill("环翠区望海园中学")
    page.get_by_label("所在地区").fill("金凤区")
    for group in ("单位层级", "隶属"):
        page.get_by_role("group", name=group).get_by_label("县级").check()
    page.get_by_label("行业").select_option("教育")
    page.get_by_role("group", name="事业单位").get_by_label("是", exact=True).check()
    page.get_by_label("自哪一天起").fill("2010/9/1")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("范围内的单位")
    page.get_by_label("所在地区").fill("环翠区")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("环翠区望海园中学")
    assert_usable(page)
    page.get_by_role("link", name="更正或变更").click()
    page.get_by_role("group", name="隶属").get_by_label("市级").check()
    page.get_by_label("自哪一天起").fill("2024-01-01")
    page.get_by_label("理由").fill("经批准上划市属")
    assert_usable(page)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("row", name="2024-01-01 至今")).to_contain_text("隶属市级")
    expect(page.get_by_role("row", name="2010-09-01 至 2023-12-31")).to_contain_text("隶属县级")
    page.goto("/employers?q=hcq")
    expect(page.get_by_role("rowheader")).to_have_text(["环翠区望海园中学"])
    assert_usable(page)


def test_an_authority_grants_and_ends_an_accreditation(make: Factory, signed_in: SignIn) -> None:
    base = make.provider()
    described(base)
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target="/providers")
    page.get_by_role("link", name=base.name).click()
    page.get_by_role("link", name="登记认定").click()
    page.get_by_label("市级").check()
    page.get_by_label("认定文号").fill("威人社字〔2025〕12 号")
    page.get_by_label("有效期开始").fill("2025-01-01")
    page.get_by_label("有效期结束").fill("2099-12-31")
    page.get_by_text("中小学教师", exact=True).click()
    page.get_by_role("checkbox", name="数学").check()
    assert_usable(page)
    page.get_by_role("button", name="登记认定").click()
    row = page.get_by_role("row", name="威人社字〔2025〕12 号")
    expect(row).to_contain_text("2025-01-01 至 2099-12-31")
    expect(row).to_contain_text("市级 · 数学")
    expect(row).to_contain_text("有效")
    assert_usable(page)
    row.get_by_role("link", name="撤销").click()
    page.get_by_role("button", name="撤销认定").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择怎样撤销")
    assert_usable(page)
    page.get_by_label("自某一天起撤销").check()
    page.get_by_label("撤销日期").fill("2025-07-01")
    page.get_by_label("理由").fill("评估不合格")
    page.get_by_role("button", name="撤销认定").click()
    ended = page.get_by_role("row", name="2025-01-01 至 2025-06-30")
    expect(ended).to_contain_text("已到期")
    expect(page.get_by_role("heading", name="已被更正的")).to_be_visible()
    db.session.rollback()
    assert db.session.query(Accreditation).count() == 2


def test_a_sector_authority_looks_at_the_people_of_its_sector_alone(
    make: Factory, signed_in: SignIn
) -> None:
    school, clinic = make.employer(HUANCUI), make.employer(HUANCUI, Sector.HEALTH)
    teacher = employed(make, school.id, "王晓岚")
    employed(make, clinic.id, "李医生", "外科")
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH), target="/people")
    expect(page.get_by_role("rowheader")).to_have_text(["李医生"])
    expect(page.get_by_role("cell", name=clinic.name)).to_be_visible()
    assert_usable(page)
    page.goto(f"/people/{teacher.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有找到")
    page.goto(f"/employers/{clinic.id}")
    page.get_by_role("link", name="人员（1 人）").click()
    expect(page.get_by_role("rowheader")).to_have_text(["李医生"])


def test_a_unit_reads_its_own_standing_and_is_told_whom_to_ask(
    make: Factory, signed_in: SignIn, page: Page
) -> None:
    account = make.account(Role.PROVIDER)
    unit = db.session.get_one(Provider, account.actor.provider_id)
    described(unit)
    signed_in(account)
    page.get_by_role("link", name="本机构的登记和认定").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(unit.name)
    expect(page.get_by_text("与主管部门联系")).to_be_visible()
    expect(page.get_by_text("没有继续教育基地认定")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("更正"))).to_have_count(0)
    assert_usable(page)


def test_a_person_reads_the_own_record_and_who_changed_it_and_why(
    make: Factory, signed_in: SignIn, page: Page, employer: Account
) -> None:
    account = make.account(Role.PROFESSIONAL)
    own = db.session.get_one(Professional, account.actor.professional_id)
    people.employ(own, employer.actor.employer_id or 0, "数学组", SINCE, "roster:1")
    fact = titled(own)
    facts.put(
        Appraisal(
            professional_id=own.id,
            grade="excellent",
            valid_from=date(2025, 1, 1),
            valid_to=date(2026, 1, 1),
        ),
        "demo",
    )
    db.session.commit()
    signed_in(employer, target=f"/people/{own.id}/titles/{fact.id}/correct")
    page.get_by_label("取得资格日期").fill("2021-12-20")
    page.get_by_label("理由").fill("对照证书原件改正")
    page.get_by_role("button", name="保存更正").click()
    expect(page.get_by_text("已更正")).to_be_visible()
    page.context.clear_cookies()
    signed_in(account)
    page.get_by_label("主导航").get_by_role("link", name="我的档案").click()
    expect(page.get_by_role("row", name="数学组")).to_contain_text("花名册导入")
    why = page.get_by_role("row", name="对照证书原件改正")
    expect(why).to_contain_text(employer.actor.display_name)
    expect(why).to_contain_text(clock.today().isoformat())
    expect(page.get_by_text("的人事部门更正")).to_contain_text(employer.actor.place)
    expect(page.get_by_role("link", name=re.compile("^(更正|撤回)"))).to_have_count(0)
    assert_usable(page)
    page.get_by_text("登记过和更正过的一切").click()
    expect(page.get_by_role("row", name="2019-12-01")).to_contain_text("已被更正")
    assert_usable(page)
