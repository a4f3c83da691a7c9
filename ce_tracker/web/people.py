"""People: finding them, what is known of each, and putting right what is wrong.

For employers and authorities. A person's own page is in `record.py`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import false, select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.http.paging import page as page_of
from ce_tracker.identity import IdKind
from ce_tracker.registry import corrections, finding, listing, merging, record
from ce_tracker.registry.dated import OfProfessional, TitleLevel
from ce_tracker.registry.items import Errors, Item, Sort, numbered
from ce_tracker.registry.items import shown as as_entered
from ce_tracker.registry.kinds import KINDS, Kind
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.web import forms, showing
from ce_tracker.web.conventions import actor, keyring, page
from ce_tracker.web.exemptions import exemption_words

READERS = frozenset({Role.AUTHORITY, Role.EMPLOYER})
A_PAGE = 50
LONGEST_QUERY = 50
_ONE = "/people/<int:professional_id>"
_PATHS = ", ".join(f'"{path}"' for path in KINDS)
_KIND = f"{_ONE}/<any({_PATHS}):kind>"
_FACT = f"{_KIND}/<int:fact_id>"


@page("/people", roles=READERS)
def people() -> str:
    return _list({})


@page("/people/search", methods=("POST",), roles=READERS)
def search_people() -> Any:
    """By the whole ID number; in a form that is sent, so that it stands in no address."""
    try:
        found = finding.by_id_number(keyring(), actor(), request.form.get("id_number", ""))
    except Invalid as error:
        return _list(forms.objections(error, ["id_number"])), 422
    if found is None:
        return _list({"id_number": "没有找到这个号码的人员，或者不归您管理。"}), 422
    return redirect(url_for("web.person", professional_id=found.id), 303)


@page(_ONE, roles=READERS)
def person(professional_id: int) -> str:
    found = record.visible_person(actor(), professional_id)
    on, as_of, errors = asked_time()
    known = record.record_of(actor(), found, on or clock.today(), as_of)
    return render_template(
        "person.html",
        **words_of(found),
        **exemption_words(found, as_of),
        sections=sections(known),
        errors=errors,
        on=on,
        as_of=as_of,
        now=on is None and as_of is None,
    )


@page(f"{_ONE}/history", roles=READERS)
def person_history(professional_id: int) -> str:
    found = record.visible_person(actor(), professional_id)
    return render_template("person_history.html", **words_of(found), **past(found))


@page(f"{_KIND}/new", methods=("GET", "POST"), roles=READERS)
def new_fact(professional_id: int, kind: str) -> Any:
    found, what = record.visible_person(actor(), professional_id), KINDS[kind]
    form: dict[str, Any] = {"track": "unified", "employer": found.employer_id}
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        values = forms.read(_typed_items(what), request.form, errors)
        if not errors:
            try:
                corrections.enter(found, what, values, record.source_of(actor(), "page"))
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已登记{found.name}的{what.label}。", "success")
                return _to(found, what)
    return _fact_form(found, what, form, errors)


@page(f"{_FACT}/correct", methods=("GET", "POST"), roles=READERS)
def correct_fact(professional_id: int, kind: str, fact_id: int) -> Any:
    found, what = record.visible_person(actor(), professional_id), KINDS[kind]
    fact = corrections.believed(found, what, fact_id)
    form = forms.begin(what.items, as_entered(what.items, fact))
    errors: Errors = {}
    if request.method == "POST":
        form = request.form.to_dict()
        changes = forms.read(_typed_items(what), request.form, errors)
        reason = form.get("reason", "")
        if not reason.strip():
            errors["reason"] = "请写明理由，本人能看到。"
        if not errors:
            try:
                source = record.source_of(actor(), "page")
                corrections.correct(found, what, fact_id, changes, reason[:200], source)
            except (Invalid, Conflict) as error:
                errors = forms.objections(error, form)
            else:
                flash(f"已更正{found.name}的{what.label}，原来的登记留在历史中。", "success")
                return _to(found, what)
    return _fact_form(found, what, form, errors, fact)


@page(f"{_FACT}/withdraw", methods=("GET", "POST"), roles=READERS)
def withdraw_fact(professional_id: int, kind: str, fact_id: int) -> Any:
    found, what = record.visible_person(actor(), professional_id), KINDS[kind]
    fact = corrections.believed(found, what, fact_id)
    errors: Errors = {}
    if request.method == "POST":
        try:
            corrections.withdraw(found, what, fact_id, request.form.get("reason", "")[:200])
        except Invalid as error:
            errors = forms.objections(error, ["reason"])
        else:
            flash(f"已撤回{found.name}的这条{what.label}，它仍留在历史中。", "success")
            return _to(found, what)
    shown = render_template(
        "fact_withdraw.html",
        person=found,
        kind=what,
        line=showing.lines([fact])[0],
        errors=errors,
    )
    return (shown, 422) if errors else shown


def _list(errors: Errors) -> str:
    who = actor()
    asked = {name: request.args.get(name, "").strip() for name in ("q", "department", "level")}
    level = asked["level"] if asked["level"] in set(TitleLevel) else None
    employer = request.args.get("employer", type=int)
    if employer is not None:
        employer = numbered(employer)
    try:
        statement = listing.people(
            who,
            q=asked["q"][:LONGEST_QUERY] or None,
            employer=employer,
            department=asked["department"] or None,
            level=level,
        )
    except Invalid as error:  # an ID number where a name belongs
        errors = forms.objections(error, ["q"])
        statement = listing.people(who).where(false())
        asked["q"] = ""
    found = page_of(
        keyring(),
        statement,
        [Professional.pinyin, Professional.id],
        lambda person: [person.pinyin, str(person.id)],
        request.args.get("cursor"),
        A_PAGE,
    )
    departments = (
        db.session.scalars(listing.departments(who.employer_id)) if who.employer_id else ()
    )
    return render_template(
        "people.html",
        people=found.items,
        next_cursor=found.next_cursor,
        titles=record.highest_titles(found.items, clock.today()),
        level_names={each.value: each.label for each in TitleLevel},
        units=record.employer_names(found.items),
        unit=_unit(employer),
        department_options=[(name, name) for name in departments],
        asked=asked | {"level": level or "", "employer": employer},
        narrowed=any(asked.values()) or employer is not None,
        errors=errors,
    )


def _unit(employer: int | None) -> Employer | None:
    """Whose people an authority looks at, if at one unit's alone."""
    if employer is None or not actor().is_authority:
        return None
    return db.session.scalar(
        select(Employer).where(Employer.id == employer, Employer.visible_to(actor()))
    )


