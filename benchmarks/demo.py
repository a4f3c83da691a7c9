"""How long the demo takes to build, beside PostgreSQL taking in as many rows and bytes at all: a
bare COPY of the same number of rows into one table without an index or a constraint.

Each run has its own server in a process of its own, so that peak memory is of our process alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.measuring import Figure, Outcome, report
from ce_tracker import database, embedded
from ce_tracker.app import create_app
from ce_tracker.demo import build
from ce_tracker.demo.sheets import TABLES
from ce_tracker.extensions import db
from ce_tracker.home import Home
from config import DatabaseRole, Settings

RUNS = 3
_HOURS = ("training_sessions", "ledger_entries", "standings")
ROOT = Path(__file__).parent.parent


def main(*, full: bool) -> list[Outcome]:
    return [_measure(size) for size in ((5_000, 100_000) if full else (5_000,))]


def _measure(size: int) -> Outcome:
    runs = [_in_a_process(size) for _ in range(RUNS)]
    return Outcome(
        bench="demo",
        size=size,
        ours=Figure("ce-tracker demo", [run["ours"] for run in runs]),
        floor=Figure("bare COPY of as many rows", [run["floor"] for run in runs]),
        rivals={},
        peak_mb=max(run["peak_mb"] for run in runs),
    )


def _in_a_process(size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.demo", "--once", str(size)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _once(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder:
        settings = Settings(home=Path(folder), log_level="WARNING")
        home = Home(settings.home)
        home.prepare()
        server = embedded.postgres(home)
        bell = embedded.redis_server(home)
        embedded.start_postgres(server, home)
        embedded.start_redis(bell, home)
        try:
            settings = embedded.completed(settings)
            app = create_app(settings, DatabaseRole.OWNER)
            database.bring_up_to_date(app)
            with app.app_context():
                began = time.perf_counter()
                for _ in build.build(settings.keyring(), size, 1, lambda _: None):
                    db.session.commit()
                ours = time.perf_counter() - began
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                floor, rows = _bare_copy()
                db.session.remove()
                db.engine.dispose()
            return {"ours": ours, "floor": floor, "peak_mb": peak, "rows": rows}
        finally:
            bell.stop()
            server.stop()


def _bare_copy() -> tuple[float, int]:
    """As many lines as the demo has rows, of the average row's length."""
    counts = [_rows_and_bytes(table) for table in (*TABLES, *_HOURS)]
    rows = sum(count for count, _ in counts)
    length = sum(size for _, size in counts) // rows
    db.session.execute(text("CREATE UNLOGGED TABLE bare (line text)"))
    db.session.execute(text("ALTER TABLE bare SET LOGGED"))
    db.session.commit()
    connection: Any = db.session.connection().connection.driver_connection
    block = ("x" * length + "\n") * 10_000
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
        for _ in range(rows // 10_000):
            copy.write(block)
        copy.write(("x" * length + "\n") * (rows % 10_000))
    db.session.commit()
    return time.perf_counter() - began, rows


def _rows_and_bytes(table: str) -> tuple[int, int]:
    row = db.session.execute(
        text(f"SELECT count(*), coalesce(sum(pg_column_size(t)), 0) FROM {table} t")
    ).one()
    return int(row[0]), int(row[1])


if __name__ == "__main__":
    if "--once" in sys.argv:
        print(json.dumps(_once(int(sys.argv[-1]))))
    else:
        report(main(full="--full" in sys.argv))
