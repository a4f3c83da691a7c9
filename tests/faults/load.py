"""Work under way while things are killed, and the count of what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy.exc import OperationalError

from ce_tracker import jobs
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from config import DatabaseRole
from tests.faults.diagnosis import explained
from tests.faults.service import Service
from tests.waiting import until

ASK_SECONDS = 60
OPEN_JOBS = 3


def application(service: Service) -> Flask:
    return create_app(service.settings, DatabaseRole.OWNER)


class Load:
    def __init__(self, service: Service, steps: int) -> None:
        self.service = service
        self.steps = steps
        self.name = uuid4().hex[:8]
        self.keys: list[str] = []
        self._app = application(service)

    def ask(self, kind: str = "many-steps", **payload: Any) -> str:
        """Through whatever happens to PostgreSQL meanwhile; asking twice is asking once."""
        key = f"{self.name}-{kind}-{len(self.keys)}"
        self.keys.append(key)
        until(lambda: self._asked(kind, key, payload), ASK_SECONDS, "the job is asked for")
        return key

    def _asked(self, kind: str, key: str, payload: dict[str, Any]) -> UUID | None:
        with self._app.app_context():
            try:
                job_id = jobs.ask(kind, key, **({"steps": self.steps} | payload))
                db.session.commit()
            except OperationalError:
                return None
            else:
                return job_id
            finally:
                db.session.remove()
                db.engine.dispose()

    def keep_up(self) -> None:
        while self.open_jobs() < OPEN_JOBS:
            self.ask()

    def open_jobs(self) -> int:
        return self._count("state IN ('waiting', 'running')")

    def done(self) -> int:
        return self._count("state = 'done'")

    def _count(self, condition: str) -> int:
        rows = self.service.facts(
            f"SELECT count(*) FROM jobs WHERE starts_with(key, %s) AND {condition}", self.name
        )
        number: int = rows[0][0]
        return number

    def effects(self) -> int | None:
        """Steps done up to now; nothing while PostgreSQL is away."""
        rows = self.service.select(
            "SELECT count(*) FROM effects WHERE starts_with(job, %s)", self.name
        )
        return rows[0][0] if rows else None

    def done_by(self) -> set[int]:
        """The processes that did any of it."""
        rows = self.service.facts(
            "SELECT DISTINCT process FROM effects WHERE starts_with(job, %s)", self.name
        )
        return {process for (process,) in rows}

    def wait_for_progress(self, seconds: float) -> None:
        before = self.service.facts(
            "SELECT count(*) FROM effects WHERE starts_with(job, %s)", self.name
        )[0][0]
        with explained(self.service):
            until(lambda: (self.effects() or 0) > before, seconds, "work goes on")

    def wait_until_done(self, seconds: float) -> None:
        with explained(self.service):
            until(lambda: self.done() == len(self.keys), seconds, "every job is done")

    def done_wrongly(self) -> list[tuple[Any, ...]]:
        """Jobs of ours of which some step left no row, or more than one."""
        return self.service.facts(
            "SELECT key, state, steps_done, rows, steps FROM jobs LEFT JOIN"
            " (SELECT job, count(*) AS rows, count(DISTINCT step) AS steps FROM effects"
            "  GROUP BY job) AS left_behind ON job = key"
            " WHERE starts_with(key, %s) AND (rows, steps, steps_done, state) IS DISTINCT FROM"
            " (%s, %s, %s, 'done')",
            self.name,
            self.steps,
            self.steps,
            self.steps,
        )
