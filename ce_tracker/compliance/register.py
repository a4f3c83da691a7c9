"""The register of continuing education (继续教育登记册) that employers keep: of each person and
year what was learnt, when, with which result and how many hours.

What was taken back is not in it, and no ID number but its last four.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, Select, and_, exists, select
from sqlalchemy.orm import aliased

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.compliance.employers import records
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.registry.dated import Employment
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.sheets.writing import Cell, Column, list_file
from ce_tracker.training.models import Form, Subject, TrainingSession

NAME = "继续教育登记册"
COLUMNS = (
    Column("序号", 6),
    Column("姓名", 10),
    Column("证件尾号", 9),
    Column("部门", 14),
    Column("科目", 10),
    Column("培训形式", 12),
    Column("班次", 36),
    Column("内容", 36),
    Column("开始日期", 12),
    Column("结束日期", 12),
    Column("完成日期", 12),
    Column("学时", 8),
    Column("考核结果", 10),
    Column("施教机构", 30),
)
NOTHING = "本年度没有入账的学时"
_AT_ONCE = 1000


def of_employer(actor: Actor, unit: Employer, year: int) -> bytes:
    """Of everybody whose main employment was here on the year's last day, or is today."""
    day = min(clock.today(), date(year, 12, 31))
    staff = (
        select(
            Professional.id,
            Professional.name,
            Professional.id_tail,
            Professional.pinyin,
            Employment.department,
        )
        .join(Employment, Employment.professional_id == Professional.id)
        .where(
            Employment.employer_id == unit.id,
            Employment.known_at(),
            Employment.holds_on(day),
            Professional.merged_into.is_(None),
            Professional.visible_to(actor),
        )
        .cte("staff")
    )
    return _file(f"{unit.name} {year} 年度{NAME}", _learnt(actor, staff, year))


def of_person(actor: Actor, person: Professional, year: int) -> bytes:
    one = (
        select(
            Professional.id,
            Professional.name,
            Professional.id_tail,
            Professional.pinyin,
            Professional.department,
        )
        .where(Professional.id == person.id, Professional.visible_to(actor))
        .cte("staff")
    )
    return _file(f"{person.name} {year} 年度{NAME}", _learnt(actor, one, year))


def _file(heading: str, learnt: Select[Any]) -> bytes:
    rows = db.session.execute(learnt.execution_options(yield_per=_AT_ONCE))
    return list_file(NAME, heading, COLUMNS, _rows(rows))


def _learnt(actor: Actor, staff: CTE, year: int) -> Select[Any]:
    """What holds, in the order of people and days; of who has nothing, one row."""
    own = records(staff, "records")
    following = aliased(LedgerEntry)
    taken_back = exists().where(
        following.professional_id == LedgerEntry.professional_id,
        following.year == LedgerEntry.year,
        following.session_id == LedgerEntry.session_id,
        following.revision == LedgerEntry.revision + 1,
    )
    holds = and_(
        LedgerEntry.professional_id == own.c.record,
        LedgerEntry.year == year,
        LedgerEntry.revision % 2 == 1,
        ~taken_back,
        LedgerEntry.visible_to(actor),
    )
    return (
        select(
            staff,
            LedgerEntry.subject,
            LedgerEntry.hours_x100,
            LedgerEntry.finished_on,
            LedgerEntry.result,
            TrainingSession.form,
            TrainingSession.title,
            TrainingSession.course,
            TrainingSession.starts_at,
            TrainingSession.ends_at,
            TrainingSession.provider_name,
        )
        .select_from(staff)
        .join(own, own.c.whose == staff.c.id)
        .outerjoin(LedgerEntry, holds)
        .outerjoin(TrainingSession, TrainingSession.id == LedgerEntry.session_id)
        .order_by(
            staff.c.pinyin,
            staff.c.id,
            LedgerEntry.finished_on.nulls_last(),
            LedgerEntry.session_id,
        )
    )


def _rows(found: Any) -> Iterator[tuple[Cell, ...]]:
    number, last = 0, None
    for row in found:
        if row.hours_x100 is None and row.id == last:
            continue  # of another record of the same person, with nothing in it
        number, last = number + 1, row.id
        who = (number, row.name, row.id_tail, row.department)
        if row.hours_x100 is None:
            yield (*who, None, None, NOTHING, *[None] * 4, 0, None, None)
            continue
        yield (
            *who,
            Subject(row.subject).label,
            Form(row.form).label,
            row.title,
            row.course,
            _day(row.starts_at),
            _day(row.ends_at),
            row.finished_on,
            Decimal(row.hours_x100).scaleb(-2),
            row.result,
            row.provider_name,
        )


def _day(moment: Any) -> date:
    day: date = moment.astimezone(clock.SHANGHAI).date()
    return day
