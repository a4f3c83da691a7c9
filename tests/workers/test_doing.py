"""Doing jobs: once in effect, however it goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, NotYet, State, Step
from tests.factories import Factory
from tests.waiting import until
from workers.doing import ERROR_LENGTH, MAX_ATTEMPTS, Kinds, run_next

BUDGET = 30.0
ID_NUMBER = "371002199001011234"


class Run(Protocol):
    def __call__(self, step: Step | Kinds, budget: float = BUDGET) -> UUID | None: ...


@pytest.fixture
def run(worker: Flask) -> Run:
    """What a worker does on hearing the bell; a lone step stands for the kind `tidy`."""

    def answer(step: Step | Kinds, budget: float = BUDGET) -> UUID | None:
        with worker.app_context():
            return run_next({"tidy": step} if callable(step) else step, budget)

    return answer


def now_is(job: Job) -> Job:
    db.session.rollback()
    db.session.refresh(job)
    return job


@contextmanager
def later(seconds: float) -> Iterator[None]:
    with clock.pinned(clock.now() + timedelta(seconds=seconds)):
        yield


def in_steps(total: int) -> Step:
    """Each step leaves an entry in `place`, as others would leave rows."""

    def step(job: Job) -> bool:
        job.steps_total = total
        job.place = {"done": [*job.place.get("done", []), job.steps_done]}
        job.steps_done += 1
        return job.steps_done == total

    return step


def fails(_: Job) -> bool:
    raise ValueError("not today")


def end_own_connection(job: Job) -> None:
    """As if PostgreSQL had been killed under the step."""
    own = db.session.scalars(text("SELECT pg_backend_pid()")).one()
    with psycopg.connect(owner_address(job), autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 60000)", (own,))


def owner_address(_: Job) -> str:
    from flask import current_app

    return str(current_app.config["CE_SETTINGS"].database_url)


def test_a_job_is_done_step_by_step(run: Run, make: Factory) -> None:
    job = make.job()
    assert run(in_steps(5)) == job.id
    assert (now_is(job).state, job.steps_done, job.place) == (
        State.DONE,
        5,
        {"done": [0, 1, 2, 3, 4]},
    )
    assert job.finished_at is not None


def test_where_nothing_is_due_nothing_is_done(run: Run, make: Factory) -> None:
    make.job(due_at=clock.now() + timedelta(hours=1))
    assert run(in_steps(1)) is None


def test_a_job_is_dead_after_three_attempts_with_longer_and_longer_waits_between(
    run: Run, make: Factory
) -> None:
    job = make.job()
    waits = []
    for _ in range(MAX_ATTEMPTS):
        with clock.pinned(now_is(job).due_at):
            assert run(fails) == job.id
            waits.append((now_is(job).due_at - clock.now()).total_seconds())
    assert job.state == State.DEAD
    with later(3600):
        assert run(fails) is None
    assert waits[:2] == [2, 6]
    assert job.attempts == MAX_ATTEMPTS
    assert job.error == "ValueError: not today"


def test_between_attempts_another_job_goes_first(run: Run, make: Factory) -> None:
    bad, good = make.job(due_at=clock.now() - timedelta(days=1)), make.job(kind="reseal")
    assert run({"tidy": fails, "reseal": in_steps(1)}) == bad.id
    assert run({"tidy": fails, "reseal": in_steps(1)}) == good.id


def test_a_step_that_is_done_sets_the_attempts_back(run: Run, make: Factory) -> None:
    job = make.job(attempts=2, error="earlier")

    def once_then_fail(job: Job) -> bool:
        if job.steps_done:
            raise ValueError("the second step")
        return in_steps(2)(job)

    run(once_then_fail)
    assert (now_is(job).state, job.attempts, job.steps_done) == (State.WAITING, 1, 1)


def test_what_a_failing_step_wrote_is_not_kept(run: Run, make: Factory) -> None:
    job = make.job()

    def writes_and_fails(job: Job) -> bool:
        in_steps(3)(job)
        db.session.flush()
        raise ValueError("after writing")

    run(writes_and_fails)
    assert (now_is(job).steps_done, job.place) == (0, {})


def test_a_restarted_job_goes_on_from_its_place(run: Run, make: Factory) -> None:
    job = make.job(place={"done": [0, 1]}, steps_done=2, steps_total=4)
    run(in_steps(4))
    assert now_is(job).place == {"done": [0, 1, 2, 3]}


def test_when_the_budget_is_spent_a_job_goes_on_later_and_others_first(
    run: Run, make: Factory
) -> None:
    long = make.job(due_at=clock.now() - timedelta(hours=1))
    short = make.job(kind="reseal", due_at=clock.now() - timedelta(minutes=1))
    kinds = {"tidy": in_steps(2), "reseal": in_steps(1)}
    assert run(kinds, budget=0) == long.id
    assert run(kinds) == short.id
    assert (now_is(long).state, long.steps_done) == (State.WAITING, 1)
    assert run(kinds) == long.id
    assert (now_is(long).state, long.place) == (State.DONE, {"done": [0, 1]})


def test_a_step_whose_time_has_not_come_waits_without_an_attempt(run: Run, make: Factory) -> None:
    job = make.job()

    def not_yet(_: Job) -> bool:
        raise NotYet(timedelta(seconds=20))

    for _ in range(MAX_ATTEMPTS + 2):
        with clock.pinned(now_is(job).due_at):
            assert run(not_yet) == job.id
    assert (now_is(job).state, job.attempts, job.error) == (State.WAITING, 0, None)


def test_the_text_of_an_error_carries_no_id_number(run: Run, make: Factory) -> None:
    job = make.job()

    def names_somebody(_: Job) -> bool:
        raise ValueError(f"{ID_NUMBER} is not known" + "!" * 1000)

    run(names_somebody)
    error = now_is(job).error or ""
    assert ID_NUMBER not in error
    assert "is not known" in error
    assert len(error) <= ERROR_LENGTH


def test_a_kind_that_nobody_knows_is_dead_in_the_end_and_stops_nobody(
    run: Run, make: Factory
) -> None:
    job = make.job(kind="of-the-future")
    for _ in range(MAX_ATTEMPTS):
        with clock.pinned(now_is(job).due_at):
            run(in_steps(1))
    assert now_is(job).state == State.DEAD


def test_a_job_whose_process_died_three_times_is_buried_without_a_fourth(
    run: Run, make: Factory
) -> None:
    job = make.job(state=State.RUNNING, attempts=MAX_ATTEMPTS)
    assert run(in_steps(1)) == job.id
    assert (now_is(job).state, job.steps_done) == (State.DEAD, 0)
    assert "中断" in (job.error or "")


def test_two_workers_on_one_job_and_one_does_it(run: Run, make: Factory) -> None:
    job = make.job()
    inside, go_on = threading.Event(), threading.Event()
    runs: list[int] = []
    taken: list[UUID | None] = []

    def slow(job: Job) -> bool:
        runs.append(job.steps_done)
        inside.set()
        assert go_on.wait(30)
        return True

    first = threading.Thread(target=lambda: taken.append(run(slow)))
    first.start()
    try:
        assert inside.wait(30)
        with later(3600):  # due again by the clock, yet held
            assert run(slow) is None
    finally:
        go_on.set()
        first.join(30)
    assert taken == [job.id]
    assert runs == [0]
    assert now_is(job).state == State.DONE


def test_both_find_it_due_and_the_later_one_sees_that_it_is_done(
    run: Run, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make.job()
    run(in_steps(1))
    monkeypatch.setattr("workers.doing.due_jobs", lambda **_: [job.id])
    assert run(fails) is None
    assert (now_is(job).state, job.attempts) == (State.DONE, 1)


def test_a_job_claimed_by_a_dead_connection_is_free_at_once(run: Run, make: Factory) -> None:
    job = make.job()

    def loses_its_connection(job: Job) -> bool:
        in_steps(2)(job)
        end_own_connection(job)
        return False

    assert run(loses_its_connection) == job.id
    assert (now_is(job).state, job.steps_done) == (State.RUNNING, 0)
    with later(60):
        until(lambda: jobs.due_jobs(limit=1) == [job.id], 30, "the job is free")
        db.session.rollback()
        assert run(in_steps(2)) == job.id
    assert (now_is(job).state, job.place) == (State.DONE, {"done": [0, 1]})


def test_a_step_that_carries_on_over_another_connection_keeps_nothing(
    run: Run, make: Factory
) -> None:
    """SQLAlchemy opens a new one quietly; it has no lock, so it may not write."""
    job = make.job()

    def stubborn(job: Job) -> bool:
        end_own_connection(job)
        with pytest.raises(OperationalError):
            db.session.execute(text("SELECT 1"))
        db.session.rollback()
        in_steps(1)(db.session.get_one(Job, job_id))
        return True

    job_id = job.id
    run(stubborn)
    assert (now_is(job).state, job.steps_done, job.place) == (State.RUNNING, 0, {})


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), ValueError("gone")])
def test_an_error_after_the_connection_was_lost_is_written_by_nobody(
    run: Run, make: Factory, error: Exception
) -> None:
    """The job may be another's by then; the claim's due time brings it back."""
    job, before = make.job(), clock.now()

    def lost(job: Job) -> bool:
        end_own_connection(job)
        with pytest.raises(OperationalError):
            db.session.execute(text("SELECT 1"))
        raise error

    run(lost)
    assert (now_is(job).state, job.error) == (State.RUNNING, None)
    assert job.due_at > before


def test_after_a_failure_the_connection_is_given_back_without_its_lock(
    run: Run, make: Factory
) -> None:
    make.job()
    run(fails)
    locks = db.session.execute(
        text(
            "SELECT * FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    ).all()
    assert locks == []
