"""Applications for titles on pages: may I apply, the lists, one application and each step of it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid, PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.http.paging import page as page_of
from ce_tracker.promotions import applications, gate, reading, verdicts
from ce_tracker.promotions.models import Application, ApplicationState
from ce_tracker.promotions.reading import WHO, Step
from ce_tracker.registry import record
from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.items import Errors
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional
from ce_tracker.web import forms, promotion_words
from ce_tracker.web.conventions import actor, keyring, page

CONCERNED = frozenset({Role.PROFESSIONAL, Role.EMPLOYER, Role.AUTHORITY})
A_PAGE = 50
_ONE = "/promotions/<int:application_id>"
_ASKED = ("target", "track", "field", "on")
_WANTED = ("target", "track", "series", "field")
_LONGEST = 400


@page("/promotions", roles=CONCERNED)
def promotions() -> Any:
    who = actor()
    if who.role is Role.PROFESSIONAL:
        person = record.visible_person(who, who.professional_id or 0)
        words = _checked(person)
        return render_template("promotions_own.html", **words, **_list({})), words["status"]
    return render_template("promotions.html", **_list(_filters()))


@page("/people/<int:professional_id>/promotion", roles=frozenset({Role.EMPLOYER, Role.AUTHORITY}))
def person_promotion(professional_id: int) -> Any:
    """May somebody apply whom the reader sees?"""
    person = record.visible_person(actor(), professional_id)
    words = _checked(person)
    return render_template(
        "promotion_check.html",
        **words,
        **_list({"professional_ids": same_person_ids(person.id)}),
    ), words["status"]


@page("/promotions/new", methods=("POST",), roles=WHO[Step.SUBMIT])
def draft_promotion() -> Any:
    """From the answer to the question whether somebody may."""
    who = actor()
    asked = request.form.get("professional", type=int) or who.professional_id or 0
    person = record.visible_person(who, asked)
    wanted = {name: request.form.get(name) or None for name in _WANTED}
    try:
        found = applications.draft(who, person, wanted)
    except Conflict as error:
        flash(error.detail, "error")
        return redirect(_asking_page(person), 303)
    flash("申报已填写，等用人单位推荐。", "success")
    return _to(found)


@page(_ONE, roles=CONCERNED)
def promotion(application_id: int) -> str:
    who = actor()
    found = applications.visible(who, application_id)
    return render_template(
        "promotion.html",
        **_words(found),
        **_kept(found),
        events=[promotion_words.event(each) for each in reading.events(who, found)],
        overrides=[
            (promotion_words.set_aside(each.rules), each) for each in reading.overrides(who, found)
        ],
        next_words=promotion_words.next_words(who, found),
        steps=reading.possible(who, found),
    )


@page(f"{_ONE}/recommend", methods=("GET", "POST"), roles=WHO[Step.RECOMMEND])
def recommend_promotion(application_id: int) -> Any:
    return _step(application_id, Step.RECOMMEND)


@page(f"{_ONE}/submit", methods=("GET", "POST"), roles=WHO[Step.SUBMIT])
def submit_promotion(application_id: int) -> Any:
    return _step(application_id, Step.SUBMIT)


@page(f"{_ONE}/examine", methods=("GET", "POST"), roles=WHO[Step.EXAMINE])
def examine_promotion(application_id: int) -> Any:
    return _step(application_id, Step.EXAMINE)


@page(f"{_ONE}/override", methods=("GET", "POST"), roles=WHO[Step.OVERRIDE])
def override_promotion(application_id: int) -> Any:
    return _step(application_id, Step.OVERRIDE)


@page(f"{_ONE}/withdraw", methods=("GET", "POST"), roles=WHO[Step.WITHDRAW])
def withdraw_promotion(application_id: int) -> Any:
    return _step(application_id, Step.WITHDRAW)


def _step(application_id: int, step: Step) -> Any:
    """Looked at once more, and then done."""
    who = actor()
    found = applications.visible(who, application_id)
    if step not in reading.possible(who, found):
        raise Conflict(f"这份申报{ApplicationState(found.state).label}，不能{step.label}。")
    form, errors = request.form.to_dict(), {}
    if request.method == "POST":
        try:
            _do(step, found, form)
        except PromotionBlocked:
            flash("没有通过：还有规定没有满足，见下面的判定。这次办理已记入经过。", "error")
            return _to(found)
        except (Invalid, Conflict) as error:
            db.session.rollback()  # with what was judged in vain
            errors = forms.objections(error, ("word", "decision", "reason"))
            found = applications.visible(who, application_id)
        else:
            flash(_DONE[step], "success")
            return _to(found)
    shown = render_template(
        "promotion_step.html",
        **_words(found),
        step=step,
        form=form,
        errors=errors,
        **_looked_at(found, step),
    )
    return (shown, 422) if errors else shown


_DONE = {
    Step.RECOMMEND: "已推荐，现在可以提交。",
    Step.SUBMIT: "已提交，等主管部门审核。",
    Step.EXAMINE: "审核意见已登记，本人和单位能看到。",
    Step.OVERRIDE: "已特批，理由留在这份申报上。",
    Step.WITHDRAW: "已撤回。",
}


def _do(step: Step, found: Application, form: dict[str, str]) -> None:
    who = actor()
    match step:
        case Step.RECOMMEND:
            applications.recommend(keyring(), who, found, form.get("word", "")[:_LONGEST])
        case Step.SUBMIT:
            applications.submit(keyring(), who, found)
        case Step.EXAMINE:
            reason = form.get("reason", "")[:_LONGEST]
            applications.examine(who, found, form.get("decision", ""), reason)
        case Step.OVERRIDE:
            applications.override(who, found, form.get("reason", "")[:_LONGEST])
        case Step.WITHDRAW:
            applications.withdraw(who, found)


def _looked_at(found: Application, step: Step) -> dict[str, Any]:
    """The verdict that the step is about: what the gate would say now, of which nothing is kept; or
    what it said."""
    if step is Step.EXAMINE:
        return {"verdict": _kept(found)["verdict"]}
    if step is Step.WITHDRAW:
        return {}
    try:
        live = gate.checked(found)
    except Conflict as error:
        return {"verdict": None, "obstacle": error.detail, "stopping": []}
    stopping = gate.not_set_aside(live, verdicts.set_aside(found.id))
    if step is Step.OVERRIDE:
        stopping = [each for each in stopping if each in live.can_be_set_aside]
    return {
        "verdict": promotion_words.judged(actor(), live),
        "obstacle": None,
        "stopping": [each.rule.label for each in stopping],
        "seat_taken": gate.seat_taken(live),
    }


def _kept(found: Application) -> dict[str, Any]:
    kept = reading.verdict(actor(), found)
    if kept is None:
        return {"verdict": None, "judged_at": None}
    said = verdicts.read(kept)["verdict"]
    return {"verdict": promotion_words.verdict(actor(), said), "judged_at": kept.judged_at}


def _words(found: Application) -> dict[str, Any]:
    people, units = reading.people(actor(), [found]), record.employer_names([found])
    return {
        "application": found,
        "line": promotion_words.line(found, people.get(found.professional_id), units),
        "person": people.get(found.professional_id),
    }


def _checked(person: Professional) -> dict[str, Any]:
    """The question as it was asked in the address, and its answer."""
    asked = {name: request.args.get(name, "").strip() for name in _ASKED}
    words: dict[str, Any] = {
        "person": person,
        "asked": asked,
        "errors": {},
        "verdict": None,
        "wanted": None,
        "status": 200,
        "levels": [(each.value, each.label) for each in TitleLevel],
        "tracks": [(each.value, each.label) for each in Track],
        "field_groups": forms.field_groups(),
        "today": clock.today(),
    }
    if not any(asked.values()):
        return words
    errors: Errors = {}
    try:
        on = forms.day(asked["on"], "申报日期") if asked["on"] else None
        wanted = gate.wish_of_person(
            person.id, asked["target"], asked["track"], None, asked["field"] or None, on
        )
    except ValueError as error:
        errors = {"on": str(error)}
    except Invalid as error:
        errors = forms.objections(error, _ASKED)
    if errors:
        return words | {"errors": errors, "status": 422}
    verdict = promotion_words.judged(actor(), gate.check(person.id, wanted))
    return words | {"verdict": verdict, "wanted": wanted}


def _filters() -> dict[str, Any]:
    """What makes no sense is as if it had not been asked."""
    states = {each.value for each in ApplicationState}
    tracks = {each.value for each in Track}
    asked = request.args
    year = asked.get("year", type=int)
    return {
        "state": asked["state"] if asked.get("state") in states else None,
        "track": asked["track"] if asked.get("track") in tracks else None,
        "year": year if year in _years() else None,
        "broken": "broken" in asked,
    }


def _years() -> list[int]:
    this = clock.today().year
    return list(range(this, this - 6, -1))


def _list(only: dict[str, Any]) -> dict[str, Any]:
    found = page_of(
        keyring(),
        reading.listed(actor(), **only),
        [Application.id],
        lambda each: [str(each.id)],
        request.args.get("cursor"),
        A_PAGE,
        newest_first=True,
    )
    people, units = reading.people(actor(), found.items), record.employer_names(found.items)
    return {
        "lines": [
            promotion_words.line(each, people.get(each.professional_id), units)
            for each in found.items
        ],
        "next_cursor": found.next_cursor,
        "only": only,
        "kept": {name: value for name, value in only.items() if value},
        "states": [(each.value, each.label) for each in ApplicationState],
        "years": [(year, f"{year} 年度") for year in _years()],
        "track_options": [(each.value, each.label) for each in Track],
    }


def _asking_page(person: Professional) -> str:
    if actor().role is Role.PROFESSIONAL:
        return url_for("web.promotions")
    return url_for("web.person_promotion", professional_id=person.id)


def _to(found: Application) -> Any:
    return redirect(url_for("web.promotion", application_id=found.id), 303)
