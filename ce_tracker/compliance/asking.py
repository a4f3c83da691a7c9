"""A sweep that an official asks for: the night's job, done now, and once however often asked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from ce_tracker import clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.compliance.models import Sweep
from ce_tracker.errors import Invalid, NotAllowed
from ce_tracker.extensions import db
from ce_tracker.jobs import OPEN, Job

KIND = "sweep"


def may_steer(actor: Actor) -> None:
    """A sweep judges everybody, so it is for who answers for the whole installation."""
    if not actor.steers:
        raise NotAllowed("这件事涉及全部人员，只有省级或全国的综合主管部门可以办理。")


def years() -> list[int]:
    """The years that the night looks at, and those that were swept before; the latest first.

    Of any other year nobody has a standing, and a sweep would flag everybody."""
    today = clock.today().year
    swept = db.session.scalars(select(Sweep.year).distinct())
    return sorted({today, today - 1, *swept}, reverse=True)


def ask(actor: Actor, year: int) -> UUID:
    may_steer(actor)
    if year not in years():
        said = "只能判定今年、去年和以前判定过的年度。"
        raise Invalid(said, errors=[{"field": "year", "message": said}])
    now = clock.now().astimezone(clock.SHANGHAI)
    return jobs.ask(KIND, f"{year} {now:%Y-%m-%dT%H:%M}", year=year, day=now.date().isoformat())


def under_way(actor: Actor) -> Sequence[Job]:
    """Those that are waited for now; tonight's stands among them only when its hour has come."""
    return db.session.scalars(
        select(Job)
        .where(
            Job.kind == KIND,
            Job.state.in_(OPEN),
            Job.due_at <= clock.now(),
            Job.visible_to(actor),
        )
        .order_by(Job.id)
    ).all()
