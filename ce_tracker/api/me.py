"""/me: whom a token acts for; a person's own record."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Actor, Role
from ce_tracker.api.conventions import Resource, actor, endpoint
from ce_tracker.api.facts import RecordOut, record_out
from ce_tracker.api.items import AsOf, day_and_moment
from ce_tracker.api.schema import Output
from ce_tracker.http.access import EVERYBODY
from ce_tracker.registry import record

blueprint = Resource("me", __name__, url_prefix="/api/v1/me", description="当前账号")


class MeOut(Output):
    user_id = fields.UUID(required=True)
    login = fields.String(required=True)
    display_name = fields.String(required=True)
    role = fields.String(required=True)
    role_title = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "账号所属的单位、个人或地区"})
    region_code = fields.String(required=True)
    sector = fields.String(allow_none=True)
    employer_id = fields.Integer(allow_none=True)
    provider_id = fields.Integer(allow_none=True)
    professional_id = fields.Integer(allow_none=True)
    token_scopes = fields.List(fields.String(), metadata={"description": "这个令牌的权限"})


@endpoint(blueprint, "GET", "", roles=EVERYBODY, scope="me:read", answer=MeOut)
def get_me() -> Actor:
    """当前账号是谁"""
    return actor()


@endpoint(
    blueprint,
    "GET",
    "/record",
    roles=frozenset({Role.PROFESSIONAL}),
    scope="registry:read",
    query=AsOf,
    answer=RecordOut,
)
def get_own_record(query: dict[str, Any]) -> dict[str, Any]:
    """本人的档案，只对专业技术人员本人开放"""
    who = actor()
    person = record.visible_person(who, who.professional_id or 0)
    day, moment = day_and_moment(query)
    return record_out(record.record_of(who, person, day, moment), day, moment)
