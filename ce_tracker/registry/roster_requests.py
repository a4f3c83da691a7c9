"""What an employer asks of a roster: upload it, look at what it would do, agree or take it back.

All of it for the API and the pages alike. Nothing is read here but what the worker found out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import audit, clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.registry.models import Professional
from ce_tracker.registry.roster_reading import COLUMNS, LIMITS
from ce_tracker.registry.rosters import (
    FILE,
    OPEN,
    Change,
    Line,
    Mode,
    Outcome,
    RosterImport,
    RosterRow,
    RosterState,
    opened_changes,
)
from ce_tracker.sealing import Keyring
from ce_tracker.sheets import handed_in
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.marking import marked_file
from ce_tracker.sheets.reading import read

TYPED_NAME = "逐人填写.csv"
_WITHOUT_NAME = "花名册"


def upload(
    keyring: Keyring,
    actor: Actor,
    data: bytes,
    file_name: str,
    mode: Mode,
    as_of: date,
    *,
    typed: bool = False,
) -> RosterImport:
    """Kept and asked to be read; the same file again is the same import while that is open."""
    if actor.employer_id is None:
        raise NotFound
    _check(data, as_of)
    open_imports = RosterImport.state.in_(OPEN)
    db.session.execute(
        insert(RosterImport)
        .values(
            employer_id=actor.employer_id,
            asked_by=actor.user_id,
            file_name=hidden(handed_in.tidy_name(file_name, _WITHOUT_NAME)),
            file_sealed=keyring.seal(data, FILE),
            file_index=keyring.index(data, FILE),
            typed=typed,
            mode=mode,
            as_of=as_of,
            state=RosterState.READING,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(
            index_elements=["employer_id", "file_index", "mode", "as_of"],
            # Word for word, or a prepared statement no longer finds its index.
            index_where=text("state IN ('reading', 'previewed', 'applying')"),
        )
    )
    found = db.session.scalars(
        select(RosterImport)
        .where(
            RosterImport.employer_id == actor.employer_id,
            RosterImport.file_index.in_(keyring.indexes(data, FILE)),
            RosterImport.mode == mode,
            RosterImport.as_of == as_of,
            open_imports,
        )
        .order_by(RosterImport.id)
    ).first()
    if found is None:  # closed by somebody else this very moment
        raise Conflict("同一份名单刚刚处理完，请刷新后再试。")
    _ask("roster-preview", actor, found)
    return found


def as_file(rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """People who were typed in, as the file that an employer might have uploaded instead."""
    return handed_in.as_file(rows, COLUMNS)


def visible(actor: Actor, import_id: UUID) -> RosterImport:
    found = db.session.scalar(
        select(RosterImport).where(RosterImport.id == import_id, RosterImport.visible_to(actor))
    )
    if found is None:
        raise NotFound
    return found


def request_apply(actor: Actor, import_id: UUID) -> RosterImport:
    """Agreeing twice is agreeing once."""
    roster = _held(actor, import_id)
    if roster.state in (RosterState.APPLYING, RosterState.APPLIED):
        return roster
    if roster.state != RosterState.PREVIEWED:
        raise Conflict(f"这份名单{RosterState(roster.state).label}，核对完成、尚未撤回的才能导入。")
    roster.state = RosterState.APPLYING
    db.session.flush()
    audit.record(
        "roster.applied",
        roster.file_name,
        import_id=str(roster.id),
        mode=roster.mode,
        as_of=roster.as_of.isoformat(),
        rows={name.value: roster.counts.get(name, 0) for name in Outcome},
    )
    _ask("roster-apply", actor, roster)
    return roster


def withdraw(actor: Actor, import_id: UUID) -> RosterImport:
    """The file goes at once; its rows say nothing without the keys, and nothing is done."""
    roster = _held(actor, import_id)
    if roster.state in (RosterState.APPLYING, RosterState.APPLIED):
        raise Conflict(
            f"这份名单{RosterState(roster.state).label}，不能撤回；有误的请更正后重新导入。"
        )
    if roster.state != RosterState.WITHDRAWN:
        roster.state = RosterState.WITHDRAWN
        roster.file_sealed = None
        db.session.flush()
    return roster


def marked(keyring: Keyring, roster: RosterImport) -> bytes:
    """The employer's own file back, with what is wrong beside each line."""
    sealed = db.session.scalar(select(RosterImport.file_sealed).where(RosterImport.id == roster.id))
    if sealed is None:
        raise Conflict("这份名单已撤回，文件已经删除。")
    said: dict[int, list[Problem | str]] = {}
    for row, problems, warnings in db.session.execute(
        select(RosterRow.row_number, RosterRow.problems, RosterRow.warnings).where(
            _remarked(roster)
        )
    ):
        number = int(row or 0)
        said[number] = [Problem(title, message) for title, message in problems]
        said[number] += [f"提醒：{title}：{message}" for title, message in warnings]
    with read(keyring.open(sealed, FILE), roster.file_name, LIMITS) as sheet:
        return marked_file(sheet, said, COLUMNS)


