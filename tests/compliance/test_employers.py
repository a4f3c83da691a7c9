"""How an employer's people stand: what the picture counts is what the night found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import act_as, db
from ce_tracker.ledger.models import Standing
from ce_tracker.registry import people, snapshot
from ce_tracker.registry.models import Professional
from tests.api.asking import Asker, described
from tests.compliance.staff import AUTUMN, LAST, THIS, Staff
from tests.compliance.world import World
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.ledger.world import Ledger, Move

SENIOR = {"level": "associate_senior", "name": "高级教师"}
NURSE = {"level": "junior", "series_code": "health", "name": "护师"}


@pytest.fixture
def staff(make: Factory, web: Flask, worker: Flask) -> Staff:
    return Staff.of_a_school(make, web, worker)


@pytest.fixture
def four(staff: Staff) -> dict[str, Professional]:
    """In 2025 one is done, one short of both, one short of specialty hours, one owes nothing."""
    found = {
        "done": staff.joins("安宁", "数学组", SENIOR),
        "idle": staff.joins("白露", "数学组", {}),
        "lopsided": staff.joins("陈晨", "语文组", {}),
        "ill": staff.joins("丁香", None, NURSE),
    }
    staff.has(found["done"], LAST, 3000, 6000)
    staff.has(found["lopsided"], LAST, 5000, 5000)
    World(staff.make, staff.worker).let_off(found["ill"].id, LAST, 0)
    staff.night(LAST, date(2026, 1, 15))
    return found


def counts(said: dict[str, Any]) -> dict[str, int]:
    kinds = ("people", "met", "short", "failed", "exempt", "undetermined")
    return {kind: said[kind] for kind in kinds if said[kind]}


def names(page: dict[str, Any]) -> list[str]:
    return [each["person"]["name"] for each in page["items"]]


def test_the_picture_counts_everybody_once_and_by_department_series_and_level(
    staff: Staff, four: dict[str, Professional]
) -> None:
    answer = staff.asker.get(staff.path, year=LAST)
    assert answer["swept_at"]
    assert (answer["year"], answer["day"]) == (LAST, "2025-12-31")
    assert counts(answer["totals"]) == {"people": 4, "met": 1, "failed": 2, "exempt": 1}
    assert {each["department"]: counts(each) for each in answer["departments"]} == {
        "数学组": {"people": 2, "met": 1, "failed": 1},
        "语文组": {"people": 1, "failed": 1},
        None: {"people": 1, "exempt": 1},
    }
    assert {each["name"]: each["people"] for each in answer["series"]} == {
        "中小学教师": 3,
        "卫生技术": 1,
    }
    assert [(each["level"], counts(each)) for each in answer["levels"]] == [
        ("associate_senior", {"people": 1, "met": 1}),
        ("intermediate", {"people": 2, "failed": 2}),
        ("junior", {"people": 1, "exempt": 1}),
    ]
    assert answer["broken"] == [
        {"rule": "annual_hours", "people": 1},
        {"rule": "specialty_share", "people": 1},
    ]
    assert answer["forecast"] is None, "the year is over"


def test_who_is_short_is_listed_with_what_is_missing(
    staff: Staff, four: dict[str, Professional]
) -> None:
    page = staff.asker.get(f"{staff.path}/people", year=LAST, only="short")
    assert names(page) == ["白露", "陈晨"]
    idle, lopsided = page["items"]
    assert idle["missing"] == [{"rule": "annual_hours", "missing": "90"}]
    assert lopsided["missing"] == [{"rule": "specialty_share", "missing": "50"}]
    assert (lopsided["total"], lopsided["outcome"], lopsided["forecast"]) == ("100", "failed", None)
    assert lopsided["title"] == {"name": "一级教师", "series": "school", "level": "intermediate"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["安宁", "白露", "陈晨", "丁香"]),
        ({"only": "met"}, ["安宁"]),
        ({"only": "exempt"}, ["丁香"]),
        ({"only": "undetermined"}, []),
        ({"department": "数学组"}, ["安宁", "白露"]),
        ({"department": "数学组", "only": "short"}, ["白露"]),
        ({"series": "health"}, ["丁香"]),
        ({"level": "intermediate"}, ["白露", "陈晨"]),
        ({"level": "none"}, []),
    ],
)
def test_the_list_is_narrowed_down(
    staff: Staff, four: dict[str, Professional], asked: dict[str, Any], found: list[str]
) -> None:
    assert names(staff.asker.get(f"{staff.path}/people", year=LAST, **asked)) == found


def test_the_list_comes_in_pages_without_a_gap(staff: Staff, four: dict[str, Professional]) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = staff.asker.get(f"{staff.path}/people", year=LAST, limit=1, **cursor)
        seen += names(page)
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["安宁", "白露", "陈晨", "丁香"]


def test_a_year_that_was_never_swept_says_so(staff: Staff) -> None:
    staff.joins("安宁")
    answer = staff.asker.get(staff.path, year=2024)
    assert (answer["swept_at"], counts(answer["totals"])) == (None, {})
    assert staff.asker.get(f"{staff.path}/people", year=2024)["items"] == []


def test_two_records_of_one_person_count_as_one(staff: Staff, web: Flask) -> None:
    one, other = staff.joins("安宁", title={}), staff.joins("安宁", title=SENIOR)
    staff.has(one, LAST, 1000, 2000)
    staff.has(other, LAST, 2000, 4000)
    above = Asker(web, staff.make.account(Role.AUTHORITY, WEIHAI))
    reason = {"into_id": one.id, "reason": "同一人的两条记录"}
    above.post(f"/professionals/{other.id}/merge", reason)
    staff.night(LAST, date(2026, 1, 15))
    answer = staff.asker.get(staff.path, year=LAST)
    assert counts(answer["totals"]) == {"people": 1, "met": 1}
    assert [(each["level"], each["people"]) for each in answer["levels"]] == [
        ("associate_senior", 1)
    ]
    [line] = staff.asker.get(f"{staff.path}/people", year=LAST)["items"]
    assert (line["general"], line["specialty"]) == ("30", "60")


def test_the_authority_sees_what_the_employer_sees_and_a_stranger_nothing(
    staff: Staff, four: dict[str, Professional], web: Flask, make: Factory
) -> None:
    own = staff.asker.get(staff.path, year=LAST)
    above = Asker(web, make.account(Role.AUTHORITY, WEIHAI))
    assert above.get(staff.path, year=LAST) == own
    for stranger in (make.account(Role.AUTHORITY, YINCHUAN), make.account(Role.EMPLOYER)):
        Asker(web, stranger).get(staff.path, 404, year=LAST)
        Asker(web, stranger).get(f"{staff.path}/people", 404, year=LAST)


def test_the_outcome_of_each_is_that_of_the_verdict(
    staff: Staff, four: dict[str, Professional]
) -> None:
    with clock.pinned(AUTUMN):
        staff.has(four["done"], THIS, 100, 9000)
        staff.night(THIS, AUTUMN.date())
        for year in (LAST, THIS):
            for each in staff.asker.get(f"{staff.path}/people", year=year)["items"]:
                said = staff.asker.get(f"/professionals/{each['person']['id']}/verdict", year=year)
                assert each["outcome"] == said["outcome"]
                broken = {
                    rule["rule"]: rule["missing"]
                    for rule in said["rules"]
                    if rule["outcome"] in {"short", "failed"}
                }
                assert {m["rule"]: m["missing"] for m in each["missing"]} == broken


def test_the_forecast_adds_the_median_of_the_rest_of_two_years(staff: Staff) -> None:
    person, newcomer = staff.joins("安宁"), staff.joins("白露")
    for day, hours in (
        (date(2024, 9, 30), 5000),  # not after the same day
        (date(2024, 10, 8), 2000),
        (date(2025, 11, 3), 4001),
        (date(2026, 3, 6), 6000),
    ):
        staff.learnt(person, day, hours)
    with clock.pinned(AUTUMN):
        staff.night(THIS, AUTUMN.date())
        answer = staff.asker.get(staff.path)
        everybody = staff.asker.get(f"{staff.path}/people")["items"]
        still = staff.asker.get(f"{staff.path}/people", only="forecast")
    assert counts(answer["totals"]) == {"people": 2, "short": 2}
    assert answer["forecast"] == {
        "estimate": True,
        "on": "2026-12-31",
        "met": 1,
        "short": 1,
        "exempt": 0,
        "undetermined": 0,
    }
    assert [each["forecast"] for each in everybody] == [
        {"estimate": True, "general": "0", "specialty": "90", "total": "90", "outcome": "met"},
        {"estimate": True, "general": "0", "specialty": "0", "total": "0", "outcome": "short"},
    ]
    assert names(still) == [newcomer.name]


def test_what_was_taken_back_is_not_expected_again(
    staff: Staff, make: Factory, worker: Flask
) -> None:
    person = staff.joins("安宁")
    base, ledger = make.account(Role.PROVIDER), Ledger(worker, make)
    session, upload = make.session(base).id, ledger.upload(base)
    day = date(2025, 11, 3)
    ledger.posts(Move(person.id, session, 8000, finished_on=day), upload_id=upload)
    back = Move(person.id, session, -8000, finished_on=day, reason="签到表与实际不符")
    ledger.posts(back, upload_id=upload)
    with clock.pinned(AUTUMN):
        staff.night(THIS, AUTUMN.date())
        [line] = staff.asker.get(f"{staff.path}/people")["items"]
    assert line["forecast"]["total"] == "0"


def test_a_leap_day_is_compared_with_the_day_before(staff: Staff) -> None:
    person = staff.joins("安宁")
    for day, hours in ((date(2022, 2, 28), 1000), (date(2023, 3, 1), 3000)):
        staff.learnt(person, day, hours)
    with clock.pinned(datetime(2024, 2, 29, 12, tzinfo=clock.SHANGHAI)):
        staff.night(2024, date(2024, 2, 29))
        [line] = staff.asker.get(f"{staff.path}/people")["items"]
    assert line["forecast"]["total"] == "15"


def test_only_the_running_year_has_a_forecast(staff: Staff) -> None:
    answer = staff.asker.get(f"{staff.path}/people", 422, year=2024, only="forecast")
    assert answer["errors"] == [{"field": "only", "message": "只有当年才有预测。"}]


@pytest.mark.parametrize(
    ("year", "broken", "word"),
    [
        (THIS, 0, "undetermined"),
        (THIS, 1, "undetermined"),
        (LAST, 0, "undetermined"),
        (LAST, 1, "failed"),
    ],
)
def test_what_is_doubtful_is_undetermined_unless_the_year_has_failed_anyway(
    staff: Staff, year: int, broken: int, word: str
) -> None:
    person = staff.joins("安宁")
    with clock.pinned(AUTUMN):
        staff.night(year, min(AUTUMN.date(), date(year, 12, 31)))
        db.session.execute(
            update(Standing)
            .where(Standing.professional_id == person.id)
            .values(broken=broken, doubtful=2)
        )
        db.session.commit()
        answer = staff.asker.get(staff.path, year=year)
        [line] = staff.asker.get(f"{staff.path}/people", year=year)["items"]
    assert counts(answer["totals"]) == {"people": 1, word: 1}
    assert (line["outcome"], line["undetermined"]) == (word, ["specialty_share"])


def test_hours_that_came_since_the_night_are_no_longer_missing(
    staff: Staff, four: dict[str, Professional]
) -> None:
    staff.has(four["idle"], LAST, 1000, 7999)
    idle, _ = staff.asker.get(f"{staff.path}/people", year=LAST, only="short")["items"]
    assert (idle["total"], idle["missing"]) == (
        "89.99",
        [{"rule": "annual_hours", "missing": "0.01"}],
    )
    assert counts(staff.asker.get(staff.path, year=LAST)["totals"])["failed"] == 2, "until tonight"


def test_who_left_before_the_year_was_over_is_not_counted(staff: Staff) -> None:
    stays, leaves = staff.joins("安宁"), staff.joins("白露")
    World(staff.make, staff.worker).leaves(leaves.id, date(2025, 11, 1))
    staff.night(LAST, date(2026, 1, 15))
    page = staff.asker.get(f"{staff.path}/people", year=LAST)
    assert names(page) == [stays.name]


def test_who_left_since_is_counted_in_the_year_and_not_named(
    staff: Staff, four: dict[str, Professional], web: Flask, make: Factory
) -> None:
    before = staff.asker.get(staff.path, year=LAST)
    world = World(make, staff.worker)
    for person in (four["idle"], four["done"]):
        world.leaves(person.id, date(2026, 2, 1))
    world.works(four["done"].id, make.employer(YINCHUAN), date(2026, 2, 1))
    gone = [four["idle"].id, four["done"].id]
    snapshot.refresh_professionals(gone, date(2026, 2, 1))
    db.session.commit()
    after = staff.asker.get(staff.path, year=LAST)
    assert (before["unnamed"], after["unnamed"]) == (0, 2)
    assert {**after, "unnamed": 0} == before
    assert names(staff.asker.get(f"{staff.path}/people", year=LAST)) == ["陈晨", "丁香"]
    for stranger in (make.account(Role.AUTHORITY, YINCHUAN), make.account(Role.EMPLOYER)):
        with web.app_context():
            act_as(stranger.actor)
            asked = func.employer_year(staff.account.actor.employer_id, LAST, date(2025, 12, 31))
            assert db.session.execute(select(asked.table_valued("people"))).all() == []


def test_before_there_were_rules_nothing_was_owed(staff: Staff) -> None:
    person = staff.make.professional("安宁")
    unit = staff.account.actor.employer_id or 0
    people.employ(person, unit, None, date(2010, 9, 1), "test")
    described(staff.unit, date(2005, 1, 1))
    with clock.pinned(datetime(2015, 7, 1, 12, tzinfo=clock.SHANGHAI)):
        staff.night(2015, date(2015, 7, 1))
        verdict = staff.asker.get(f"/professionals/{person.id}/verdict")
        answer = staff.asker.get(staff.path)
    assert verdict["outcome"] == "exempt"
    assert counts(answer["totals"]) == {"people": 1, "exempt": 1}
