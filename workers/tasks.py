"""The jobs there are, the nights there are, and the two tasks that ring and answer the bell."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import structlog

from ce_tracker import clock, jobs
from ce_tracker.accounts.tidying import tidy
from ce_tracker.bell import bell
from ce_tracker.compliance.closing import close_year, restate
from ce_tracker.compliance.sweeping import sweep
from ce_tracker.extensions import db
from ce_tracker.ledger import attendance
from ce_tracker.ledger.holding import post_held
from ce_tracker.ledger.proving import prove
from ce_tracker.ledger.revoking import revoke
from ce_tracker.ledger.years import open_years
from ce_tracker.notices.delivery import deliver
from ce_tracker.notices.nights import notices
from ce_tracker.promotions import proving
from ce_tracker.promotions.following import follow
from ce_tracker.promotions.rejudging import rejudge
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
    "attendance-preview": attendance.preview,
    "attendance-post": attendance.post,
    "post-held": post_held,
    "revoke-session": revoke,
    "ledger-years": open_years,
    "ledger-proof": prove,
    "gate-proof": proving.prove,
    "sweep": sweep,
    "close-year": close_year,
    "restate": restate,
    "rejudge": rejudge,
    "follow": follow,
    "notices": notices,
    "mail": deliver,
}

NIGHTLY = {
    "refresh-registry": time(0, 5),
    "ledger-years": time(0, 10),
    "post-held": time(0, 20),
    "sweep": time(0, 40),
    "rejudge": time(0, 50),
    "follow": time(0, 55),
    "notices": time(1, 10),
    "restate": time(1, 20),
    "ledger-proof": time(2, 20),
    "gate-proof": time(2, 50),
    "tidy": time(3, 10),
    "reseal": time(3, 40),
}
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