def count_remarks(roster: RosterImport) -> int:
    """Lines that the marked file says something about."""
    found = db.session.scalar(select(func.count()).select_from(RosterRow).where(_remarked(roster)))
    return found or 0


def _remarked(roster: RosterImport) -> ColumnElement[bool]:
    return and_(
        RosterRow.import_id == roster.id,
        RosterRow.row_number.is_not(None),
        or_(
            func.jsonb_array_length(RosterRow.problems) > 0,
            func.jsonb_array_length(RosterRow.warnings) > 0,
        ),
    )


def rows_of(roster: RosterImport, outcome: str | None) -> Select[RosterRow]:
    statement = select(RosterRow).where(RosterRow.import_id == roster.id)
    return statement if outcome is None else statement.where(RosterRow.outcome == outcome)


@dataclass(frozen=True)
class ShownRow:
    """A row as its employer reads it: of the ID number the last four, of what others know
    nothing."""

    id: int
    row_number: int | None
    outcome: str | None
    name: str
    id_tail: str
    department: str | None
    problems: list[dict[str, str]]
    warnings: list[dict[str, str]]
    changes: list[Change]


def shown(keyring: Keyring, actor: Actor, rows: Sequence[RosterRow]) -> list[ShownRow]:
    people = _records(actor, rows)
    found = []
    for row in rows:
        name, tail, department = people.get(row.professional_id or 0, ("", "", None))
        if row.line_sealed is not None:
            line = Line.opened(keyring, row.line_sealed)
            name, tail, department = line.name, line.tail, line.department
        found.append(
            ShownRow(
                row.id,
                row.row_number,
                row.outcome,
                name,
                tail,
                department,
                [{"column": column, "message": message} for column, message in row.problems],
                [{"column": column, "message": message} for column, message in row.warnings],
                opened_changes(keyring, row.changes_sealed),
            )
        )
    return found


def _records(actor: Actor, rows: Sequence[RosterRow]) -> dict[int, tuple[str, str, str | None]]:
    """Of those who are in the file no longer, or not at all, and are this actor's to see."""
    wanted = [row.professional_id for row in rows if row.line_sealed is None]
    found = db.session.execute(
        select(
            Professional.id, Professional.name, Professional.id_tail, Professional.department
        ).where(
            Professional.id.in_([each for each in wanted if each]), Professional.visible_to(actor)
        )
    )
    return {person: (name, tail, department) for person, name, tail, department in found}


def _held(actor: Actor, import_id: UUID) -> RosterImport:
    found = db.session.scalar(
        select(RosterImport)
        .where(RosterImport.id == import_id, RosterImport.visible_to(actor))
        .with_for_update()
    )
    if found is None:
        raise NotFound
    return found


def _ask(kind: str, actor: Actor, roster: RosterImport) -> None:
    jobs.ask(kind, str(roster.id), region_path=actor.region_path, import_id=str(roster.id))


def _check(data: bytes, as_of: date) -> None:
    today = clock.today()
    errors = handed_in.objections(data, LIMITS)
    if as_of > today:
        errors.append({"field": "as_of", "message": "不能晚于今天。"})
    elif as_of < date(today.year - 1, 1, 1):
        errors.append({"field": "as_of", "message": f"不能早于 {today.year - 1} 年 1 月 1 日。"})
    if errors:
        raise Invalid(errors=errors)
