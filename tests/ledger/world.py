"""A ledger for tests that ask about what stands in it, not about the lists that it came from:
posted in the worker's role by the one road there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.ledger import posting
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.models import LedgerEntry, Posting, Standing
from ce_tracker.ledger.uploads import (
    HeldLine,
    HeldRow,
    Upload,
    UploadPage,
    sealed_line,
    what_is_held,
)
from ce_tracker.registry.models import Professional
from ce_tracker.training.models import TrainingSession
from tests.factories import Account, Factory
from tests.registry.world import Registry


@dataclass(frozen=True)
class Move:
    """Hours for somebody, or the last hours taken back (negative, with a reason)."""

    professional_id: int
    session_id: int
    hours_x100: int
    finished_on: date = date(2026, 3, 6)
    result: str | None = None
    reason: str | None = None
    row_number: int | None = 2


class Ledger:
    def __init__(self, worker: Flask, make: Factory) -> None:
        self._worker, self._make = worker, make

    def upload(self, by: Account, session: TrainingSession | None = None, **columns: Any) -> UUID:
        defaults: dict[str, Any] = {
            "provider_id": by.actor.provider_id,
            "session_id": session.id if session else None,
            "asked_by": by.user.id,
            "file_name": "名单.xlsx",
            "file_index": uuid4().bytes,
            "typed": False,
            "mode": "add",
            "post_asked": False,
            "state": "posted",
            "created_at": clock.now(),
        }
        upload = Upload(**(defaults | columns))
        db.session.add(upload)
        db.session.commit()
        return upload.id

    def held(self, upload_id: UUID, session: TrainingSession, **columns: Any) -> int:
        number = columns.pop("id_number", b"370100199001010003")
        keyring = self._make.settings.keyring()
        defaults: dict[str, Any] = {
            "upload_id": upload_id,
            "provider_id": session.provider_id,
            "session_id": session.id,
            "row_number": 7,
            "hours_x100": 800,
            "finished_on": date(2026, 3, 6),
            "id_number_sealed": keyring.seal(number, PLACE),
            "id_number_index": keyring.index(number, PLACE),
            "state": "held",
            "held_at": clock.now(),
        }
        row = HeldRow(**(defaults | columns))
        line = HeldLine("于海洋", "0003", what_is_held(upload_id, row))
        row.line_sealed = sealed_line(keyring, line)
        db.session.add(row)
        db.session.commit()
        return row.id

    def settle(self, held_id: int, posting_id: int) -> None:
        row = db.session.get_one(HeldRow, held_id)
        row.state, row.posting_id, row.settled_at = "posted", posting_id, clock.now()
        row.line_sealed = row.id_number_sealed = row.id_number_index = None
        db.session.commit()

    def posts(self, *moves: Move, kind: str = "upload", **source: Any) -> int:
        """Post these in the worker's role, as any job does; the posting's id."""
        with self._worker.app_context():
            made = posting.post(_WANTED, {"rows": _rows(moves)}, kind, **source)
            assert made is not None
            posting_id = made.id
            posting.mark_posted(sorted({move.session_id for move in moves}))
            db.session.commit()
            db.session.remove()
        return posting_id


_WANTED = """
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (professional_id bigint,
        year smallint, session_id bigint, revision smallint, hours_x100 integer, row_number integer,
        finished_on date, result text, reason text)
