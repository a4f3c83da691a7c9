"""What is in the ledger stays in the ledger: nobody changes it, and only posting adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger.years import AHEAD, open_years
from config import DatabaseRole, Settings
from tests.factories import Factory
from tests.ledger.world import Ledger, story

ROOT = Path(__file__).parents[2]
NOT_OPEN = 2087
"""A year that nobody has opened."""


@pytest.fixture
def told(make: Factory, worker: Flask) -> None:
    """Something to be changed: a statement that finds no row shows nothing."""
    story(Ledger(worker, make), make)


@pytest.fixture
def another_year(make: Factory, worker: Flask) -> Iterator[str]:
    """As the night opens it, years from now."""
    before = parts()
    with clock.pinned(datetime(NOT_OPEN - AHEAD, 1, 1, tzinfo=clock.SHANGHAI)):
        opened(make, worker)
    yield f"ledger_entries_{NOT_OPEN}"
    db.session.rollback()
    for part in sorted(set(parts()) - set(before)):
        db.session.execute(text(f"DROP TABLE {part}"))
    db.session.commit()


def opened(make: Factory, worker: Flask) -> None:
    job = make.job("ledger-years")
    with worker.app_context():
        assert open_years(job)
        db.session.commit()
        db.session.remove()


def parts() -> list[str]:
    found = db.session.scalars(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'ledger_entries'::regclass ORDER BY 1"
        )
    )
    return list(found)


def changes(table: str) -> list[sql.Composed]:
    column = "hours_x100" if "ledger" in table else "entries"
    name, what = sql.Identifier(table), sql.Identifier(column)
    return [
        sql.SQL("UPDATE {} SET {c} = {c}").format(name, c=what),
        sql.SQL("DELETE FROM {}").format(name),
        sql.SQL("DELETE FROM {} WHERE false").format(name),
        sql.SQL("TRUNCATE {}").format(name),
        sql.SQL("TRUNCATE {} CASCADE").format(name),
        sql.SQL("MERGE INTO {n} USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE").format(
            n=name
        ),
    ]


@pytest.mark.parametrize("role", list(DatabaseRole))
@pytest.mark.usefixtures("told")
def test_nobody_changes_or_removes_an_entry_or_a_posting_of_any_year(
    another_year: str, settings: Settings, role: DatabaseRole
) -> None:
    tables = ["ledger_entries", *parts(), "postings"]
    assert {another_year, f"ledger_entries_{clock.today().year}"} < set(tables)
    with psycopg.connect(settings.database_for(role), autocommit=True) as connection:
        for table in tables:
            for change in changes(table):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change)


@pytest.mark.parametrize("role", [DatabaseRole.WEB, DatabaseRole.WORKER])
def test_the_roles_of_the_service_cannot_switch_the_guards_off(
    make: Factory, settings: Settings, role: DatabaseRole
) -> None:
    with psycopg.connect(settings.database_for(role), autocommit=True) as connection:
        for attempt in (
            "SET session_replication_role = replica",
            "ALTER TABLE ledger_entries DISABLE TRIGGER only_added",
            "DROP TRIGGER only_added ON postings",
            "ALTER TABLE ledger_entries DETACH PARTITION ledger_entries_2026",
            "DROP TABLE ledger_entries_2026",
            "ALTER FUNCTION refuse_change() RENAME TO allow_change",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.encode())
            assert unguarded(connection) == []


def unguarded(connection: psycopg.Connection) -> list[str]:
    """Whatever of the ledger has no guard that fires."""
    loose = connection.execute(
        "SELECT c.relname FROM pg_class c WHERE (c.relname = 'postings' OR c.oid IN"
        " (SELECT relid FROM pg_partition_tree('ledger_entries'))) AND NOT EXISTS ("
        "  SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid"
        "  WHERE t.tgrelid = c.oid AND t.tgenabled = 'O' AND f.proname = 'refuse_change'"
        "    AND t.tgtype & 2 = 2 AND t.tgtype & (8 | 16 | 32) = (8 | 16 | 32))"
    )
    return [row[0] for row in loose]


@pytest.mark.usefixtures("told")
def test_the_web_adds_nothing_to_the_ledger(another_year: str, settings: Settings) -> None:
    with psycopg.connect(settings.database_for(DatabaseRole.WEB), autocommit=True) as connection:
        for table in ("ledger_entries", *parts(), "postings", "standings"):
            attempt = sql.SQL("INSERT INTO {n} SELECT * FROM {n}").format(n=sql.Identifier(table))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)
        for change in ("UPDATE standings SET year = year", "DELETE FROM standings"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())


@pytest.mark.usefixtures("told")
def test_the_worker_adds_by_the_whole_and_not_by_a_years_part(
    another_year: str, settings: Settings
) -> None:
    """Which row goes where is the whole's to decide, and its triggers' to see."""
    with psycopg.connect(settings.database_for(DatabaseRole.WORKER), autocommit=True) as connection:
        for table in parts():
            attempt = sql.SQL("INSERT INTO {} SELECT * FROM ledger_entries")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.format(sql.Identifier(table)))


def test_the_years_ahead_are_open_and_asking_again_opens_nothing(
    make: Factory, worker: Flask
) -> None:
    before = parts()
    opened(make, worker)
    assert parts() == before
    this_year = clock.today().year
    assert {f"ledger_entries_{this_year + more}" for more in range(AHEAD + 1)} <= set(before)


WRITES = re.compile(
    r"(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(\s+TABLE)?|COPY)\s+"
    r"(ONLY\s+)?(public\.)?\"?(ledger_entries\w*|standings|postings)\b"
    r"|(insert|update|delete)\(\s*(\w+\.)?(LedgerEntry|Standing|Posting)\b"
    r"|(add|add_all|merge)\([^\n]*\b(LedgerEntry|Standing|Posting)\(",
    re.IGNORECASE,
)
WRITERS = {
    "ce_tracker/ledger/posting.py": {"ledger_entries", "standings"},
    "ce_tracker/ledger/chain.py": {"postings"},
    # The judgement, and a row without hours for whoever has none: never the hours.
    "ce_tracker/compliance/sweeping.py": {"standings"},
}


def test_only_posting_and_the_chain_contain_a_write_to_the_ledger() -> None:
    found: dict[str, set[str]] = {}
    for folder in ("ce_tracker", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            for match in WRITES.finditer(path.read_text()):
                table = match.group(5) or match.group(0)
                found.setdefault(str(path.relative_to(ROOT)), set()).add(table)
    assert found == WRITERS


@pytest.mark.parametrize(
    "line",
    [
        'text("INSERT INTO ledger_entries (a) VALUES (1)")',
        '"delete  from  ledger_entries_2026"',
        "UPDATE ONLY public.standings s SET x",
        "COPY ledger_entries FROM STDIN",
        "db.session.execute(update(models.Standing))",
        "db.session.add(LedgerEntry(year=2026))",
    ],
)
def test_a_write_to_the_ledger_would_be_noticed(line: str) -> None:
    assert WRITES.search(line)
