"""Doing jobs, each step of each exactly once in effect.

* A job is *claimed* by a session-level advisory lock on the connection that then does the work.
  The lock dies with its connection, so a killed worker's job is free at once, and a worker that
  lost its lock can no longer write, having lost the only connection that it writes over.
* It is done in *steps*. A step does one bounded piece, moves `steps_done` and `place`, and all of
  that is one transaction: what is counted is done, what is done is counted, however often the
  power fails.
* Attempts are counted before the work starts, since a job may kill its process. They count only
  what got nowhere: a finished step sets them back to one. After three the job is *dead*, and waits
  for somebody with authority to look and restart it. Between attempts it waits longer and longer,
  so that a poisonous job delays nobody.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from ce_tracker import clock
from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.jobs import OPEN, Job, NotYet, State, Step, due_jobs

log = structlog.get_logger(__name__)

Kinds = Mapping[str, Step]

MAX_ATTEMPTS = 3
FIRST_RETRY_SECONDS = 2
ERROR_LENGTH = 500


class ClaimLostError(Exception):
    """What was just done will be done again by whoever has the job now: it must not be kept."""


class _Claim:
    """The lock on a job, for as long as its connection lives.

    SQLAlchemy quietly opens a new connection in place of a broken one. That one has no lock: a
    step that caught the error and went on would do what another worker is doing by now.
    """

    def __init__(self, job_id: UUID, connection: Connection) -> None:
        self.job_id = job_id
        self._connection = connection
        self._locked = connection.connection.dbapi_connection

    @property
    def lost(self) -> bool:
        connection = self._connection
        return (
            connection.invalidated
            or connection.connection.dbapi_connection is not self._locked
            or bool(getattr(self._locked, "closed", False))
        )

    def insist(self) -> None:
        if self.lost:
            raise ClaimLostError


def run_next(kinds: Kinds, budget_seconds: float) -> UUID | None:
    """Take the most urgent free job and work on it for as long as the budget lasts."""
    with db.engine.connect() as connection:
        db.session.info["connection"] = connection
        try:
            for job_id in due_jobs(limit=10):
                db.session.rollback()
                if not _lock(connection, job_id):
                    continue
                try:
                    if _work(_Claim(job_id, connection), kinds, monotonic() + budget_seconds):
                        return job_id
                finally:
                    db.session.rollback()
                    _unlock(connection, job_id)
            return None
        finally:
            db.session.remove()


def _lock(connection: Connection, job_id: UUID) -> bool:
    got: bool = connection.execute(
        text("SELECT pg_try_advisory_lock(job_lock(:id))"), {"id": job_id}
    ).scalar_one()
    connection.commit()
    return got


def _unlock(connection: Connection, job_id: UUID) -> None:
    if not connection.invalidated:
        connection.execute(text("SELECT pg_advisory_unlock(job_lock(:id))"), {"id": job_id})
        connection.commit()


def _work(claim: _Claim, kinds: Kinds, until: float) -> bool:
    """False where somebody finished the job before we had its lock."""
    job = _begin(claim.job_id)
    if job is None:
        return False
    if job.state == State.DEAD:
        return True
    with structlog.contextvars.bound_contextvars(
        request_id=job.request_id, job_id=str(job.id), job_kind=job.kind
    ):
        try:
            step = kinds[job.kind]
            while True:
                finished = step(job)
                _count_step(job, finished=finished)
                db.session.flush()
                claim.insist()
                db.session.commit()
                if finished:
                    log.info("job done", steps=job.steps_done)
                    return True
                if monotonic() >= until:
                    break
            _leave_for_later(claim)
        except NotYet as not_yet:
            db.session.rollback()
            _leave_for_later(claim, not_yet.wait)
        except Exception as error:  # noqa: BLE001  whatever a job does, the next one must run
            _failed(claim, error)
        return True


def _begin(job_id: UUID) -> Job | None:
    now = clock.now()
    job = db.session.get(Job, job_id)
    if job is None or job.state not in OPEN or job.due_at > now:
        return None
    if job.attempts >= MAX_ATTEMPTS:
        # Each time it was cut short, or it would have been buried with its error.
        job.error = job.error or "三次执行都中途中断：进程被终止，或数据库连接断开"
        _bury(job)
    else:
        job.state = State.RUNNING
        job.attempts += 1
        job.started_at = job.started_at or now
        # If this attempt kills us, others go first; after the last one it is only to be buried.
        job.due_at = now if job.attempts == MAX_ATTEMPTS else now + _patience(job.attempts)
    db.session.commit()
    return job


def _count_step(job: Job, *, finished: bool) -> None:
    job.attempts = 1
    job.error = None
    if finished:
        job.state = State.DONE
        job.finished_at = clock.now()


def _leave_for_later(claim: _Claim, wait: timedelta = timedelta()) -> None:
    """The budget is spent: let another have the worker, then go on."""
    claim.insist()
    job = db.session.get_one(Job, claim.job_id)
    job.state = State.WAITING
    job.attempts = 0
    job.due_at = clock.now() + wait
    db.session.commit()


def _failed(claim: _Claim, error: Exception) -> None:
    log.warning("job failed", error=hidden("".join(traceback.format_exception(error))))
    if not claim.lost:
        db.session.rollback()
    if claim.lost:
        # PostgreSQL went away, and the lock with it: the job is another's to judge by now. The
        # attempt stays counted, since it may be the job that brings PostgreSQL down.
        return
    job = db.session.get_one(Job, claim.job_id)
    detail = (
        error.detail if isinstance(error, CeTrackerError) else f"{type(error).__name__}: {error}"
    )
    job.error = hidden(detail)[:ERROR_LENGTH]
    if job.attempts >= MAX_ATTEMPTS:
        _bury(job)
    else:
        job.state = State.WAITING
        job.due_at = clock.now() + _patience(job.attempts)
    db.session.commit()


def _bury(job: Job) -> None:
    job.state = State.DEAD
    job.finished_at = clock.now()
    log.error("job dead", job_id=str(job.id), job_kind=job.kind, error=job.error)


def _patience(attempts: int) -> timedelta:
    return timedelta(seconds=FIRST_RETRY_SECONDS * 3 ** (attempts - 1))
