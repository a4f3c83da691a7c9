"""What the frame costs: one request with token check, row security, limits, headers and a log line,
beside a bare Flask route that makes the same call to PostgreSQL and answers the same facts.

Both run under the same web server, with the same processes and threads, over 16 connections.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sqlalchemy import func, insert, select

from benchmarks.load import load, requests_for
from benchmarks.measuring import Figure, Outcome, free_port, report
from benchmarks.serving import granian, largest_mb, serving
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

RUNS = 5


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
                {
                    "credit_code": f"91BENCH{n}",
                    "name": f"单位{n}",
                    "pinyin": "danwei dw",
                    "region_path": region.path,
                    "sector": "education",
                }
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
            port = free_port()
            command = granian(target, port, settings.web_threads)
            told = settings.with_(
                port=port,
                database_url=None,
                web_database_url=settings.database_for(DatabaseRole.WEB),
            )
            with serving(command, port, told.environment(), settings.home) as process:
                asking = requests_for([path], [token])
                load(port, asking, 0.5)
                took[name].append(load(port, asking, seconds).seconds_per_request)
                if name == "ours":
                    peak = max(peak, largest_mb(process))
    return Outcome(
        bench="request",
        size=size,
        ours=Figure("/api/v1/me", took["ours"]),
        floor=Figure("bare Flask route, same call", took["bare"]),
        rivals={},
        peak_mb=peak,
    )


if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
