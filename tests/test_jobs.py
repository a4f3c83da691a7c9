"""Asking for work, finding what is due, and seeing to what is dead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from ce_tracker import clock, jobs
from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.bell import Bell
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.jobs import Job, State
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.waiting import until

NATION = "000000"


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry each time the bell is rung."""
    heard: list[str] = []
    monkeypatch.setattr(Bell, "ring", lambda _: heard.append("ring"))
    return heard


@contextmanager
def as_the_web(web: Flask) -> Iterator[None]:
    with web.app_context():
        yield
        db.session.remove()


def number_of_jobs() -> int:
    return db.session.scalars(select(func.count()).select_from(Job)).one()


def test_asking_twice_is_asking_once(make: Factory) -> None:
    first = jobs.ask("tidy", "2026-05-04", day="2026-05-04")
    db.session.commit()
    assert jobs.ask("tidy", "2026-05-04", day="2026-05-04") == first
    db.session.commit()
    assert number_of_jobs() == 1


def test_who_asks_for_what_another_asked_for_gets_the_same_job(web: Flask, make: Factory) -> None:
    one, other = make.account(Role.EMPLOYER), make.account(Role.PROVIDER, region=YINCHUAN)
    ids = set()
    with as_the_web(web):
        for account in (one, other):
            act_as(account.actor)
            ids.add(jobs.ask("tidy", "the same"))
            db.session.commit()
    assert len(ids) == 1
    assert number_of_jobs() == 1


def test_what_is_rolled_back_was_never_asked_for_and_never_rung(
    make: Factory, rings: list[str]
) -> None:
    jobs.ask("tidy", "never")
    db.session.rollback()
    jobs.beat_heart("worker")
    db.session.commit()
    assert number_of_jobs() == 0
    assert rings == []


def test_the_bell_is_rung_once_what_is_asked_for_is_there(make: Factory, rings: list[str]) -> None:
    jobs.ask("tidy", "now")
    assert rings == []
    db.session.commit()
    assert rings == ["ring"]


def test_what_is_due_tomorrow_is_not_rung_today(make: Factory, rings: list[str]) -> None:
    jobs.ask("tidy", "tomorrow", due_at=clock.now() + timedelta(days=1))
    db.session.commit()
    assert rings == []


def test_a_due_job_is_found_however_old_it_is_and_the_oldest_first(make: Factory) -> None:
    now = clock.now()
    yesterday = make.job(due_at=now - timedelta(days=1))
    ancient = make.job(due_at=now - timedelta(days=2000))
    make.job(due_at=now + timedelta(seconds=30))
    assert jobs.due_jobs(limit=10) == [ancient.id, yesterday.id]


def test_what_is_done_or_dead_is_not_due(make: Factory) -> None:
    for state in (State.DONE, State.DEAD):
        make.job(state=state)
    assert jobs.due_jobs(limit=10) == []


def test_a_job_that_says_running_but_that_nobody_holds_is_due(make: Factory) -> None:
    abandoned = make.job(state=State.RUNNING, attempts=1)
    assert jobs.due_jobs(limit=10) == [abandoned.id]


def test_the_lock_hides_a_job_and_its_connections_end_shows_it_again(make: Factory) -> None:
    job = make.job()
    with db.engine.connect() as holder:
        holder.execute(text("SELECT pg_advisory_lock(job_lock(:id))"), {"id": job.id})
        holder.commit()
        assert jobs.due_jobs(limit=10) == []
        holder.invalidate()
    until(lambda: jobs.due_jobs(limit=10) == [job.id], 30, "the job is free")


def test_an_authority_restarts_a_dead_job_and_it_goes_on_from_its_place(
    web: Flask, make: Factory, rings: list[str]
) -> None:
    authority = make.account(Role.AUTHORITY, region=NATION)
    job = make.job(
        state=State.DEAD, attempts=3, error="坏了", place={"row": 7}, steps_done=7, steps_total=9
    )
    job_id = job.id
    with as_the_web(web):
        act_as(authority.actor)
        jobs.restart(authority.actor, job_id)
        db.session.commit()
    db.session.refresh(job)
    assert (job.state, job.attempts, job.error) == (State.WAITING, 0, None)
    assert (job.place, job.steps_done) == ({"row": 7}, 7)
    assert rings == ["ring"]
    assert "job.restarted" in db.session.scalars(select(AuditEntry.action)).all()


def test_only_a_dead_job_can_be_restarted(web: Flask, make: Factory) -> None:
    authority = make.account(Role.AUTHORITY, region=NATION)
    job = make.job(state=State.RUNNING, attempts=1)
    job_id = job.id
    with as_the_web(web):
        act_as(authority.actor)
        with pytest.raises(Conflict, match="正在执行"):
            jobs.restart(authority.actor, job_id)


def test_an_authority_elsewhere_does_not_even_see_a_dead_job(web: Flask, make: Factory) -> None:
    stranger = make.account(Role.AUTHORITY, region=YINCHUAN)
    job = make.job(state=State.DEAD, attempts=3, region_path=make.path(WEIHAI))
    job_id = job.id
    with as_the_web(web):
        act_as(stranger.actor)
        with pytest.raises(NotFound):
            jobs.restart(stranger.actor, job_id)
