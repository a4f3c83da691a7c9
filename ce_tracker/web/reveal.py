"""The page on which a whole ID number is asked for, and the one on which it is shown once."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request
from sqlalchemy import select

from ce_tracker.accounts.proof import WrongProofError, require_password
from ce_tracker.accounts.sign_in import Visitor
from ce_tracker.errors import Invalid, NotFound, TooMany
from ce_tracker.extensions import db
from ce_tracker.identity import IdKind
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import written
from ce_tracker.registry.reveal import MAY_REVEAL, reveal
from ce_tracker.web.conventions import actor, cookie, keyring, page

_LONGEST_PASSWORD = 256


@page("/people/<int:professional_id>/id-number", methods=("GET", "POST"), roles=MAY_REVEAL)
def id_number(professional_id: int) -> Any:
    who = actor()
    person = db.session.scalar(
        select(Professional).where(Professional.id == professional_id, Professional.visible_to(who))
    )
    if person is None:
        raise NotFound
    purpose = request.form.get("purpose", "")
    words = {
        "person_id": person.id,
        "name": person.name,
        "kind": IdKind(person.id_kind).label,
        "tail": person.id_tail,
        "purpose": purpose,
        "errors": {},
    }
    if request.method == "GET":
        return render_template("id_number.html", **words)
    status, headers = 422, {}
    try:
        words["errors"] = errors = _objections(purpose)
        if not errors:
            require_password(keyring(), _visitor(), who, _password())
            return _shown_once(words, reveal(keyring(), who, professional_id, purpose))
    except WrongProofError as error:
        words["errors"] = {"password": f"{error.title}。{error.remedy}"}
    except TooMany as error:
        minutes = -(-error.retry_after // 60)
        words["errors"] = {"password": f"密码输错的次数过多，请 {minutes} 分钟后再试。"}
        status, headers = error.status, {"Retry-After": str(error.retry_after)}
    return render_template("id_number.html", **words), status, headers


def _shown_once(words: dict[str, Any], number: str) -> Any:
    answer = make_response(render_template("id_number_shown.html", number=number, **words))
    # Not only for whoever stands between: the browser's own way back must not bring it back.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _objections(purpose: str) -> dict[str, str]:
    errors = {} if _password() else {"password": "请输入您的登录密码。"}
    try:
        written(purpose, "purpose", "用途")
    except Invalid as error:
        return {"purpose": error.detail} | errors
    return errors


def _password() -> str:
    return request.form.get("password", "")[:_LONGEST_PASSWORD]


def _visitor() -> Visitor:
    return Visitor(
        address=request.remote_addr or "",
        device=request.user_agent.string,
        device_cookie=cookie("device"),
    )
