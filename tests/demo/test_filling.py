"""Filling a database with the demo: it says how far it is, and never does it twice."""

from __future__ import annotations

from io import StringIO

from flask import Flask
from rich.console import Console
from sqlalchemy import func, select

from ce_tracker.cli.demo import fill_if_empty
from ce_tracker.demo import build
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger.uploads import Upload
from ce_tracker.registry.models import Professional
from config import Settings
from workers import doing
from workers.tasks import KINDS

INTERRUPTED_AT = 3
"""Lists still to be posted."""


def _people() -> int | None:
    return db.session.scalar(select(func.count()).select_from(Professional))


def test_an_empty_database_is_filled_once_and_progress_adds_up_to_all_steps(
    owner: Flask, settings: Settings
) -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    with owner.app_context():
        fill_if_empty(settings, console, build.FEWEST_PEOPLE)
        assert _people() == build.FEWEST_PEOPLE
        fill_if_empty(settings, console, build.FEWEST_PEOPLE)
        assert _people() == build.FEWEST_PEOPLE
    total = build.steps(build.FEWEST_PEOPLE)
    assert f"{total}/{total}" in shown.getvalue()


def test_what_an_interruption_leaves_of_the_lists_the_worker_posts(
    owner: Flask, worker: Flask, settings: Settings
) -> None:
    waiting = select(func.count()).where(Upload.state == "posting")
    with owner.app_context():
        building = build.build(settings.keyring(), build.FEWEST_PEOPLE, 1, lambda _: None)
        for _ in building:
            db.session.commit()
            if db.session.scalar(waiting) == INTERRUPTED_AT:
                break
        del building
        db.session.remove()
    with worker.app_context():
        while doing.run_next(KINDS, 60):
            pass
    with owner.app_context():
        assert db.session.scalar(waiting) == 0
        assert set(db.session.scalars(select(Job.state))) == {"done"}
        db.session.remove()
