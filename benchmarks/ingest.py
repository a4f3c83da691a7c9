"""A list of very many who attended: from the upload over HTTP, through a real web server and a
real worker, to posted standings; beside what `benchmarks.ingest_floor` does with the same file on
the same PostgreSQL at the same time.

It is the middle of a year: everybody has an entry and a standing before it begins. A list names
people at random out of all who are registered, as lists do. The million are ten lists, one after
the other, each of its own session.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import func, insert, select

from benchmarks.attendance_files import HOURS, as_csv, as_xlsx
from benchmarks.ingest_floor import TABLES
from benchmarks.measuring import Figure, Outcome, free_port, report
from benchmarks.registered import Person, people, register
from benchmarks.watching import Peaks
from benchmarks.whole import whole_service
from ce_tracker import clock
from ce_tracker.accounts import tokens
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import act_as, db
from ce_tracker.registry.models import Employer, Provider
from ce_tracker.registry.regions import by_code
from ce_tracker.training.models import TrainingSession
from config import Settings

ROUNDS = 3
ROWS = 100_000
LISTS = 10
SESSIONS = 200
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 120
ROOT = Path(__file__).parent.parent
KINDS = {"xlsx": as_xlsx, "csv": as_csv}
RIVALS = {
    "add_all": "ORM add_all, scaled up from 20,000 rows",
    "row_by_row": "SELECT, then INSERT, scaled up from 2,000 rows",
}


def main(*, full: bool) -> list[Outcome]:
    who = people(1_000_000 if full else 200_000)
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder, _service(folder, who) as bench:
        outcomes = []
        for kind in KINDS:
            files = bench.files(kind, who, LISTS if full else 1)
            outcomes += [bench.posted(kind, files[:1]), bench.previewed(kind, files[0])]
            if full:
                outcomes.append(bench.posted(kind, files))
        return outcomes


@contextmanager
def _service(folder: str, who: Sequence[Person]) -> Iterator[Bench]:
    wanted = Settings(
        home=Path(folder), port=free_port(), requests_per_minute=1_000_000, log_level="WARNING"
    )
    arranged: list[tuple[str, list[int]]] = []
    with whole_service(wanted, lambda own: arranged.append(_arrange(own, who))) as whole:
        [(token, sessions)] = arranged
        bench = Bench(whole.settings, whole.owner, token, iter(sessions), whole.peaks)
        bench.fill(who)
        yield bench


def _arrange(settings: Settings, who: Sequence[Person]) -> tuple[str, list[int]]:
    """A provider's token, and sessions that it has published."""
    region = by_code("371002")
    if region is None:
        raise LookupError
    place = {"region_path": region.path, "sector": "education"}
    school = Employer(
        credit_code="12371002BENCH00001", name="测量中学", pinyin="celiangzhongxue clzx", **place
    )
    base = Provider(
        credit_code="52371002BENCH00001", name="测量基地", pinyin="celiangjidi cljd", **place
    )
    db.session.add_all([school, base])
    db.session.flush()
    user = open_account(
        "bench",
        "测量",
        "a long enough secret",
        Binding(Role.PROVIDER, region.path, provider_id=base.id),
    )
    user.must_change_password = False
    actor = Actor.from_facts(db.session.execute(select(func.enter_as(user.id))).scalar_one())
    act_as(actor)
    _, token = tokens.create_token(actor, "bench", ["attendance:read", "attendance:write"], 1)
    sessions = [_session(base, actor, number) for number in range(SESSIONS)]
    made = db.session.scalars(insert(TrainingSession).returning(TrainingSession.id), sessions)
    ids = list(made)
    db.session.commit()
    register(settings.keyring(), who, school)
    return token, ids


def _session(base: Provider, actor: Actor, number: int) -> dict[str, Any]:
    ends = clock.now() - timedelta(days=10)
    return {
        "provider_id": base.id,
        "provider_name": base.name,
        "code": f"{number:04d}",
        "title": f"培训班{number}",
        "course": "统编教材的单元教学",
        "subject": "specialty",
        "series_code": "school",
        "field_code": "school-01",
        "purpose": "ordinary",
        "form": "class",
        "online": False,
        "place": "一号楼报告厅",
        "starts_at": ends - timedelta(days=4),
        "ends_at": ends,
        "hours_x100": HOURS * 100,
        "state": "published",
        "created_by": actor.user_id,
        "created_at": ends - timedelta(days=40),
        "published_at": ends - timedelta(days=40),
    }


def _finished_on() -> date:
    return (clock.now() - timedelta(days=10)).astimezone(clock.SHANGHAI).date()


