"""Whatever is killed under load, every job is done, and done once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from ce_tracker.processes import Child
from config import DatabaseRole
from tests.faults import promises
from tests.faults.load import Load
from tests.faults.service import REPAIR_SECONDS, Service, environment
from tests.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

DOSE = 2


@pytest.mark.parametrize("victim", promises.VICTIMS)
def test_every_step_is_done_once_whatever_is_killed(service: Service, victim: str) -> None:
    outcome = promises.survives_kills(service, victim, DOSE, steps=300)
    assert outcome.kept, outcome


def test_jobs_are_done_though_redis_loses_every_message(service: Service) -> None:
    outcome = promises.survives_lost_messages(service, DOSE, steps=300)
    assert outcome.kept, outcome


def test_a_job_that_kills_its_process_is_dead_after_three_and_others_are_done(
    service: Service,
) -> None:
    outcome = promises.poison_delays_nobody(service, DOSE, apart=0)
    assert outcome.kept, outcome


def test_two_beats_and_two_workers_do_nothing_twice(service: Service) -> None:
    with another(service, "beat"), another(service, "worker") as second:
        load = Load(service, 200)

        def both_take_part() -> bool:
            load.keep_up()
            pools = [service.victim("worker").children(), second.children()]
            return all(load.done_by() & {child.pid for child in pool} for pool in pools)

        until(both_take_part, promises.FINISH_SECONDS, "both workers take part")
        load.wait_until_done(promises.FINISH_SECONDS)
    assert not load.done_wrongly()
    planned = service.facts(
        "SELECT count(*), count(DISTINCT (kind, key)) FROM jobs WHERE kind = 'tidy'"
    )
    assert planned[0][0] == planned[0][1] > 0


@contextmanager
def another(service: Service, part: str) -> Iterator[psutil.Process]:
    """A second one of a kind, as on another machine."""
    settings = service.settings.with_(
        database_url=None,
        worker_database_url=service.settings.database_for(DatabaseRole.WORKER),
    )
    log = service.settings.home / "logs" / f"another-{part}.log"
    command = ["celery", "--app", "tests.faults.celery_app", part, "--loglevel", "INFO"]
    child = Child(
        part,
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        log,
        environment=environment(service.settings.home, 1, **settings.environment()),
    )
    child.start()
    try:
        until(
            lambda: log.exists() and log.stat().st_size > 0,
            REPAIR_SECONDS,
            f"another {part} speaks",
        )
        yield psutil.Process(child.pid)
    finally:
        child.stop()
