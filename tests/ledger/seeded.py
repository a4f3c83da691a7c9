"""Runs of the state machine that are the same every time; by themselves, for `make torture`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import hypothesis
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from ce_tracker import database, embedded
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from ce_tracker.home import Home
from ce_tracker.serving import create_web_app
from config import DatabaseRole, Settings
from tests.factories import Factory
from tests.faults.promises import Outcome
from tests.ledger.machine import LedgerMachine

RUNS_A_SEED = 5
STEPS = 14


class Apps(NamedTuple):
    make: Factory
    web: Flask
    worker: Flask
    owner: Flask


def run(seed: int, apps: Apps) -> int:
    """How often the worker died meanwhile."""

    class Seeded(LedgerMachine):
        make, web, worker, owner = apps
        deaths = 0

    run_state_machine_as_test(
        hypothesis.seed(seed)(Seeded),
        settings=hypothesis.settings(
            max_examples=RUNS_A_SEED,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Seeded.deaths


def always_right(dose: int) -> Outcome:
    """Ten runs for each of the dose."""
    seeds = dose * 10 // RUNS_A_SEED
    began = monotonic()
    with own_servers() as apps:
        deaths = sum(run(seed, apps) for seed in range(seeds))
    return Outcome(
        "upload, post, correct, replace, withdraw, merge, register, revoke in any order, the worker"
        " dying at named points: after each step the ledger is what a model in plain Python says",
        dose,
        kept=deaths > 0,
        figures={
            "runs": seeds * RUNS_A_SEED,
            "most_steps_each": STEPS,
            "deaths": deaths,
            "seconds": round(monotonic() - began),
        },
    )


@contextmanager
def own_servers() -> Iterator[Apps]:
    """Without a worker that would take the jobs of the one that is to die."""
    with ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="ce-machine-"))
        home = Home(Path(folder))
        home.prepare()
        home.keys()
        server, bell = embedded.postgres(home, durable=False), embedded.redis_server(home)
        for part in (server, bell):
            ending.callback(part.stop)
        embedded.start_postgres(server, home)
        embedded.start_redis(bell, home)
        settings = embedded.completed(Settings(home=home.path))
        owner = create_app(settings, DatabaseRole.OWNER)
        web = create_web_app(settings)
        worker = create_app(settings, DatabaseRole.WORKER)
        database.bring_up_to_date(owner)
        for app in (web, worker):
            ending.callback(_let_go, app)
        with owner.app_context():
            try:
                yield Apps(Factory(settings), web, worker, owner)
            finally:
                db.session.remove()
                db.engine.dispose()


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
