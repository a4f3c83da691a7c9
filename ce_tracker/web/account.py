"""One's own account: password, sign-ins, tokens, and what was done with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select

from ce_tracker import audit, clock
from ce_tracker.accounts import tokens, users
from ce_tracker.accounts.models import ApiToken, WebSession
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import newest
from ce_tracker.notices import addresses
from ce_tracker.web.conventions import actor, keyring, page, settings
from ce_tracker.web.devices import device_name

TOKEN_DAYS = (7, 30, 90, 365)
ENTRIES_A_PAGE = 50
_MOST_TOKENS_SHOWN = 100
_LONGEST_NAME = 60


@page("/account", roles=EVERYBODY)
def account() -> str:
    who = actor()
    sign_ins = db.session.scalars(
        select(WebSession)
        .where(
            WebSession.visible_to(who),
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > clock.now(),
        )
        .order_by(WebSession.last_seen_at.desc())
    )
    own_tokens = db.session.scalars(
        select(ApiToken)
        .where(ApiToken.visible_to(who))
        .order_by(ApiToken.id.desc())
        .limit(_MOST_TOKENS_SHOWN)
    )
    return render_template(
        "account.html",
        mail_address=addresses.own_address(keyring(), who),
        mailing=settings().smtp_url is not None,
        sessions=[
            {
                "id": row.id,
                "created_at": row.created_at,
                "last_seen_at": row.last_seen_at,
                "device": device_name(row.device),
                "ip": row.address,
                "current": row.id == who.web_session_id,
            }
            for row in sign_ins
        ],
        tokens=[
            {
                "id": row.id,
                "name": row.name,
                "prefix": row.prefix,
                "scopes": [tokens.SCOPES.get(scope, scope) for scope in row.scopes],
                "created_at": row.created_at,
                "expires_at": row.expires_at,
                "last_used_at": row.last_used_at,
                "state": row.state,
            }
            for row in own_tokens
        ],
    )


@page("/account/password", methods=("GET", "POST"), roles=EVERYBODY, before_password_change=True)
def password() -> Any:
    who = actor()
    errors: dict[str, str] = {}
    if request.method == "POST":
        current, new, again = (request.form.get(name, "") for name in ("current", "new", "again"))
        try:
            users.change_password(keyring(), who, current, new, again)
        except Invalid as error:
            errors = {entry["field"]: entry["message"] for entry in error.facts["errors"]}
        else:
            flash("密码已修改，您在其他设备上的登录已退出。", "success")
            return redirect(url_for("web.home"), 303)
    shown = render_template("password.html", errors=errors, forced=who.must_change_password)
    return (shown, 422) if errors else shown


@page("/account/sessions/<uuid:web_session_id>/revoke", methods=("POST",), roles=EVERYBODY)
def revoke_web_session(web_session_id: UUID) -> Response:
    who = actor()
    if not users.end_sessions(who, only_id=web_session_id):
        raise NotFound
    audit.record("account.session_revoked", who.login, subject_user_id=who.user_id)
    flash("已让该设备退出登录。", "success")
    return _back()


@page("/account/sessions/revoke-others", methods=("POST",), roles=EVERYBODY)
def revoke_other_web_sessions() -> Response:
    who = actor()
    ended = users.end_sessions(who, except_id=who.web_session_id)
    if ended:
        audit.record("account.session_revoked", who.login, subject_user_id=who.user_id, ended=ended)
    flash(f"已让其他 {ended} 处登录退出。" if ended else "没有其他登录。", "success")
    return _back()


@page("/account/tokens/new", methods=("GET", "POST"), roles=EVERYBODY)
def new_token() -> Any:
    who = actor()
    offered = tokens.scopes_for(who.role)
    form: dict[str, Any] = {"name": "", "scopes": [], "days": 90}
    errors: dict[str, str] = {}
    secret = None
    if request.method == "POST":
        form = {
            "name": request.form.get("name", "").strip(),
            "scopes": request.form.getlist("scopes"),
            "days": request.form.get("days", type=int),
        }
        errors = _objections(form, offered)
        if not errors:
            _, secret = tokens.create_token(who, form["name"], form["scopes"], form["days"])
    shown = render_template(
        "token_new.html",
        scopes=list(offered.items()),
        days=TOKEN_DAYS,
        form=form,
        errors=errors,
        secret=secret,
    )
    return (shown, 422) if errors else shown


@page("/account/tokens/<uuid:token_id>/revoke", methods=("POST",), roles=EVERYBODY)
def revoke_token(token_id: UUID) -> Response:
    tokens.revoke_token(tokens.own_token(actor(), token_id))
    flash("令牌已作废，立即失效。", "success")
    return _back()


@page("/account/activity", roles=EVERYBODY)
def activity() -> str:
    shown = newest(
        keyring(),
        select(AuditEntry).where(AuditEntry.visible_to(actor())),
        AuditEntry.id,
        request.args.get("cursor"),
        ENTRIES_A_PAGE,
    )
    return render_template("activity.html", entries=shown.items, next_cursor=shown.next_cursor)


def _objections(form: dict[str, Any], offered: dict[str, str]) -> dict[str, str]:
    errors = {}
    if not 1 <= len(form["name"]) <= _LONGEST_NAME:
        errors["name"] = f"请给令牌起个名称，1 到 {_LONGEST_NAME} 个字符。"
    if not form["scopes"] or not set(form["scopes"]) <= set(offered):
        errors["scopes"] = "请至少选择一项权限。"
    if form["days"] not in TOKEN_DAYS:
        errors["days"] = "请选择有效期。"
    return errors


def _back() -> Response:
    response: Any = redirect(url_for("web.account"), 303)
    back: Response = response
    return back
