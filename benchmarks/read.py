"""Somebody reads their own hours: over the API, with a token and row security on.

The floor is a bare Flask route with the reading query, under the same web server with the same
processes and threads, without token and without row security. Beside both FastAPI with asyncpg,
which does the same work as we do but for limits, log line and numbers; and pgbench with our
statement, which has no web server at all. In turn, over 16 connections, each with a fresh server;
everybody who asks is another person than the one before.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from sqlalchemy import text

from benchmarks.load import CONNECTIONS, Load, load, requests_for
from benchmarks.measuring import Figure, Outcome, free_port, report
from benchmarks.serving import PROCESSES, granian, largest_mb, serving
from ce_tracker import database, embedded
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from ce_tracker.home import Home
from config import DatabaseRole, Settings

RUNS = 7
YEAR = 2026
SESSIONS = 600
A_YEAR = 8
ASKERS = 5_000
OURS, BARE, FASTAPI, PGBENCH = "ours", "bare", "FastAPI + asyncpg", "pgbench"


def main(*, full: bool) -> list[Outcome]:
    size, seconds = (100_000, 4.0) if full else (10_000, 1.5)
    return [_measure(size, seconds)]


def _measure(size: int, seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder:
        settings = Settings(home=Path(folder), requests_per_minute=1_000_000)
        home = Home(settings.home)
        home.prepare()
        server, bell = embedded.postgres(home), embedded.redis_server(home)
        embedded.start_postgres(server, home)
        embedded.start_redis(bell, home)
        try:
            settings = embedded.completed(settings)
            _populate(settings, size)
            return _race(settings, size, seconds)
        finally:
            bell.stop()
            server.stop()


@dataclass
class Taken:
    """Of one contender, run by run."""

    seconds: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def add(self, found: Load) -> None:
        self.seconds.append(found.seconds_per_request)
        self.p99.append(found.p99)


def _race(settings: Settings, size: int, seconds: float) -> Outcome:
    taken = {name: Taken() for name in (BARE, OURS, FASTAPI)}
    alone: list[float] = []
    peak = 0.0
    for _ in range(RUNS):
        for name, each in taken.items():
            found, memory = _served(settings, name, size, seconds)
            each.add(found)
            peak = max(peak, memory) if name == OURS else peak
        alone.append(_pgbench(settings, size, seconds))
    p99 = {name: median(each.p99) for name, each in taken.items()}
    return Outcome(
        bench="read",
        size=size,
        ours=Figure("/api/v1/me/hours", taken[OURS].seconds),
        floor=Figure("bare Flask route, same query", taken[BARE].seconds),
        rivals={
            FASTAPI: Figure(FASTAPI, taken[FASTAPI].seconds),
            PGBENCH: Figure("pgbench, no web server", alone),
        },
        peak_mb=peak,
        notes=["p99 " + ", ".join(f"{name} {each * 1e3:.1f} ms" for name, each in p99.items())],
        p99=p99,
    )


def _served(settings: Settings, name: str, size: int, seconds: float) -> tuple[Load, float]:
    port = free_port()
    people = range(1, min(size, ASKERS) + 1)
    tokens = [f"ce_bench_{person}" for person in people]
    where, command = "/", granian("benchmarks.bare_hours:app", port, settings.web_threads)
    if name == OURS:
        where = "/api/v1/me/hours"
        command = granian(
            "ce_tracker.serving:web_application", port, settings.web_threads, "--factory"
        )
    elif name == FASTAPI:
        command = [
            *("uvicorn", "--port", str(port), "--workers", str(PROCESSES)),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
            *("--no-access-log", "benchmarks.fastapi_hours:app"),
        ]
    who = "&person={}" if name == BARE else ""
    paths = [f"{where}?year={YEAR}{who.format(person)}" for person in people]
    requests = requests_for(paths, tokens)
    told = settings.with_(
        port=port,
        database_url=settings.database_url if name == BARE else None,
        web_database_url=settings.database_for(DatabaseRole.WEB),
    )
    with serving(command, port, told.environment(), settings.home) as process:
        load(port, requests, 1.0)  # every connection has its plans
        return load(port, requests, seconds), largest_mb(process)


def _pgbench(settings: Settings, size: int, seconds: float) -> float:
    script = settings.home / "read.sql"
    script.write_text(
        f"\\set person random(1, {size})\n"
        "SELECT own_hours_by_token("
        f"sha256(('ce_bench_' || :person)::bytea), now(), {YEAR}, NULL);\n"
    )
    said = subprocess.run(
        [
            *(embedded.postgres_program("pgbench"), "-n", "-M", "prepared", "-f", str(script)),
            *("-c", str(CONNECTIONS), "-T", str(max(1, round(seconds)))),
            str(settings.database_for(DatabaseRole.WEB)),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    [rate] = [line for line in said.splitlines() if line.startswith("tps")]
    return 1 / float(rate.split()[2])


# --- as many people as were asked for, with three years of hours and a token each --------------

PLACE = "(SELECT path FROM regions WHERE code = '371002')"
WORLD = (
    f"""INSERT INTO employers (id, credit_code, name, pinyin, region_path, sector)
    SELECT g, '91BENCH' || g, '单位' || g, 'danwei dw', {PLACE}, 'education'
    FROM generate_series(1, 100) g""",
    f"""INSERT INTO providers (id, credit_code, name, pinyin, region_path, sector)
    SELECT g, '52BENCH' || g, '继续教育基地' || g, 'jidi jd', {PLACE}, 'education'
    FROM generate_series(1, 10) g""",
    f"""INSERT INTO professionals (id, name, pinyin, id_kind, id_tail, id_number_sealed,
        id_number_index, employer_id, region_path, sector)
    SELECT g, '王' || g, 'wang w', 'resident', to_char(g % 10000, 'FM0000'), 'x'::bytea,
        int8send(g::bigint), 1 + g % 100, {PLACE}, 'education'
    FROM generate_series(1, :size) g""",
    f"""INSERT INTO users (id, login, display_name, role, region_path, professional_id,
        must_change_password, created_at)
    SELECT md5(g::text)::uuid, 'u' || g, '王' || g, 'professional', {PLACE}, g, false, now()
    FROM generate_series(1, :size) g""",
    """INSERT INTO api_tokens (digest, prefix, user_id, name, scopes, created_at, expires_at)
    SELECT sha256(('ce_bench_' || g)::bytea), 'ce_', md5(g::text)::uuid, 'bench', '{hours:read}',
        now(), now() + interval '1 year'
    FROM generate_series(1, :size) g""",
    """INSERT INTO training_sessions (id, provider_id, provider_name, code, title, course, subject,
        purpose, form, online, place, starts_at, ends_at, hours_x100, state, created_by,
        created_at, published_at, first_posted_at)
    SELECT g, 1 + g % 10, '环翠区专业技术人员继续教育基地', '班' || g,
        '中小学教师专业能力提升培训班（第 ' || g || ' 期）', '课堂教学设计与评价',
        CASE WHEN g % 3 = 0 THEN 'general' ELSE 'specialty' END, 'ordinary', 'class', false,
        '环翠区教师进修学校', make_date(2024 + g % 3, 1 + g % 12, 3),
        make_date(2024 + g % 3, 1 + g % 12, 5), 1200, 'published', md5('1')::uuid, now(), now(),
        now()
    FROM generate_series(1, :sessions) g""",
    """INSERT INTO postings (position, kind, session_id, posted_at, entries, entries_digest,
        previous, digest)
    SELECT g, 'revocation', g, now() - (:sessions - g) * interval '1 day', 1, '', '', ''
    FROM generate_series(1, :sessions) g""",
    """INSERT INTO ledger_entries (professional_id, session_id, posting_id, provider_id,
        hours_x100, row_number, finished_on, year, revision, subject, result, digest)
    SELECT person, s.id, s.id, s.provider_id, 1200 - person % 3 * 50, person, s.ends_at::date,
        extract(year FROM s.ends_at), 1, s.subject, '合格', ''
    FROM generate_series(1, :size) person CROSS JOIN generate_series(0, 3 * :a_year - 1) k
    JOIN training_sessions s ON s.id = 1 + (person * 7 + k * 25) % :sessions
    ORDER BY person, s.id""",
    """INSERT INTO standings
    SELECT professional_id, year, coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0),
        coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0)
    FROM ledger_entries GROUP BY 1, 2""",
)


def _populate(settings: Settings, size: int) -> None:
    app = create_app(settings, DatabaseRole.OWNER)
    database.bring_up_to_date(app)
    with app.app_context():
        numbers = {"size": size, "sessions": SESSIONS, "a_year": A_YEAR}
        for statement in WORLD:
            db.session.execute(text(statement), numbers)
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            alone.execute(text("VACUUM (ANALYZE)"))
            alone.execute(text("CHECKPOINT"))
        db.session.remove()
        db.engine.dispose()


if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
