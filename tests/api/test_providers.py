"""Providers over the API: opened, corrected, accredited for a period, and no longer."""

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
from ce_tracker.registry.dated import Accreditation
from ce_tracker.registry.models import Provider
from tests.api.asking import Asker, credit_code, described
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory

NEW = {
    "credit_code": credit_code(7, "52"),
    "name": "威海市专业技术人员继续教育基地",
    "kind": "base",
    "region": WEIHAI,
    "sector": "other",
    "since": "2018-01-01",
}
GRANT: dict[str, Any] = {
    "level": "city",
    "document": "威人社字〔2025〕12 号",
    "fields": ["school-01", "school-02"],
    "valid_from": "2025-01-01",
    "valid_to": "2028-01-01",
}


@pytest.fixture
def authority(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, WEIHAI))


@pytest.fixture
def base(make: Factory) -> Provider:
    unit = make.provider()
    described(unit)
    return unit


def test_an_authority_opens_corrects_and_reads_a_provider(authority: Asker) -> None:
    opened = authority.post("/providers", NEW, 201)
    assert [row["id"] for row in authority.get("/providers", q="whs")["items"]] == [opened["id"]]
    address = f"/providers/{opened['id']}"
    authority.patch(address, {"kind": "university", "since": "2024-01-01", "reason": "改制为高校"})
    assert authority.get(address)["known"]["kind"] == "university"
    assert authority.get(address, on="2023-12-31")["known"]["kind"] == "base"
    assert len(authority.get(f"{address}/history")["items"]) == 3
    assert (
        "校验不符"
        in authority.refused("POST", "/providers", NEW | {"credit_code": "52371002MB2345678X"})[
            "credit_code"
        ]
    )


def test_an_accreditation_is_granted_for_a_period_and_its_fields(
    authority: Asker, base: Provider
) -> None:
    granted = authority.post(f"/providers/{base.id}/accreditations", GRANT, 201)
    assert GRANT.items() <= granted.items()
    assert authority.get(f"/providers/{base.id}")["accreditations"] == [granted]
    entry = db.session.scalars(select(AuditEntry).filter_by(action="provider.accredited")).one()
    assert entry.facts["document"] == GRANT["document"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"valid_to": "2025-01-01"}, "valid_to", "不能早于开始日期"),
        ({"fields": ["school-01", "magic-01"]}, "fields", "magic-01"),
        ({"level": "village"}, "level", "只能是"),
        ({"document": ""}, "document", "1 到 60 个字符"),
    ],
)
def test_an_accreditation_that_cannot_be_is_refused_in_words(
    authority: Asker, base: Provider, change: dict[str, Any], field: str, said: str
) -> None:
    address = f"/providers/{base.id}/accreditations"
    assert said in authority.refused("POST", address, GRANT | change)[field]
    assert "valid_to" in authority.refused(
        "POST", address, {name: GRANT[name] for name in GRANT if name != "valid_to"}
    )


def test_an_accreditation_ends_on_a_day_and_what_was_before_stays(
    authority: Asker, base: Provider
) -> None:
    granted = authority.post(f"/providers/{base.id}/accreditations", GRANT, 201)
    address = f"/providers/{base.id}/accreditations/{granted['id']}/withdraw"
    wrong = {"reason": "评估不合格", "since": "2029-01-01"}
    assert "有效期之内" in authority.refused("POST", address, wrong)["since"]
    ended = authority.post(address, {"reason": "评估不合格", "since": "2026-07-01"})
    assert (ended["valid_from"], ended["valid_to"]) == ("2025-01-01", "2026-07-01")
    assert authority.get(f"/providers/{base.id}")["accreditations"] == [ended]
    history = authority.get(f"/providers/{base.id}/history")["accreditations"]
    assert {row["valid_to"] for row in history} == {"2028-01-01", "2026-07-01"}
    entry = db.session.scalars(
        select(AuditEntry).filter_by(action="provider.accreditation_withdrawn")
    ).one()
    assert entry.reason == "评估不合格"


def test_an_accreditation_entered_by_mistake_never_was(authority: Asker, base: Provider) -> None:
    granted = authority.post(f"/providers/{base.id}/accreditations", GRANT, 201)
    address = f"/providers/{base.id}/accreditations/{granted['id']}/withdraw"
    authority.post(address, {"reason": "登记到了别的机构"})
    assert authority.get(f"/providers/{base.id}")["accreditations"] == []
    authority.post(address, {"reason": "再来一次"}, 409)


def test_a_base_reads_its_own_accreditations_as_of_any_moment_and_grants_itself_none(
    web: Flask, make: Factory
) -> None:
    account = make.account(Role.PROVIDER)
    own = db.session.get_one(Provider, account.actor.provider_id)
    with clock.pinned(datetime(2026, 2, 1, tzinfo=SHANGHAI)):
        described(own)
    authority = Asker(web, make.account(Role.AUTHORITY, WEIHAI))
    authority.post(f"/providers/{own.id}/accreditations", GRANT, 201)
    asker = Asker(web, account)
    assert [row["id"] for row in asker.get("/providers")["items"]] == [own.id]
    assert len(asker.get(f"/providers/{own.id}")["accreditations"]) == 1
    before = asker.get(f"/providers/{own.id}", as_of="2026-03-01T00:00:00+08:00")
    assert (before["known"]["name"], before["accreditations"]) == (own.name, [])
    asker.post(f"/providers/{own.id}/accreditations", GRANT, 403)
    asker.get(f"/providers/{make.provider().id}", 404)


def test_what_lies_outside_an_authoritys_charge_is_not_there(web: Flask, make: Factory) -> None:
    school = make.provider(HUANCUI, Sector.EDUCATION)
    for foreign in (
        make.account(Role.AUTHORITY, YINCHUAN),
        make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH),
    ):
        asker = Asker(web, foreign)
        assert asker.get("/providers")["items"] == []
        asker.get(f"/providers/{school.id}", 404)
        asker.post(f"/providers/{school.id}/accreditations", GRANT, 404)
    assert db.session.scalars(select(Accreditation)).all() == []


def test_another_providers_accreditation_is_not_withdrawn_by_a_false_address(
    authority: Asker, base: Provider, make: Factory
) -> None:
    granted = authority.post(f"/providers/{base.id}/accreditations", GRANT, 201)
    other = make.provider()
    address = f"/providers/{other.id}/accreditations/{granted['id']}/withdraw"
    authority.post(address, {"reason": "地址不对的"}, 404)
    assert db.session.get_one(Accreditation, granted["id"]).valid_to == date(2028, 1, 1)
