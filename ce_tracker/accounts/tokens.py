"""API tokens: what they may be used for, making one, ending one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ce_tracker import audit, clock
from ce_tracker.accounts.models import ApiToken
from ce_tracker.accounts.sign_in import digest
from ce_tracker.actor import Actor, Role
from ce_tracker.errors import Invalid, NotAllowed, NotFound
from ce_tracker.extensions import db

SCOPES: dict[str, str] = {
    "me:read": "查看本人账号信息",
    "regions:read": "查询行政区划",
    "tokens:read": "查看本人的令牌",
    "tokens:write": "新建和作废本人的令牌",
    "registry:read": "查看单位和人员信息",
    "registry:write": "登记和更正单位、人员信息",
    "rosters:read": "查看花名册导入",
    "rosters:write": "上传、导入和撤回花名册",
    "sessions:read": "查看培训班次",
    "sessions:write": "新建、发布、结班和撤销培训班次",
    "attendance:read": "查看学时名单和待登记人员",
    "attendance:write": "上传、入账和撤回学时名单",
    "hours:read": "查看学时",
    "policies:read": "查看政策规则，试算",
    "compliance:write": "立即判定年度学时，年度封账，决定封账以后的补记",
    "messages:read": "查看收到的消息",
    "messages:write": "把消息标为已读",
    "directories:read": "查看基层单位目录清单",
    "directories:write": "编制、报备和审核基层单位目录清单",
    "promotions:read": "查看能否申报职称、职称申报",
    "promotions:write": "填写、推荐、提交和审核职称申报",
    "jobs:read": "查看后台任务",
    "jobs:write": "重新执行后台任务",
}
_ONLY_FOR = {
    "jobs:write": frozenset({Role.AUTHORITY}),
    "registry:write": frozenset({Role.AUTHORITY, Role.EMPLOYER}),
    "rosters:read": frozenset({Role.AUTHORITY, Role.EMPLOYER}),
    "rosters:write": frozenset({Role.EMPLOYER}),
    "sessions:write": frozenset({Role.AUTHORITY, Role.PROVIDER}),
    "attendance:read": frozenset({Role.AUTHORITY, Role.PROVIDER}),
    "attendance:write": frozenset({Role.PROVIDER}),
    "hours:read": frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL}),
    "compliance:write": frozenset({Role.AUTHORITY}),
    "directories:write": frozenset({Role.AUTHORITY}),
    "promotions:read": frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL}),
    "promotions:write": frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL}),
    "messages:read": frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL}),
    "messages:write": frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL}),
}
"""Scopes that an account of another role could do nothing with."""

STATES = ("active", "expired", "revoked")
LONGEST_DAYS = 366
DEFAULT_DAYS = 90
PREFIX = "ce_"
SHOWN = 10


def scopes_for(role: Role) -> dict[str, str]:
    """What an account of this role can give a token at all."""
    return {
        scope: title
        for scope, title in SCOPES.items()
        if role in _ONLY_FOR.get(scope, frozenset(Role))
    }


def create_token(
    actor: Actor, name: str, scopes: Iterable[str], days: int | None
) -> tuple[ApiToken, str]:
    """The token and its secret, which nobody can be shown again.

    A token makes none that can do more than itself, nor one that outlives it: else whoever holds
    one for a day holds it for ever.
    """
    wanted = sorted(set(scopes))
    allowed = set(scopes_for(actor.role))
    if actor.token_scopes is not None:
        allowed &= actor.token_scopes
    if excess := [scope for scope in wanted if scope not in allowed]:
        raise NotAllowed(f"不能授予这些权限：{'、'.join(excess)}。")
    now = clock.now()
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        digest=digest(secret),
        prefix=secret[:SHOWN],
        user_id=actor.user_id,
        name=name,
        scopes=wanted,
        created_at=now,
        expires_at=_expiry(actor, days, now),
    )
    db.session.add(token)
    audit.record(
        "token.created",
        name,
        subject_user_id=actor.user_id,
        scopes=wanted,
        expires_at=token.expires_at.isoformat(),
    )
    db.session.flush()
    return token, secret


def _expiry(actor: Actor, days: int | None, now: datetime) -> datetime:
    wanted = now + timedelta(days=DEFAULT_DAYS if days is None else days)
    latest = actor.token_expires_at
    if latest is None or wanted <= latest:
        return wanted
    if days is None:
        return latest
    last_day = latest.astimezone(clock.SHANGHAI).date()
    raise Invalid(
        errors=[{"field": "days", "message": f"不能晚于所用令牌自己的到期日 {last_day}。"}]
    )


def own_token(actor: Actor, token_id: UUID) -> ApiToken:
    token = db.session.scalar(
        select(ApiToken).where(ApiToken.id == token_id, ApiToken.visible_to(actor))
    )
    if token is None:
        raise NotFound
    return token


def revoke_token(token: ApiToken) -> None:
    """Ending one that has ended is no error: what was wanted is so."""
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        audit.record("token.revoked", token.name, subject_user_id=token.user_id)
        db.session.flush()
