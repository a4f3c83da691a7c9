"""What every page does alike, put on a view by one decorator.

    @page("/jobs", roles=frozenset({Role.AUTHORITY}))
    def jobs(): ...

Who is asking (the sign-in's cookie), may they, is a form really ours, the view, commit. A person
who is not signed in is shown the sign-in page and comes back afterwards.
"""

from __future__ import annotations

import functools
import hmac
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    url_for,
)

from ce_tracker import clock
from ce_tracker.accounts.sign_in import enter_by_session
from ce_tracker.actor import Actor, Role
from ce_tracker.errors import ForgedForm, NotSignedIn, PasswordChangeNeeded
from ce_tracker.extensions import current_actor, db
from ce_tracker.http.access import PUBLIC, Access, guarded
from ce_tracker.http.bodies import LARGEST_UPLOAD, with_largest_body
from ce_tracker.identity import hidden
from ce_tracker.sealing import Keyring
from config import Env, Settings

View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("web", __name__)

VISIT_DAYS = 1


def page(
    rule: str,
    *,
    methods: tuple[str, ...] = ("GET",),
    roles: frozenset[Role] = frozenset(),
    before_password_change: bool = False,
    takes_file: bool = False,
) -> Callable[[View], View]:
    access = Access(roles, None, before_password_change) if roles else PUBLIC

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def conduct(**path: Any) -> Any:
            actor = _enter()
            try:
                access.check(actor)
            except NotSignedIn:
                return redirect(url_for("web.sign_in", next=_here()))
            except PasswordChangeNeeded:
                return redirect(url_for("web.password"))
            if request.method == "POST":
                _require_own_form()
            response = make_response(view(**path))
            db.session.commit()
            return _with_visit(response)

        guarded(access)(conduct)
        if takes_file:
            with_largest_body(LARGEST_UPLOAD)(conduct)
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=conduct, methods=methods)
        return view

    return decorate


def actor() -> Actor:
    found = current_actor()
    if found is None:
        raise NotSignedIn
    return found


def settings() -> Settings:
    found: Settings = current_app.config["CE_SETTINGS"]
    return found


def keyring() -> Keyring:
    return settings().keyring()


def cookie_name(name: str) -> str:
    """`__Host-` makes browsers refuse the cookie from anywhere but here; it needs https."""
    return f"__Host-ce-{name}" if settings().secure_cookies else f"ce-{name}"


def set_cookie(response: Response, name: str, value: str, life: timedelta | None = None) -> None:
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=life,
        path="/",
        secure=settings().secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def cookie(name: str) -> str:
    return request.cookies.get(cookie_name(name), "")


def local(address: str | None) -> str | None:
    """An address to come back to, if it is one of ours."""
    if not address or not address.startswith("/") or address.startswith("//"):
        return None
    # Browsers read a backslash as a slash and read past tabs and line ends.
    if "\\" in address or not address.isprintable():
        return None
    return address


def csrf_token() -> str:
    """What only a page of ours, shown to this very browser, can hold."""
    return keyring().sign(_browser().encode(), "form").hex()


def _browser() -> str:
    """The secret that this browser alone holds: of its sign-in, or else of its visit."""
    secret = cookie("session") or cookie("visit") or g.get("new_visit")
    if not secret:
        secret = g.new_visit = secrets.token_urlsafe(16)
    return str(secret)


def _with_visit(response: Response) -> Response:
    if "new_visit" in g:
        set_cookie(response, "visit", g.new_visit, timedelta(days=VISIT_DAYS))
    return response


def _require_own_form() -> None:
    # Browsers say where a request comes from; a foreign page cannot change that.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForgedForm
    shown = request.form.get("csrf_token", "") or request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(shown.encode(), csrf_token().encode()):
        raise ForgedForm


def _enter() -> Actor | None:
    secret = cookie("session")
    if not secret:
        return None
    return enter_by_session(secret, timedelta(minutes=settings().idle_minutes))


def _here() -> str | None:
    address = request.full_path.rstrip("?")
    if request.method != "GET" or address == "/" or hidden(address) != address:
        return None
    return address


def install_template_words(app: Flask, settings: Settings) -> None:
    app.jinja_env.filters.update(day=_day, moment=_moment, ago=_ago)
    app.jinja_env.globals.update(csrf_token=csrf_token)

    @app.context_processor
    def words() -> dict[str, Any]:
        # An error may be shown before anybody was entered, or because nobody could be.
        known = current_actor() if db.session.registry.has() else None
        return {"actor": known, "demo": settings.env is Env.DEMO}


def _day(value: date | datetime) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(clock.SHANGHAI).date()
    return value.isoformat()


def _moment(value: datetime) -> str:
    return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _ago(value: datetime) -> str:
    seconds = int((clock.now() - value).total_seconds())
    for size, word in ((86400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds // size} {word}前"
    return "刚刚"
