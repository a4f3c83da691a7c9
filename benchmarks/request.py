"""What the frame costs: one request with token check, row security, limits, headers and a log line,
beside a bare Flask route that makes the same call to PostgreSQL and answers the same facts.

Both run under the same web server, with the same processes and threads, over 16 connections.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, insert, select

from benchmarks.measuring import Figure, Outcome, report
from ce_tracker import database, embedded
from ce_tracker.accounts import tokens
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role
from ce_tracker.app import create_app
from ce_tracker.extensions import act_as, db
from ce_tracker.home import Home
from ce_tracker.registry.models import Employer
from ce_tracker.registry.regions import by_code
from config import DatabaseRole, Settings

CONNECTIONS = 16
RUNS = 5
ROOT = Path(__file__).parent.parent
HEAD_END = b"\r\n\r\n"


def main(*, full: bool) -> list[Outcome]:
    sizes, seconds = ((1000, 100_000), 5) if full else ((1000,), 2)
    return [_measure(size, seconds) for size in sizes]


def _measure(size: int, seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder:
        settings = Settings(home=Path(folder), requests_per_minute=1_000_000, log_level="INFO")
        home = Home(settings.home)
        home.prepare()
        server = embedded.postgres(home)
        bell = embedded.redis_server(home)
        embedded.start_postgres(server, home)
        embedded.start_redis(bell, home)
        try:
            settings = embedded.completed(settings)
            token = _populate(settings, size)
            return _race(settings, token, size, seconds)
        finally:
            bell.stop()
            server.stop()


def _populate(settings: Settings, size: int) -> str:
    app = create_app(settings, DatabaseRole.OWNER)
    database.bring_up_to_date(app)
    with app.app_context():
        region = by_code("371002")
        assert region is not None
        db.session.execute(
            insert(Employer),
            [
                {"name": f"单位{n}", "region_path": region.path, "sector": "education"}
                for n in range(size)
            ],
        )
        user = open_account(
            "bench",
            "测量",
            "a long enough secret",
            Binding(Role.EMPLOYER, region.path, employer_id=size),
        )
        user.must_change_password = False
        actor = Actor.from_facts(db.session.execute(select(func.enter_as(user.id))).scalar_one())
        act_as(actor)
        _, token = tokens.create_token(actor, "bench", ["me:read"], 1)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return token


def _race(settings: Settings, token: str, size: int, seconds: float) -> Outcome:
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    peak = 0.0
    contenders = {"ours": ("wsgi:app", "/api/v1/me"), "bare": ("benchmarks.bare:app", "/")}
    for _ in range(RUNS):
        for name, (target, path) in contenders.items():
            with _serving(settings, target) as (port, process):
                asyncio.run(_load(port, path, token, 0.5))
                count = asyncio.run(_load(port, path, token, seconds))
                took[name].append(seconds / count)
                if name == "ours":
                    peak = max(peak, _largest(process))
    return Outcome(
        bench="request",
        size=size,
        ours=Figure("/api/v1/me", took["ours"]),
        floor=Figure("bare Flask route, same call", took["bare"]),
        rivals={},
        peak_mb=peak,
    )


@contextmanager
def _serving(settings: Settings, target: str) -> Iterator[tuple[int, psutil.Process]]:
    port = _free_port()
    environment = settings.with_(
        port=port,
        database_url=None,
        web_database_url=settings.database_for(DatabaseRole.WEB),
    ).environment()
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "granian"),
            *("--interface", "wsgi", "--port", str(port), "--workers", "2"),
            *("--blocking-threads", str(settings.web_threads), "--log-level", "error", target),
        ],
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _largest(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return max(each.memory_info().rss for each in family) / 2**20


async def _load(port: int, path: str, token: str, seconds: float) -> int:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    until = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_client(port, request, until) for _ in range(CONNECTIONS)))
    return sum(counts)


async def _client(port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < until:
        writer.write(request)
        head = await reader.readuntil(HEAD_END)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)


if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
