"""A county's directory on its way: drafted, filed, approved or returned, and by nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import db
from ce_tracker.registry.directories import DirectoryInForce
from config import Settings
from tests.api.asking import Asker
from tests.factories import HUANCUI, SHANDONG, WEIHAI, YINCHUAN, Factory
from tests.promotions.directories import Offices
from tests.test_isolation import as_web

TODAY = datetime(2026, 6, 3, 10, tzinfo=clock.SHANGHAI)
QINGDAO = "370200"


@pytest.fixture
def offices(web: Flask, make: Factory) -> Offices:
    return Offices(web, make)


@pytest.fixture(autouse=True)
def _in_june() -> Any:
    with clock.pinned(TODAY):
        yield


def spans() -> list[tuple[str, date, date | None]]:
    db.session.rollback()
    rows = db.session.scalars(
        select(DirectoryInForce)
        .where(DirectoryInForce.known_at())
        .order_by(DirectoryInForce.valid_from)
    )
    return [(str(each.directory_id), each.valid_from, each.valid_to) for each in rows]


def test_a_list_is_drafted_filed_and_approved_and_is_in_force_from_that_day(
    offices: Offices,
) -> None:
    offices.unit("环翠区柳林镇卫生院")
    found = offices.begins()
    assert found["state"] == "draft"
    assert found["title"] == "环翠区 2026 年度基层单位目录清单"
    offices.adds(found, "环翠区柳林镇卫生院", "查无此校")
    assert offices.files(found)["state"] == "filed"
    approved = offices.approves(found)
    assert approved["state"] == "approved"
    assert approved["in_force_from"] == "2026-06-03"
    assert approved["lines"] == 2
    assert approved["unmatched"] == 1
    assert spans() == [(found["id"], date(2026, 6, 3), None)]


def test_every_step_is_in_the_history_and_in_the_audit_with_who_and_when(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    offices.returns(found, "地址没有填写")
    offices.files(found)
    history = offices.approves(found)["history"]
    assert [each["what"] for each in history] == [
        "drafted", "filed", "returned", "filed", "approved",
    ]  # fmt: skip
    assert history[2]["reason"] == "地址没有填写"
    assert history[2]["by"].startswith("威海市 ")
    assert history[1]["by"].startswith("环翠区 ")
    assert history[0]["at"].startswith("2026-06-03T10:00")
    db.session.rollback()
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action.startswith("directory.")).order_by(AuditEntry.id)
    ).all()
    assert [each.action for each in entries] == [
        f"directory.{what}" for what in ("drafted", "filed", "returned", "filed", "approved")
    ]
    assert entries[2].reason == "地址没有填写"


def test_a_unit_is_found_by_its_exact_name_in_the_county_alone(offices: Offices) -> None:
    here = offices.unit("中心学校")
    offices.unit("外县中心学校", "371003")
    for _ in range(2):
        offices.unit("同名小学")
    found = offices.begins()
    offices.adds(found, "中心学校", "外县中心学校", "同名小学", "中心 学校")
    by_name = {line["name"]: line["employer_id"] for line in offices.lines(found)}
    assert by_name == {
        "中心学校": here.id, "外县中心学校": None, "同名小学": None, "中心 学校": None,
    }  # fmt: skip


def test_a_unit_can_be_chosen_where_the_name_does_not_find_it(offices: Offices) -> None:
    unit, elsewhere = offices.unit("环翠区第一小学"), offices.unit("外县小学", "371003")
    found = offices.begins()
    offices.adds(found, "一小")
    [line] = offices.lines(found)
    path = f"/directories/{found['id']}/lines/{line['id']}"
    chosen = {"name": "一小", "address": "新威路 1 号", "subsidy": True, "employer_id": unit.id}
    changed = offices.county.ask("PUT", path, 200, json=chosen)
    assert changed["employer"] == "环翠区第一小学"
    assert changed["subsidy"] is True
    wrong = offices.county.ask("PUT", path, 422, json=chosen | {"employer_id": elsewhere.id})
    assert wrong["errors"][0]["field"] == "employer_id"
    second = offices.county.post(
        f"/directories/{found['id']}/lines", {"name": "又一小", "employer_id": unit.id}, 422
    )
    assert "另一行" in second["errors"][0]["message"]


def test_the_same_name_twice_is_refused_and_lines_can_be_removed(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院", "中心学校")
    twice = offices.county.post(f"/directories/{found['id']}/lines", {"name": " 卫生院 "}, 422)
    assert twice["errors"] == [{"field": "name", "message": "清单中已有“卫生院”。"}]
    first = offices.lines(found)[0]
    left = offices.county.post(f"/directories/{found['id']}/lines/{first['id']}/remove", None)
    assert left["lines"] == 1
    assert [line["name"] for line in offices.lines(found)] == ["中心学校"]


def test_lines_as_json_take_the_place_of_all_or_of_none(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    path = f"/directories/{found['id']}/upload"
    twice = {"lines": [{"name": "甲校"}, {"name": "甲校"}]}
    refused = offices.county.ask("POST", path, 422, json=twice)
    assert refused["errors"][0]["field"] == "lines.1.name"
    assert [line["name"] for line in offices.lines(found)] == ["卫生院"]
    offices.county.ask("POST", path, 200, json={"lines": [{"name": "甲校"}, {"name": "乙校"}]})
    assert [line["name"] for line in offices.lines(found)] == ["甲校", "乙校"]


def test_an_empty_list_cannot_be_filed(offices: Offices) -> None:
    found = offices.begins()
    assert "还是空的" in offices.files(found, 409)["detail"]


def test_what_was_filed_cannot_be_changed_until_it_is_returned(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    offices.files(found)
    path = f"/directories/{found['id']}/lines"
    offices.county.post(path, {"name": "中心学校"}, 409)
    offices.returns(found, "还缺中心学校")
    offices.county.post(path, {"name": "中心学校"}, 201)


def test_nobody_approves_a_list_of_their_own(offices: Offices, web: Flask, make: Factory) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    refused = offices.county.post(f"/directories/{found['id']}/approve", {}, 403)
    assert "上级" in refused["detail"]
    offices.county.post(f"/directories/{found['id']}/return", {"reason": "自己退回"}, 403)
    colleague = Asker(web, make.account(Role.AUTHORITY, HUANCUI))
    colleague.post(f"/directories/{found['id']}/approve", {}, 403)


def test_the_city_cannot_write_what_it_examines(offices: Offices) -> None:
    found = offices.begins()
    offices.city.post(f"/directories/{found['id']}/lines", {"name": "卫生院"}, 403)
    offices.adds(found, "卫生院")
    offices.city.post(f"/directories/{found['id']}/file", None, 403)


def test_another_city_and_a_sector_find_nothing_and_the_province_may_approve(
    offices: Offices, web: Flask, make: Factory
) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    others = (
        make.account(Role.AUTHORITY, QINGDAO),
        make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH),
        make.account(Role.AUTHORITY, HUANCUI, Sector.HEALTH),
        make.account(Role.AUTHORITY, "371003"),
    )
    for other in others:
        asker = Asker(web, other)
        asker.get(f"/directories/{found['id']}", 404)
        asker.post(f"/directories/{found['id']}/approve", {}, 404)
    province = Asker(web, make.account(Role.AUTHORITY, SHANDONG))
    assert province.post(f"/directories/{found['id']}/approve", {})["state"] == "approved"
    for other in others:
        assert Asker(web, other).get(f"/directories/{found['id']}")["history"] == []
        Asker(web, other).post(f"/directories/{found['id']}/approve", {}, 403)


def test_an_approved_list_is_read_by_everybody_and_a_draft_by_those_in_charge_alone(
    offices: Offices, web: Flask, make: Factory
) -> None:
    approved = offices.list_in_force("卫生院", year=2025, since="2025-03-01")
    draft = offices.begins(2026)
    for role in Role:
        asker = Asker(web, make.account(role, YINCHUAN))
        assert [each["id"] for each in asker.get("/directories")["items"]] == [approved["id"]]
        assert asker.get(f"/directories/{approved['id']}/lines")["items"][0]["name"] == "卫生院"
        asker.get(f"/directories/{draft['id']}/lines", 404)
    mine = offices.county.get("/directories", state="draft", year=2026, region=WEIHAI)["items"]
    assert [each["id"] for each in mine] == [draft["id"]]


@pytest.mark.parametrize(
    ("role", "region", "sector"),
    [
        (Role.AUTHORITY, WEIHAI, None),
        (Role.AUTHORITY, SHANDONG, None),
        (Role.AUTHORITY, HUANCUI, Sector.EDUCATION),
        (Role.AUTHORITY, "230125", None),
        (Role.EMPLOYER, HUANCUI, None),
        (Role.PROFESSIONAL, HUANCUI, None),
    ],
)
def test_only_a_county_or_zone_where_the_directory_decides_drafts_one(
    web: Flask, make: Factory, role: Role, region: str, sector: Sector | None
) -> None:
    asker = Asker(web, make.account(role, region, sector))
    asker.post("/directories", {"year": 2026, "from": "empty"}, 403)


def test_a_development_zone_has_a_list_of_its_own(web: Flask, make: Factory) -> None:
    zone = Asker(web, make.account(Role.AUTHORITY, "371072"))
    found = zone.post("/directories", {"year": 2026, "from": "empty"}, 201)
    assert found["title"] == "威海经济技术开发区 2026 年度基层单位目录清单"


def test_two_approvals_in_the_same_instant_are_one(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    path = f"/api/v1/directories/{found['id']}/approve"

    def approve(_: int) -> int:
        with clock.pinned(TODAY):
            answer = offices.web.test_client().post(
                path, headers=offices.city.account.bearer, json={}
            )
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == [200, 409, 409, 409]
    assert len(spans()) == 1


def test_lists_of_two_years_approved_in_the_same_instant_do_not_overlap(offices: Offices) -> None:
    found = {year: offices.begins(year) for year in (2025, 2026)}
    for each in found.values():
        offices.adds(each, "卫生院")
        offices.files(each)

    def approve(year: int) -> int:
        with clock.pinned(TODAY):
            answer = offices.web.test_client().post(
                f"/api/v1/directories/{found[year]['id']}/approve",
                headers=offices.city.account.bearer,
                json={"in_force_from": f"{year}-03-01"},
            )
        return answer.status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(approve, found)) == [200, 200]
    assert spans() == [
        (found[2025]["id"], date(2025, 3, 1), date(2026, 3, 1)),
        (found[2026]["id"], date(2026, 3, 1), None),
    ]


def test_two_drafts_of_one_year_in_the_same_instant_are_one(offices: Offices) -> None:
    def begin(_: int) -> int:
        with clock.pinned(TODAY):
            answer = offices.web.test_client().post(
                "/api/v1/directories",
                headers=offices.county.account.bearer,
                json={"year": 2026, "from": "empty"},
            )
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(4))) == [201, 409, 409, 409]


def test_next_year_begins_with_the_lines_of_the_last_list(offices: Offices) -> None:
    stays, moves = offices.unit("卫生院"), offices.unit("中心学校")
    last = offices.list_in_force("卫生院", "中心学校", year=2025, since="2025-02-01")
    moves.region_path = offices.make.path("371003")
    db.session.merge(moves)
    db.session.commit()
    found = offices.begins(2026, "last")
    assert found["carried_from"] == last["id"]
    assert {line["name"]: line["employer_id"] for line in offices.lines(found)} == {
        "卫生院": stays.id,
        "中心学校": None,
    }
    offices.files(found)
    offices.approves(found)
    assert spans() == [
        (last["id"], date(2025, 2, 1), date(2026, 6, 3)),
        (found["id"], date(2026, 6, 3), None),
    ]


def test_there_is_nothing_to_carry_over_the_first_time(offices: Offices) -> None:
    assert offices.begins(2026, "last", 422)["errors"][0]["field"] == "from"


def test_a_change_during_the_year_is_a_further_edition_from_that_day(offices: Offices) -> None:
    first = offices.list_in_force("卫生院", since="2026-01-01")
    second = offices.begins(2026, "empty")
    assert second["edition"] == 2
    assert second["title"] == "环翠区 2026 年度基层单位目录清单（第 2 版）"
    assert [line["name"] for line in offices.lines(second)] == ["卫生院"]
    offices.adds(second, "中心学校")
    offices.files(second)
    refused = offices.approves(second, "2026-01-01", 422)
    assert refused["errors"][0]["field"] == "in_force_from"
    offices.approves(second)
    assert spans() == [
        (first["id"], date(2026, 1, 1), date(2026, 6, 3)),
        (second["id"], date(2026, 6, 3), None),
    ]


@pytest.mark.parametrize(
    ("year", "since", "status"),
    [
        (2026, "2025-12-31", 422),
        (2026, "2026-01-01", 200),
        (2026, "2026-06-03", 200),
        (2026, "2026-06-04", 422),
        (2025, None, 422),
        (2025, "2025-12-31", 200),
    ],
)
def test_a_first_list_may_reach_back_to_the_first_of_its_year(
    offices: Offices, year: int, since: str | None, status: int
) -> None:
    found = offices.begins(year)
    offices.adds(found, "卫生院")
    offices.files(found)
    offices.approves(found, since, status)


def test_last_years_list_that_comes_late_holds_until_this_years(offices: Offices) -> None:
    this = offices.list_in_force("卫生院", since="2026-03-01")
    late = offices.list_in_force("卫生院", year=2025, since="2025-07-01")
    assert spans() == [
        (late["id"], date(2025, 7, 1), date(2026, 3, 1)),
        (this["id"], date(2026, 3, 1), None),
    ]


def test_what_changed_since_last_years_list_goes_into_this_years(offices: Offices) -> None:
    """A further edition of last year could be drafted and filed, and never be approved."""
    offices.list_in_force("卫生院", year=2025, since="2025-07-01")
    assert offices.begins(2025, status=422)["errors"][0]["field"] == "year"
    assert offices.begins(2026)["edition"] == 1


@pytest.mark.parametrize("year", [2024, 2027])
def test_a_list_is_of_this_year_or_the_last(offices: Offices, year: int) -> None:
    assert offices.begins(year, status=422)["errors"][0]["field"] == "year"


def test_what_was_approved_the_database_itself_keeps(offices: Offices, make: Factory) -> None:
    offices.list_in_force("卫生院")
    db.session.rollback()
    for attempt in (
        "UPDATE directories SET state = 'draft', in_force_from = NULL",
        "UPDATE directories SET in_force_from = '2026-01-01'",
        "DELETE FROM directories",
        "UPDATE directory_lines SET name = 'x'",
        "DELETE FROM directory_lines",
        "INSERT INTO directory_lines (directory_id, place, name) SELECT id, 2, '' FROM directories",
        "UPDATE directory_steps SET actor_name = 'x'",
        "DELETE FROM directories_in_force",
        "UPDATE directories_in_force SET valid_from = '2020-01-01'",
    ):
        with pytest.raises(ProgrammingError, match="is refused"):
            db.session.execute(text(attempt))
        db.session.rollback()


def test_in_raw_sql_no_county_approves_its_own(offices: Offices, settings: Settings) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    offices.files(found)
    approve = "UPDATE directories SET state = 'approved', in_force_from = '2026-01-01'"
    with (
        as_web(settings, offices.county.account.actor) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        connection.execute(approve.encode())
    with as_web(settings, offices.city.account.actor) as connection:
        assert connection.execute(approve.encode()).rowcount == 1


def test_the_city_sees_which_of_its_counties_have_filed(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "卫生院")
    counties = {
        each["name"]: each for each in offices.city.get("/directories/counties", year=2026)["items"]
    }
    assert len(counties) == 7
    assert counties["环翠区"]["due"] == "2026-06-30"
    assert counties["环翠区"]["handed_in"] is False
    assert counties["环翠区"]["latest"]["state"] == "draft"
    assert counties["荣成市"]["latest"] is None
    offices.files(found)
    again = offices.city.get("/directories/counties", year=2026)["items"]
    assert [each["name"] for each in again if each["handed_in"]] == ["环翠区"]
