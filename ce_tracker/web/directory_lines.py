"""A line of the directory, added, mended or removed by the county that drafts it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import func, select

from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.promotions import directory, directory_lines, directory_reading
from ce_tracker.promotions.directory_lines import Content
from ce_tracker.registry.directories import Directory, DirectoryLine
from ce_tracker.registry.items import Errors
from ce_tracker.registry.models import Employer
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, page

AUTHORITY = frozenset({Role.AUTHORITY})
LINES = "/directories/<uuid:directory_id>/lines"
_SUBSIDY = {"yes": True, "no": False}
_FIELDS = ("name", "address", "subsidy", "remark", "employer_id")


@page(f"{LINES}/new", methods=("GET", "POST"), roles=AUTHORITY)
def new_directory_line(directory_id: UUID) -> Any:
    return _line_form(directory.held_open(actor(), directory_id), None)


@page(f"{LINES}/<int:line_id>", methods=("GET", "POST"), roles=AUTHORITY)
def directory_line(directory_id: UUID, line_id: int) -> Any:
    found = directory.held_open(actor(), directory_id)
    return _line_form(found, directory_lines.one_of(found, line_id))


@page(f"{LINES}/<int:line_id>/remove", methods=("POST",), roles=AUTHORITY)
def remove_directory_line(directory_id: UUID, line_id: int) -> Any:
    found = directory.held_open(actor(), directory_id)
    line = directory_lines.one_of(found, line_id)
    directory_lines.remove(line)
    flash(f"已从清单中去掉{line.name or '这一行'}。", "success")
    return _to(found)


def _line_form(found: Directory, line: DirectoryLine | None) -> Any:
    form = _as_it_is(line)
    errors: Errors = {}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in _FIELDS}
        try:
            if line is None:
                directory_lines.add(found, _said(form))
            else:
                directory_lines.change(found, line, _said(form))
        except (Invalid, Conflict) as error:
            errors = forms.objections(error, form)
        else:
            flash("已保存。", "success")
            return _to(found)
    shown = render_template(
        "directory_line.html",
        directory=found,
        title=directory_reading.title(found),
        line=line,
        form=form,
        errors=errors,
        units=_units(found),
    )
    return (shown, 422) if errors else shown


def _as_it_is(line: DirectoryLine | None) -> dict[str, Any]:
    if line is None:
        return dict.fromkeys(_FIELDS, "")
    subsidy = {True: "yes", False: "no", None: ""}[line.subsidy]
    return {
        "name": line.name,
        "address": line.address,
        "subsidy": subsidy,
        "remark": line.remark,
        "employer_id": line.employer_id or "",
    }


def _said(form: dict[str, Any]) -> Content:
    chosen = form["employer_id"]
    return Content(
        form["name"],
        form["address"],
        _SUBSIDY.get(form["subsidy"]),
        form["remark"],
        int(chosen) if chosen.isascii() and chosen.isdigit() else None,
    )


def _units(found: Directory) -> list[tuple[int, str]]:
    """All of the county: there are hundreds, in the order in which one looks for them."""
    rows = db.session.execute(
        select(Employer.id, Employer.name)
        .where(
            Employer.visible_to(actor()),
            func.starts_with(Employer.region_path, found.region_path),
        )
        .order_by(Employer.pinyin, Employer.id)
    )
    return [(number, name) for number, name in rows]


def _to(found: Directory) -> Any:
    return redirect(url_for("web.directory_page", directory_id=found.id), 303)
