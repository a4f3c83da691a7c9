"""An employer's roster: upload it, see in plain words what would happen, agree."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID

from flask import (
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Invalid
from ce_tracker.http.files import marked_name, spreadsheet
from ce_tracker.http.paging import newest
from ce_tracker.http.paging import page as page_of
from ce_tracker.identity import WrongNumberError, parse_id_number
from ce_tracker.jobs import is_dead
from ce_tracker.registry import roster_requests
from ce_tracker.registry.rosters import Mode, Outcome, RosterImport, RosterRow, RosterState
from ce_tracker.web.conventions import actor, keyring, page

EMPLOYER = frozenset({Role.EMPLOYER})
ROWS_A_PAGE = 50
IMPORTS_A_PAGE = 20
UNDER_WAY = (RosterState.READING, RosterState.APPLYING)

PERSON_FIELDS = (
    *("name", "id_number", "department", "title", "series"),
    *("obtained_on", "appointed_on", "joined_on"),
)
_WILL = {
    Outcome.NEW: "{n} 人将登记为新人员",
    Outcome.JOINS: "{n} 人将调入本单位，原来的记录都保留",
    Outcome.CHANGED: "{n} 人的信息将更新",
    Outcome.LEFT: "{n} 人将标记为离职，记录都保留",
    Outcome.SAME: "{n} 人没有变化",
    Outcome.WRONG: "{n} 行有问题，不会导入",
}
_DID = {
    Outcome.NEW: "登记了 {n} 名新人员",
    Outcome.JOINS: "{n} 人调入本单位",
    Outcome.CHANGED: "更新了 {n} 人的信息",
    Outcome.LEFT: "{n} 人标记为离职",
    Outcome.SAME: "{n} 人没有变化",
    Outcome.WRONG: "{n} 行有问题，没有导入",
}
_ACTS = {
    Outcome.NEW: "登记 {n} 人",
    Outcome.JOINS: "调入 {n} 人",
    Outcome.CHANGED: "更新 {n} 人",
    Outcome.LEFT: "离职 {n} 人",
}


@page("/rosters", roles=EMPLOYER)
def rosters() -> str:
    shown = newest(
        keyring(),
        select(RosterImport).where(RosterImport.visible_to(actor())),
        RosterImport.id,
        request.args.get("cursor"),
        IMPORTS_A_PAGE,
    )
    return render_template(
        "rosters.html",
        imports=[_described(roster) for roster in shown.items],
        next_cursor=shown.next_cursor,
    )


@page("/rosters/new", methods=("GET", "POST"), roles=EMPLOYER, takes_file=True)
def roster_new() -> Any:
    form = {"mode": "", "as_of": clock.today().isoformat()}
    errors: dict[str, str] = {}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in form}
        file = request.files.get("file")
        as_of = _date(form["as_of"])
        if file is None or not file.filename:
            errors["file"] = "请选择要上传的文件。"
        if form["mode"] not in set(Mode):
            errors["mode"] = "请说明这份名单是完整名单还是部分人员。"
        if as_of is None:
            errors["as_of"] = "请填写日期，如 2026-09-01。"
        if not errors and file is not None and as_of is not None:
            with closing(file):  # a large one waits in a temporary file
                data, name, mode = file.read(), file.filename or "", Mode(form["mode"])
            try:
                found = roster_requests.upload(keyring(), actor(), data, name, mode, as_of)
                return redirect(url_for("web.roster", import_id=found.id), 303)
            except Invalid as error:
                errors = {each["field"]: each["message"] for each in error.facts["errors"]}
    shown = render_template("roster_new.html", form=form, errors=errors)
    return (shown, 422) if errors else shown


@page("/rosters/person", methods=("GET", "POST"), roles=EMPLOYER)
def roster_person() -> Any:
    form = dict.fromkeys(PERSON_FIELDS, "")
    errors: dict[str, str] = {}
    if request.method == "POST":
        form = {name: request.form.get(name, "").strip() for name in PERSON_FIELDS}
        errors = _objections(form)
        if not errors:
            data = roster_requests.as_file([{name: said for name, said in form.items() if said}])
            found = roster_requests.upload(
                keyring(),
                actor(),
                data,
                roster_requests.TYPED_NAME,
                Mode.ADD,
                clock.today(),
                typed=True,
            )
            return redirect(url_for("web.roster", import_id=found.id), 303)
    shown = render_template("roster_person.html", form=form, errors=errors)
    return (shown, 422) if errors else shown


@page("/rosters/<uuid:import_id>", roles=EMPLOYER)
def roster(import_id: UUID) -> str:
    who = actor()
    found = roster_requests.visible(who, import_id)
    words = _described(found)
    if found.state in {RosterState.PREVIEWED, RosterState.APPLIED}:
        outcome = _chosen(found)
        rows = page_of(
            keyring(),
            roster_requests.rows_of(found, outcome),
            [RosterRow.id],
            lambda row: [str(row.id)],
            request.args.get("cursor"),
            ROWS_A_PAGE,
        )
        words |= {
            "outcome": outcome,
            "rows": roster_requests.shown(keyring(), who, rows.items),
            "next_cursor": rows.next_cursor,
            "remarks": roster_requests.count_remarks(found),
        }
    return render_template("roster_preview.html", **words)


@page("/rosters/<uuid:import_id>/progress", roles=EMPLOYER)
def roster_progress(import_id: UUID) -> Response:
    """For htmx: the bar, and once there is more to see, the whole page."""
    found = roster_requests.visible(actor(), import_id)
    response = make_response(render_template("progress.html", **_described(found)))
    if found.state not in UNDER_WAY:
        response.headers["HX-Refresh"] = "true"
    return response


@page("/rosters/<uuid:import_id>/apply", methods=("POST",), roles=EMPLOYER)
def roster_apply(import_id: UUID) -> Any:
    roster_requests.request_apply(actor(), import_id)
    return redirect(url_for("web.roster", import_id=import_id), 303)


@page("/rosters/<uuid:import_id>/withdraw", methods=("POST",), roles=EMPLOYER)
def roster_withdraw(import_id: UUID) -> Any:
    roster_requests.withdraw(actor(), import_id)
    flash("名单已撤回，上传的文件已删除，什么也没有登记。", "success")
    return redirect(url_for("web.rosters"), 303)


@page("/rosters/<uuid:import_id>/problems.xlsx", roles=EMPLOYER)
def roster_problems(import_id: UUID) -> Response:
    found = roster_requests.visible(actor(), import_id)
    return spreadsheet(roster_requests.marked(keyring(), found), marked_name(found.file_name))


def _described(found: RosterImport) -> dict[str, Any]:
    counts = found.counts
    said = _DID if found.state == RosterState.APPLIED else _WILL
    return {
        "roster": found,
        "state": RosterState(found.state),
        "mode": Mode(found.mode),
        "under_way": found.state in UNDER_WAY,
        "stopped": found.state in UNDER_WAY and _stopped(found),
        "doing": "正在逐行核对" if found.state == RosterState.READING else "正在导入",
        "done": found.rows_done,
        "total": found.rows_total,
        "effects": [
            (each, said[each].format(n=counts[each])) for each in Outcome if counts.get(each)
        ],
        "act": "，".join(_ACTS[each].format(n=counts[each]) for each in _ACTS if counts.get(each)),
        "outcomes": [(each, each.label, counts.get(each, 0)) for each in Outcome],
    }


def _stopped(found: RosterImport) -> bool:
    kind = "roster-preview" if found.state == RosterState.READING else "roster-apply"
    return is_dead(actor(), kind, str(found.id))


def _chosen(found: RosterImport) -> str:
    """What was asked for, or what most needs to be looked at."""
    asked = request.args.get("outcome", "")
    if asked in set(Outcome):
        return asked
    order = (Outcome.WRONG, Outcome.LEFT, Outcome.JOINS, Outcome.NEW, Outcome.CHANGED, Outcome.SAME)
    return next((each for each in order if found.counts.get(each)), Outcome.WRONG).value


def _objections(form: dict[str, str]) -> dict[str, str]:
    errors = {}
    if not form["name"]:
        errors["name"] = "请填写姓名。"
    try:
        parse_id_number(form["id_number"])
    except WrongNumberError as error:
        errors["id_number"] = str(error)
    if form["title"] and not form["obtained_on"]:
        errors["obtained_on"] = "填了职称，请同时照证书填写取得资格时间。"
    return errors


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
