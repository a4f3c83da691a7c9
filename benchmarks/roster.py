"""A roster of many new people: the worker's work for preview and applying, beside the best that a
hand-made pipeline does (calamine, HMAC, COPY into one table with the indexes of `professionals`,
nothing checked and nobody employed) and beside the ORM's `add_all` of the same people and facts.

Each contender has a process of its own, so that peak memory is of that process alone; the child
that reads the file is bounded by its own limits.
"""

from __future__ import annotations

import hmac
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import python_calamine
import xlsxwriter
from flask import Flask
from sqlalchemy import func, select, text

from benchmarks.measuring import Figure, Outcome, report
from benchmarks.watching import peak_mb
from ce_tracker import clock, database, embedded
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role
from ce_tracker.app import create_app
from ce_tracker.extensions import act_as, db
from ce_tracker.home import Home
from ce_tracker.identity import PLACE, check_character
from ce_tracker.registry import roster_requests
from ce_tracker.registry.dated import Appointment, Employment, Title
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.names import pinyin
from ce_tracker.registry.regions import by_code
from ce_tracker.registry.rosters import Mode, RosterImport
from config import DatabaseRole, Settings
from workers import doing

RUNS = 3
ROOT = Path(__file__).parent.parent
HEADER = ("姓名", "身份证号", "科室", "职称", "取得资格时间", "聘任时间", "入职时间")
ALL_ADDED = "all_added"


def main(*, full: bool) -> list[Outcome]:
    return [_measure(size) for size in ((2_000, 20_000) if full else (2_000,))]


def _measure(size: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="ce-bench-") as folder:
        settings = Settings(home=Path(folder), log_level="ERROR")
        home = Home(settings.home)
        home.prepare()
        server, bell = embedded.postgres(home), embedded.redis_server(home)
        embedded.start_postgres(server, home)
        embedded.start_redis(bell, home)
        try:
            settings = embedded.completed(settings)
            app = create_app(settings, DatabaseRole.OWNER)
            database.bring_up_to_date(app)
            (Path(folder) / "roster.xlsx").write_bytes(_file(size))
            with app.app_context():
                _unit()
            took: dict[str, list[float]] = {name: [] for name in CONTENDERS}
            peak = 0.0
            for _ in range(RUNS):
                for name in CONTENDERS:
                    _empty(app)
                    found = _in_a_process(settings, name)
                    took[name].append(found["seconds"])
                    peak = max(peak, found["peak_mb"]) if name == "ours" else peak
        finally:
            bell.stop()
            server.stop()
    return Outcome(
        bench="roster",
        size=size,
        ours=Figure("preview and apply", took["ours"]),
        floor=Figure("calamine, HMAC, COPY", took["floor"]),
        rivals={"ORM add_all": Figure("ORM add_all", took[ALL_ADDED])},
        peak_mb=peak,
    )


def _file(size: int) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    row = 0
    for n in range(size * 2):
        year, month, day = 1960 + n % 40, 1 + n // 40 % 12, 1 + n // 480 % 28
        body = f"371002{year}{month:02d}{day:02d}{n * 7 % 1000:03d}"
        number = body + check_character(body)
        if number.endswith("000"):
            continue
        row += 1
        name = f"王{chr(0x4E00 + n % 3000)}{chr(0x5E00 + n % 977)}"
        dates = ("2019-03-01", "2019-09-01", "2010-07-01")
        sheet.write_row(row, 0, (name, number, f"科室{n % 30}", "主治医师", *dates))
        if row == size:
            break
    book.close()
    return out.getvalue()


def _unit() -> None:
    region = by_code("371002")
    if region is None:
        raise LookupError
    unit = Employer(
        credit_code="91371002BENCH00001",
        name="测量医院",
        pinyin="celiangyiyuan clyy",
        region_path=region.path,
        sector="health",
    )
    db.session.add(unit)
    db.session.flush()
    binding = Binding(Role.EMPLOYER, region.path, employer_id=unit.id)
    open_account("bench", "测量", "a long enough secret", binding)
    db.session.commit()
    db.session.remove()


def _empty(app: Flask) -> None:
    with app.app_context():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        db.session.execute(
            text(
                "TRUNCATE roster_rows, roster_imports, jobs, employments, titles, appointments,"
                " professionals CASCADE"
            )
        )
        db.session.execute(text("DROP TABLE IF EXISTS floor"))
        db.session.commit()
        db.session.execute(text("CHECKPOINT"))
        db.session.commit()
        db.session.remove()
        _unit_again()


