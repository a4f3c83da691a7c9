"""Training sessions: a provider drafts, publishes, closes and revokes; the authority looks on.

A form asks for series and field in one list: who picks a field has said the series. On a page
`form` is the form itself, so the training's own is asked for under another name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.http.paging import page as page_of
from ce_tracker.ledger import revoking
from ce_tracker.registry import opening
from ce_tracker.registry.items import Errors, Item
from ce_tracker.registry.opening import PROVIDERS
from ce_tracker.registry.title_series import catalogue
from ce_tracker.training import accredited, listing, sessions
from ce_tracker.training.entering import ITEMS, KEPT_ONCE_POSTED
from ce_tracker.training.models import FIRST_DAY, Purpose, SessionState, Subject, TrainingSession
from ce_tracker.web import forms, uploads
from ce_tracker.web.conventions import actor, keyring, page
from ce_tracker.web.session_words import described

PROVIDER = frozenset({Role.PROVIDER})
HANDS = frozenset({Role.PROVIDER, Role.AUTHORITY})
A_PAGE = 50
LONGEST_QUERY = 50
WITHOUT_HOURS = "without-hours"
"""Beside the states: over, and nothing of it posted."""

_FORM = "training_form"
_ASKED = tuple(replace(item, name=_FORM) if item.name == "form" else item for item in ITEMS)
_PARTS = (
    ("办什么班", ("title", "course", "subject", "field", "purpose")),
    ("何时何地", (_FORM, "online", "place", "starts_at", "ends_at")),
    ("学时和人数", ("hours", "capacity", "code")),
)
_FIELD_HINT = "专业科目才选。整个系列的人都学的，选“整个系列”。"


@dataclass(frozen=True)
class Act:
    """What may be done to a session, from which states, and how it is asked for."""

    verb: str
    done: str
    states: tuple[SessionState, ...]
    needs_reason: bool = False


_ACTS = {
    "publish": Act(
        "发布", "已发布，可以上传学时名单了。", (SessionState.DRAFT, SessionState.CLOSED)
    ),
    "close": Act("结班", "已结班，不再接受学时名单。", (SessionState.PUBLISHED,)),
    "revoke": Act(
        "撤销",
        "已撤销。已入账的学时由系统逐人冲销，通常几分钟内完成。",
        (SessionState.DRAFT, SessionState.PUBLISHED, SessionState.CLOSED),
        needs_reason=True,
    ),
}


@page("/sessions", roles=HANDS)
def sessions_list() -> str:
    asked = {name: request.args.get(name, "").strip() for name in
             ("q", "state", "subject", "year", "provider")}  # fmt: skip
    unit = None
    if asked["provider"].isascii() and asked["provider"].isdigit():
        unit = opening.visible_unit(PROVIDERS, actor(), int(asked["provider"][:18]))
    years = range(clock.today().year + 1, FIRST_DAY.year - 1, -1)
    found = page_of(
        keyring(),
        listing.sessions(
            actor(),
            q=asked["q"][:LONGEST_QUERY] or None,
            state=asked["state"] if asked["state"] in set(SessionState) else None,
            subject=asked["subject"] if asked["subject"] in set(Subject) else None,
            year=next((year for year in years if str(year) == asked["year"]), None),
            provider=unit.id if unit else None,
            without_hours=asked["state"] == WITHOUT_HOURS,
        ),
        listing.ORDER,
        listing.place_of,
        request.args.get("cursor"),
        A_PAGE,
        newest_first=True,
    )
    return render_template(
        "sessions.html",
        sessions=[described(each) for each in found.items],
        next_cursor=found.next_cursor,
        states=[*((each.value, each.label) for each in SessionState),
                (WITHOUT_HOURS, "已结束，未入账")],
        subjects=[(each.value, each.label) for each in Subject],
        years=[(year, f"{year} 年度") for year in years],
        asked=asked,
        unit=unit,
        narrowed=any(value for name, value in asked.items() if name != "provider"),
    )  # fmt: skip


@page("/sessions/new", methods=("GET", "POST"), roles=PROVIDER)
def session_new() -> Any:
    form: dict[str, Any] = {"purpose": Purpose.ORDINARY, "online": "no"}
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = _read(_ASKED, errors)
        if not errors:
            try:
                made = sessions.create(actor(), values)
            except (Invalid, Conflict) as error:
                errors = _objections(error, form)
            else:
                flash(f"草稿已保存，班次编号 {made.code}。核对无误后发布。", "success")
                return _to(made.id)
    return _form(None, _ASKED, form, errors)


@page("/sessions/<int:session_id>", roles=HANDS)
def session(session_id: int) -> str:
    found = sessions.in_hand(actor(), session_id)
    draft = found.state == SessionState.DRAFT and not actor().is_authority
    return render_template(
        "session.html",
        **described(found),
        obstacle=accredited.obstacle(found, sessions.provider_of(found)) if draft else None,
        **uploads.of_session(found),
    )


@page("/sessions/<int:session_id>/change", methods=("GET", "POST"), roles=PROVIDER)
def session_change(session_id: int) -> Any:
    found = sessions.in_hand(actor(), session_id)
    items = _ASKED
    if found.first_posted_at is not None:
        items = tuple(item for item in _ASKED if item.column not in KEPT_ONCE_POSTED)
    form = forms.begin(items, {item.name: item.shown(found) for item in items})
    form["field"] = found.field_code or found.series_code or ""
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = _read(items, errors)
        if not errors:
            try:
                sessions.change(actor(), session_id, values)
            except (Invalid, Conflict) as error:
                errors = _objections(error, form)
            else:
                flash("修改已保存。", "success")
                return _to(session_id)
    return _form(found, items, form, errors)


@page("/sessions/<int:session_id>/publish", methods=("GET", "POST"), roles=PROVIDER)
def session_publish(session_id: int) -> Any:
    return _act("publish", session_id)


@page("/sessions/<int:session_id>/close", methods=("GET", "POST"), roles=PROVIDER)
def session_close(session_id: int) -> Any:
    return _act("close", session_id)


@page("/sessions/<int:session_id>/revoke", methods=("GET", "POST"), roles=HANDS)
def session_revoke(session_id: int) -> Any:
    return _act("revoke", session_id)


def _act(name: str, session_id: int) -> Any:
    """Asks once more before it is done."""
    act, found = _ACTS[name], sessions.in_hand(actor(), session_id)
    if request.method == "GET" and found.state not in act.states:
        return _to(session_id)  # already done, on another page
    errors: Errors = {}
    status = 200
    given_up = found.published_at is None
    if request.method == "POST":
        try:
            _do(name, session_id)
        except (Invalid, Conflict) as error:
            errors, status = forms.objections(error, ["reason"]), error.status
        else:
            flash("草稿已作废。" if name == "revoke" and given_up else act.done, "success")
            return _to(session_id)
    words = described(found)
    page_shown = render_template("session_act.html", name=name, act=act, errors=errors, **words)
    return page_shown, status


def _do(name: str, session_id: int) -> None:
    match name:
        case "publish":
            sessions.publish(actor(), session_id)
        case "close":
            sessions.close(actor(), session_id)
        case _:
            revoking.ask(actor(), session_id, request.form.get("reason", ""))


def _read(items: tuple[Item, ...], errors: Errors) -> dict[str, Any]:
    values = forms.read(items, request.form, errors)
    if _FORM in values:
        values["form"] = values.pop(_FORM)
    if "field" in values:
        aim = values["field"]
        values["series"] = aim if aim in catalogue() else None
        values["field"] = None if aim in catalogue() else aim
    return values


def _objections(error: Invalid | Conflict, form: dict[str, Any]) -> Errors:
    errors = forms.objections(error, {*form, "series", "online", "subject"})
    if "series" in errors:
        errors["field"] = errors.pop("series")
    return errors


def _form(
    found: TrainingSession | None, items: tuple[Item, ...], form: dict[str, Any], errors: Errors
) -> Any:
    asked = {item.name: item for item in items}
    if "field" in asked:
        asked["field"] = replace(asked["field"], label="面向的专业", hint=_FIELD_HINT)
    parts = [(title, [asked[name] for name in names if name in asked]) for title, names in _PARTS]
    words = described(found) if found else {"session": None}
    page_shown = render_template(
        "session_form.html",
        **words,
        parts=[(title, asked_here) for title, asked_here in parts if asked_here],
        form=form,
        errors=errors,
        aims=_aims(),
    )
    return (page_shown, 422) if errors else page_shown


def _aims() -> list[tuple[str, list[tuple[str, str]]]]:
    """Each with its series' name: 英语 alone could be anybody's."""
    return [
        (
            series.name,
            [(series.code, f"整个系列（{series.name}）")]
            + [(code, f"{name}（{series.name}）") for code, name in series.fields.items()],
        )
        for series in catalogue().values()
    ]


def _to(session_id: int) -> Any:
    return redirect(url_for("web.session", session_id=session_id), 303)
