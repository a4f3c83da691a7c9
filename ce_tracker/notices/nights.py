"""The night's notices, a range of readers a step.

What a night tells of is fixed when it begins: the span from where the last one ended to now. The
span and how far it has come stand in a row of their own, so that a night that was cut short is
finished by whoever comes next, before anything newer is told.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import current_app
from sqlalchemy import func, or_, select

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, NotYet
from ce_tracker.notices import directory_telling, telling
from ce_tracker.notices.models import NoticeNight
from ce_tracker.registry.models import Employer, Professional

AT_ONCE = {"people": 50_000, "employers": 1_000}
"""Ids a step."""
FIRST = ("sweep", "rejudge", "follow")
"""The jobs whose findings are told."""
UNTIL_SWEPT = timedelta(minutes=1)
SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def notices(job: Job) -> bool:
    """One step: the next range of whom this night has something to tell."""
    night = _night()
    if night is None:
        job.steps_total = job.steps_done = job.steps_total or 0
        return True
    people, employers = (
        db.session.scalar(select(func.max(each.id))) or 0 for each in (Professional, Employer)
    )
    last = night.after + AT_ONCE[night.readers]
    telling.tell(night, last, mailing=_mailing())
    night.after = last
    before = 0 if night.readers == "people" else people
    job.steps_total = people + employers
    job.steps_done = min(before + last, job.steps_total)
    if night.readers == "people" and last >= people:
        night.readers, night.after = "employers", 0
    elif night.readers == "employers" and last >= employers:
        directory_telling.remind(night, mailing=_mailing())
        night.finished_at = clock.now()
        if _mailing():
            jobs.ask("mail", night.night.isoformat())
    return False


def _mailing() -> bool:
    return current_app.config["CE_SETTINGS"].smtp_url is not None


def _night() -> NoticeNight | None:
    """The one that is under way, or else tonight's; nothing where that has been."""
    _wait_for_the_sweep()
    under_way = db.session.scalar(
        select(NoticeNight)
        .where(NoticeNight.finished_at.is_(None))
        .order_by(NoticeNight.night)
        .limit(1)
        .with_for_update()
    )
    if under_way is not None:
        return under_way
    today = clock.today()
    last = db.session.execute(
        select(func.max(NoticeNight.night), func.max(NoticeNight.until))
    ).one()
    since = last[1] or SINCE_EVER
    if (last[0] is not None and last[0] >= today) or since >= clock.now():
        return None
    night = NoticeNight(night=today, since=since, until=clock.now(), readers="people", after=0)
    db.session.add(night)
    db.session.flush()
    return night


def _wait_for_the_sweep() -> None:
    """What it finds this night is to be told this night. One that has died is not waited for."""
    under_way = select(Job.id).where(
        Job.kind.in_(FIRST),
        or_(Job.state == jobs.State.RUNNING, Job.due_at <= clock.now()),
        Job.state.in_(jobs.OPEN),
    )
    if db.session.scalar(under_way.limit(1)) is not None:
        raise NotYet(UNTIL_SWEPT)
