"""Exemptions: granted by the authority in charge, read by all concerned, judged that night."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import db
from ce_tracker.registry import snapshot
from tests.api.asking import Asker, employed
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory

YEAR, SUMMER = 2025, date(2025, 7, 1)
WHY = "产假，见单位 3 月 2 日证明"
HALF = {"year": YEAR, "kind": "maternity", "required": "45", "reason": WHY}


@pytest.fixture
def authority(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, WEIHAI))


def _person(world: World) -> int:
    unit = world.unit(Place(HUANCUI))
    person = employed(world.make, unit.id)
    world.works(person.id, unit, LONG_AGO)
    db.session.commit()
    return person.id


def test_after_granting_the_person_is_judged_again_that_night_and_after_withdrawing_again(
    world: World, authority: Asker
) -> None:
    person = _person(world)
    world.has(person, YEAR, 1000, 3600)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(person, 0)}
    granted = authority.post(f"/professionals/{person}/exemptions", HALF, 201)
    assert (granted["year"], granted["required"], granted["reason"]) == (YEAR, "45", WHY)
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == set()
    authority.post(
        f"/professionals/{person}/exemptions/{granted['id']}/withdraw", {"reason": "证明材料有误"}
    )
    world.night(YEAR, SUMMER)
    assert world.flagged(YEAR) == {(person, 0)}


def test_a_second_one_of_the_same_year_takes_the_place_of_the_first(
    world: World, authority: Asker
) -> None:
    person = _person(world)
    authority.post(f"/professionals/{person}/exemptions", HALF, 201)
    authority.post(f"/professionals/{person}/exemptions", HALF | {"required": "0"}, 201)
    items = authority.get(f"/professionals/{person}/exemptions")["items"]
    assert [(each["required"], each["known_to"] is None) for each in items] == [
        ("0", True),
        ("45", False),
    ]


def test_who_granted_and_why_is_in_the_audit_and_the_person_reads_it(
    web: Flask, make: Factory, authority: Asker
) -> None:
    account = make.account(Role.PROFESSIONAL)
    unit = make.employer(HUANCUI)
    person = account.actor.professional_id or 0
    World(make, web).works(person, unit, LONG_AGO)
    snapshot.refresh_professionals([person], clock.today())
    db.session.commit()
    authority.post(f"/professionals/{person}/exemptions", HALF, 201)
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "person.corrected")
    ).one()
    assert (entry.professional_id, entry.reason, entry.actor_id) == (
        person,
        WHY,
        authority.account.user.id,
    )
    [own] = Asker(web, account).get("/me/exemptions")["items"]
    assert (own["kind"], own["reason"]) == ("maternity", WHY)
    page = Asker(web, account)
    assert page.get("/me/exemptions")["items"][0]["source"] == "api:authority"


def test_what_makes_no_exemption_is_refused_in_words(world: World, authority: Asker) -> None:
    person = _person(world)
    world.night(YEAR, SUMMER)
    address = f"/professionals/{person}/exemptions"
    assert (
        "少于全年应学的 90 学时"
        in authority.refused("POST", address, HALF | {"required": "90"})["required"]
    )
    far = clock.today().year + 2
    assert "年度应在" in authority.refused("POST", address, HALF | {"year": far})["year"]
    assert "至少 4 个字" in authority.refused("POST", address, HALF | {"reason": "产假"})["reason"]
    assert (
        "证件号码"
        in authority.refused("POST", address, HALF | {"reason": "见 371002198503127110 的证明"})[
            "reason"
        ]
    )
    assert "required" in authority.refused("POST", address, HALF | {"required": "-1"})


def test_only_the_authority_in_charge_grants(
    web: Flask, make: Factory, world: World, authority: Asker
) -> None:
    person = _person(world)
    address = f"/professionals/{person}/exemptions"
    elsewhere = Asker(web, make.account(Role.AUTHORITY, YINCHUAN))
    elsewhere.post(address, HALF, 404)
    elsewhere.get(address, 404)
    for role in (Role.EMPLOYER, Role.PROFESSIONAL, Role.PROVIDER):
        Asker(web, make.account(role)).post(address, HALF, 403)
    authority.get(address)
