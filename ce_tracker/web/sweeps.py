"""The authority and the sweep: having it done now, seeing it go on, and what each one changed."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from ce_tracker.actor import Role
from ce_tracker.compliance import asking, changes
from ce_tracker.compliance.models import Flag, Sweep
from ce_tracker.http.paging import newest
from ce_tracker.http.paging import page as page_of
from ce_tracker.jobs import State
from ce_tracker.policy.rules import YEARLY
from ce_tracker.web.conventions import actor, keyring, page

AUTHORITY = frozenset({Role.AUTHORITY})
A_PAGE = 30
PEOPLE_A_PAGE = 50


@page("/sweeps", roles=AUTHORITY)
def sweeps() -> str:
    return render_template("sweeps.html", years=asking.years(), **_shown())


@page("/sweeps/rows", roles=AUTHORITY)
def sweeps_rows() -> str:
    return render_template("sweeps_rows.html", **_shown())


@page("/sweeps/ask", methods=("POST",), roles=AUTHORITY)
def ask_for_sweep() -> Any:
    year = request.form.get("year", type=int) or 0
    asking.ask(actor(), year)
    flash(f"已开始判定 {year} 年度，进度显示在下面。", "success")
    return redirect(url_for("web.sweeps"), 303)


@page("/sweeps/<int:sweep_id>", roles=AUTHORITY)
def sweep_report(sweep_id: int) -> str:
    who = actor()
    sweep = changes.visible_sweep(sweep_id)
    found = page_of(
        keyring(),
        changes.moved(who, sweep),
        [Flag.professional_id, Flag.rule, Flag.opened_at],
        lambda flag: [str(flag.professional_id), str(flag.rule), flag.opened_at.isoformat()],
        request.args.get("cursor"),
        PEOPLE_A_PAGE,
    )
    return render_template(
        "sweep_report.html",
        report=changes.report(who, sweep),
        people=changes.people(sweep, found.items),
        next_cursor=found.next_cursor,
        rule_names=[kind.label for kind in YEARLY],
    )


def _shown() -> dict[str, Any]:
    found = newest(
        keyring(),
        select(Sweep),
        Sweep.id,
        request.args.get("cursor"),
        A_PAGE,
    )
    return {
        "sweeps": found.items,
        "next_cursor": found.next_cursor,
        "under_way": [
            {
                "year": job.payload.get("year"),
                "state_title": State(job.state).label,
                "steps_done": job.steps_done,
                "steps_total": job.steps_total,
                "error": job.error,
            }
            for job in asking.under_way(actor())
        ],
    }
