"""Jobs that show what became of them: each step leaves a row, and nothing forbids a second one."""

from __future__ import annotations

import os
import signal

import psycopg
from flask import current_app
from sqlalchemy import text

from ce_tracker.extensions import db
from ce_tracker.jobs import Job, Step
from config import DatabaseRole

TABLE = """
CREATE TABLE IF NOT EXISTS effects (job text, step bigint, process integer);
GRANT SELECT, INSERT ON effects TO ce_worker;
"""


def many_steps(job: Job) -> bool:
    job.steps_total = job.payload["steps"]
    db.session.execute(
        text("INSERT INTO effects VALUES (:job, :step, :process)"),
        {"job": job.key, "step": job.steps_done, "process": os.getpid()},
    )
    job.steps_done += 1
    return job.steps_done == job.steps_total


def kills_its_process(job: Job) -> bool:
    """Its row is committed apart: it is to show how often it ran."""
    address = current_app.config["CE_SETTINGS"].database_for(DatabaseRole.WORKER)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("INSERT INTO effects VALUES (%s, 0, %s)", (job.key, os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def raises(job: Job) -> bool:
    raise ValueError(job.key)


KINDS: dict[str, Step] = {
    "many-steps": many_steps,
    "kills-its-process": kills_its_process,
    "raises": raises,
}
