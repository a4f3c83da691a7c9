"""The authority's word on lines that would move hours of a closed year.

Whoever is in charge of the person decides, with a reason that stays: the line is then posted at
once, or let go. A word is of the line as it was handed in; saying the same twice is saying it once.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from ce_tracker import audit, clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, NotAllowed, NotFound
from ce_tracker.extensions import db
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.uploads import HeldRow
from ce_tracker.registry.items import numbered
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import written

_COLUMNS = (
    *("held_row_id", "upload_id", "provider_id", "session_id", "row_number", "professional_id"),
    *("year", "hours_x100", "admitted", "reason", "decided_at", "decided_by", "decided_by_name"),
)


def awaited(row_id: int, actor: Actor) -> HeldRow:
    """One that this actor has the word on."""
    row = db.session.scalar(
        select(HeldRow).where(HeldRow.id == numbered(row_id), HeldRow.visible_to(actor))
    )
    if row is None:
        raise NotFound
    if row.state != "held":
        raise Conflict("这条学时已经处理完，不需要再决定。")
    if row.closed_year is None or row.professional_id is None:
        raise Conflict("这条学时在等待本人登记，不需要主管部门同意。")
    if not whose(actor, [row]):
        raise NotAllowed("这个人不在您的管辖范围内，由其所在地区的主管部门决定。")
    return row


def whose(actor: Actor, rows: Sequence[HeldRow]) -> dict[int, Professional]:
    """Those of the people concerned who are in this authority's charge, by held row."""
    if not actor.is_authority:
        return {}
    wanted = {row.professional_id for row in rows if row.professional_id is not None}
    people = db.session.scalars(
        select(Professional).where(Professional.id.in_(wanted), Professional.visible_to(actor))
    )
    found = {person.id: person for person in people}
    return {
        row.id: found[row.professional_id]
        for row in rows
        if row.professional_id is not None and row.professional_id in found
    }


def decide(actor: Actor, row_id: int, *, admitted: bool, reason: str) -> LateDecision:
    reason = written(reason, "reason", "理由")
    row = awaited(row_id, actor)
    made = db.session.scalar(_adding(actor, row, admitted=admitted, reason=reason))
    if made is None:
        return _said_already(row, admitted=admitted)
    decision = db.session.get_one(LateDecision, made)
    audit.record(
        "late.admitted" if admitted else "late.refused",
        f"{decision.year} 年度的学时",
        professional_id=decision.professional_id,
        reason=reason,
        session_id=decision.session_id,
    )
    jobs.ask(
        "post-held",
        f"{row.id} {row.upload_id}",
        region_path=actor.region_path,
        held_row_id=row.id,
    )
    return decision


def held_already(row: HeldRow) -> int:
    """What holds of this person in this session now, in hundredths of an hour."""
    ids = same_person_ids(row.professional_id or 0)
    held = select(func.sum(LedgerEntry.hours_x100)).where(
        LedgerEntry.professional_id.in_(ids), LedgerEntry.session_id == row.session_id
    )
    return db.session.scalar(held) or 0


def decisions(actor: Actor, *rules: ColumnElement[bool]) -> Select[LateDecision]:
    return select(LateDecision).where(LateDecision.visible_to(actor), *rules)


def of_rows(rows: Sequence[HeldRow]) -> dict[int, LateDecision]:
    """What was said to rows that are not posted or let go yet."""
    upload_of = {row.id: row.upload_id for row in rows}
    found = db.session.scalars(select(LateDecision).where(LateDecision.held_row_id.in_(upload_of)))
    return {
        each.held_row_id: each for each in found if upload_of[each.held_row_id] == each.upload_id
    }


def _adding(
    actor: Actor, row: HeldRow, *, admitted: bool, reason: str
) -> ReturningInsert[tuple[int]]:
    """Of the row as it was read: if it has changed since, nothing is added."""
    same = select(
        HeldRow.id,
        HeldRow.upload_id,
        HeldRow.provider_id,
        HeldRow.session_id,
        HeldRow.row_number,
        HeldRow.professional_id,
        HeldRow.closed_year,
        HeldRow.hours_x100,
        literal(admitted),
        literal(reason),
        literal(clock.now()),
        literal(actor.user_id),
        literal(actor.display_name),
    ).where(
        HeldRow.id == row.id,
        HeldRow.upload_id == row.upload_id,
        HeldRow.hours_x100 == row.hours_x100,
        HeldRow.professional_id == row.professional_id,
        HeldRow.state == "held",
    )
    return (
        insert(LateDecision)
        .from_select(_COLUMNS, same)
        .on_conflict_do_nothing(index_elements=["held_row_id", "upload_id"])
        .returning(LateDecision.id)
    )


def _said_already(row: HeldRow, *, admitted: bool) -> LateDecision:
    said = of_rows([row]).get(row.id)
    if said is None:
        raise Conflict("施教机构刚刚更正或放弃了这条学时，请刷新后再试。")
    if said.admitted != admitted:
        raise Conflict(f"{said.decided_by_name}已经作出决定，不能再改。")
    return said