"""


def _rows(moves: Sequence[Move]) -> str:
    """With the revision that comes next for each, in the posting that they are of too."""
    last: dict[tuple[int, int, int], int] = {}
    rows = []
    for move in moves:
        year = move.finished_on.year
        key = move.professional_id, year, move.session_id
        if key not in last:
            there = select(func.max(LedgerEntry.revision)).where(
                LedgerEntry.professional_id == move.professional_id,
                LedgerEntry.year == year,
                LedgerEntry.session_id == move.session_id,
            )
            last[key] = db.session.scalar(there) or 0
        last[key] += 1
        rows.append(asdict(move) | {"year": year, "revision": last[key]})
    return json.dumps(rows, default=str)


@dataclass(frozen=True)
class Story:
    """A ledger in which everything has happened: hours credited, corrected, revoked, held, in two
    subjects and two years; and all of it agrees."""

    base: Account
    people: list[int]
    sessions: list[int]
    """Of a specialty, general, of the year before."""
    postings: list[int]
    held: int
    settled: int


def story(ledger: Ledger, make: Factory) -> Story:
    base = make.account(Role.PROVIDER)
    last_year = datetime(2025, 3, 3, 9, tzinfo=clock.SHANGHAI)
    specialty, general = make.session(base), make.session(base, subject="general", **NO_FIELD)
    before = make.session(base, starts_at=last_year, ends_at=last_year + timedelta(days=2))
    sessions = [specialty.id, general.id, before.id]
    anna, bert, carl = (make.professional(name).id for name in ("王晓岚", "丛佳禾", "于海洋"))
    upload, held_upload = (ledger.upload(base, specialty) for _ in range(2))
    waiting = ledger.held(held_upload, specialty)
    settled = ledger.held(held_upload, specialty, row_number=9, id_number=b"370100199001010011")
    first = ledger.posts(
        Move(anna, sessions[0], 4000, result="合格"),
        Move(bert, sessions[0], 800, row_number=3),
        Move(anna, sessions[2], 1600, date(2025, 3, 4), row_number=4),
        upload_id=upload,
        posted_by=base.user.id,
    )
    second = ledger.posts(
        Move(bert, sessions[0], -800, row_number=3, reason="更正学时"),
        Move(bert, sessions[0], 850, row_number=3),
        Move(bert, sessions[1], 1000, row_number=5),
        upload_id=upload,
        posted_by=base.user.id,
    )
    third = ledger.posts(
        Move(carl, sessions[0], 800, row_number=9), kind="held", upload_id=held_upload
    )
    ledger.settle(settled, third)
    fourth = ledger.posts(
        Move(bert, sessions[1], -1000, row_number=None, reason="班次撤销"),
        kind="revocation",
        session_id=sessions[1],
    )
    return Story(
        base, [anna, bert, carl], sessions, [first, second, third, fourth], waiting, settled
    )


NO_FIELD: dict[str, Any] = {"series_code": None, "field_code": None}


def scattered(registry: Registry, asked_by: UUID, random: Random) -> None:
    """Rows in every table of sessions and of the ledger, of everybody a little: for tests that ask
    who sees what. What they say does not agree."""
    now = clock.now()
    for number, provider in enumerate(registry.providers):
        for draft in (False, True):
            session = TrainingSession(
                provider_id=provider.id,
                provider_name=provider.name,
                code=f"{number} {draft}",
                title="x",
                course="x",
                subject="general",
                purpose="ordinary",
                form="class",
                online=True,
                starts_at=now,
                ends_at=now + timedelta(hours=1),
                hours_x100=800,
                state="draft" if draft else "published",
                published_at=None if draft else now,
                created_by=asked_by,
                created_at=now,
            )
            upload = Upload(
                provider_id=provider.id,
                asked_by=asked_by,
                file_name="x",
                file_index=b"%d %d" % (number, draft),
                typed=False,
                mode="add",
                post_asked=False,
                state="previewed",
                created_at=now,
            )
            db.session.add_all([session, upload])
            db.session.flush()
            _scatter(registry, session, upload, random)
    for person in registry.people:
        for year in (2025, 2026):
            standing = {"general_x100": 0, "specialty_x100": 0}
            db.session.add(Standing(professional_id=person.id, year=year, **standing))
    db.session.flush()


def _scatter(registry: Registry, session: TrainingSession, upload: Upload, random: Random) -> None:
    now = clock.now()
    db.session.add_all(
        [
            UploadPage(upload_id=upload.id, outcome="new", page=1, lines_sealed=b"x"),
            HeldRow(
                upload_id=upload.id,
                provider_id=session.provider_id,
                session_id=session.id,
                row_number=1,
                hours_x100=100,
                finished_on=clock.today(),
                id_number_index=b"x",
                state="held",
                held_at=now,
            ),
            Posting(
                position=session.id,
                kind="upload",
                upload_id=upload.id,
                posted_at=now,
                entries=1,
                entries_digest=b"x",
                previous=b"x",
                digest=b"x",
            ),
        ]
    )
    _late(session, upload, random.choice(registry.people))
    for person in random.sample(registry.people, 6):
        day = random.choice([date(2025, 6, 1), date(2026, 6, 1)])
        db.session.add(
            LedgerEntry(
                professional_id=person.id,
                year=day.year,
                session_id=session.id,
                revision=1,
                posting_id=1,
                provider_id=session.provider_id,
                hours_x100=100,
                finished_on=day,
                subject="general",
                digest=b"x",
            )
        )


def _late(session: TrainingSession, upload: Upload, person: Professional) -> None:
    """A line of a closed year, and what the authority said of it."""
    waits = HeldRow(
        upload_id=upload.id,
        provider_id=session.provider_id,
        session_id=session.id,
        row_number=2,
        hours_x100=100,
        finished_on=date(2025, 6, 1),
        id_number_index=b"late",
        closed_year=2025,
        professional_id=person.id,
        state="held",
        held_at=clock.now(),
    )
    db.session.add(waits)
    db.session.flush()
    db.session.add(
        LateDecision(
            held_row_id=waits.id,
            upload_id=upload.id,
            provider_id=session.provider_id,
            session_id=session.id,
            row_number=2,
            professional_id=person.id,
            year=2025,
            hours_x100=100,
            admitted=True,
            reason="x",
            decided_at=clock.now(),
            decided_by=upload.asked_by,
            decided_by_name="x",
        )
    )
