"""The authority's side of a sweep: having it done now, and what each one changed."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from tests.api.asking import Asker
from tests.compliance.world import Place, World
from tests.factories import HUANCUI, SHANDONG, WEIHAI, YINCHUAN, Factory

YEAR, SUMMER, AUTUMN = 2025, date(2025, 7, 1), date(2025, 10, 1)
WENDENG = "371003"


def _latest(asker: Asker, year: int = YEAR) -> int:
    number: int = asker.get("/sweeps", year=year)["items"][0]["id"]
    return number


def test_the_report_counts_by_rule_place_and_sector_what_changed_since_the_last(
    world: World, province: Asker
) -> None:
    here = world.people(Place(HUANCUI, sector="education"), 3)
    there = world.people(Place(WENDENG, sector="health"), 2)
    world.night(YEAR, SUMMER)
    first = province.get(f"/sweeps/{_latest(province)}")
    assert first["before"] is None
    assert [(each["label"], each["opened"]) for each in first["by_county"]] == [
        ("威海市环翠区", 3),
        ("威海市文登区", 2),
    ]
    world.has(here[0], YEAR, 3000, 6000)
    world.has(there[0], YEAR, 5000, 5000)
    world.night(YEAR, AUTUMN)
    report = province.get(f"/sweeps/{_latest(province)}")
    assert report["before"]["id"] == first["sweep"]["id"]
    assert (report["opened"], report["closed"]) == (1, 2)
    assert {(e["key"], e["opened"], e["closed"]) for e in report["by_rule"]} == {
        ("annual_hours", 0, 2),
        ("specialty_share", 1, 0),
    }
    assert {(e["label"], e["opened"], e["closed"]) for e in report["by_sector"]} == {
        ("教育", 0, 1),
        ("卫生健康", 1, 1),
    }


def test_each_authority_sees_of_a_report_what_lies_in_its_charge(
    web: Flask, make: Factory, world: World
) -> None:
    here = world.people(Place(HUANCUI), 2)
    world.people(Place(YINCHUAN), 1)
    world.people(Place(HUANCUI, sector="health"), 1)
    world.night(YEAR, SUMMER)
    schools = Asker(web, make.account(Role.AUTHORITY, WEIHAI, Sector.EDUCATION))
    number = _latest(schools)
    assert schools.get(f"/sweeps/{number}")["opened"] == 2
    people = schools.get(f"/sweeps/{number}/people")["items"]
    assert [(each["professional_id"], each["rule"], each["change"]) for each in people] == [
        (person, "annual_hours", "opened") for person in here
    ]


def test_the_people_of_a_report_come_in_pages(world: World, province: Asker) -> None:
    here = world.people(Place(HUANCUI), 3)
    world.night(YEAR, SUMMER)
    address = f"/sweeps/{_latest(province)}/people"
    first = province.get(address, limit=2)
    rest = province.get(address, limit=2, cursor=first["next_cursor"])
    seen = [each["professional_id"] for page in (first, rest) for each in page["items"]]
    assert (seen, rest["next_cursor"]) == (here, None)


def test_asking_twice_in_a_minute_is_asking_once(province: Asker) -> None:
    with clock.pinned(datetime(2026, 3, 4, 10, 15, 20, tzinfo=clock.SHANGHAI)):
        first = province.post("/sweeps", {"year": 2026}, 202)
    with clock.pinned(datetime(2026, 3, 4, 10, 15, 50, tzinfo=clock.SHANGHAI)):
        again = province.post("/sweeps", {"year": 2026}, 202)
    with clock.pinned(datetime(2026, 3, 4, 10, 16, 5, tzinfo=clock.SHANGHAI)):
        later = province.post("/sweeps", {"year": 2026}, 202)
    assert (first["id"] == again["id"], first["id"] == later["id"]) == (True, False)
    assert db.session.scalar(select(func.count()).where(Job.kind == "sweep")) == 2
    db.session.expire_all()
    job = db.session.get_one(Job, first["id"])
    assert job.payload == {"year": 2026, "day": "2026-03-04"}


def test_only_who_answers_for_all_asks_and_only_of_years_that_are_looked_at(
    web: Flask, make: Factory, province: Asker
) -> None:
    for account in (
        make.account(Role.AUTHORITY, WEIHAI),
        make.account(Role.AUTHORITY, SHANDONG, Sector.HEALTH),
    ):
        Asker(web, account).post("/sweeps", {"year": clock.today().year}, 403)
    assert "只能判定" in province.refused("POST", "/sweeps", {"year": 2003})["year"]
    assert "只能判定" in province.refused("POST", "/sweeps", {"year": 2**40})["year"]


def test_a_sweep_that_is_none_is_not_found(province: Asker) -> None:
    province.get("/sweeps/987699999", 404)
    province.get("/sweeps/987699999/people", 404)
