"""A night over very many people of whom one in a hundred has changed: from asking for the sweep to
the last flag written, by a real worker that Celery rings; beside what it would take only to add the
year's hours up.

Everybody has twelve entries. The floor is the bare sum of them in the same PostgreSQL; the same sum
by Polars, out of a file made for it, and by a loop over objects are the rivals. None of the three
knows a rule, or writes anything.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import psycopg
from sqlalchemy import select

from benchmarks.asking import seconds_of, until_quiet
from benchmarks.measuring import Figure, Outcome, free_port, report
from benchmarks.watching import Peaks
from benchmarks.whole import whole_service
from ce_tracker import clock
from ce_tracker.app import create_app
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from config import DatabaseRole, Settings

ROUNDS = 5
ENTRIES = 12
A_UNIT = 50
CHANGED = 100
"""One in so many."""
LOOPED = 2_000
LOOKED_AT = 1_000

_PEOPLE = """
INSERT INTO employers (credit_code, name, pinyin, region_path, sector)
SELECT 'B' || lpad(n::text, 17, '0'), '单位' || n, 'danwei dw', path, 'education'
FROM generate_series(1, %(units)s) n
CROSS JOIN LATERAL (SELECT path FROM regions WHERE code = (ARRAY['371002', '230103', '430602',
    '640104', '500101', '370102'])[n %% 6 + 1]) r;
INSERT INTO employer_facts (employer_id, name, region_path, level, affiliation, sector,
    public_institution, valid_from, known_from, source)
SELECT id, name, region_path, 'county', 'county', sector, true, '2020-01-01', %(known)s, 'bench'
FROM employers;
INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index,
    employer_id, region_path, sector)
SELECT '人员', 'renyuan ry', 'resident', '0000', '', int8send(n), e.id, e.region_path, e.sector
FROM generate_series(1, %(people)s) n JOIN employers e ON e.id = n %% %(units)s + 1 ORDER BY n;
INSERT INTO employments (professional_id, employer_id, valid_from, known_from, source)
SELECT id, employer_id, '2020-01-01', %(known)s, 'bench' FROM professionals ORDER BY id;
INSERT INTO postings (position, kind, session_id, posted_at, entries, entries_digest, previous,
    digest)
VALUES (1, 'revocation', 0, %(known)s, 1, '', '', '');
INSERT INTO ledger_entries (professional_id, year, session_id, revision, posting_id, provider_id,
    hours_x100, finished_on, subject, digest)
SELECT p, %(year)s, s, 1, (SELECT max(id) FROM postings), 1, 100 * (2 + (p * 31 + s * 17) %% 13),
    make_date(%(year)s, s, 15), CASE WHEN (p + s) %% 3 = 0 THEN 'general' ELSE 'specialty' END,
    sha256(int8send(p))
FROM generate_series(1, 12) s, generate_series(1, %(people)s) p;
"""
_STAND = """
INSERT INTO standings (professional_id, year, general_x100, specialty_x100)
SELECT professional_id, year,
    coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0),
    coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0)
FROM ledger_entries GROUP BY 1, 2 ORDER BY 1
"""
_DAY = """
WITH posting AS (
    INSERT INTO postings (position, kind, session_id, posted_at, entries, entries_digest, previous,
        digest)
    SELECT count(*) + 1, 'revocation', 0, now(), 1, '', '', '' FROM postings RETURNING id
), posted AS (
    INSERT INTO ledger_entries (professional_id, year, session_id, revision, posting_id,
        provider_id, hours_x100, finished_on, subject, digest)
    SELECT p, %(year)s, 100 + %(day)s, 1, (SELECT id FROM posting), 1, 1200,
        make_date(%(year)s, 1, 15),
        CASE WHEN p %% 2 = 0 THEN 'general' ELSE 'specialty' END, sha256(int8send(p))
    FROM generate_series(1 + %(day)s, %(people)s, %(every)s) p
    RETURNING professional_id, year, hours_x100, subject
)
UPDATE standings s SET
    general_x100 = general_x100 + CASE p.subject WHEN 'general' THEN p.hours_x100 ELSE 0 END,
    specialty_x100 = specialty_x100 + CASE p.subject WHEN 'specialty' THEN p.hours_x100 ELSE 0 END
