"""/tokens: one's own API tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from ce_tracker.accounts import tokens
from ce_tracker.accounts.models import ApiToken
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.schema import Input, Output, PageQuery, between, length, one_of
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import Page, newest

blueprint = Resource("tokens", __name__, url_prefix="/api/v1/tokens", description="本人的令牌")


class TokenOut(Output):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    prefix = fields.String(required=True, metadata={"description": "令牌开头的几个字符，供辨认"})
    scopes = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=one_of(tokens.STATES))
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(allow_none=True)
    revoked_at = fields.AwareDateTime(allow_none=True)


class NewTokenOut(TokenOut):
    secret = fields.String(
        allow_none=True,
        metadata={
            "description": "令牌本身，只在这一次答复中出现；重放的答复中为空",
            "x-secret": True,
        },
    )


_COLUMNS = tuple(TokenOut().fields)


class TokenPage(Output):
    items = fields.List(fields.Nested(TokenOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NewToken(Input):
    name = fields.String(required=True, validate=length(1, 60))
    scopes = fields.List(
        fields.String(validate=one_of(list(tokens.SCOPES))),
        required=True,
        validate=validate.Length(1, len(tokens.SCOPES), error="至少选择一项权限。"),
    )
    days = fields.Integer(
        strict=True,
        validate=between(1, tokens.LONGEST_DAYS),
        metadata={
            "description": f"有效天数，不能超过所用令牌自己的；默认 {tokens.DEFAULT_DAYS} 天，"
            "所用令牌更早到期的则与它同时到期"
        },
    )


@endpoint(
    blueprint, "GET", "", roles=EVERYBODY, scope="tokens:read", query=PageQuery, answer=TokenPage
)
def list_tokens(query: dict[str, Any]) -> Page[ApiToken]:
    """本人的令牌，新的在前"""
    return newest(
        keyring(),
        select(ApiToken).where(ApiToken.visible_to(actor())),
        ApiToken.id,
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "POST",
    "",
    roles=EVERYBODY,
    scope="tokens:write",
    body=NewToken,
    answer=NewTokenOut,
    status=201,
)
def create_token(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """新建令牌；权限和有效期都不能超过所用令牌自己的"""
    token, secret = tokens.create_token(actor(), body["name"], body["scopes"], body.get("days"))
    shown = {name: getattr(token, name) for name in _COLUMNS} | {"secret": secret}
    return shown, 201, {"Location": f"/api/v1/tokens/{token.id}"}


@endpoint(
    blueprint, "GET", "/<uuid:token_id>", roles=EVERYBODY, scope="tokens:read", answer=TokenOut
)
def get_token(token_id: UUID) -> ApiToken:
    """一个令牌"""
    return tokens.own_token(actor(), token_id)


@endpoint(
    blueprint,
    "POST",
    "/<uuid:token_id>/revoke",
    roles=EVERYBODY,
    scope="tokens:write",
    answer=TokenOut,
)
def revoke_token(token_id: UUID) -> ApiToken:
    """作废令牌，立即生效"""
    token = tokens.own_token(actor(), token_id)
    tokens.revoke_token(token)
    return token
