"""Held rows as their provider and the authority read them, and letting them go.

Who is held is known to the provider's file alone: of the ID number nothing is shown but its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from ce_tracker import audit, clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.ledger import deciding
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.uploads import HeldRow, opened_line
from ce_tracker.registry.items import numbered
from ce_tracker.sealing import Keyring
from ce_tracker.training.models import TrainingSession


@dataclass(frozen=True)
class ShownHeld:
    id: int
    upload_id: UUID
    session_id: int
    session_code: str
    session_title: str
    provider_name: str
    row_number: int
    name: str
    id_tail: str
    hours_x100: int
    finished_on: date
    result: str | None
    held_at: datetime
    problem: str | None
    """Why it waits although the number is known by now."""
    closed_year: int | None
    """That of which the authority has the word."""
    may_decide: bool
    """Whether whoever asks has it, and has not said it yet."""
    decision: LateDecision | None


def held(
    actor: Actor,
    *,
    session_id: int | None = None,
    upload_id: UUID | None = None,
    late: bool = False,
) -> Select[HeldRow]:
    """`late`: only what would move hours of a closed year."""
    statement = select(HeldRow).where(HeldRow.visible_to(actor), HeldRow.state == "held")
    if late:
        statement = statement.where(HeldRow.closed_year.is_not(None))
    if session_id is not None:
        statement = statement.where(HeldRow.session_id == session_id)
    if upload_id is not None:
        statement = statement.where(HeldRow.upload_id == upload_id)
    return statement


def count(
    actor: Actor,
    *,
    session_id: int | None = None,
    upload_id: UUID | None = None,
    late: bool = False,
) -> int:
    rows = held(actor, session_id=session_id, upload_id=upload_id, late=late)
    return db.session.scalar(rows.with_only_columns(func.count(HeldRow.id))) or 0


def shown(actor: Actor, keyring: Keyring, rows: Sequence[HeldRow]) -> list[ShownHeld]:
    wanted = {row.session_id for row in rows}
    sessions = {
        session.id: session
        for session in db.session.scalars(
            select(TrainingSession).where(TrainingSession.id.in_(wanted))
        )
    }
    people, said = deciding.whose(actor, rows), deciding.of_rows(rows)
    return [
        _shown(keyring, row, sessions[row.session_id], said.get(row.id), in_charge=row.id in people)
        for row in rows
    ]


def release(actor: Actor, row_id: int) -> int:
    """Letting go twice is letting go once: then it lets go of nothing."""
    row = db.session.scalar(
        select(HeldRow).where(HeldRow.id == numbered(row_id), HeldRow.visible_to(actor))
    )
    if row is None:
        raise NotFound
    if row.state == "posted":
        raise Conflict("这条学时已经入账，不能再放弃；有误的请更正后重新上传名单。")
    return _release([row.id])


def release_all(
    actor: Actor, *, session_id: int | None = None, upload_id: UUID | None = None
) -> int:
    """Of a session or of an upload; how many they were."""
    if session_id is None and upload_id is None:
        said = "请写明是哪个班次或哪份名单的。"
        raise Invalid(said, errors=[{"field": "session_id", "message": said}])
    rows = held(actor, session_id=session_id, upload_id=upload_id)
    return _release(db.session.scalars(rows.with_only_columns(HeldRow.id)).all())


def _release(ids: Sequence[int]) -> int:
    """The web may not write held rows: a function of the database lets the provider's own go."""
    released = db.session.scalars(select(func.release_held_rows(list(ids), clock.now()))).all()
    if not released:
        return 0
    sessions = db.session.execute(
        select(TrainingSession.title, func.count(HeldRow.id))
        .join(HeldRow, HeldRow.session_id == TrainingSession.id)
        .where(HeldRow.id.in_(released))
        .group_by(TrainingSession.id, TrainingSession.title)
        .order_by(TrainingSession.id)
    ).all()
    for title, rows in sessions:
        audit.record("held.released", title, rows=rows)
    db.session.expire_all()
    return len(released)


def _shown(
    keyring: Keyring,
    row: HeldRow,
    session: TrainingSession,
    decision: LateDecision | None,
    *,
    in_charge: bool,
) -> ShownHeld:
    line = opened_line(keyring, row.line_sealed) if row.line_sealed else None
    return ShownHeld(
        id=row.id,
        upload_id=row.upload_id,
        session_id=row.session_id,
        session_code=session.code,
        session_title=session.title,
        provider_name=session.provider_name,
        row_number=row.row_number,
        name=line.name if line else "",
        id_tail=line.tail if line else "",
        hours_x100=row.hours_x100,
        finished_on=row.finished_on,
        result=row.result,
        held_at=row.held_at,
        problem=row.problem,
        closed_year=row.closed_year,
        may_decide=in_charge and decision is None,
        decision=decision,
    )
