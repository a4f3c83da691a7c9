"""The first page after signing in, for each role."""

from __future__ import annotations

from typing import Any

from flask import render_template

from ce_tracker import clock
from ce_tracker.accounts import overview
from ce_tracker.actor import Actor, Role
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.http.access import EVERYBODY
from ce_tracker.jobs import State, count_visible
from ce_tracker.ledger import reading
from ce_tracker.notices import undelivered
from ce_tracker.promotions import directory_duties, duty_reading
from ce_tracker.registry import opening, record, regions
from ce_tracker.training import listing
from ce_tracker.web import verdict_words
from ce_tracker.web.conventions import actor, page
from ce_tracker.web.hours import in_words


@page("/", roles=EVERYBODY)
def home() -> str:
    who = actor()
    words: dict[str, Any] = {
        "year": clock.today().year,
        "days_left": clock.days_left_in_year(clock.today()),
        "region_trail": regions.trail(who.region_path),
    }
    if who.is_authority:
        counts = count_visible(who)
        words["overview"] = overview.by_child_region(who, clock.today())
        words["by_directory"] = directory_duties.by_directory(who.region_path, clock.today())
        words["mails_given_up"] = undelivered.counts(who)["given_up"]
        words["job_counts"] = {state.value: counts.get(state, 0) for state in State}
    if who.role is Role.PROVIDER:
        words["sessions"] = listing.summary(who)
    words |= _bound_to(who)
    return render_template(f"home_{who.role}.html", **words)


def _bound_to(who: Actor) -> dict[str, Any]:
    """The unit behind the account; or the unit that employs the person, and their hours."""
    match who.role:
        case Role.EMPLOYER:
            unit = opening.visible_unit(opening.EMPLOYERS, who, who.employer_id or 0)
            return {"unit_code": unit.credit_code}
        case Role.PROVIDER:
            unit = opening.visible_unit(opening.PROVIDERS, who, who.provider_id or 0)
            return {"unit_code": unit.credit_code}
        case Role.PROFESSIONAL:
            person = record.visible_person(who, who.professional_id or 0)
            return {
                "employer_name": record.employer_names([person]).get(person.employer_id or 0),
                "hours": in_words(reading.hours_of(person.id, None)),
                "verdict": verdict_words.in_words(verdict(person.id, clock.today().year)),
                "duties": duty_reading.of_person(who),
            }
        case _:
            return {}