def asked_time() -> tuple[Any, Any, Errors]:
    """Of which day, and as known at the end of which: both may be left out."""
    errors: Errors = {}
    found = []
    for name, label in (("on", "哪一天的情况"), ("as_of", "按哪一天所知")):
        text = request.args.get(name, "").strip()
        try:
            found.append(forms.day(text, label) if text else None)
        except ValueError as error:
            errors[name] = str(error)
            found.append(None)
    on, as_of = found
    if as_of is not None and as_of > clock.today():
        errors["as_of"] = "这一天还没有到，请检查年份。"
        as_of = None
    return on, _end_of(as_of) if as_of else None, errors


def _end_of(day: date) -> datetime:
    return datetime.combine(day + forms.ONE_DAY, time(), clock.SHANGHAI)


def words_of(found: Professional) -> dict[str, Any]:
    return {
        "person": found,
        "id_kind": IdKind(found.id_kind).label,
        "others": len(merging.same_person_ids(found.id)) > 1,
    }


def sections(known: record.Record) -> list[tuple[Kind | None, str, list[showing.Line]]]:
    """Employment, which rosters bring, and each kind that is entered by hand."""
    return [
        (None, "任职", showing.lines(known.employments)),
        *(
            (kind, kind.label, showing.lines(getattr(known, kind.path.replace("-", "_"))))
            for kind in KINDS.values()
        ),
    ]


def past(found: Professional) -> dict[str, Any]:
    history = record.history_of(actor(), found)
    labels = {"employments": "任职"} | {
        kind.path.replace("-", "_"): kind.label for kind in KINDS.values()
    }
    return {
        "history": [(labels[name], showing.lines(rows)) for name, rows in history.items()],
        "changes": record.reasons_of(actor(), found),
        "acts": {"entered": "登记", "corrected": "更正", "withdrawn": "撤回"},
    }


def _typed_items(kind: Kind) -> list[Item]:
    """An employer is not asked which unit it is."""
    return [item for item in kind.items if item.sort is not Sort.EMPLOYER or actor().is_authority]


def _fact_form(
    found: Professional,
    kind: Kind,
    form: dict[str, Any],
    errors: Errors,
    fact: OfProfessional | None = None,
) -> Any:
    who = actor()
    province = "/".join(who.region_path.split("/")[:2])
    shown = render_template(
        "fact_form.html",
        person=found,
        kind=kind,
        items=_typed_items(kind),
        form=form,
        errors=errors,
        fact=fact,
        options={
            "series": forms.series_options(),
            "field": forms.field_groups(),
            "region": forms.region_options(province) if kind.path == "service-spells" else [],
            "employer": _employers_of(found, fact) if kind.path == "appointments" else [],
        },
    )
    return (shown, 422) if errors else shown


def _employers_of(found: Professional, fact: Any) -> list[tuple[str, str]]:
    """Where this person can have been appointed: units that employed them and are in charge."""
    worked_at = {f.employer_id for f in record.history_of(actor(), found)["employments"]}  # type: ignore[attr-defined]
    units = db.session.execute(
        select(Employer.id, Employer.name).where(
            Employer.id.in_(worked_at), Employer.visible_to(actor())
        )
    )
    options = {unit.id: unit.name for unit in units}
    if fact is not None:
        options |= record.employer_names([fact])
    return [(str(number), name) for number, name in options.items()]


def _to(found: Professional, kind: Kind) -> Any:
    return redirect(url_for("web.person", professional_id=found.id) + f"#{kind.path}", 303)
