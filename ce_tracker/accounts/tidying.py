"""Every night: what has expired goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from ce_tracker import clock, idempotency
from ce_tracker.accounts.models import SignInAttempt, WebSession
from ce_tracker.extensions import db
from ce_tracker.jobs import Job

KEEP_ENDED_SESSIONS = timedelta(days=30)
KEEP_ATTEMPTS = timedelta(days=1)
KEEP_DONE_JOBS = timedelta(days=90)


def tidy(job: Job) -> bool:
    now = clock.now()
    db.session.execute(delete(WebSession).where(WebSession.expires_at < now - KEEP_ENDED_SESSIONS))
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - KEEP_ATTEMPTS))
    db.session.execute(
        delete(Job).where(Job.state == "done", Job.finished_at < now - KEEP_DONE_JOBS)
    )
    idempotency.forget_old()
    job.steps_total = job.steps_done = 1
    return True
