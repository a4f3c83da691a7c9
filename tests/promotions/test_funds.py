"""What an employer says that it paid: exact, its own, and never overwritten."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import db
from ce_tracker.promotions.funds import as_yuan, cents_of
from tests.api.asking import Asker
from tests.factories import HUANCUI, YINCHUAN, Account, Factory
from tests.http.visitor import signed_in

LAST_YEAR = clock.today().year - 1


@pytest.fixture
def school(make: Factory) -> Account:
    return make.account(Role.EMPLOYER, HUANCUI)


@pytest.fixture
def own(web: Flask, school: Account) -> Asker:
    return Asker(web, school)


def _address(of: Account) -> str:
    return f"/employers/{of.actor.employer_id}/funds"


def _enters(asker: Asker, wages: str, training: str, year: int = LAST_YEAR) -> None:
    body = {"wages": wages, "training": training}
    asker.ask("PUT", f"{_address(asker.account)}/{year}", 200, json=body)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("0", 0), ("0.01", 1), ("1.5", 150), ("1,250,000.00", 125_000_000), (" 12 ", 1200)],
)
def test_yuan_are_read_as_people_write_them(text: str, cents: int) -> None:
    assert cents_of(text) == cents


@pytest.mark.parametrize("text", ["", "1.234", "-1", "1e3", "一百", "01", "9" * 14])
def test_what_is_no_sum_of_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="不超过两位小数"):
        cents_of(text)


def test_cents_survive_the_way_there_and_back() -> None:
    for cents in (0, 1, 99, 100, 12_345_678_901_234):
        assert cents_of(as_yuan(cents)) == cents


def test_an_employer_enters_a_year_and_its_authority_reads_it(
    web: Flask, make: Factory, own: Asker, school: Account
) -> None:
    _enters(own, "1250000.5", "18750")
    authority = Asker(web, make.account(Role.AUTHORITY, HUANCUI))
    [fund] = authority.get(_address(school))["items"]
    assert (fund["year"], fund["wages"], fund["training"]) == (LAST_YEAR, "1250000.50", "18750.00")
    assert fund["known_to"] is None


def test_a_correction_keeps_what_was_said_before(own: Asker, school: Account) -> None:
    _enters(own, "1250000.00", "1875.00")
    _enters(own, "1250000.00", "18750.00")
    now, before = own.get(_address(school))["items"]
    assert (now["training"], now["known_to"]) == ("18750.00", None)
    assert (before["training"], before["known_to"] is None) == ("1875.00", False)


def test_to_say_the_same_again_is_no_correction(own: Asker, school: Account) -> None:
    _enters(own, "1250000.00", "18750.00")
    _enters(own, "1250000.00", "18750.00")
    assert len(own.get(_address(school))["items"]) == 1


def test_who_entered_what_in_place_of_what_is_written_down(
    web: Flask, own: Asker, school: Account
) -> None:
    _enters(own, "1250000.00", "1875.00")
    _enters(own, "1250000.00", "18750.00")
    _enters(own, "1250000.00", "18750.00")
    written = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action == "employer.fund_entered")
        .order_by(AuditEntry.id)
    ).all()
    unit = {"employer_id": school.actor.employer_id, "year": LAST_YEAR}
    first = {"wages": "1250000.00", "training": "1875.00"}
    second = {"wages": "1250000.00", "training": "18750.00"}
    assert [entry.facts for entry in written] == [
        unit | {"before": None, "after": first},
        unit | {"before": first, "after": second},
    ]
    for entry in written:
        assert entry.actor_id == school.actor.user_id
        assert entry.subject.endswith(f"：{LAST_YEAR} 年度")
        assert entry.region_path == school.actor.region_path
    shown = signed_in(web, school).get("/account/activity").text
    assert shown.count("填报工资总额和继续教育经费") == len(written)


def test_what_cannot_be_is_said_beside_its_field(own: Asker, school: Account) -> None:
    body = {"wages": "12.345", "training": "一万"}
    refused = own.refused("PUT", f"{_address(school)}/{clock.today().year + 1}", body)
    assert set(refused) == {"year", "wages", "training"}
    body = {"wages": "100.00", "training": "100.01"}
    refused = own.refused("PUT", f"{_address(school)}/{LAST_YEAR}", body)
    assert "不会多于工资总额" in refused["training"]


def test_nobody_enters_anything_for_another(web: Flask, make: Factory, own: Asker) -> None:
    other = make.account(Role.EMPLOYER, YINCHUAN)
    body = {"wages": "1.00", "training": "0.50"}
    own.ask("PUT", f"{_address(other)}/{LAST_YEAR}", 404, json=body)
    authority = Asker(web, make.account(Role.AUTHORITY, YINCHUAN))
    authority.ask("PUT", f"{_address(other)}/{LAST_YEAR}", 403, json=body)
    assert authority.get(_address(other))["items"] == []
