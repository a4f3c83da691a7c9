"""Whether everything that was posted to a year after it was closed has the authority's word.

Whoever posts has waited for a closing that was under way before the posting gets its number, so the
numbers above that of the last posting in the closing are those that came after it. They are few,
and lie at the end of the year's partition.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from ce_tracker.extensions import db
from ce_tracker.ledger.proof import MOST_FINDINGS, Piece
from ce_tracker.ledger.proof_of_entries import named


def look_at_late_entries(after: int | None) -> Piece:
    """Of one closed year."""
    closing = db.session.execute(_CLOSING, {"after": after or 0}).one_or_none()
    if closing is None:
        return Piece([], None)
    rows = db.session.execute(
        _WITHOUT_A_WORD,
        {
            "year": closing.year,
            "closed_at": closing.closed_at,
            "last": closing.last,
            "most": MOST_FINDINGS,
        },
    )
    return Piece([_finding(row) for row in rows], closing.year, 1 / (1 + closing.further))


_CLOSING = text("""
    SELECT c.year, c.closed_at, count(*) OVER () - 1 AS further,
        coalesce((SELECT p.id FROM postings p WHERE p.position <= c.ledger_position
                  ORDER BY p.position DESC LIMIT 1), 0) AS last
    FROM year_closings c
    WHERE c.closed_at IS NOT NULL AND c.year > :after
    ORDER BY c.year LIMIT 1
""")
# The limit stands outside: it would have the whole year read in order. A session is revoked by the
# authority, or its provider asked before the year was closed.
_WITHOUT_A_WORD = text("""
    WITH late AS MATERIALIZED (
        SELECT professional_id, year, session_id, revision, posting_id
        FROM ledger_entries WHERE year = :year AND posting_id > :last
    ), agreed AS MATERIALIZED (
        SELECT h.posting_id, h.session_id
        FROM late_decisions d
        JOIN held_rows h ON (h.id, h.upload_id) = (d.held_row_id, d.upload_id)
        WHERE d.admitted AND h.posting_id IS NOT NULL
    ), revoked AS MATERIALIZED (
        SELECT p.id AS posting_id, p.session_id
        FROM postings p
        JOIN training_sessions s ON s.id = p.session_id
        LEFT JOIN users u ON u.id = p.posted_by
        WHERE p.id > :last AND p.kind = 'revocation'
            AND (u.role = 'authority' OR s.revoked_at <= :closed_at)
    )
    SELECT * FROM late
    WHERE (posting_id, session_id) NOT IN (SELECT posting_id, session_id FROM agreed)
        AND (posting_id, session_id) NOT IN (SELECT posting_id, session_id FROM revoked)
    ORDER BY professional_id, session_id, revision LIMIT :most
""")


def _finding(row: Row[Any]) -> str:
    return f"{named(row)}（入账编号 {row.posting_id}）是年度封账以后入账的，却没有主管部门的同意。"
