"""The jobs there are, the nights there are, and the two tasks that ring and answer the bell."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import structlog

from ce_tracker import clock, jobs
from ce_tracker.accounts.tidying import tidy
from ce_tracker.bell import bell
from ce_tracker.extensions import db
from ce_tracker.registry.roster_applying import apply
from ce_tracker.registry.roster_preview import preview
from ce_tracker.registry.snapshot import refresh
from ce_tracker.rotation import reseal
from workers import doing
from workers.celery_app import celery_app, flask_app, settings

log = structlog.get_logger(__name__)

KINDS: dict[str, jobs.Step] = {
    "reseal": reseal,
    "tidy": tidy,
    "refresh-registry": refresh,
    "roster-preview": preview,
    "roster-apply": apply,
}

NIGHTLY = {"refresh-registry": time(0, 5), "tidy": time(3, 10), "reseal": time(3, 40)}
"""Job kind → hour in Shanghai at which the day's job falls due."""

BUDGET_SECONDS = 60
"""How long one job may keep a process before others get their turn."""


@celery_app.task(name="workers.tasks.answer")
def answer() -> None:
    """Do the most urgent job; if more is due, ring again."""
    with flask_app().app_context():
        if doing.run_next(KINDS, BUDGET_SECONDS) is not None and jobs.due_jobs(limit=1):
            bell().ring_now()


@celery_app.task(name="workers.tasks.tend")
def tend() -> None:
    """Every few seconds: we live; tonight is planned; whoever is due gets a bell."""
    with flask_app().app_context():
        jobs.beat_heart("worker")
        plan(clock.now())
        db.session.commit()
        for _ in jobs.due_jobs(limit=settings.worker_processes * 2):
            bell().ring_now()


def plan(now: datetime) -> None:
    """Ask for the jobs of this night and the last; asking again is nothing."""
    today = now.astimezone(clock.SHANGHAI).date()
    for kind, hour in NIGHTLY.items():
        for day in (today - timedelta(days=1), today):
            due_at = datetime.combine(day, hour, clock.SHANGHAI)
            jobs.ask(kind, day.isoformat(), due_at=due_at, day=day.isoformat())
