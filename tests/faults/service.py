"""A whole running service to be cruel to: what `ce-tracker up` runs, in a process of its own.

Run as a program it is that process; imported it starts one and finds its parts.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import psycopg

from ce_tracker import database, embedded
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from ce_tracker.up import everything
from config import DatabaseRole, Settings
from tests.faults.kinds import TABLE
from tests.waiting import until

ROOT = Path(__file__).parents[2]
START_SECONDS = 600
"""The first start of a home makes a database and fills it: half a minute, were one alone."""
REPAIR_SECONDS = 60
PROCESSES = 2
"""Of the worker's pool."""
PARTS = {
    "postgres": "/bin/postgres",
    "redis": "redis-server",
    "worker": "celery_app worker",
    "beat": "celery_app beat",
    "web": "granian",
}


@dataclass(frozen=True)
class Answer:
    status: int
    seconds: float
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    def __init__(self, settings: Settings, process: psutil.Popen) -> None:
        self.settings = settings
        self.process = process
        self.bearer: dict[str, str] = {}

    def part(self, name: str) -> psutil.Process | None:
        """The process that `up` started for this part, if it lives."""
        for child in self.process.children():
            try:
                words = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if PARTS[name] in words:
                return child
        return None

    def pool_child(self) -> psutil.Process | None:
        worker = self.part("worker")
        children = worker.children() if worker else []
        return children[0] if children else None

    def victim(self, name: str) -> psutil.Process:
        look = self.pool_child if name == "pool child" else lambda: self.part(name)
        return until(look, REPAIR_SECONDS, f"a living {name}")

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Status 0 where there was no answer at all."""
        began = monotonic()
        connection = HTTPConnection("127.0.0.1", self.settings.port, timeout=60)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            found = connection.getresponse()
            body = found.read()
            return Answer(found.status, monotonic() - began, dict(found.getheaders()), body)
        except (OSError, HTTPException) as error:
            return Answer(0, monotonic() - began, {}, repr(error).encode())
        finally:
            connection.close()

    def is_ready(self) -> bool:
        answer = self.request("GET", "/readyz")
        return answer.status == 200 and answer.json["worker"] == "ok"

    def select(self, query: str, *values: object) -> list[tuple[Any, ...]] | None:
        """Nothing where PostgreSQL does not answer just now."""
        try:
            with psycopg.connect(str(self.settings.database_url), connect_timeout=5) as connection:
                return connection.execute(query, values).fetchall()
        except psycopg.OperationalError:
            return None

    def facts(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        found: list[list[tuple[Any, ...]]] = []

        def look() -> bool:
            rows = self.select(query, *values)
            if rows is not None:
                found.append(rows)
            return rows is not None

        until(look, REPAIR_SECONDS, "PostgreSQL answers")
        return found[0]

    def jobs_held(self) -> int:
        held = self.facts("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        number: int = held[0][0]
        return number


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CE_") and name not in {"DATABASE_URL", "REDIS_URL", "PORT"}
    }
    return {**kept, "CE_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running(home: Path) -> Iterator[Service]:
    port = free_port()
    with (home.parent / f"{home.name}.log").open("wb") as said:
        process = psutil.Popen(
            [sys.executable, "-m", "tests.faults.service"],
            env=environment(
                home,
                port,
                CE_REQUESTS_PER_MINUTE="1000000",
                CE_WORKER_PROCESSES=str(PROCESSES),
            ),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=ROOT,
        )
    service = Service(embedded.completed(Settings(home=home, port=port)), process)
    try:
        until(
            lambda: service.is_ready() or process.poll() is not None,
            START_SECONDS,
            "the service is ready",
        )
        assert process.poll() is None, Path(said.name).read_text()
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def main() -> None:
    with everything(Settings.from_env(), celery_app="tests.faults.celery_app") as supervisor:
        app = create_app(supervisor.settings, DatabaseRole.OWNER)
        database.bring_up_to_date(app)
        with app.app_context():
            db.engine.dispose()
        with psycopg.connect(str(supervisor.settings.database_url), autocommit=True) as owner:
            owner.execute(TABLE)
        supervisor.start_application()
        supervisor.wait_until_ready()
        supervisor.look_after()


if __name__ == "__main__":
    main()