def _unit_again() -> None:
    """TRUNCATE … CASCADE takes the accounts with it."""
    if db.session.scalar(select(func.count()).select_from(Employer)) == 0:
        _unit()
    elif db.session.execute(text("SELECT count(*) FROM users")).scalar_one() == 0:
        unit = db.session.scalars(select(Employer)).one()
        binding = Binding(Role.EMPLOYER, unit.region_path, employer_id=unit.id)
        open_account("bench", "测量", "a long enough secret", binding)
        db.session.commit()
    db.session.remove()


def _in_a_process(settings: Settings, name: str) -> dict[str, float]:
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.roster", "--contender", name],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- the contenders ------------------------------------------------------------------------


def ours(settings: Settings, data: bytes) -> float:
    from workers.tasks import KINDS  # noqa: PLC0415  reads the settings when it is imported

    app = create_app(settings, DatabaseRole.OWNER)
    with app.app_context():
        user = db.session.execute(text("SELECT id FROM users")).scalar_one()
        actor = Actor.from_facts(db.session.execute(select(func.enter_as(user))).scalar_one())
        act_as(actor)
        keyring = settings.keyring()
        day = clock.today()
        roster = roster_requests.upload(keyring, actor, data, "roster.xlsx", Mode.FULL, day)
        import_id = roster.id
        db.session.commit()
        seconds = _worked(settings, KINDS)
        roster_requests.request_apply(actor, import_id)
        db.session.commit()
        seconds += _worked(settings, KINDS)
        db.session.expire_all()
        if db.session.get_one(RosterImport, import_id).state != "applied":
            raise RuntimeError
    return seconds


def _worked(settings: Settings, kinds: doing.Kinds) -> float:
    worker = create_app(settings, DatabaseRole.WORKER)
    with worker.app_context():
        began = time.perf_counter()
        while doing.run_next(kinds, 60):
            pass
        return time.perf_counter() - began


def floor(settings: Settings, data: bytes) -> float:
    key = b"k" * 32
    with psycopg.connect(str(settings.database_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE floor (LIKE professionals INCLUDING ALL)")
        began = time.perf_counter()
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python()
        columns = "name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index"
        copy = f"COPY floor ({columns}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(copy.encode()) as sink:
            for name, number, *_ in rows[1:]:
                plain = str(number).encode()
                index = hmac.digest(key, plain, "sha256")
                sink.write_row((name, name, "resident", plain[-4:].decode(), plain, index))
        return time.perf_counter() - began


def all_added(settings: Settings, data: bytes) -> float:
    app = create_app(settings, DatabaseRole.OWNER)
    keyring = settings.keyring()
    now = clock.now()
    known = {"known_from": now, "source": "bench"}
    with app.app_context():
        unit = db.session.scalars(select(Employer)).one()
        began = time.perf_counter()
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = [[str(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python()[1:]]
        people = [
            Professional(
                name=name,
                pinyin=pinyin(name),
                id_kind="resident",
                id_tail=number[-4:],
                id_number_sealed=keyring.seal(number.encode(), PLACE),
                id_number_index=keyring.index(number.encode(), PLACE),
                employer_id=unit.id,
                department=department,
                region_path=unit.region_path,
                sector=unit.sector,
            )
            for name, number, department, *_ in rows
        ]
        db.session.add_all(people)
        db.session.flush()
        level = {"level": "intermediate", "track": "unified", "series_code": "health"}
        for person, (*_, title, obtained, appointed, joined) in zip(people, rows, strict=True):
            at = {"professional_id": person.id, **known}
            start, begun, since = (date.fromisoformat(d) for d in (obtained, appointed, joined))
            db.session.add_all(
                [
                    Employment(employer_id=unit.id, valid_from=since, **at),
                    Title(name=title, valid_from=start, **level, **at),
                    Appointment(employer_id=unit.id, valid_from=begun, **level, **at),
                ]
            )
        db.session.commit()
        return time.perf_counter() - began


CONTENDERS: dict[str, Callable[[Settings, bytes], float]] = {
    "floor": floor,
    "ours": ours,
    ALL_ADDED: all_added,
}


def _once(name: str) -> None:
    settings = Settings.from_env()
    data = (settings.home / "roster.xlsx").read_bytes()
    seconds = CONTENDERS[name](settings, data)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    if "--contender" in sys.argv:
        _once(sys.argv[-1])
    else:
        report(main(full="--full" in sys.argv))
