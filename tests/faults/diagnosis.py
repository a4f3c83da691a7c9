"""How a service stands when what was promised does not come: who waits, who lives, who said what.

Without it an overdue promise leaves one to guess, since the service is gone a moment later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis

from tests.faults.service import Service
from tests.waiting import Overdue

LAST_LINES = 12
LONGEST_LINE = 300
ASKED = {
    "jobs that are due": """
        SELECT key, state, attempts, steps_done, steps_total, error,
            round(extract(epoch FROM now() - due_at)) AS due_since_seconds
        FROM jobs WHERE state <> 'done' AND due_at < now() ORDER BY due_at LIMIT 20""",
    "who is connected": """
        SELECT pid, application_name, state, wait_event, left(query, 60) AS query,
            round(extract(epoch FROM now() - state_change)) AS since_seconds,
            ARRAY(SELECT objid FROM pg_locks AS held
                WHERE held.pid = one.pid AND locktype = 'advisory') AS job_locks
        FROM pg_stat_activity AS one
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()""",
    "heartbeats": """
        SELECT name, round(extract(epoch FROM now() - at)) AS silent_for_seconds FROM heartbeats""",
}


@contextmanager
def explained(service: Service) -> Iterator[None]:
    """Whatever is overdue in here says how things stood."""
    try:
        yield
    except Overdue as overdue:
        overdue.add_note("\n".join(_picture(service)))
        raise


def _picture(service: Service) -> Iterator[str]:
    for title, query in ASKED.items():
        yield f"-- {title}"
        rows = service.select(f"SELECT to_json(found)::text FROM ({query}) AS found")
        yield from ["PostgreSQL does not answer"] if rows is None else [row[0] for row in rows]
    yield f"-- bells\n{_bells(service)}"
    yield "-- processes"
    worker = service.part("worker")
    pool = worker.children() if worker else []
    yield from map(_process, [service.process, *service.process.children(), *pool])
    for log in sorted((service.settings.home / "logs").glob("*.log")):
        yield f"-- the end of {log.name}"
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        yield from (line[:LONGEST_LINE] for line in lines)


def _bells(service: Service) -> str:
    try:
        with redis.Redis.from_url(str(service.settings.redis_url), socket_timeout=2) as server:
            rung, held = server.llen("celery"), server.hlen("unacked")
            heard_by = server.info("clients")["blocked_clients"]
            return f"{rung} rung, {held} being answered, {heard_by} listening"
    except redis.RedisError as error:
        return repr(error)


def _process(process: psutil.Process) -> str:
    try:
        words = " ".join(Path(word).name for word in process.cmdline())
        return f"{process.pid} of {process.ppid()} {process.status()}: {words[:90]}"
    except psutil.Error as error:
        return str(error)
