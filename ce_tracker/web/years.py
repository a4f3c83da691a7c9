"""Years that are closed: which, closing one, and what changed of a closed one since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import asking, closed, closing
from ce_tracker.compliance.closed import Told
from ce_tracker.compliance.closings import Restatement, closing_of
from ce_tracker.hours import shown
from ce_tracker.http.paging import newest
from ce_tracker.ledger import held_requests
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Professional
from ce_tracker.web.conventions import actor, keyring, page

AUTHORITY = frozenset({Role.AUTHORITY})
A_PAGE = 50


@page("/years", roles=AUTHORITY)
def years() -> str:
    who, this_year = actor(), clock.today().year
    known = closed.closings()
    done = {each.year for each in known}
    return render_template(
        "years.html",
        closings=[
            (each, closed.outcomes(who, each.year) if each.closed_at else {}) for each in known
        ],
        open_years=[year for year in asking.years() if year < this_year and year not in done],
        outcomes=[each for each in Outcome if each is not Outcome.SHORT],
        given_up={each.year for each in known if closing.given_up(who, each.year)},
        late=held_requests.count(who, late=True),
    )


@page("/years/<int:year>/close", methods=("GET", "POST"), roles=AUTHORITY)
def close_year(year: int) -> Any:
    """Asked once more, since nobody can take it back."""
    closing.may_close(actor(), year)
    if request.method == "GET":
        return render_template("year_close.html", year=year)
    closing.ask(actor(), year)
    flash(f"{year} 年度开始封账，完成后显示在下面。", "success")
    return redirect(url_for("web.years"), 303)


@page("/years/<int:year>", roles=AUTHORITY)
def closed_year(year: int) -> str:
    who = actor()
    found = closing_of(year)
    restated = newest(
        keyring(),
        closed.restatements(who, year),
        Restatement.id,
        request.args.get("cursor"),
        A_PAGE,
    )
    return render_template(
        "closed_year.html",
        closing=found,
        outcomes=[
            (each.label, count) for each, count in sorted(closed.outcomes(who, year).items())
        ],
        restatements=[_in_words(each) for each in closed.told(who, restated.items)],
        people=closed.people(restated.items),
        next_cursor=restated.next_cursor,
    )


def closed_words(person: Professional, year: int, moment: datetime | None) -> list[dict[str, Any]]:
    """For the page of somebody's year: what it was closed with and what changed since, as far as
    it was so at a moment."""
    then = moment or clock.now()
    return [
        {
            "closed_at": each.closing.closed_at,
            "outcome": Outcome(each.verdict.outcome).label,
            "total": shown(each.verdict.general_x100 + each.verdict.specialty_x100),
            "specialty": shown(each.verdict.specialty_x100),
            "restatements": [
                _in_words(told) for told in each.restatements if told.change.found_at <= then
            ],
        }
        for each in closed.of_person(actor(), person)
        if each.verdict.year == year
        and each.closing.closed_at is not None
        and each.closing.closed_at <= then
    ]


def _in_words(told: Told) -> dict[str, Any]:
    change = told.change
    return {
        "professional_id": change.professional_id,
        "found_at": change.found_at,
        "before": _said(change.before) if change.before else "没有判定",
        "after": _said(change.after),
        "agreed": [f"{each.decided_by_name}同意：{each.reason}" for each in told.agreed],
    }


def _said(said: dict[str, Any]) -> str:
    specialty = said["specialty_x100"]
    total = shown(said["general_x100"] + specialty)
    return f"{Outcome(said['outcome']).label}，{total} 学时，其中专业科目 {shown(specialty)}"
