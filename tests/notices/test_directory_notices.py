"""Units hear that they entered or left the directory, counties that theirs is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.extensions import db
from ce_tracker.notices.directory_telling import reminder_due
from ce_tracker.notices.words import title, words
from ce_tracker.registry.models import Employer
from tests.api.asking import Asker
from tests.factories import HUANCUI, SHANDONG, WEIHAI, Account, Factory
from tests.notices.world import Nights, Post, hours_before
from tests.promotions.directories import Offices
from tests.registry.lists import drafted, filed

DAY = date(2026, 6, 3)
DUE = date(2026, 6, 30)


@pytest.fixture
def offices(web: Flask, make: Factory) -> Offices:
    return Offices(web, make)


def named(employer: Account, name: str) -> Account:
    db.session.get_one(Employer, employer.actor.employer_id).name = name
    db.session.commit()
    return employer


def at_work(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=clock.SHANGHAI)


def test_a_unit_that_enters_a_list_is_told_from_which_day_by_which_list(
    nights: Nights, offices: Offices
) -> None:
    entered, other = named(nights.employer(), "卫生院"), named(nights.employer(), "中心学校")
    nights.pass_(DAY)
    with clock.pinned(at_work(DAY)):
        offices.list_in_force("卫生院", "未登记的单位", since="2026-01-01")
    nights.pass_(DAY + timedelta(1))
    nights.pass_(DAY + timedelta(2))
    [message] = nights.told(entered)
    assert nights.told(other) == []
    assert title(message) == "本单位自 2026-01-01 起列入环翠区基层单位目录清单"
    said = words(message).body
    assert "环翠区 2026 年度基层单位目录清单" in said
    assert "自 2026-01-01 起列入清单" in said


def test_a_unit_that_leaves_is_told_and_one_that_stays_is_not(
    nights: Nights, offices: Offices
) -> None:
    leaves, stays = named(nights.employer(), "卫生院"), named(nights.employer(), "中心学校")
    with clock.pinned(at_work(DAY)):
        offices.list_in_force("卫生院", "中心学校")
    nights.pass_(DAY + timedelta(1))
    later = DAY + timedelta(10)
    with clock.pinned(at_work(later)):
        second = offices.begins()
        line = next(line for line in offices.lines(second) if line["name"] == "卫生院")
        path = f"/directories/{second['id']}/lines/{line['id']}/remove"
        offices.county.post(path, None)
        offices.files(second)
        offices.approves(second)
    nights.pass_(later + timedelta(1))
    assert [title(each) for each in nights.told(leaves)] == [
        "本单位自 2026-06-03 起列入环翠区基层单位目录清单",
        "本单位自 2026-06-13 起不再列入环翠区基层单位目录清单",
    ]
    assert len(nights.told(stays)) == 1
    assert "（第 2 版）" in words(nights.told(leaves)[-1]).body


def test_a_list_that_was_drafted_filed_or_returned_is_no_news(
    nights: Nights, offices: Offices
) -> None:
    unit = named(nights.employer(), "卫生院")
    with clock.pinned(at_work(DAY)):
        found = offices.begins()
        offices.adds(found, "卫生院")
        offices.files(found)
        offices.returns(found, "地址没有填写")
    nights.pass_(DAY + timedelta(1))
    assert nights.told(unit) == []


def test_it_is_told_in_the_one_message_of_the_night(nights: Nights, offices: Offices) -> None:
    unit = named(nights.employer(), "卫生院")
    person = nights.person(unit)
    first_reminder = date(2026, 10, 2)
    nights.opens(person, 2026, hours_before(date(2026, 3, 1)))
    nights.pass_(first_reminder - timedelta(1))
    with clock.pinned(at_work(first_reminder - timedelta(1))):
        offices.list_in_force("卫生院")
    nights.pass_(first_reminder)
    [message] = nights.told(unit)
    assert message.reminder == 90
    assert "起列入清单" in words(message).body
    assert "还有差额" in words(message).body


def test_the_last_day_counts_down_and_a_missed_reminder_is_caught_up_by_the_next() -> None:
    due = {left: reminder_due(DUE, DUE - timedelta(left)) for left in (31, 30, 8, 7, 0, -1, -90)}
    assert due == {31: None, 30: 30, 8: 30, 7: 7, 0: 7, -1: -1, -90: -1}


def test_a_county_that_has_not_filed_is_reminded_three_times(nights: Nights, make: Factory) -> None:
    county = make.account(Role.AUTHORITY, HUANCUI)
    others = [
        make.account(Role.AUTHORITY, WEIHAI),
        make.account(Role.AUTHORITY, SHANDONG),
        make.account(Role.AUTHORITY, HUANCUI, Sector.HEALTH),
        make.account(Role.AUTHORITY, "370202"),
        make.account(Role.AUTHORITY, "230125"),
    ]
    for days in (31, 30, 29, 7, 6, 0, -1, -2):
        nights.pass_(DUE - timedelta(days))
    assert [each.reminder for each in nights.told(county)] == [30, 7, -1]
    first, _, last = (title(each) for each in nights.told(county))
    assert first == "2026 年度基层单位目录清单还没有报备：距报备截止还有 30 天"
    assert last == "2026 年度基层单位目录清单还没有报备：已过报备截止日期"
    assert "6 月 30 日前" in words(nights.told(county)[0]).body
    assert [nights.told(other) for other in others] == [[]] * len(others)


def test_whoever_has_filed_is_not_reminded_and_whoever_got_it_back_is(
    nights: Nights, make: Factory
) -> None:
    huancui, rongcheng = (make.account(Role.AUTHORITY, code) for code in (HUANCUI, "371082"))
    filed(drafted(make, HUANCUI, []))
    returned = filed(drafted(make, "371082", []))
    returned.state = "returned"
    db.session.commit()
    nights.pass_(DUE - timedelta(30))
    assert nights.told(huancui) == []
    [message] = nights.told(rongcheng)
    assert "已被退回" in words(message).body


def test_the_reminder_is_read_over_the_api_and_goes_out_by_mail(
    nights: Nights, make: Factory, web: Flask, post: Post
) -> None:
    county = make.account(Role.AUTHORITY, HUANCUI)
    nights.reached_at(county, "huancui@example.cn")
    nights.pass_(DUE - timedelta(7))
    with clock.pinned(at_work(DUE - timedelta(7))):
        nights.works_on("mail")
    assert [address for address, _ in post.taken] == ["huancui@example.cn"]
    [message] = Asker(web, county).get("/messages")["items"]
    assert message["kind"] == "reminder"
    assert "还有 7 天" in message["title"]
