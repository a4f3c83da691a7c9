"""Employers over the API: opened and corrected by the authority in charge, known as of any day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.clock import SHANGHAI
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.registry.dated import EmployerFact
from ce_tracker.registry.models import Employer, Professional
from tests.api.asking import Asker, credit_code, described, employed
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory
from workers import doing
from workers.tasks import KINDS

NEW = {
    "credit_code": credit_code(1),
    "name": "环翠区望海园中学",
    "region": HUANCUI,
    "level": "county",
    "affiliation": "county",
    "sector": "education",
    "public_institution": True,
    "since": "2010-09-01",
}


@pytest.fixture
def authority(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, WEIHAI))


def test_an_authority_opens_a_unit_and_finds_it_again(authority: Asker) -> None:
    opened = authority.post("/employers", NEW, 201)
    assert opened["region"] == HUANCUI
    queries: tuple[dict[str, Any], ...] = (
        {"q": "环翠区望"},
        {"q": "hcqwhyzx"},
        {"q": "huancuiqu"},
        {"region": WEIHAI, "sector": "education"},
    )
    for query in queries:
        (row,) = authority.get("/employers", **query)["items"]
        assert row == opened
    queries = ({"q": "望海园"}, {"sector": "health"}, {"region": YINCHUAN})
    for query in queries:
        assert authority.get("/employers", **query)["items"] == []
    known = authority.get(f"/employers/{opened['id']}")["known"]
    assert {name: known[name] for name in ("name", "level", "affiliation")} == {
        "name": "环翠区望海园中学",
        "level": "county",
        "affiliation": "county",
    }
    assert (known["valid_from"], known["source"]) == ("2010-09-01", "api:authority")
    entry = db.session.scalars(select(AuditEntry).filter_by(action="employer.opened")).one()
    assert entry.subject == "环翠区望海园中学"


def test_what_was_known_of_a_day_at_a_moment_stays_the_answer(
    web: Flask, make: Factory, authority: Asker
) -> None:
    with clock.pinned(datetime(2026, 1, 10, 9, tzinfo=SHANGHAI)):
        unit = make.employer()
        described(unit)
    authority.patch(
        f"/employers/{unit.id}",
        {"level": "township", "since": "2025-06-01", "reason": "撤并后属镇管理"},
    )

    def level(**query: Any) -> str | None:
        known = authority.get(f"/employers/{unit.id}", **query)["known"]
        return known and str(known["level"])

    assert level() == "township"
    assert level(on="2025-05-31") == "county"
    assert level(on="2025-06-01") == "township"
    assert level(on="2025-06-01", as_of="2026-01-11T00:00:00+08:00") == "county"
    assert level(as_of="2026-01-09T00:00:00+08:00") is None
    history = authority.get(f"/employers/{unit.id}/history")["items"]
    assert [(row["level"], row["valid_from"], bool(row["known_to"])) for row in history] == [
        ("township", "2025-06-01", False),
        ("county", "2015-01-01", False),
        ("county", "2015-01-01", True),
    ]


def test_a_correction_shows_in_lists_at_once_and_says_why(make: Factory, authority: Asker) -> None:
    unit = make.employer()
    described(unit)
    change = {"name": "威海市实验中学", "since": "2026-01-01", "reason": "经批准更名"}
    authority.patch(f"/employers/{unit.id}", change)
    assert [row["name"] for row in authority.get("/employers", q="wstsy")["items"]] == []
    assert [row["name"] for row in authority.get("/employers", q="whssy")["items"]] == [
        "威海市实验中学"
    ]
    entry = db.session.scalars(select(AuditEntry).filter_by(action="employer.changed")).one()
    assert entry.reason == "经批准更名"
    assert "没有需要更正的" in authority.patch(f"/employers/{unit.id}", change, 422)["detail"]


def test_whom_a_unit_employs_follow_it_to_another_sector(
    web: Flask, worker: Flask, make: Factory, authority: Asker
) -> None:
    unit = make.employer(HUANCUI, Sector.EDUCATION)
    described(unit)
    person = employed(make, unit.id)
    authority.patch(
        f"/employers/{unit.id}", {"sector": "health", "since": "2026-01-01", "reason": "整体划转"}
    )
    assert db.session.scalars(select(Job).filter_by(kind="refresh-registry")).one().payload == {
        "employer_id": unit.id
    }
    with worker.app_context():
        assert doing.run_next({"refresh-registry": KINDS["refresh-registry"]}, 10) is not None
    db.session.expire_all()
    assert db.session.get_one(Professional, person.id).sector == "health"


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"credit_code": "12371002MB2345678X"}, "credit_code", "校验不符"),
        ({"credit_code": "123"}, "credit_code", "应为 18 位"),
        ({"region": YINCHUAN}, "region", "范围内的单位"),
        ({"region": "999999"}, "region", "没有这个代码"),
        ({"level": "galaxy"}, "level", "只能是"),
        ({"sector": "sport"}, "sector", "只能是"),
        ({"since": "1890-01-01"}, "since", "日期过早"),
        ({"name": "  "}, "name", "请填写单位全称"),
        ({"public_institution": "maybe"}, "public_institution", "true 或 false"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    authority: Asker, change: dict[str, Any], field: str, said: str
) -> None:
    assert said in authority.refused("POST", "/employers", NEW | change)[field]
    assert db.session.scalars(select(Employer)).all() == []


def test_a_credit_code_is_one_units_whoever_sees_it(
    web: Flask, make: Factory, authority: Asker
) -> None:
    authority.post("/employers", NEW, 201)
    assert "已登记为" in authority.post("/employers", NEW, 409)["detail"]
    elsewhere = Asker(web, make.account(Role.AUTHORITY, YINCHUAN))
    refused = elsewhere.post("/employers", NEW | {"region": YINCHUAN}, 409)
    assert "别的地区或行业" in refused["detail"]
    assert "望海园" not in refused["detail"]


def test_a_retry_opens_no_second_unit(authority: Asker) -> None:
    key = {"Idempotency-Key": "open-1"}
    first = authority.post("/employers", NEW, 201, **key)
    assert authority.post("/employers", NEW, 201, **key) == first
    assert len(db.session.scalars(select(EmployerFact)).all()) == 1


def test_an_employer_reads_its_own_standing_and_may_not_change_it(
    web: Flask, make: Factory
) -> None:
    account = make.account(Role.EMPLOYER)
    unit = db.session.get_one(Employer, account.actor.employer_id)
    described(unit)
    other = make.employer()
    asker = Asker(web, account)
    assert [row["id"] for row in asker.get("/employers")["items"]] == [unit.id]
    assert asker.get(f"/employers/{unit.id}")["known"]["name"] == unit.name
    asker.get(f"/employers/{other.id}", 404)
    change = {"level": "township", "since": "2026-01-01", "reason": "想属于基层"}
    asker.patch(f"/employers/{unit.id}", change, 403)
    asker.post("/employers", NEW, 403)


def test_a_sector_authority_sees_and_opens_its_sector_alone(web: Flask, make: Factory) -> None:
    school, clinic = make.employer(), make.employer(HUANCUI, Sector.HEALTH)
    described(clinic)
    health = Asker(web, make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH))
    assert [row["id"] for row in health.get("/employers")["items"]] == [clinic.id]
    health.get(f"/employers/{school.id}", 404)
    health.patch(f"/employers/{school.id}", {"since": "2026-01-01", "reason": "试一试吧"}, 404)
    assert "卫生健康" in health.refused("POST", "/employers", NEW)["sector"]
    away = {"sector": "education", "since": "2026-01-01", "reason": "划到教育"}
    assert "sector" in health.refused("PATCH", f"/employers/{clinic.id}", away)


def test_a_list_can_be_asked_whether_it_has_changed(authority: Asker) -> None:
    client, headers = authority.web.test_client(), authority.account.bearer
    client.get("/api/v1/employers", headers=headers)
    known = client.get("/api/v1/employers", headers=headers).headers["ETag"]
    asked = {**headers, "If-None-Match": known}
    assert client.get("/api/v1/employers", headers=asked).status_code == 304
    authority.post("/employers", NEW, 201)
    assert client.get("/api/v1/employers", headers=asked).status_code == 200


def test_a_unit_that_opens_next_month_is_known_and_not_yet_there(authority: Asker) -> None:
    opened = authority.post("/employers", NEW | {"since": "2099-01-01"}, 201)
    assert authority.get(f"/employers/{opened['id']}")["known"] is None
    later = authority.get(f"/employers/{opened['id']}", on=date(2099, 1, 1).isoformat())
    assert later["known"]["name"] == NEW["name"]


def test_a_number_that_no_database_holds_is_nobodys(authority: Asker) -> None:
    for address in ("/employers", "/providers", "/professionals"):
        authority.get(f"{address}/{10**30}", 404)
        authority.get(f"{address}/{10**30}/history", 404)


def test_a_moment_before_all_time_is_refused_in_words(make: Factory, authority: Asker) -> None:
    address = f"/employers/{make.employer().id}"
    early = {"as_of": "0001-01-01T00:00:00+14:00"}
    answer = authority.ask("GET", address, 422, query_string=early)
    assert "过早" in answer["errors"][0]["message"]
