"""How an authority's region stands: as the night found it, and only what is in its charge."""

from __future__ import annotations

from datetime import date

from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.compliance import region
from ce_tracker.compliance.employers import last_night
from ce_tracker.extensions import db
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import snapshot
from ce_tracker.registry.models import Professional
from tests.api.asking import Asker
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory
from tests.ledger.books import HEADER, Books
from tests.registry.desk import id_number

YEAR = 2025
SUMMER, AFTER = date(2025, 7, 1), date(2026, 1, 15)
WENDENG = "371003"


def _counts(part: dict[str, dict[str, int]]) -> dict[str, int]:
    return {name: count for name, count in part["counts"].items() if count}


def test_it_counts_by_place_and_sector_what_a_verdict_on_each_one_says(
    world: World, province: Asker
) -> None:
    met, _short, exempt = world.people(Place(HUANCUI), 3)
    [doctor] = world.people(Place(WENDENG, sector="health"), 1)
    world.has(met, YEAR, 3000, 6000)
    world.let_off(exempt, YEAR, 0)
    world.has(doctor, YEAR, 5000, 5000)
    world.night(YEAR, AFTER)
    by_county = province.get("/compliance", year=YEAR)
    assert [(each["label"], _counts(each)) for each in by_county["items"]] == [
        ("威海市环翠区", {"people": 3, "met": 1, "failed": 1, "exempt": 1}),
        ("威海市文登区", {"people": 1, "failed": 1}),
    ]
    by_sector = province.get("/compliance", year=YEAR, by="sector")
    assert {each["key"]: each["counts"]["people"] for each in by_sector["items"]} == {
        "education": 3,
        "health": 1,
    }
    assert by_sector["totals"] == by_county["totals"]
    total = by_county["totals"]
    assert total["people"] == sum(total[each] for each in Outcome) == 4


def test_who_was_not_judged_yet_is_not_taken_for_one_who_keeps_the_rules(
    world: World, province: Asker
) -> None:
    world.night(YEAR, AFTER)
    [new] = world.people(Place(HUANCUI), 1)
    world.has(new, YEAR, 1, 0)
    db.session.commit()
    assert province.get("/compliance", year=YEAR)["items"] == []


def test_who_left_is_among_those_of_whom_nothing_is_asked(world: World, province: Asker) -> None:
    [gone] = world.people(Place(HUANCUI), 1)
    world.night(YEAR, SUMMER)
    world.leaves(gone, date(2025, 11, 1))
    world.night(YEAR, AFTER)
    [part] = province.get("/compliance", year=YEAR)["items"]
    assert _counts(part) == {"people": 1, "exempt": 1}


def test_each_authority_counts_what_is_in_its_charge(
    web: Flask, make: Factory, world: World
) -> None:
    world.people(Place(HUANCUI), 2)
    world.people(Place(HUANCUI, sector="health"), 1)
    world.people(Place(YINCHUAN), 1)
    world.night(YEAR, AFTER)
    schools = Asker(web, make.account(Role.AUTHORITY, WEIHAI, Sector.EDUCATION))
    [part] = schools.get("/compliance", year=YEAR)["items"]
    assert (part["key"], part["label"], part["counts"]["people"]) == (HUANCUI, "环翠区", 2)


def test_the_employers_with_the_most_people_short_come_first_of_those_in_charge(
    make: Factory, world: World
) -> None:
    few, many = world.people(Place(HUANCUI), 1), world.people(Place(WENDENG), 2)
    [done] = world.people(Place(HUANCUI), 1)
    world.people(Place(YINCHUAN), 3)
    world.has(done, YEAR, 3000, 6000)
    world.night(YEAR, AFTER)
    actor = make.account(Role.AUTHORITY, WEIHAI).actor
    shown = region.most_short(actor, last_night(YEAR), 20)
    assert [each.counts.failed for each in shown] == [2, 1]
    employers = [db.session.get_one(Professional, who[0]).employer_id for who in (many, few)]
    assert [each.id for each in shown] == employers
    assert region.most_short(actor, last_night(YEAR), 1) == shown[:1]


def test_hours_are_counted_by_who_gave_them_without_what_was_taken_back(
    web: Flask, make: Factory, worker: Flask, world: World, province: Asker
) -> None:
    year, unit = 2026, world.unit(Place(HUANCUI))
    elsewhere = world.unit(Place(YINCHUAN))
    numbers = [id_number(each) for each in (311, 313, 315)]
    books = Books.of_session(make, web, worker)
    for name, number, at in zip("孙李周", numbers, (unit, unit, elsewhere), strict=True):
        person = books.register(f"{name}一", number)
        world.works(person, at, LONG_AGO)
        snapshot.refresh_professionals([person], clock.today())
    db.session.commit()
    rows = [(f"{name}一", number, 8) for name, number in zip("孙李周", numbers, strict=True)]
    books.enter(HEADER, *rows)
    said = province.get("/compliance", year=year, by="provider")
    given = {"people": 2, "general": "0", "specialty": "16", "total": "16"}
    assert [(each["label"], each["given"]) for each in said["items"]] == [
        (books.account.actor.place, given)
    ]
    books.say_yes(books.read(HEADER, ("孙一", numbers[0], 0.5)), "签到表统计有误")
    [part] = province.get("/compliance", year=year, by="provider")["items"]
    assert part["given"] == given | {"specialty": "8.5", "total": "8.5"}
