"""A provider's uploads: what each would do in plain words, saying yes, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select

from ce_tracker.actor import Role
from ce_tracker.errors import Invalid
from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.http.files import marked_name, spreadsheet
from ce_tracker.http.paging import newest, walk
from ce_tracker.jobs import is_dead
from ce_tracker.ledger import held_requests, upload_lines, upload_requests
from ce_tracker.ledger.uploads import Mode, Outcome, Upload, UploadState
from ce_tracker.training.models import TrainingSession
from ce_tracker.web.conventions import actor, keyring, page

PROVIDER = frozenset({Role.PROVIDER})
LINES_A_PAGE = 50
UPLOADS_A_PAGE = 20
LATEST = 5
UNDER_WAY = (UploadState.READING, UploadState.POSTING)

_SAID = {
    Outcome.NEW: "新入账 {n} {people}",
    Outcome.CHANGED: "更正 {n} {people}",
    Outcome.REMOVED: "冲销 {n} {people}",
    Outcome.HELD: "待登记 {n} {people}",
    Outcome.NOT_CREDITED: "不计学时 {n} {people}",
    Outcome.ALREADY: "没有变化 {n} {people}",
    Outcome.WRONG: "有问题 {n} 行",
}
_WILL = {
    Outcome.REMOVED: "，已入账而不在这份名单中",
    Outcome.HELD: "，学时先保留，等这些人登记后自动入账",
    Outcome.NOT_CREDITED: "，不合格、缺考等",
    Outcome.ALREADY: "，以前已经入账",
    Outcome.WRONG: "，不会入账",
}
_DID = _WILL | {
    Outcome.REMOVED: "，不在这份名单中",
    Outcome.HELD: "，等这些人登记后自动入账",
    Outcome.WRONG: "，没有入账",
}
_ACTS = (Outcome.NEW, Outcome.CHANGED, Outcome.REMOVED, Outcome.HELD)


@page("/uploads", roles=PROVIDER)
def uploads() -> str:
    found = newest(
        keyring(),
        select(Upload).where(Upload.visible_to(actor())),
        Upload.id,
        request.args.get("cursor"),
        UPLOADS_A_PAGE,
    )
    return render_template(
        "uploads.html", uploads=_described_all(found.items), next_cursor=found.next_cursor
    )


@page("/uploads/<uuid:upload_id>", roles=PROVIDER)
def upload(upload_id: UUID) -> Any:
    return _shown(upload_requests.visible(actor(), upload_id), {})


@page("/uploads/<uuid:upload_id>/progress", roles=PROVIDER)
def upload_progress(upload_id: UUID) -> Response:
    """For htmx: the bar, and once there is more to see, the whole page."""
    found = upload_requests.visible(actor(), upload_id)
    response = make_response(render_template("progress.html", **_progress(found)))
    if found.state not in UNDER_WAY:
        response.headers["HX-Refresh"] = "true"
    return response


@page("/uploads/<uuid:upload_id>/post", methods=("POST",), roles=PROVIDER)
def upload_post(upload_id: UUID) -> Any:
    try:
        upload_requests.request_post(actor(), upload_id, request.form.get("reason"))
    except Invalid as error:
        found = upload_requests.visible(actor(), upload_id)
        objections = {each["field"]: each["message"] for each in error.facts["errors"]}
        return _shown(found, objections), 422
    return redirect(url_for("web.upload", upload_id=upload_id), 303)


@page("/uploads/<uuid:upload_id>/withdraw", methods=("POST",), roles=PROVIDER)
def upload_withdraw(upload_id: UUID) -> Any:
    upload_requests.withdraw(actor(), upload_id)
    flash("名单已撤回，上传的文件已删除，什么也没有入账。", "success")
    return redirect(url_for("web.uploads"), 303)


@page("/uploads/<uuid:upload_id>/problems.xlsx", roles=PROVIDER)
def upload_problems(upload_id: UUID) -> Response:
    found = upload_requests.visible(actor(), upload_id)
    return spreadsheet(upload_requests.marked(keyring(), found), marked_name(found.file_name))


def of_session(session: TrainingSession) -> dict[str, Any]:
    """For its own page: the latest lists, and how many people are held."""
    statement = select(Upload).where(Upload.visible_to(actor()), Upload.session_id == session.id)
    latest = db.session.scalars(statement.order_by(Upload.id.desc()).limit(LATEST))
    return {
        "uploads": _described_all(latest),
        "held": held_requests.count(actor(), session_id=session.id),
    }


def _shown(found: Upload, errors: dict[str, str]) -> str:
    [words] = _described_all([found])
    words |= {"errors": errors, "reason": request.form.get("reason", "")}
    if found.state in UNDER_WAY:
        words |= _progress(found)
    if found.state == UploadState.POSTED:
        words["held"] = held_requests.count(actor(), upload_id=found.id)
    if found.state in {UploadState.PREVIEWED, UploadState.POSTED}:
        outcome = _chosen(found)
        lines = walk(
            keyring(),
            f"lines {found.id} {outcome}",
            partial(upload_lines.stretch, keyring(), found, outcome),
            request.args.get("cursor"),
            LINES_A_PAGE,
        )
        words |= {
            "outcome": outcome,
            "lines": [each.line for each in lines.items],
            "next_cursor": lines.next_cursor,
            "tabs": [
                (each, found.counts.get(each, 0))
                for each in Outcome
                if found.counts.get(each) or each == outcome
            ],
            "shown": shown,
        }
    return render_template("upload.html", **words)


def _described_all(found: Iterable[Upload]) -> list[dict[str, Any]]:
    uploads = list(found)
    wanted = {each.session_id for each in uploads if each.session_id is not None}
    sessions = {
        session.id: session
        for session in db.session.scalars(
            select(TrainingSession).where(TrainingSession.id.in_(wanted))
        )
    }
    return [_described(each, sessions.get(each.session_id or 0)) for each in uploads]


def _described(found: Upload, session: TrainingSession | None) -> dict[str, Any]:
    counts = found.counts
    people = "人" if session else "人次"
    short = {
        each: _SAID[each].format(n=counts[each], people=people)
        for each in _SAID
        if counts.get(each)
    }
    more = _DID if found.state == UploadState.POSTED else _WILL
    long = {each: said + more.get(each, "") for each, said in short.items()}
    if Outcome.CHANGED in short and found.state == UploadState.PREVIEWED:
        long[Outcome.CHANGED] += _change(found)
    return {
        "upload": found,
        "session": session,
        "state": UploadState(found.state),
        "mode": Mode(found.mode),
        "under_way": found.state in UNDER_WAY,
        "summary": "，".join(short.values()),
        "effects": list(long.items()),
        "act": "，".join(short[each] for each in _ACTS if each in short),
        "corrects": bool(counts.get("changed") or counts.get("removed")),
    }


def _change(found: Upload) -> str:
    change = upload_lines.only_change(keyring(), found)
    if change is None:
        return "，各人原来和现在的学时见下表"
    was, now = change
    if was == now:
        return "，学时不变，完成日期或成绩有更正"
    return f"（原 {shown(was)} 学时，现{'不计' if now is None else f' {shown(now)} 学时'}）"


def _progress(found: Upload) -> dict[str, Any]:
    reading = found.state == UploadState.READING
    kind = "attendance-preview" if reading else "attendance-post"
    return {
        "stopped": is_dead(actor(), kind, str(found.id)),
        "doing": "正在逐行核对" if reading else "正在入账",
        "done": found.rows_done,
        "total": found.rows_total,
    }


def _chosen(found: Upload) -> str:
    """What was asked for, or what most needs to be looked at; of what is posted, what is left."""
    asked = request.args.get("outcome", "")
    if found.state == UploadState.POSTED:
        return Outcome.WRONG
    if asked in set(Outcome):
        return asked
    return next((each for each in Outcome if found.counts.get(each)), Outcome.NEW)
