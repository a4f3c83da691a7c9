"""Revoking a session takes back all that was posted of it, once, with the reason that was given.

A session that gave hours in a closed year is revoked by the authority alone. Who asks before the
year is closed is in time, however late the worker comes: the closing waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger import closed_years, holding, posting
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.uploads import HeldRow
from ce_tracker.training import sessions
from ce_tracker.training.models import SessionState, TrainingSession

_WANTED = """
SELECT professional_id, year, session_id, (revision + 1)::smallint AS revision,
    -hours_x100 AS hours_x100, NULL::integer AS row_number, finished_on, result,
    CAST(:reason AS text) AS reason
FROM (
    SELECT DISTINCT ON (professional_id, year) * FROM ledger_entries
    WHERE session_id = :session AND year BETWEEN :first_year AND :last_year
    ORDER BY professional_id, year, revision DESC
) latest
WHERE revision % 2 = 1
"""


def ask(actor: Actor, session_id: int, reason: str) -> TrainingSession:
    closed = closed_years.stay()
    session = sessions.in_hand(actor, session_id)
    if not actor.is_authority and (years := _given_in(session, closed)):
        named = "、".join(str(year) for year in years)
        raise Conflict(
            f"本班次有学时计入已封账的 {named} 年度，只有主管部门可以撤销。请把情况报主管部门办理。"
        )
    return sessions.revoke(actor, session.id, reason)


def _given_in(session: TrainingSession, years: Sequence[int]) -> list[int]:
    """Those of the years in which hours of this session hold."""
    if not years:
        return []
    return list(
        db.session.scalars(
            select(LedgerEntry.year)
            .where(LedgerEntry.session_id == session.id, LedgerEntry.year.in_(years))
            .group_by(LedgerEntry.year)
            .having(func.sum(LedgerEntry.hours_x100) > 0)
            .order_by(LedgerEntry.year)
        )
    )


def revoke(job: Job) -> bool:
    posting.wait_patiently()
    session = db.session.scalars(
        select(TrainingSession)
        .where(TrainingSession.id == job.payload["session_id"])
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if session.state != SessionState.REVOKED:
        return True
    made = posting.post(
        _WANTED,
        {
            "session": session.id,
            "first_year": session.first_day.year,
            "last_year": session.last_day.year,
            "reason": f"班次撤销：{session.revoked_because}",
        },
        "revocation",
        session_id=session.id,
        posted_by=job.asked_by,
        agreed=True,
    )
    held = db.session.scalars(
        select(HeldRow.id).where(HeldRow.session_id == session.id, HeldRow.state == "held")
    )
    holding.release(list(held), holding.SESSION_GONE)
    job.steps_done = job.steps_total = made.entries if made is not None else 0
    return True