@dataclass
class Bench:
    settings: Settings
    owner: psycopg.Connection
    token: str
    sessions: Iterator[int]
    peaks: Peaks

    def fill(self, who: Sequence[Person]) -> None:
        """Everybody has attended something this year: the ledger of a year under way, here and in
        the floor's tables. What is due at the start of a service is done with meanwhile."""
        for start in range(0, len(who), ROWS):
            file = self.settings.home / "everybody.csv"
            file.write_bytes(as_csv(who[start : start + ROWS], _finished_on()))
            self._upload(file, post=True)
        self._await_quiet()
        self.owner.execute(TABLES.format(year=_finished_on().year))
        for table in ("ledger_entries", "standings", "floor_entries", "floor_standings"):
            self.owner.execute(f"VACUUM (ANALYZE) {table}")
        self.owner.execute("CHECKPOINT")

    def files(self, kind: str, who: Sequence[Person], lists: int) -> list[Path]:
        random = Random(4)
        found = []
        for number in range(lists):
            file = self.settings.home / f"{number}.{kind}"
            file.write_bytes(KINDS[kind](random.sample(who, ROWS), _finished_on()))
            found.append(file)
        return found

    def posted(self, kind: str, files: Sequence[Path]) -> Outcome:
        rivals = RIVALS if len(files) == 1 else {}
        took: dict[str, list[float]] = {name: [] for name in ("floor", "ours", *rivals)}
        for _ in range(ROUNDS):
            for name, seconds in took.items():
                if name == "ours":
                    with self.peaks.watched():
                        seconds.append(sum(self._upload(file, post=True) for file in files))
                    self._insist_right()
                else:
                    seconds.append(self._in_a_process(name, files))
        return Outcome(
            bench="ingest",
            size=ROWS * len(files),
            ours=Figure("upload to posted standings", took["ours"]),
            floor=Figure("hand-made pipeline", took["floor"]),
            rivals={RIVALS[name]: Figure(RIVALS[name], took[name]) for name in rivals},
            peak_mb=self.peaks.highest,
            variant=kind,
            notes=(f"peak MB: {self.peaks}",),
        )

    def previewed(self, kind: str, file: Path) -> Outcome:
        took: dict[str, list[float]] = {"previewed": [], "ours": []}
        for _ in range(ROUNDS):
            took["previewed"].append(self._in_a_process("previewed", [file]))
            with self.peaks.watched():
                took["ours"].append(self._upload(file, post=False))
        return Outcome(
            bench="ingest-preview",
            size=ROWS,
            ours=Figure("upload to preview", took["ours"]),
            floor=Figure("hand-made: read, staged, compared", took["previewed"]),
            rivals={},
            peak_mb=self.peaks.highest,
            variant=kind,
            notes=(f"peak MB: {self.peaks}",),
        )

    def _await_quiet(self) -> None:
        due = "SELECT FROM jobs WHERE state IN ('waiting', 'running') AND due_at < now() LIMIT 1"
        while self.owner.execute(due).fetchone() is not None:
            time.sleep(POLL_SECONDS)

    def _in_a_process(self, name: str, files: Sequence[Path]) -> float:
        given = [word for file in files for word in (str(file), str(next(self.sessions)))]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ingest_floor", name, *given],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.settings.environment(), "PYTHONPATH": str(ROOT)},
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found["seconds"]

    def _upload(self, file: Path, *, post: bool) -> float:
        session = next(self.sessions)
        kind, body = _form(file, {"mode": "add", "post": str(post).lower()})
        with closing(HTTPConnection("127.0.0.1", self.settings.port, timeout=60)) as line:
            began = time.perf_counter()
            said = self._ask(
                line, "POST", f"/api/v1/sessions/{session}/attendance", body, {"Content-Type": kind}
            )
            address = f"/api/v1/uploads/{said['id']}"
            wanted = "posted" if post else "previewed"
            while said["state"] != wanted:
                took = time.perf_counter() - began
                if said["state"] == "failed" or took > PATIENCE_SECONDS:
                    raise RuntimeError(said)
                time.sleep(POLL_SECONDS)
                said = self._ask(line, "GET", address)
            return time.perf_counter() - began

    def _ask(
        self,
        line: HTTPConnection,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        line.request(
            method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})}
        )
        answer = line.getresponse()
        said: dict[str, Any] = json.loads(answer.read())
        if answer.status not in {200, 202}:
            raise RuntimeError(said)
        return said

    def _insist_right(self) -> None:
        """All of the last list is posted, and everybody's standing is the sum of the entries."""
        last = "SELECT entries FROM postings ORDER BY position DESC LIMIT 1"
        sums = "SELECT sum(hours_x100), (SELECT sum(specialty_x100) FROM standings)"
        entries = self.owner.execute(last).fetchone()
        posted, standing = self.owner.execute(f"{sums} FROM ledger_entries").fetchone() or (0, 1)
        if entries != (ROWS,) or posted != standing:
            raise RuntimeError(entries, posted, standing)


def _form(file: Path, fields: dict[str, str]) -> tuple[str, bytes]:
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"'
    content = file.read_bytes()
    tail = f"\r\n--{boundary}--\r\n".encode()
    body = b"".join(
        [
            *parts,
            f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode(),
            content,
            tail,
        ]
    )
    return f"multipart/form-data; boundary={boundary}", body


if __name__ == "__main__":
    report(main(full="--full" in sys.argv))
