"""A provider hands in who attended: of one session, or one file of many."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from flask import Response, redirect, render_template, request, url_for

from ce_tracker.actor import Role
from ce_tracker.errors import Invalid
from ce_tracker.http.files import spreadsheet
from ce_tracker.ledger import upload_requests
from ce_tracker.ledger.uploads import Mode
from ce_tracker.training.models import TrainingSession
from ce_tracker.web.conventions import actor, keyring, page

PROVIDER = frozenset({Role.PROVIDER})


@page(
    "/sessions/<int:session_id>/attendance/new",
    methods=("GET", "POST"),
    roles=PROVIDER,
    takes_file=True,
)
def attendance_new(session_id: int) -> Any:
    session = upload_requests.own_session(actor(), session_id)
    upload_requests.insist_published(session)
    return _new(session)


@page("/attendance/new", methods=("GET", "POST"), roles=PROVIDER, takes_file=True)
def attendance_of_many_new() -> Any:
    return _new(None)


@page("/attendance/blank.xlsx", roles=PROVIDER)
def attendance_blank() -> Response:
    return spreadsheet(upload_requests.blank(of_many=False), "学时名单.xlsx")


@page("/attendance/blank-of-many.xlsx", roles=PROVIDER)
def attendance_of_many_blank() -> Response:
    return spreadsheet(upload_requests.blank(of_many=True), "学时名单（多个班次）.xlsx")


def _new(session: TrainingSession | None) -> Any:
    form = {"mode": request.form.get("mode", "")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        file = request.files.get("file")
        if file is None or not file.filename:
            errors["file"] = "请选择要上传的文件。"
        if form["mode"] not in set(Mode):
            errors["mode"] = "请说明这份名单是补充名单还是完整名单。"
        if not errors and file is not None:
            with closing(file):  # a large one waits in a temporary file
                data, name, mode = file.read(), file.filename or "", Mode(form["mode"])
            try:
                found = upload_requests.upload(keyring(), actor(), data, name, session, mode)
                return redirect(url_for("web.upload", upload_id=found.id), 303)
            except Invalid as error:
                errors = {each["field"]: each["message"] for each in error.facts["errors"]}
    shown = render_template("attendance_new.html", session=session, form=form, errors=errors)
    return (shown, 422) if errors else shown
