"""Coming in and going out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for

from ce_tracker import audit
from ce_tracker.accounts.sign_in import Visitor, WrongPasswordError, device_cookie
from ce_tracker.accounts.sign_in import sign_in as let_in
from ce_tracker.accounts.users import end_sessions
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from ce_tracker.errors import TooMany
from ce_tracker.extensions import current_actor
from ce_tracker.http.access import EVERYBODY
from ce_tracker.identity import hidden
from ce_tracker.web.conventions import (
    actor,
    cookie,
    cookie_name,
    keyring,
    local,
    page,
    set_cookie,
    settings,
)
from config import Env

DEVICE_REMEMBERED = timedelta(days=180)
_LONGEST_FIELD = 200


@page("/sign-in", methods=("GET", "POST"))
def sign_in() -> Any:
    target = local(request.values.get("next")) or url_for("web.home")
    if request.method == "GET":
        return redirect(target) if current_actor() else _form(target)
    login = request.form.get("login", "")[:_LONGEST_FIELD]
    password = request.form.get("password", "")[:_LONGEST_FIELD]
    if not login.strip() or not password:
        return _form(target, login, error="请填写登录名和密码。"), 422
    visitor = Visitor(
        address=request.remote_addr or "",
        device=request.user_agent.string,
        device_cookie=cookie("device"),
    )
    try:
        signed_in = let_in(keyring(), visitor, login, password)
    except WrongPasswordError as error:
        return _form(target, login, error=f"{error.title}。{error.remedy}"), 401
    except TooMany as error:
        answer = make_response(
            _form(target, login, error=error.detail, retry_after=error.retry_after), 429
        )
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    first = url_for("web.password") if signed_in.actor.must_change_password else target
    response = make_response(redirect(first, 303))
    set_cookie(response, "session", signed_in.secret)
    known = device_cookie(keyring(), signed_in.actor.login)
    set_cookie(response, "device", known, DEVICE_REMEMBERED)
    return response


@page("/sign-out", methods=("POST",), roles=EVERYBODY, before_password_change=True)
def sign_out() -> Response:
    who = actor()
    end_sessions(who, only_id=who.web_session_id)
    audit.record("account.signed_out", who.login, subject_user_id=who.user_id)
    response = make_response(redirect(url_for("web.sign_in"), 303))
    response.delete_cookie(cookie_name("session"))
    flash("您已退出登录。", "success")
    return response


def _form(target: str, login: str = "", **words: Any) -> str:
    shown = DEMO_ACCOUNTS if settings().env is Env.DEMO else ()
    return render_template(
        "sign_in.html",
        # Typed into the wrong box, an ID number must not stand on the screen.
        form={"login": login if hidden(login) == login else ""},
        next=target,
        demo_accounts=shown,
        demo_password=DEMO_PASSWORD,
        **{"error": None, "retry_after": None, **words},
    )
