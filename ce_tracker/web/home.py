"""The first page after signing in, for each role."""

from __future__ import annotations

from flask import render_template

from ce_tracker import clock
from ce_tracker.accounts import overview
from ce_tracker.http.access import EVERYBODY
from ce_tracker.jobs import State, count_visible
from ce_tracker.registry import regions
from ce_tracker.web.conventions import actor, page


@page("/", roles=EVERYBODY)
def home() -> str:
    who = actor()
    words = {
        "year": clock.today().year,
        "days_left": clock.days_left_in_year(clock.today()),
        "region_trail": regions.trail(who.region_path),
    }
    if who.is_authority:
        counts = count_visible(who)
        words["overview"] = overview.by_child_region(who, clock.today())
        words["job_counts"] = {state.value: counts.get(state, 0) for state in State}
    return render_template(f"home_{who.role}.html", **words)
