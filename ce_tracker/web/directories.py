"""The directory of grassroots units: a county drafts and files it, the city looks and decides."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid, NotAllowed, UnreadableFile
from ce_tracker.extensions import db
from ce_tracker.http.files import spreadsheet
from ce_tracker.http.paging import newest
from ce_tracker.promotions import (
    directory,
    directory_drafting,
    directory_duties,
    directory_lines,
    directory_reading,
    directory_sheet,
    directory_standing,
)
from ce_tracker.promotions.directory_drafting import EMPTY, LAST
from ce_tracker.registry import regions
from ce_tracker.registry.directories import Directory, DirectoryState, StepKind
from ce_tracker.registry.items import Errors
from ce_tracker.registry.record import source_of
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, keyring, page

AUTHORITY = frozenset({Role.AUTHORITY})
READERS = AUTHORITY | {Role.EMPLOYER}
A_PAGE = 30
TONES = {
    DirectoryState.DRAFT: "run",
    DirectoryState.FILED: "wait",
    DirectoryState.RETURNED: "wrong",
    DirectoryState.APPROVED: "good",
}
ONE = "/directories/<uuid:directory_id>"


@page("/directories", roles=AUTHORITY)
def directories() -> str:
    who, today = actor(), clock.today()
    chosen = request.args.get("year", "")
    years = [today.year, today.year - 1]
    year = int(chosen) if chosen in {str(each) for each in years} else today.year
    drafts = directory.drafts_here(who)
    found = newest(
        keyring(),
        select(Directory).where(
            Directory.visible_to(who), func.starts_with(Directory.region_path, who.region_path)
        ),
        Directory.id,
        request.args.get("cursor"),
        A_PAGE,
    )
    return render_template(
        "directories.html",
        drafts=drafts,
        due=directory_duties.due(who.region_path, today) if drafts else None,
        year=year,
        years=years,
        counties=[] if drafts or who.sector else directory_standing.counties(who, year),
        lists=[_described(each) for each in found.items],
        described=_described,
        next_cursor=found.next_cursor,
    )


@page("/directories/new", methods=("GET", "POST"), roles=AUTHORITY)
def directory_new() -> Any:
    who, today = actor(), clock.today()
    if not directory.drafts_here(who):
        raise NotAllowed("基层单位目录清单由县（市、区）、国家级开发区的综合主管部门编制。")
    form = {"year": str(today.year), "from": LAST}
    errors: Errors = {}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in form}
        if form["from"] not in directory_drafting.STARTS:
            errors["from"] = "请选择从哪里开始。"
        elif not form["year"].isdigit():
            errors["year"] = "请选择年度。"
        else:
            try:
                found = directory_drafting.begin(who, int(form["year"]), form["from"])
                return _to(found)
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
    return _form(
        "directory_new.html",
        errors,
        form=form,
        years=[(str(year), f"{year} 年度") for year in (today.year, today.year - 1)],
        starts=[(LAST, "沿用上一份审核备案的清单"), (EMPTY, "从空白开始，自己填写或上传表格")],
    )


@page(ONE, roles=READERS)
def directory_page(directory_id: UUID) -> str:
    who = actor()
    found = directory.visible(who, directory_id)
    return render_template(
        "directory.html",
        **_described(found),
        lines=directory_lines.shown(found),
        wrong=directory_lines.count(found)[1],
        unmatched=directory_lines.unmatched(found),
        history=[
            (StepKind(step.what).label, step)
            for step in db.session.scalars(directory_reading.steps(who, found))
        ],
        author=directory.is_author(who, found),
        decides=directory.stands_above(who, found) and found.state == DirectoryState.FILED,
    )


@page(f"{ONE}/lines.xlsx", roles=READERS)
def directory_file(directory_id: UUID) -> Response:
    found = directory.visible(actor(), directory_id)
    return spreadsheet(directory_reading.as_file(found), f"{directory_reading.title(found)}.xlsx")


@page(f"{ONE}/upload", methods=("GET", "POST"), roles=AUTHORITY, takes_file=True)
def directory_upload(directory_id: UUID) -> Any:
    found = directory.held_open(actor(), directory_id)
    errors: Errors = {}
    if request.method == "POST":
        file = request.files.get("file")
        if file is None or not file.filename:
            errors["file"] = "请选择要上传的文件。"
        else:
            with closing(file):
                data, name = file.read(), file.filename or ""
            try:
                handed = directory_sheet.read_list(data, name)
            except UnreadableFile as error:
                errors["file"] = error.detail
            except Invalid as error:
                errors = forms.objections(error, ["file"])
            else:
                directory_lines.replace(found, handed.lines)
                directory.note_upload(actor(), found)
                flash("".join(handed.in_words()), "info" if handed.wrong else "success")
                return _to(found)
    return _form("directory_upload.html", errors, **_described(found))


@page(f"{ONE}/file", methods=("POST",), roles=AUTHORITY)
def directory_file_it(directory_id: UUID) -> Any:
    try:
        found = directory.file(actor(), directory_id)
    except Conflict as error:
        flash(error.detail, "error")
        return redirect(url_for("web.directory_page", directory_id=directory_id), 303)
    flash("已报备，等待上级主管部门审核。审核以前不能再修改。", "success")
    return _to(found)


@page(f"{ONE}/approve", methods=("GET", "POST"), roles=AUTHORITY)
def directory_approve(directory_id: UUID) -> Any:
    who = actor()
    found = directory.for_decision(who, directory_id)
    form = {"in_force_from": clock.today().isoformat()}
    errors: Errors = {}
    if request.method == "POST":
        form = {"in_force_from": request.form.get("in_force_from", form["in_force_from"])}
        try:
            day = forms.day(form["in_force_from"], "施行日期")
            directory.approve(who, directory_id, day, source_of(who, "page"))
        except ValueError as error:
            errors["in_force_from"] = str(error)
        except Invalid as error:
            errors = forms.objections(error, form)
        else:
            flash(f"已审核备案，自 {day} 起施行。相关单位的人员今天夜里重新判定。", "success")
            return _to(found)
    words = _described(found)
    return _form(
        "directory_approve.html",
        errors,
        **words,
        form=form,
        earliest=directory.earliest_day(found),
        count=directory_lines.count(found)[0],
        unmatched=directory_lines.unmatched(found),
    )


@page(f"{ONE}/return", methods=("GET", "POST"), roles=AUTHORITY)
def directory_return(directory_id: UUID) -> Any:
    who = actor()
    found = directory.for_decision(who, directory_id)
    errors: Errors = {}
    reason = request.form.get("reason", "")
    if request.method == "POST":
        try:
            directory.send_back(who, directory_id, reason)
        except Invalid as error:
            errors = forms.objections(error, ["reason"])
        else:
            flash("已退回，编制单位会看到理由。", "success")
            return _to(found)
    return _form("directory_return.html", errors, **_described(found), form={"reason": reason})


def _described(found: Directory) -> dict[str, Any]:
    state = DirectoryState(found.state)
    return {
        "directory": found,
        "title": directory_reading.title(found),
        "region": regions.names([found.region_path])[found.region_code],
        "state": state,
        "tone": TONES[state],
    }


def _form(template: str, errors: Errors, **words: Any) -> Any:
    shown = render_template(template, errors=errors, **words)
    return (shown, 422) if errors else shown


def _to(found: Directory) -> Any:
    return redirect(url_for("web.directory_page", directory_id=found.id), 303)
