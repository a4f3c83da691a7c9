"""A night over all applications that are on their way, by a real worker that Celery rings; beside
what it would take only to fetch the same working lives out of PostgreSQL and drop them. And one
person's check, asked over HTTP as an employer does before it recommends.

Every applicant has twelve entries a year over five years, a title, an appraisal a year and a post;
their units are in Shandong, where the directory decides, and in three other provinces.
"""

from __future__ import annotations

import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import func, select

from benchmarks.asking import seconds_of, until_quiet
from benchmarks.measuring import Figure, Outcome, free_port, report
from benchmarks.watching import Peaks
from benchmarks.whole import whole_service
from ce_tracker import clock
from ce_tracker.accounts import tokens
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role
from ce_tracker.app import create_app
from ce_tracker.extensions import act_as, db
from ce_tracker.promotions.rejudging import AT_ONCE
from ce_tracker.registry.regions import by_code
from config import DatabaseRole, Settings

ROUNDS = 3
YEARS = 5
A_UNIT = 50
ASKED = 300
WHERE = "371002"

_WORLD = """
SET LOCAL session_replication_role = replica;
INSERT INTO employers (credit_code, name, pinyin, region_path, sector)
SELECT 'B' || lpad(n::text, 17, '0'), '单位' || n, 'danwei dw', path, 'education'
FROM generate_series(1, %(units)s) n
CROSS JOIN LATERAL (SELECT path FROM regions
    WHERE code = (ARRAY['230125', '430181', '371002', '371002', '500235'])[n %% 5 + 1]) r
ORDER BY n;
INSERT INTO employer_facts (employer_id, name, region_path, level, affiliation, sector,
    public_institution, valid_from, known_from, source)
SELECT id, name, region_path, 'county', 'county', sector, true, '2010-01-01', %(known)s, 'bench'
FROM employers;
INSERT INTO directories (region_path, year, edition, state, created_at, state_since, in_force_from)
SELECT path, %(year)s, 1, 'approved', %(known)s, %(known)s, '2010-01-01' FROM regions
WHERE code = '371002';
INSERT INTO directory_lines (directory_id, place, name, employer_id)
SELECT d.id, row_number() OVER (), e.name, e.id
FROM directories d JOIN employers e ON e.region_path = d.region_path;
INSERT INTO directories_in_force (region_path, directory_id, valid_from, known_from, source)
SELECT region_path, id, in_force_from, %(known)s, 'bench' FROM directories;
INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index,
    employer_id, region_path, sector)
SELECT '人员', 'renyuan ry', 'resident', '0000', '', int8send(n), e.id, e.region_path, e.sector
FROM generate_series(1, %(people)s) n JOIN employers e ON e.id = n %% %(units)s + 1 ORDER BY n;
INSERT INTO employments (professional_id, employer_id, valid_from, known_from, source)
SELECT id, employer_id, '2015-01-01', %(known)s, 'bench' FROM professionals ORDER BY id;
INSERT INTO titles (professional_id, level, track, series_code, field_code, name, valid_from,
    known_from, source)
SELECT id, 'intermediate', 'unified', 'school', 'school-01', '一级教师',
    make_date(%(year)s - 6, 12, 1), %(known)s, 'bench' FROM professionals ORDER BY id;
INSERT INTO appointments (professional_id, employer_id, level, track, series_code, valid_from,
    known_from, source)
SELECT id, employer_id, 'intermediate', 'unified', 'school', make_date(%(year)s - 5, 1, 1),
    %(known)s, 'bench' FROM professionals ORDER BY id;
INSERT INTO appraisals (professional_id, grade, valid_from, valid_to, known_from, source)
SELECT p.id, 'competent', make_date(y, 1, 1), make_date(y + 1, 1, 1), %(known)s, 'bench'
FROM professionals p, generate_series(%(year)s - 5, %(year)s - 1) y ORDER BY p.id;
INSERT INTO service_spells (professional_id, region_path, unit, rural, township, valid_from,
    valid_to, known_from, source)
SELECT id, region_path, '乡镇中心校', true, true, make_date(%(year)s - 3, 1, 1),
    make_date(%(year)s - 1, 6, 1), %(known)s, 'bench' FROM professionals ORDER BY id;
INSERT INTO training_sessions (id, provider_id, provider_name, code, title, course, subject,
    series_code, field_code, purpose, form, online, place, starts_at, ends_at, hours_x100, state,
    created_by, created_at, published_at)
SELECT (y - %(year)s + 5) * 12 + m, 1, '基地', y || '-' || m, '培训班', '课程',
    CASE m %% 3 WHEN 0 THEN 'general' ELSE 'specialty' END,
    CASE m %% 3 WHEN 0 THEN NULL ELSE 'school' END,
    CASE m %% 3 WHEN 0 THEN NULL ELSE 'school-0' || m %% 3 END, 'ordinary', 'class', false, '厅',
    make_timestamptz(y, m, 10, 9, 0, 0), make_timestamptz(y, m, 14, 17, 0, 0), 1000, 'closed',
    uuidv4(), %(known)s, %(known)s
FROM generate_series(%(year)s - 5, %(year)s - 1) y, generate_series(1, 12) m;
INSERT INTO ledger_entries (professional_id, year, session_id, revision, posting_id, provider_id,
    hours_x100, finished_on, subject, digest)
SELECT p, y, (y - %(year)s + 5) * 12 + m, 1, 1, 1, 1000, make_date(y, m, 14),
    CASE m %% 3 WHEN 0 THEN 'general' ELSE 'specialty' END, sha256(int8send(p))
FROM generate_series(%(year)s - 5, %(year)s - 1) y, generate_series(1, 12) m,
    generate_series(1, %(people)s) p;
INSERT INTO standings (professional_id, year, general_x100, specialty_x100)
SELECT p, y, 4000, 8000
FROM generate_series(%(year)s - 5, %(year)s - 1) y, generate_series(1, %(people)s) p;
INSERT INTO application_seats (professional_id, year, track)
SELECT id, %(year)s, 'unified' FROM professionals;
INSERT INTO applications (professional_id, employer_id, region_path, sector, level, track,
    series_code, field_code, state, drafted_at, submitted_on, year, verdict_id)
SELECT id, employer_id, region_path, sector, 'associate_senior', 'unified', 'school', 'school-01',
    'submitted', %(known)s, %(today)s, %(year)s, 1
FROM professionals ORDER BY id;
"""
_FILLED = (
    *("professionals", "employers", "employer_facts", "employments", "titles", "appointments"),
    *("appraisals", "service_spells", "training_sessions", "ledger_entries", "standings"),
    *("applications", "directory_lines"),
)
_BARE = (
    "SELECT professional_id, career FROM careers(%(people)s::bigint[], %(days)s::date[],"
    " %(today)s, %(back)s)"
)


