"""/me: whom a token acts for."""

from __future__ import annotations

from marshmallow import fields

from ce_tracker.actor import Actor
from ce_tracker.api.conventions import Resource, actor, endpoint
from ce_tracker.api.schema import Output
from ce_tracker.http.access import EVERYBODY

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
