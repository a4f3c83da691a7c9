"""Merging and splitting over the API: by the authority, with a reason, seen by the person."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import db
from ce_tracker.registry.models import Professional
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.registry.crowd import person

WHY = "同一人两次登记，号码抄错一位"


def test_merged_records_answer_as_one_and_a_split_undoes_it(web: Flask, make: Factory) -> None:
    authority = make.account(Role.AUTHORITY, WEIHAI)
    kept, double = person(make, at=make.employer()), person(make, at=make.employer())
    client = web.test_client()
    address = f"/api/v1/professionals/{double.id}"
    done = client.post(
        f"{address}/merge", headers=authority.bearer, json={"into_id": kept.id, "reason": WHY}
    )
    assert done.status_code == 200, done.text
    seen = client.get(address, headers=authority.bearer).get_json()
    assert seen["id"] == kept.id
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "person.merged")
    ).all()
    assert {entry.professional_id for entry in entries} == {kept.id, double.id}
    assert {entry.reason for entry in entries} == {WHY}
    back = client.post(f"{address}/split", headers=authority.bearer, json={"reason": "另有其人"})
    assert back.get_json()["id"] == double.id
    db.session.expire_all()
    assert db.session.get_one(Professional, double.id).merged_into is None


def test_only_an_authority_in_charge_of_both_may_merge(web: Flask, make: Factory) -> None:
    here, elsewhere = person(make, at=make.employer()), person(make, at=make.employer(YINCHUAN))
    client = web.test_client()
    body = {"into_id": elsewhere.id, "reason": WHY}
    address = f"/api/v1/professionals/{here.id}/merge"
    employer = make.account(Role.EMPLOYER)
    assert client.post(address, headers=employer.bearer, json=body).status_code == 403
    authority = make.account(Role.AUTHORITY, WEIHAI)
    assert client.post(address, headers=authority.bearer, json=body).status_code == 404


def test_what_makes_no_sense_is_refused_in_words(web: Flask, make: Factory) -> None:
    authority = make.account(Role.AUTHORITY, WEIHAI)
    one = person(make, at=make.employer())
    client = web.test_client()
    address = f"/api/v1/professionals/{one.id}"
    itself = client.post(
        f"{address}/merge", headers=authority.bearer, json={"into_id": one.id, "reason": WHY}
    )
    assert itself.status_code == 409
    alone = client.post(f"{address}/split", headers=authority.bearer, json={"reason": WHY})
    assert (alone.status_code, "不需要拆分" in alone.text) == (409, True)
    silent = client.post(f"{address}/merge", headers=authority.bearer, json={"into_id": 1})
    assert silent.status_code == 422