def main(*, full: bool) -> list[Outcome]:
    return [outcome for size in ([100_000] if full else [5_000]) for outcome in _measured(size)]


def _measured(people: int) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder, _service(folder) as bench:
        bench.fill(people)
        yield bench.night(people)
        yield bench.asked_live(people)


@contextmanager
def _service(folder: str) -> Iterator[Bench]:
    port = free_port()
    wanted = Settings(
        home=Path(folder), port=port, log_level="WARNING", requests_per_minute=1_000_000
    )
    with whole_service(wanted) as whole:
        yield Bench(*whole, port=port)


@dataclass
class Bench:
    settings: Settings
    owner: psycopg.Connection
    peaks: Peaks
    port: int
    today: date = field(default_factory=clock.today)

    def fill(self, people: int) -> None:
        until_quiet(self.owner, "rejudge")
        values = {
            "units": max(5, people // A_UNIT),
            "people": people,
            "known": clock.now() - timedelta(days=300),
            "year": self.today.year,
            "today": self.today,
        }
        with self.owner.transaction():
            cursor = psycopg.ClientCursor(self.owner)
            for statement in _WORLD.strip().split(";\n"):
                cursor.execute(statement.rstrip(";").encode(), values)
        for table in _FILLED:
            self.owner.execute(f"VACUUM (ANALYZE) {table}".encode())
        self.owner.execute("CHECKPOINT")

    def night(self, people: int) -> Outcome:
        took: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(ROUNDS):
            with self.peaks.watched():
                took["ours"].append(self._rejudged())
            took["floor"].append(self._fetched(people))
        broken = "SELECT count(*) FROM applications WHERE broken_at IS NOT NULL"
        row = self.owner.execute(broken.encode()).fetchone()
        return Outcome(
            bench="rejudge",
            size=people,
            ours=Figure("every application judged again, through Celery", took["ours"]),
            floor=Figure("the same working lives fetched and dropped", took["floor"]),
            rivals={},
            peak_mb=self.peaks.highest,
            notes=(f"{row[0] if row else 0:,} are broken; peak MB: {self.peaks}",),
        )

    def asked_live(self, people: int) -> Outcome:
        """By an employer, of its own people."""
        token, own = self._employer()
        took: dict[str, list[float]] = {"ours": [], "floor": []}
        for number in range(ASKED):
            person = own[number % len(own)]
            took["floor"].append(self._career_of(person))
            took["ours"].append(self._check(token, person))
        return Outcome(
            bench="gate-check",
            size=people,
            ours=Figure("one person's check over HTTP", took["ours"]),
            floor=Figure("their working life alone", took["floor"]),
            rivals={},
            peak_mb=self.peaks.highest,
        )

    def _rejudged(self) -> float:
        """From the question to the last application."""
        return seconds_of(self.settings, self.owner, "rejudge", day=self.today.isoformat())

    def _fetched(self, people: int) -> float:
        began = time.perf_counter()
        for first in range(1, people + 1, AT_ONCE):
            some = list(range(first, min(first + AT_ONCE, people + 1)))
            self.owner.execute(_BARE.encode(), self._whose(some)).fetchall()
        return time.perf_counter() - began

    def _career_of(self, person: int) -> float:
        began = time.perf_counter()
        self.owner.execute(_BARE.encode(), self._whose([person])).fetchone()
        return time.perf_counter() - began

    def _whose(self, people: list[int]) -> dict[str, object]:
        days = [self.today] * len(people)
        return {"people": people, "days": days, "today": self.today, "back": YEARS}

    def _check(self, token: str, person: int) -> float:
        address = (
            f"http://127.0.0.1:{self.port}/api/v1/promotions/check"
            f"?professional={person}&target=associate_senior&track=unified&field=school-01"
        )
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        began = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            answer.read()
        return time.perf_counter() - began

    def _employer(self) -> tuple[str, list[int]]:
        """Of a unit that the directory names: its token, and its people."""
        row = self.owner.execute(b"SELECT min(employer_id) FROM directory_lines").fetchone()
        number = int(row[0]) if row else 0
        whose = b"SELECT id FROM professionals WHERE employer_id = %s ORDER BY id"
        own = [int(each[0]) for each in self.owner.execute(whose, (number,)).fetchall()]
        app = create_app(self.settings, DatabaseRole.OWNER)
        with app.app_context():
            region = by_code(WHERE)
            if region is None:
                raise LookupError(WHERE)
            binding = Binding(Role.EMPLOYER, region.path, employer_id=number)
            user = open_account("bench", "测量", "a long enough secret", binding)
            user.must_change_password = False
            facts = db.session.execute(select(func.enter_as(user.id))).scalar_one()
            actor = Actor.from_facts(facts)
            act_as(actor)
            _, token = tokens.create_token(actor, "bench", ["promotions:read"], 1)
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
        return token, own


if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
