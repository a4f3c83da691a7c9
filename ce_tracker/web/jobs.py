"""The authority's view of what the service is doing behind the scenes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from ce_tracker import jobs as work
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, State
from ce_tracker.notices import undelivered
from ce_tracker.web.conventions import actor, page

AUTHORITY = frozenset({Role.AUTHORITY})
MOST_SHOWN = 100


@page("/jobs", roles=AUTHORITY)
def jobs() -> str:
    given_up = undelivered.counts(actor())["given_up"]
    return render_template("jobs.html", mails_given_up=given_up, **_shown())


@page("/jobs/rows", roles=AUTHORITY)
def jobs_rows() -> str:
    return render_template("jobs_rows.html", **_shown())


@page("/jobs/<uuid:job_id>/restart", methods=("POST",), roles=AUTHORITY)
def restart_job(job_id: UUID) -> Any:
    work.restart(actor(), job_id)
    flash("任务已重新排队，将从停下的地方继续。", "success")
    return redirect(url_for("web.jobs"), 303)


def _shown() -> dict[str, Any]:
    who = actor()
    wanted = request.args.get("state")
    state = State(wanted) if wanted in set(State) else None
    statement = select(Job).where(Job.visible_to(who)).order_by(Job.id.desc()).limit(MOST_SHOWN)
    if state is not None:
        statement = statement.where(Job.state == state)
    counts = work.count_visible(who)
    return {
        "state": state,
        "counts": {each.value: counts.get(each, 0) for each in State},
        "jobs": [
            {
                "id": job.id,
                "kind_title": work.TITLES.get(job.kind, job.kind),
                "key": job.key,
                "state": job.state,
                "state_title": State(job.state).label,
                "attempts": job.attempts,
                "steps_done": job.steps_done,
                "steps_total": job.steps_total,
                "due_at": job.due_at,
                "created_at": job.created_at,
                "error": job.error,
            }
            for job in db.session.scalars(statement)
        ],
    }