FROM posted p WHERE p.professional_id = s.professional_id AND p.year = s.year
"""
_SUM = """
SELECT count(*), sum(general), sum(specialty) FROM (
    SELECT professional_id,
        coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0) AS general,
        coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0) AS specialty
    FROM ledger_entries WHERE year = %(year)s GROUP BY professional_id
) s
"""


def main(*, full: bool) -> list[Outcome]:
    sizes = [100_000, 1_000_000, 3_000_000] if full else [100_000]
    return [outcome for size in sizes for outcome in _measured(size)]


def _measured(people: int) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder, _service(folder) as bench:
        bench.fill(people)
        yield bench.first(people)
        yield bench.nights(people)
        yield bench.judged(people)


@contextmanager
def _service(folder: str) -> Iterator[Bench]:
    wanted = Settings(home=Path(folder), port=free_port(), log_level="WARNING")
    with whole_service(wanted) as whole:
        yield Bench(*whole)


@dataclass
class Bench:
    settings: Settings
    owner: psycopg.Connection
    peaks: Peaks

    @property
    def year(self) -> int:
        return clock.today().year

    def fill(self, people: int) -> None:
        known = clock.now() - timedelta(days=300)
        values = {"units": people // A_UNIT, "people": people, "known": known, "year": self.year}
        until_quiet(self.owner, "sweep")
        self.owner.execute("SET session_replication_role = replica")  # postings of no session
        cursor = psycopg.ClientCursor(self.owner)
        for statement in (*_PEOPLE.split(";\n"), _STAND):
            cursor.execute(statement.encode(), values)
        for table in ("professionals", "employments", "ledger_entries", "standings"):
            self.owner.execute(f"VACUUM (ANALYZE) {table}".encode())
        self.owner.execute("CHECKPOINT")

    def first(self, people: int) -> Outcome:
        """Everybody is new."""
        with self.peaks.watched():
            seconds = self._sweep()
        return Outcome(
            bench="sweep-first",
            size=people,
            ours=Figure("first sweep, everybody new", [seconds]),
            floor=Figure("bare GROUP BY", [self._sum()]),
            rivals={},
            peak_mb=self.peaks.highest,
            notes=(f"{self._flags():,} flags are open",),
        )

    def nights(self, people: int) -> Outcome:
        file = self.settings.home / "entries.parquet"
        self.owner.execute("VACUUM (ANALYZE) standings, flags")
        took: dict[str, list[float]] = {name: [] for name in ("floor", "ours", "polars", "orm")}
        written = []
        for day in range(ROUNDS):
            parameters = {"year": self.year, "day": day, "people": people, "every": CHANGED}
            psycopg.ClientCursor(self.owner).execute(_DAY.encode(), parameters)
            before = self._written()
            with self.peaks.watched():
                took["ours"].append(self._sweep())
            written.append(self._written() - before)
            took["floor"].append(self._sum())
            if day == 0:
                self._to_parquet(file)
            took["polars"].append(min(self._polars(file, engine) for engine in ENGINES))
        took["orm"].append(self._loop(people))
        return Outcome(
            bench="sweep",
            size=people,
            ours=Figure("sweep, 1 % changed, through Celery", took["ours"]),
            floor=Figure("bare GROUP BY", took["floor"]),
            rivals={
                "polars": Figure("Polars over Parquet, the faster engine", took["polars"]),
                "orm": Figure(f"ORM loop, scaled up from {LOOPED:,} people", took["orm"]),
            },
            peak_mb=self.peaks.highest,
            notes=(f"flags written a night: {written}; peak MB: {self.peaks}",),
        )

    def judged(self, people: int) -> Outcome:
        """One person's year, live: facts in one round trip, and the rules over them."""
        app = create_app(self.settings, DatabaseRole.WORKER)
        chosen = [1 + n * 7919 % people for n in range(LOOKED_AT)]
        bare = b"SELECT circumstances_of(%s, %s, %s, NULL)"
        today = clock.today()
        took: dict[str, list[float]] = {"ours": [], "floor": []}
        with app.app_context():
            for person in chosen:
                began = time.perf_counter()
                self.owner.execute(bare, (person, self.year, today)).fetchone()
                between = time.perf_counter()
                verdict(person, self.year)
                took["floor"].append(between - began)
                took["ours"].append(time.perf_counter() - between)
            db.session.remove()
            db.engine.dispose()
        return Outcome(
            bench="verdict",
            size=people,
            ours=Figure("one person judged, from the database", took["ours"]),
            floor=Figure("the facts alone", took["floor"]),
            rivals={},
            peak_mb=self.peaks.highest,
        )

    def _sweep(self) -> float:
        """From the question to the last range."""
        day = clock.today().isoformat()
        return seconds_of(self.settings, self.owner, "sweep", year=self.year, day=day)

    def _sum(self) -> float:
        with self.owner.transaction():
            for setting in (
                "work_mem = '256MB'",
                "enable_sort = off",
                "enable_indexscan = off",
                "enable_indexonlyscan = off",
                "enable_bitmapscan = off",
            ):
                self.owner.execute(f"SET LOCAL {setting}".encode())
            began = time.perf_counter()
            psycopg.ClientCursor(self.owner).execute(_SUM.encode(), {"year": self.year}).fetchone()
            return time.perf_counter() - began

    def _to_parquet(self, file: Path) -> None:
        text = file.with_suffix(".csv")
        copy = (
            "COPY (SELECT professional_id, hours_x100, subject FROM ledger_entries"
            f" WHERE year = {self.year}) TO STDOUT (FORMAT csv)"
        )
        with text.open("wb") as sink, self.owner.cursor().copy(copy.encode()) as rows:
            for each in rows:
                sink.write(each)
        names = ["professional_id", "hours_x100", "subject"]
        pl.scan_csv(text, has_header=False, new_columns=names).sink_parquet(file)
        text.unlink()

    def _polars(self, file: Path, engine: str) -> float:
        hours = pl.col("hours_x100")
        query = (
            pl.scan_parquet(file)
            .group_by("professional_id")
            .agg(
                hours.filter(pl.col("subject") == "general").sum().alias("general"),
                hours.filter(pl.col("subject") == "specialty").sum().alias("specialty"),
            )
        )
        began = time.perf_counter()
        query.collect(engine=engine)  # type: ignore[call-overload]
        return time.perf_counter() - began

    def _loop(self, people: int) -> float:
        app = create_app(self.settings, DatabaseRole.OWNER)
        with app.app_context():
            began = time.perf_counter()
            for person in range(1, LOOPED + 1):
                entries = db.session.scalars(
                    select(LedgerEntry).where(
                        LedgerEntry.professional_id == person, LedgerEntry.year == self.year
                    )
                )
                sum(entry.hours_x100 for entry in entries)
                db.session.expunge_all()
            took = time.perf_counter() - began
            db.session.remove()
            db.engine.dispose()
        return took * people / LOOPED

    def _flags(self) -> int:
        return self._number("SELECT count(*) FROM flags WHERE closed_at IS NULL")

    def _written(self) -> int:
        return self._number("SELECT sum(opened + closed) FROM sweeps")

    def _number(self, query: str) -> int:
        row = self.owner.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0


ENGINES = ("in-memory", "streaming")

if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
