"""The chain: what the digest of an entry and of a posting is, and how a link is added.

A digest says what a row said when it was written. An entry's covers the entry; a posting's covers
its entries' and the posting before it. So the last one, the *head*, covers the whole ledger:
whoever keeps it elsewhere can tell later that nothing behind it was changed, put in or taken out.

What is digested has one form only, whatever a session is set to: numbers, days and microseconds
(since 2000, UTC) in fixed width, big-endian; texts in UTF-8 after their length, -1 for none.
Posting and proof use the same expressions. They must never change: the digests that were written
would no longer be right.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger.models import Posting

BEFORE_ALL = bytes(sha256().digest_size)
"""What the first link has for the digest of the one before it."""


def entry_digest(alias: str) -> str:
    """SQL over a row called `alias` that has an entry's columns, in the ledger or before it."""
    return _digest(
        _whole(alias, "professional_id", 8),
        _whole(alias, "year", 2),
        _whole(alias, "session_id", 8),
        _whole(alias, "revision", 2),
        _whole(alias, "posting_id", 8),
        _whole(alias, "provider_id", 8),
        _whole(alias, "hours_x100", 4),
        _number_or_none(alias, "row_number"),
        f"date_send({alias}.finished_on)",
        *(_text(alias, column) for column in ("subject", "result", "reason")),
    )


def entries_digest(alias: str) -> str:
    """SQL: an aggregate over rows called `alias`, all entries of one posting."""
    order = ("professional_id", "year", "session_id", "revision")
    ordered = ", ".join(f"{alias}.{column}" for column in order)
    return f"sha256(string_agg({alias}.digest, '' ORDER BY {ordered}))"


def posting_digest(alias: str) -> str:
    """SQL over a row called `alias` that has a posting's columns."""
    return _digest(
        _bytes(alias, "previous"),
        _whole(alias, "id", 8),
        _whole(alias, "position", 8),
        *(_text(alias, column) for column in ("kind", "upload_id")),
        _number_or_none(alias, "session_id"),
        _text(alias, "posted_by"),
        f"timestamptz_send({alias}.posted_at)",
        _whole(alias, "entries", 8),
        _bytes(alias, "entries_digest"),
    )


def _digest(*parts: str) -> str:
    return f"sha256({' || '.join(parts)})"


def _whole(alias: str, column: str, width: int) -> str:
    name = {2: "smallint", 4: "integer", 8: "bigint"}[width]
    return f"int{width}send(CAST({alias}.{column} AS {name}))"


def _number_or_none(alias: str, column: str) -> str:
    # None is a number that no row has.
    return f"int8send(coalesce(CAST({alias}.{column} AS bigint), {-(2**63) + 1}))"


def _bytes(alias: str, column: str) -> str:
    return f"int4send(octet_length({alias}.{column})) || {alias}.{column}"


def _text(alias: str, column: str) -> str:
    # textsend would write in the client's encoding.
    said = f"convert_to(coalesce(CAST({alias}.{column} AS text), ''), 'UTF8')"
    return f"int4send(coalesce(octet_length(CAST({alias}.{column} AS text)), -1)) || {said}"


def next_id() -> int:
    """The id of a posting about to be made, for its entries to carry."""
    found: int = db.session.execute(
        text("SELECT nextval(pg_get_serial_sequence('postings', 'id'))")
    ).scalar_one()
    return found


def link(
    posting_id: int,
    kind: str,
    *,
    entries: int,
    entries_digest: bytes,
    upload_id: UUID | None = None,
    session_id: int | None = None,
    posted_by: UUID | None = None,
) -> Posting:
    """Make the entries just written a link of the chain: the last thing that a posting does.

    From here to the end of the transaction nobody else's posting can be linked, so the lock is
    taken after everything else and held for a moment only. For the same reason the entries' digest
    (`entries_digest`) comes from the statement that wrote them: nothing is read again.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ledger chain', 0))"))
    head = db.session.execute(
        text("SELECT position, digest, posted_at FROM postings ORDER BY position DESC LIMIT 1")
    ).one_or_none()
    now = clock.now()
    values: dict[str, Any] = {
        "id": posting_id,
        "position": head.position + 1 if head else 1,
        "kind": kind,
        "upload_id": upload_id,
        "session_id": session_id,
        "posted_by": posted_by,
        # A clock that was set back must not put a posting before the one it follows.
        "posted_at": max(now, head.posted_at) if head else now,
        "entries": entries,
        "entries_digest": entries_digest,
        "previous": head.digest if head else BEFORE_ALL,
    }
    db.session.execute(_ADD, values)
    return db.session.get_one(Posting, posting_id)


_ADD = text(f"""
    INSERT INTO postings (id, position, kind, upload_id, session_id, posted_by, posted_at,
        entries, entries_digest, previous, digest)
    SELECT p.*, {posting_digest("p")}
    FROM (
        SELECT CAST(:id AS bigint) AS id, CAST(:position AS bigint) AS position,
            CAST(:kind AS text) AS kind, CAST(:upload_id AS uuid) AS upload_id,
            CAST(:session_id AS bigint) AS session_id, CAST(:posted_by AS uuid) AS posted_by,
            CAST(:posted_at AS timestamptz) AS posted_at, CAST(:entries AS bigint) AS entries,
            CAST(:entries_digest AS bytea) AS entries_digest, CAST(:previous AS bytea) AS previous
    ) p
""")  # noqa: S608  our own words
