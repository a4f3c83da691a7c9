"""Employers and providers: the authority finds, opens and corrects them; each reads its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import func

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.http.paging import page as page_of
from ce_tracker.promotions import directory_standing
from ce_tracker.registry import accreditations, listing, opening, regions
from ce_tracker.registry.items import Errors
from ce_tracker.registry.models import Employer, Professional, Provider
from ce_tracker.registry.opening import CODE, EMPLOYERS, PROVIDERS, SINCE, UnitKind
from ce_tracker.registry.record import source_of
from ce_tracker.web import forms, showing
from ce_tracker.web.conventions import actor, keyring, page

AUTHORITY = frozenset({Role.AUTHORITY})
A_PAGE = 50
LONGEST_QUERY = 50


@page("/employers", roles=AUTHORITY)
def employers() -> str:
    return _list(EMPLOYERS, Employer)


@page("/providers", roles=AUTHORITY)
def providers() -> str:
    return _list(PROVIDERS, Provider)


@page("/employers/new", methods=("GET", "POST"), roles=AUTHORITY)
def new_employer() -> Any:
    return _new(EMPLOYERS)


@page("/providers/new", methods=("GET", "POST"), roles=AUTHORITY)
def new_provider() -> Any:
    return _new(PROVIDERS)


@page("/employers/<int:employer_id>", roles=AUTHORITY | {Role.EMPLOYER})
def employer(employer_id: int) -> str:
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    people = db.session.scalar(
        listing.people(actor(), employer=unit.id).with_only_columns(func.count(Professional.id))
    )
    by_directory = directory_standing.by_directory(unit)
    return render_template(
        "unit.html",
        **_shown(EMPLOYERS, unit),
        people=people,
        by_directory=by_directory,
        listed=directory_standing.standing_of(unit, clock.today()) if by_directory else None,
    )


@page("/providers/<int:provider_id>", roles=AUTHORITY | {Role.PROVIDER})
def provider(provider_id: int) -> str:
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    everything = accreditations.all_of(unit, withdrawn_too=True)
    return render_template(
        "unit.html",
        **_shown(PROVIDERS, unit),
        granted=showing.lines([fact for fact in everything if fact.known_to is None]),
        withdrawn=showing.lines([fact for fact in everything if fact.known_to is not None]),
    )


@page("/employers/<int:employer_id>/change", methods=("GET", "POST"), roles=AUTHORITY)
def change_employer(employer_id: int) -> Any:
    return _change(EMPLOYERS, opening.visible_unit(EMPLOYERS, actor(), employer_id))


@page("/providers/<int:provider_id>/change", methods=("GET", "POST"), roles=AUTHORITY)
def change_provider(provider_id: int) -> Any:
    return _change(PROVIDERS, opening.visible_unit(PROVIDERS, actor(), provider_id))


@page("/providers/<int:provider_id>/accreditations/new", methods=("GET", "POST"), roles=AUTHORITY)
def new_accreditation(provider_id: int) -> Any:
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    form: dict[str, Any] = {"fields": []}
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict() | {"fields": request.form.getlist("fields")}
        values = forms.read(accreditations.ITEMS, request.form, errors)
        if not errors:
            try:
                accreditations.accredit(unit, values, source_of(actor(), "page"))
            except Invalid as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已登记{unit.name}的认定。", "success")
                return _to("provider", provider_id=unit.id)
    shown = render_template(
        "accreditation_form.html",
        unit=unit,
        items=accreditations.ITEMS,
        form=form,
        errors=errors,
        options={"fields": forms.field_groups()},
    )
    return (shown, 422) if errors else shown


@page(
    "/providers/<int:provider_id>/accreditations/<int:accreditation_id>/withdraw",
    methods=("GET", "POST"),
    roles=AUTHORITY,
)
def withdraw_accreditation(provider_id: int, accreditation_id: int) -> Any:
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    fact = accreditations.one_of(unit, accreditation_id)
    errors: Errors = {}
    form = request.form.to_dict()
    if request.method == "POST":
        since = _withdrawn_since(form, errors)
        if not errors:
            try:
                accreditations.withdraw(
                    unit, fact.id, form.get("reason", ""), since, source_of(actor(), "page")
                )
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, ["since", "reason"])
            else:
                flash("已撤销这条认定，它仍留在历史中。", "success")
                return _to("provider", provider_id=unit.id)
    shown = render_template(
        "accreditation_withdraw.html",
        unit=unit,
        line=showing.lines([fact])[0],
        form=form,
        errors=errors,
    )
    return (shown, 422) if errors else shown


def _withdrawn_since(form: dict[str, str], errors: Errors) -> date | None:
    """A day, unless the accreditation was entered by mistake."""
    how = form.get("how")
    if how == "mistake":
        return None
    if how != "ended":
        errors["how"] = "请选择怎样撤销。"
        return None
    try:
        return forms.day(form.get("since", ""), "撤销日期")
    except ValueError as error:
        errors["since"] = str(error)
        return None


def _list(kind: UnitKind, model: Any) -> str:
    asked = {name: request.args.get(name, "").strip() for name in ("q", "region", "sector")}
    sector = asked["sector"] if asked["sector"] in set(Sector) else None
    region = regions.by_code(asked["region"]) if asked["region"] else None
    found = page_of(
        keyring(),
        listing.units(
            model,
            actor(),
            q=asked["q"][:LONGEST_QUERY] or None,
            region=region.code if region else None,
            sector=sector,
        ),
        [model.pinyin, model.id],
        lambda unit: [unit.pinyin, str(unit.id)],
        request.args.get("cursor"),
        A_PAGE,
    )
    below = regions.children(regions.trail(actor().region_path)[-1], clock.today())
    return render_template(
        "units.html",
        kind=kind,
        one=_one(kind),
        units=found.items,
        next_cursor=found.next_cursor,
        places=regions.names(unit.region_path for unit in found.items),
        sectors=[(each.value, each.label) for each in Sector],
        regions=[(each.code, each.name) for each in below],
        region=region,
        asked=asked,
        narrowed=any(asked.values()),
    )


def _new(kind: UnitKind) -> Any:
    items = (CODE, *kind.items, SINCE)
    form: dict[str, Any] = {"sector": actor().sector or ""}
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = forms.read(items, request.form, errors)
        if not errors:
            try:
                unit = opening.open_unit(kind, actor(), values, source_of(actor(), "page"))
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已登记{unit.name}。", "success")
                return _to(_one(kind), **{kind.subject: unit.id})
    return _form(kind, items, form, errors)


def _change(kind: UnitKind, unit: Any) -> Any:
    form = forms.begin(kind.items, opening.content_of(kind, unit))
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = forms.read((*kind.items, SINCE), request.form, errors)
        if not errors:
            since = values.pop("since")
            try:
                source = source_of(actor(), "page")
                reason = form.get("reason", "")
                opening.change_unit(kind, actor(), unit, values, since, reason, source)
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已更正{unit.name}，原来的登记留在历史中。", "success")
                return _to(_one(kind), **{kind.subject: unit.id})
    return _form(kind, (*kind.items, SINCE), form, errors, unit)


def _form(
    kind: UnitKind, items: Any, form: dict[str, Any], errors: Errors, unit: Any = None
) -> Any:
    shown = render_template(
        "unit_form.html",
        kind=kind,
        one=_one(kind),
        items=items,
        form=form,
        errors=errors,
        unit=unit,
        options={"region": forms.region_options(actor().region_path)},
    )
    return (shown, 422) if errors else shown


def _shown(kind: UnitKind, unit: Any) -> dict[str, Any]:
    history = opening.history(kind, unit)
    today = opening.fact_on(kind, unit, clock.today())
    return {
        "kind": kind,
        "one": _one(kind),
        "unit": unit,
        "now": showing.lines([today])[0] if today else None,
        "spans": showing.lines([fact for fact in history if fact.known_to is None]),
        "corrected": showing.lines([fact for fact in history if fact.known_to is not None]),
    }


def _one(kind: UnitKind) -> str:
    return kind.subject.removesuffix("_id")


def _to(name: str, **path: Any) -> Any:
    return redirect(url_for(f"web.{name}", **path), 303)
