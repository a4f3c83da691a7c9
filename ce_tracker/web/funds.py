"""An employer's wages and money for training: entered and corrected on one page, read by its
authority on another."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.policy.duties import in_yuan
from ce_tracker.promotions import funds
from ce_tracker.registry import opening
from ce_tracker.registry.items import Errors
from ce_tracker.registry.opening import EMPLOYERS
from ce_tracker.registry.record import source_of
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, page

_YEARS_OFFERED = 5


@page("/funds", methods=("GET", "POST"), roles=frozenset({Role.EMPLOYER}))
def own_funds() -> Any:
    who = actor()
    this_year = clock.today().year
    form: dict[str, Any] = {"year": this_year - 1}
    errors: Errors = {}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in ("year", "wages", "training")}
        try:
            year = int(form["year"]) if form["year"].isdecimal() else 0
            funds.enter(who, year, form, source_of(who, "page"))
        except (Invalid, Conflict) as error:
            errors = forms.objections(error, form)
        else:
            flash(f"已填报 {year} 年的工资总额和继续教育经费。", "success")
            return redirect(url_for("web.own_funds"), 303)
    shown = render_template(
        "funds.html",
        unit=opening.visible_unit(EMPLOYERS, who, who.employer_id or 0),
        entered=funds.history(who.employer_id or 0),
        years=[this_year - back for back in range(_YEARS_OFFERED)],
        form=form,
        errors=errors,
        yuan=in_yuan,
    )
    return (shown, 422) if errors else shown


@page("/employers/<int:employer_id>/funds", roles=frozenset({Role.AUTHORITY}))
def employer_funds(employer_id: int) -> str:
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    return render_template(
        "funds.html",
        unit=unit,
        entered=funds.history(unit.id),
        years=[],
        form={},
        errors={},
        yuan=in_yuan,
    )
