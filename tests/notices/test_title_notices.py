"""Duties, rights, last days and applications are told of with the rest of a night, each once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.notices.words import title, words
from ce_tracker.promotions.models import Application, ApplicationEvent
from ce_tracker.registry.title_series import load_title_series
from tests.factories import HUANCUI, SHANDONG, WEIHAI, Account
from tests.notices.world import Nights, hours_before
from tests.promotions.duties import duty

DAY = date(2026, 3, 3)
A_LIST_IS_DUE = date(2026, 6, 3)
LAST_DAY = date(2026, 12, 31)
RIGHT = "在乡镇累计工作 16 年 328 天，可享受的倾斜：申报中级（满 10 年）。"


def _opened(rule: int, outcome: str, at: datetime, whose: Account, **more: object) -> None:
    said = {"opened_at": at, "opened_on": at.date(), "judged_on": at.date()}
    if whose.actor.role is Role.EMPLOYER:
        more["employer_id"] = whose.actor.employer_id
    else:
        more["professional_id"] = whose.actor.professional_id
    duty(rule, outcome, **said, **more)
    db.session.commit()


def _applies(nights: Nights, person: Account, school: Account) -> int:
    load_title_series()
    application = Application(
        professional_id=person.actor.professional_id,
        employer_id=school.actor.employer_id,
        region_path=nights.make.path(HUANCUI),
        sector="education",
        level="associate_senior",
        track="grassroots",
        series_code="school",
        drafted_at=clock.now(),
    )
    db.session.add(application)
    db.session.commit()
    return application.id


def _happens(application_id: int, what: str, at: datetime) -> None:
    db.session.add(
        ApplicationEvent(
            application_id=application_id,
            at=at,
            what=what,
            actor_name="系统",
            reason=None if what == "mended" else "凡晋必学：没有语文专业的培训经历。",
        )
    )
    db.session.commit()


def test_a_right_is_good_news_and_told_once(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    nights.pass_(DAY - timedelta(1))
    _opened(11, "met", hours_before(DAY), person, found=RIGHT, remedy="")
    for day in range(3):
        nights.pass_(DAY + timedelta(day))
    [message] = nights.told(person)
    assert title(message) == "已满足条件：凭基层工作年限的倾斜"
    assert words(message).body.startswith(f"凭基层工作年限的倾斜：您已满足条件。{RIGHT}")
    [digest] = nights.told(school)
    assert "凭基层工作年限的倾斜：已满足条件的 1 人。" in words(digest).body


def test_an_employer_hears_how_many_and_of_five_by_name(nights: Nights) -> None:
    school = nights.employer()
    for _ in range(6):
        _opened(7, "failed", hours_before(DAY), nights.person(school))
    _opened(13, "undetermined", hours_before(DAY), school, found="2025 年没有填报。", remedy="")
    nights.pass_(DAY)
    [digest] = nights.told(school)
    assert title(digest) == "请留意：晋升后的培训、继续教育经费"
    first, second = words(digest).parts[:2]
    assert first.text == "晋升后的培训：新出现的 6 人。"
    assert (first.counted[0].count("、"), first.counted[0][-1]) == (4, "等")
    assert second.text == "继续教育经费：2025 年没有填报。"


def test_what_is_not_known_is_for_those_who_can_supply_it(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    _opened(9, "undetermined", hours_before(DAY), person)
    nights.pass_(DAY)
    assert nights.told(person) == []
    assert len(nights.told(school)) == 1


def test_a_last_day_is_reminded_of_ninety_and_thirty_days_before(nights: Nights) -> None:
    person = nights.person(nights.employer())
    _opened(10, "short", hours_before(DAY), person, due_on=LAST_DAY)
    around = [LAST_DAY - timedelta(left) for left in (91, 90, 89, 31, 30, 29)]
    for day in (DAY, *around):
        nights.pass_(day)
    told = [message.night for message in nights.told(person)]
    assert told == [DAY, LAST_DAY - timedelta(90), LAST_DAY - timedelta(30)]


def test_a_reminder_that_a_night_missed_is_caught_up(nights: Nights) -> None:
    person = nights.person(nights.employer())
    _opened(10, "short", hours_before(DAY), person, due_on=LAST_DAY)
    nights.pass_(DAY)
    nights.pass_(LAST_DAY - timedelta(80))
    nights.pass_(LAST_DAY - timedelta(79))
    assert [m.night for m in nights.told(person)] == [DAY, LAST_DAY - timedelta(80)]


def test_it_comes_in_one_message_with_the_hours_of_the_year(nights: Nights) -> None:
    person = nights.person(nights.employer())
    nights.pass_(DAY - timedelta(1))
    nights.opens(person, 2025, hours_before(DAY))
    _opened(11, "met", hours_before(DAY), person, found=RIGHT, remedy="")
    nights.pass_(DAY)
    [message] = nights.told(person)
    assert title(message) == "2025 年度继续教育学时没有达到要求"
    assert RIGHT in words(message).body


def test_an_application_that_broke_comes_first_whatever_else_there_is(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    application = _applies(nights, person, school)
    nights.pass_(DAY - timedelta(1))
    nights.opens(person, 2025, hours_before(DAY))
    _happens(application, "broken", hours_before(DAY))
    nights.pass_(DAY)
    for reader in (person, school):
        [message] = nights.told(reader)
        assert title(message).startswith("职称申报的依据已失效；")


@pytest.mark.parametrize(
    ("what", "said"),
    [("broken", "职称申报的依据已失效"), ("mended", "职称申报的依据已恢复")],
)
def test_person_employer_and_authority_hear_of_an_application_each_once(
    nights: Nights, what: str, said: str
) -> None:
    school = nights.employer()
    person, other = nights.person(school), nights.person(school)
    county = nights.make.account(Role.AUTHORITY, HUANCUI)
    city = nights.make.account(Role.AUTHORITY, WEIHAI)
    application = _applies(nights, person, school)
    nights.pass_(DAY - timedelta(1))
    _happens(application, what, hours_before(DAY))
    for day in range(3):
        nights.pass_(DAY + timedelta(day))
    assert [title(each) for reader in (person, school, county) for each in nights.told(reader)] == [
        said
    ] * 3
    assert (nights.told(city), nights.told(other)) == ([], [])
    assert f"编号 {application}" in words(nights.told(county)[0]).body
    assert words(nights.told(person)[0]).body.startswith("您的职称申报")


def test_where_the_county_has_no_account_the_nearest_above_it_hears(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    city = nights.make.account(Role.AUTHORITY, WEIHAI)
    province = nights.make.account(Role.AUTHORITY, SHANDONG)
    _happens(_applies(nights, person, school), "broken", hours_before(DAY))
    nights.pass_(DAY)
    assert (len(nights.told(city)), nights.told(province)) == (1, [])


def test_of_a_recommendation_the_authority_hears_nothing(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    county = nights.make.account(Role.AUTHORITY, HUANCUI)
    _happens(_applies(nights, person, school), "warned", hours_before(DAY))
    nights.pass_(DAY)
    assert nights.told(county) == []
    assert title(nights.told(person)[0]) == title(nights.told(school)[0])
    assert title(nights.told(person)[0]) == "职称申报推荐后不再符合条件"


def test_an_authority_hears_of_its_list_and_of_an_application_in_one_message(
    nights: Nights,
) -> None:
    school = nights.employer()
    county = nights.make.account(Role.AUTHORITY, HUANCUI)
    application = _applies(nights, nights.person(school), school)
    _happens(application, "broken", hours_before(A_LIST_IS_DUE))
    nights.pass_(A_LIST_IS_DUE)
    [message] = nights.told(county)
    assert title(message).startswith("职称申报的依据已失效；")
    assert "清单还没有报备" in title(message)
    assert f"职称申报（编号 {application}）提交时的依据已失效" in words(message).body
