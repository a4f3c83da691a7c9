"""The chain: what is digested, and how links are added."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.ledger import chain
from ce_tracker.ledger.models import LedgerEntry, Posting
from config import DatabaseRole, Settings
from tests.factories import Account, Factory
from tests.ledger.world import Ledger, Move

EPOCH = date(2000, 1, 1)
NONE = -(2**63) + 1


@pytest.fixture
def base(make: Factory) -> Account:
    return make.account(Role.PROVIDER)


@pytest.fixture
def ledger(make: Factory, worker: Flask) -> Ledger:
    return Ledger(worker, make)


def number(value: int | None, width: int) -> bytes:
    return struct.pack({2: ">h", 4: ">i", 8: ">q"}[width], NONE if value is None else value)


def words(value: str | None) -> bytes:
    return number(-1, 4) if value is None else number(len(value.encode()), 4) + value.encode()


def digest_of(entry: LedgerEntry) -> bytes:
    """The same by other means: what somebody without PostgreSQL would compute."""
    return sha256(
        number(entry.professional_id, 8)
        + number(entry.year, 2)
        + number(entry.session_id, 8)
        + number(entry.revision, 2)
        + number(entry.posting_id, 8)
        + number(entry.provider_id, 8)
        + number(entry.hours_x100, 4)
        + number(entry.row_number, 8)
        + number((entry.finished_on - EPOCH).days, 4)
        + words(entry.subject)
        + words(entry.result)
        + words(entry.reason)
    ).digest()


def digest_of_link(posting: Posting) -> bytes:
    since = posting.posted_at - datetime(2000, 1, 1, tzinfo=UTC)
    return sha256(
        number(32, 4)
        + posting.previous
        + number(posting.id, 8)
        + number(posting.position, 8)
        + words(posting.kind)
        + words(str(posting.upload_id) if posting.upload_id else None)
        + number(posting.session_id, 8)
        + words(str(posting.posted_by) if posting.posted_by else None)
        + number(since // timedelta(microseconds=1), 8)
        + number(posting.entries, 8)
        + number(32, 4)
        + posting.entries_digest
    ).digest()


def test_digests_are_what_anybody_can_compute(base: Account, make: Factory, ledger: Ledger) -> None:
    session, person = make.session(base), make.professional()
    upload = ledger.upload(base)
    ledger.posts(
        Move(person.id, session.id, 800, result="合格，𬭎"),
        upload_id=upload,
        posted_by=base.user.id,
    )
    ledger.posts(
        Move(person.id, session.id, -800, reason="班次撤销", row_number=None),
        Move(make.professional().id, session.id, 1, date(2024, 2, 29)),
        kind="revocation",
        session_id=session.id,
    )
    entries = db.session.scalars(select(LedgerEntry)).all()
    assert len(entries) == 3
    assert {entry.digest for entry in entries} == {digest_of(entry) for entry in entries}
    first, second = db.session.scalars(select(Posting).order_by(Posting.position)).all()
    assert (first.digest, first.previous) == (digest_of_link(first), bytes(32))
    assert (second.digest, second.previous) == (digest_of_link(second), first.digest)
    of_second = sorted(
        (entry for entry in entries if entry.posting_id == second.id),
        key=lambda entry: entry.professional_id,
    )
    assert second.entries_digest == sha256(b"".join(map(digest_of, of_second))).digest()
    assert (first.entries, second.entries) == (1, 2)


def test_a_digest_does_not_depend_on_the_session_that_computes_it(
    base: Account, make: Factory, ledger: Ledger, settings: Settings
) -> None:
    session = make.session(base)
    ledger.posts(
        Move(make.professional().id, session.id, 800, result="合格"), upload_id=ledger.upload(base)
    )
    query = (
        f"SELECT e.digest = {chain.entry_digest('e')}, p.digest = {chain.posting_digest('p')}"
        " FROM ledger_entries e JOIN postings p ON p.id = e.posting_id"
    )
    for setting in (
        "client_encoding = 'GB18030'",
        "TimeZone = 'Pacific/Kiritimati'",
        "DateStyle = 'SQL, DMY'",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
    ):
        with psycopg.connect(settings.database_for(DatabaseRole.WORKER)) as connection:
            connection.execute(f"SET {setting}".encode())
            assert connection.execute(query.encode()).fetchall() == [(True, True)], setting


def test_none_is_not_an_empty_text_and_texts_do_not_run_into_each_other(make: Factory) -> None:
    entry = (
        "SELECT 1 AS professional_id, 2025 AS year, 3 AS session_id, 1 AS revision,"
        " 4 AS posting_id, 5 AS provider_id, 800 AS hours_x100, CAST({row} AS int) AS row_number,"
        " date '2025-01-01' AS finished_on, 'general' AS subject,"
        " CAST({result} AS text) AS result, CAST({reason} AS text) AS reason"
    )
    said = [
        {"row": "1", "result": "NULL", "reason": "NULL"},
        {"row": "NULL", "result": "NULL", "reason": "NULL"},
        {"row": "0", "result": "NULL", "reason": "NULL"},
        {"row": "1", "result": "''", "reason": "NULL"},
        {"row": "1", "result": "NULL", "reason": "''"},
        {"row": "1", "result": "'ab'", "reason": "'c'"},
        {"row": "1", "result": "'a'", "reason": "'bc'"},
    ]
    union = " UNION ALL ".join(entry.format(**values) for values in said)
    query = f"SELECT count(DISTINCT {chain.entry_digest('e')}) FROM ({union}) e"
    assert db.session.execute(text(query)).scalar_one() == len(said)


def test_a_clock_that_was_set_back_does_not_turn_the_chain_around(
    base: Account, make: Factory, ledger: Ledger
) -> None:
    session, upload = make.session(base), ledger.upload(base)
    later = datetime(2026, 5, 1, 9, tzinfo=clock.SHANGHAI)
    for moment in (later, later - timedelta(days=1)):
        with clock.pinned(moment):
            ledger.posts(Move(make.professional().id, session.id, 800), upload_id=upload)
    assert db.session.scalars(select(Posting.posted_at)).all() == [later, later]


def test_postings_at_the_same_time_become_one_chain(
    base: Account, make: Factory, ledger: Ledger
) -> None:
    session, upload = make.session(base), ledger.upload(base)
    people = [make.professional().id for _ in range(24)]
    session_id = session.id

    def post(some: list[int]) -> None:
        for person in some:
            ledger.posts(Move(person, session_id, 800), upload_id=upload)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(post, [people[n::6] for n in range(6)]))
    links = db.session.scalars(select(Posting).order_by(Posting.position)).all()
    assert [link.position for link in links] == list(range(1, 25))
    digests = [bytes(32), *(link.digest for link in links)]
    assert [link.previous for link in links] == digests[:-1]
