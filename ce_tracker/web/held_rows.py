"""Hours of people whom nobody has registered yet, and hours of closed years: seen by provider and
authority, let go by the provider; of a closed year the authority decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.http.paging import newest
from ce_tracker.ledger import deciding, held_requests, upload_requests
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.uploads import HeldRow, Upload
from ce_tracker.training import sessions
from ce_tracker.training.models import TrainingSession
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, keyring, page

READERS = frozenset({Role.PROVIDER, Role.AUTHORITY})
PROVIDER = frozenset({Role.PROVIDER})
AUTHORITY = frozenset({Role.AUTHORITY})
LATEST_DECISIONS = 20
ROWS_A_PAGE = 50


@dataclass(frozen=True)
class _Only:
    """Of one session or one upload; of one that is not this actor's to see there is nothing."""

    session: TrainingSession | None
    upload: Upload | None
    late: bool
    """Only what would move hours of a closed year."""

    @classmethod
    def asked(cls, said: MultiDict[str, str]) -> _Only:
        session, upload = said.get("session", type=int), said.get("upload", type=UUID)
        return cls(
            None if session is None else sessions.visible(actor(), session),
            None if upload is None else upload_requests.visible(actor(), upload),
            "late" in said,
        )

    @property
    def session_id(self) -> int | None:
        return self.session.id if self.session else None

    @property
    def upload_id(self) -> UUID | None:
        return self.upload.id if self.upload else None

    @property
    def said(self) -> dict[str, Any]:
        named = {
            "session": self.session_id,
            "upload": self.upload_id,
            "late": "yes" if self.late else None,
        }
        return {name: value for name, value in named.items() if value is not None}


@page("/held-rows", roles=READERS)
def held_rows() -> str:
    who, only = actor(), _Only.asked(request.args)
    which: dict[str, Any] = {
        "session_id": only.session_id,
        "upload_id": only.upload_id,
        "late": only.late,
    }
    rows = held_requests.held(who, **which)
    found = newest(
        keyring(),
        rows,
        HeldRow.id,
        request.args.get("cursor"),
        ROWS_A_PAGE,
    )
    return render_template(
        "held_rows.html",
        rows=held_requests.shown(who, keyring(), found.items),
        next_cursor=found.next_cursor,
        session=only.session,
        upload=only.upload,
        only=only.said,
        count=held_requests.count(who, **which),
        refusals=_refusals() if who.role is Role.PROVIDER else [],
        shown=shown,
    )


@page("/held-rows/<int:held_id>/decide", methods=("GET", "POST"), roles=AUTHORITY)
def decide_held(held_id: int) -> Any:
    who = actor()
    row = deciding.awaited(held_id, who)
    form, errors = request.form.to_dict(), {}
    if request.method == "POST":
        admitted = form.get("decision")
        if admitted not in _DECISIONS:
            errors = {"decision": "请选择同意或不同意。"}
        else:
            try:
                deciding.decide(
                    who, held_id, admitted=admitted == "admit", reason=form.get("reason", "")[:400]
                )
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, {"reason": ""})
            else:
                flash(_DECISIONS[admitted], "success")
                return redirect(url_for("web.held_rows", late="yes"), 303)
    shown_page = render_template(
        "held_row_decide.html",
        row=held_requests.shown(who, keyring(), [row])[0],
        person=deciding.whose(who, [row])[row.id],
        was=deciding.held_already(row),
        form=form,
        errors=errors,
        shown=shown,
    )
    return (shown_page, 422) if errors else shown_page


_DECISIONS = {
    "admit": "已同意，学时随即入账，封账以后的变化另行记载。",
    "refuse": "没有同意，这条学时不入账，施教机构能看到理由。",
}


def _refusals() -> list[tuple[LateDecision, TrainingSession]]:
    """The latest, for their provider: the rows themselves are forgotten."""
    found = db.session.scalars(
        deciding.decisions(actor(), LateDecision.admitted.is_(False))
        .order_by(LateDecision.id.desc())
        .limit(LATEST_DECISIONS)
    ).all()
    return [(each, db.session.get_one(TrainingSession, each.session_id)) for each in found]


@page("/held-rows/<int:held_id>/release", methods=("POST",), roles=PROVIDER)
def release_held(held_id: int) -> Any:
    only = _Only.asked(request.form)
    released = held_requests.release(actor(), held_id)
    return _back(released, only)


@page("/held-rows/release", methods=("POST",), roles=PROVIDER)
def release_all_held() -> Any:
    only = _Only.asked(request.form)
    released = held_requests.release_all(
        actor(), session_id=only.session_id, upload_id=only.upload_id
    )
    return _back(released, only)


def _back(released: int, only: _Only) -> Any:
    flash(f"已放弃 {released} 条，保存的证件号码已删除。", "success")
    return redirect(url_for("web.held_rows", **only.said), 303)
