"""What somebody is let off in a year: on their record, granted and withdrawn by the authority."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import granting
from ce_tracker.compliance.granting import EXEMPTION
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.registry import corrections, record
from ce_tracker.registry.items import Errors
from ce_tracker.registry.models import Professional
from ce_tracker.web import forms, showing
from ce_tracker.web.conventions import actor, page

AUTHORITY = frozenset({Role.AUTHORITY})
_ALL = "/people/<int:professional_id>/exemptions"


def exemption_words(found: Professional, moment: datetime | None) -> dict[str, Any]:
    """For the record's page: what holds, and everything that was ever granted."""
    granted = granting.granted_to(found)
    return {
        "exemptions": showing.lines(granting.known(granted, moment)),
        "past_exemptions": showing.lines(granted),
    }


@page(f"{_ALL}/new", methods=("GET", "POST"), roles=AUTHORITY)
def new_exemption(professional_id: int) -> Any:
    found = record.visible_person(actor(), professional_id)
    form: dict[str, Any] = {"year": clock.today().year}
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = forms.read(EXEMPTION.items, request.form, errors)
        if not errors:
            try:
                granting.grant(found, values, record.source_of(actor(), "page"))
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已登记{found.name}的学时减免，今天夜里重新判定。", "success")
                return _to(found)
    shown = render_template(
        "fact_form.html",
        person=found,
        kind=EXEMPTION,
        items=EXEMPTION.items,
        form=form,
        errors=errors,
        fact=None,
        options={},
    )
    return (shown, 422) if errors else shown


@page(f"{_ALL}/<int:fact_id>/withdraw", methods=("GET", "POST"), roles=AUTHORITY)
def withdraw_exemption(professional_id: int, fact_id: int) -> Any:
    found = record.visible_person(actor(), professional_id)
    fact = corrections.believed(found, EXEMPTION, fact_id)
    errors: Errors = {}
    if request.method == "POST":
        try:
            granting.withdraw(found, fact_id, request.form.get("reason", "")[:200])
        except (Invalid, Conflict) as error:
            errors = forms.objections(error, ["reason"])
        else:
            flash(f"已撤回{found.name}的学时减免，今天夜里按原来的要求重新判定。", "success")
            return _to(found)
    shown = render_template(
        "exemption_withdraw.html", person=found, line=showing.lines([fact])[0], errors=errors
    )
    return (shown, 422) if errors else shown


def _to(found: Professional) -> Any:
    return redirect(url_for("web.person", professional_id=found.id) + "#exemptions", 303)
