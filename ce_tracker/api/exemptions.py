"""/professionals/…/exemptions and /me/exemptions: what somebody is let off in a year."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import actor, endpoint
from ce_tracker.api.items import Reason, incoming, known, outgoing
from ce_tracker.api.me import blueprint as me
from ce_tracker.api.professionals import ONE, READERS, blueprint
from ce_tracker.api.schema import Output
from ce_tracker.compliance import granting
from ce_tracker.compliance.exemptions import Exemption
from ce_tracker.compliance.granting import EXEMPTION
from ce_tracker.registry.models import Professional
from ce_tracker.registry.record import source_of, visible_person

AUTHORITY = frozenset({Role.AUTHORITY})

ExemptionOut = outgoing("Exemption", EXEMPTION.items)


class ExemptionsOut(Output):
    items = fields.List(fields.Nested(ExemptionOut), required=True)


@endpoint(
    blueprint,
    "GET",
    f"{ONE}/exemptions",
    roles=READERS,
    scope="registry:read",
    answer=ExemptionsOut,
)
def list_exemptions(professional_id: int) -> dict[str, Any]:
    """一个人各年度的学时减免及理由，包括已撤回的"""
    return _all_of(visible_person(actor(), professional_id))


@endpoint(
    me,
    "GET",
    "/exemptions",
    roles=frozenset({Role.PROFESSIONAL}),
    scope="registry:read",
    answer=ExemptionsOut,
)
def list_own_exemptions() -> dict[str, Any]:
    """本人各年度的学时减免及理由，包括已撤回的"""
    return _all_of(visible_person(actor(), actor().professional_id or 0))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/exemptions",
    roles=AUTHORITY,
    scope="registry:write",
    body=incoming("NewExemption", EXEMPTION.items),
    answer=ExemptionOut,
    status=201,
)
def grant_exemption(
    body: dict[str, Any], professional_id: int
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """批准一个年度的学时减免：`required` 是减免后全年应学的学时；代替同一年度原有的"""
    person = visible_person(actor(), professional_id)
    granted = granting.grant(person, body, source_of(actor(), "api"))
    address = f"/api/v1/professionals/{person.id}/exemptions"
    return _out(granted), 201, {"Location": address}


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/exemptions/<int:fact_id>/withdraw",
    roles=AUTHORITY,
    scope="registry:write",
    body=Reason,
    answer=ExemptionOut,
)
def withdraw_exemption(body: dict[str, Any], professional_id: int, fact_id: int) -> dict[str, Any]:
    """撤回学时减免：当天夜里按原来的要求重新判定"""
    person = visible_person(actor(), professional_id)
    return _out(granting.withdraw(person, fact_id, body["reason"]))


def _out(exemption: Exemption) -> dict[str, Any]:
    return known(EXEMPTION.items, exemption)


def _all_of(person: Professional) -> dict[str, Any]:
    return {"items": [_out(each) for each in granting.granted_to(person)]}
