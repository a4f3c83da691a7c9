"""Posting: the only place that writes to the ledger.

One transaction writes the entries, moves the standings by the same entries, and adds the link to
the chain. Sessions are locked before, in the order of their ids, by whoever decided what to post;
standings are locked here in the order of people; the chain comes last. So two postings can wait
for each other, but never in a circle. A row that is there already is not written again, and what
was not written moves nobody's standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, text

from ce_tracker import clock
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.ledger import chain, closed_years
from ce_tracker.ledger.models import Posting

LONGEST_WAIT = "60s"
"""For whoever else is posting to the same session or the same people."""

_WRITE = f"""
WITH wanted (professional_id, year, session_id, revision, posting_id, provider_id, hours_x100,
             row_number, finished_on, subject, result, reason) AS MATERIALIZED (
    SELECT w.professional_id, w.year, w.session_id, w.revision, CAST(:posting AS bigint),
        t.provider_id, w.hours_x100, w.row_number, w.finished_on, t.subject, w.result, w.reason
    FROM ({{wanted}}) w
    JOIN training_sessions t ON t.id = w.session_id
), written AS (
    INSERT INTO ledger_entries (professional_id, year, session_id, revision, posting_id,
        provider_id, hours_x100, row_number, finished_on, subject, result, reason, digest)
    SELECT w.*, {chain.entry_digest("w")}
    FROM wanted w
    ORDER BY professional_id, year, session_id, revision
    ON CONFLICT DO NOTHING
    RETURNING professional_id, year, session_id, revision, subject, hours_x100, digest
), moved AS (
    SELECT professional_id, year,
        coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0) AS general,
        coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0) AS specialty
    FROM written GROUP BY professional_id, year
), standing AS (
    INSERT INTO standings AS s (professional_id, year, general_x100, specialty_x100)
    SELECT professional_id, year, general, specialty FROM moved ORDER BY professional_id, year
    ON CONFLICT (professional_id, year) DO UPDATE
    SET general_x100 = s.general_x100 + excluded.general_x100,
        specialty_x100 = s.specialty_x100 + excluded.specialty_x100
)
SELECT count(*) AS entries, {chain.entries_digest("e")} AS digest,
    bool_or(year = ANY (:closed)) AS late
FROM written e
"""  # noqa: S608  the parts are ours

WANTED = "professional_id, year, session_id, revision, hours_x100, row_number, finished_on, result"
"""The columns that a source of entries yields, followed by `reason`; the rest is the session's."""


def post(
    wanted: str,
    parameters: dict[str, object],
    kind: str,
    *,
    upload_id: UUID | None = None,
    session_id: int | None = None,
    posted_by: UUID | None = None,
    agreed: bool = False,
) -> Posting | None:
    """Write the entries that the query `wanted` yields; nothing where it yields none.

    `wanted` is SQL of ours with the columns of `WANTED` and `reason`. Whoever calls holds the
    sessions, and where it says that it was `agreed`, has the authority's word for closed years.
    """
    closed = closed_years.stay()
    posting_id = chain.next_id()
    written = db.session.execute(
        text(_WRITE.format(wanted=wanted)).bindparams(bindparam("posting")),
        {**parameters, "posting": posting_id, "closed": closed},
    ).one()
    if written.entries == 0:
        return None
    if written.late and not agreed:
        raise Conflict(closed_years.late(closed))
    return chain.link(
        posting_id,
        kind,
        entries=written.entries,
        entries_digest=written.digest,
        upload_id=upload_id,
        session_id=session_id,
        posted_by=posted_by,
    )


def wait_patiently() -> None:
    """Locks of the ledger are held for as long as a posting takes, which may be seconds."""
    db.session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))


def mark_posted(session_ids: Sequence[int]) -> None:
    """From now on what these sessions' entries were made from stays as it is."""
    db.session.execute(
        text(
            "UPDATE training_sessions SET first_posted_at = :now"
            " WHERE id = ANY (:sessions) AND first_posted_at IS NULL"
        ),
        {"now": clock.now(), "sessions": list(session_ids)},
    )
