"""A job of a running service, timed from the question to its end."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import psycopg

from ce_tracker import jobs
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from config import DatabaseRole, Settings

SHORTEST_POLL_SECONDS = 0.002
POLLED = 0.01
"""A part of the time that passed: who asks more often takes from what is measured."""
_keys = count(1)


def seconds_of(settings: Settings, owner: psycopg.Connection, kind: str, **payload: Any) -> float:
    """Asked for as a page asks, done by the worker that Celery rings."""
    key = f"bench {next(_keys)}"
    app = create_app(settings, DatabaseRole.OWNER)
    with app.app_context():
        began = time.perf_counter()
        jobs.ask(kind, key, **payload)
        db.session.commit()
        query = b"SELECT state FROM jobs WHERE kind = %s AND key = %s"
        while (row := owner.execute(query, (kind, key)).fetchone()) != ("done",):
            if row == ("dead",):
                raise RuntimeError(row)
            time.sleep(max(SHORTEST_POLL_SECONDS, POLLED * (time.perf_counter() - began)))
        took = time.perf_counter() - began
        db.session.remove()
        db.engine.dispose()
    return took


def until_quiet(owner: psycopg.Connection, kind: str) -> None:
    """A new service does last night's work first, this kind too."""
    done = b"SELECT FROM jobs WHERE kind = %s AND state = 'done'"
    while owner.execute(done, (kind,)).fetchone() is None:
        time.sleep(0.1)
    due = b"SELECT FROM jobs WHERE state IN ('waiting', 'running') AND due_at < now()"
    while owner.execute(due).fetchone() is not None:
        time.sleep(0.1)
