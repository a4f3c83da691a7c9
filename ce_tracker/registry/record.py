"""What one reader sees of one person: the facts of a day as known at a moment, and their history.

Whoever reads may see the person; of employments an employer sees its own alone. A record that was
merged into another is read as part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import func, or_, select

from ce_tracker.actor import Actor, Role
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db
from ce_tracker.registry.dated import (
    Appointment,
    Appraisal,
    Employment,
    OfProfessional,
    ServiceSpell,
    Title,
)
from ce_tracker.registry.items import Item, Sort, numbered
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional

Known = TypeVar("Known", bound=OfProfessional)

KINDS: dict[str, type[OfProfessional]] = {
    "employments": Employment,
    "titles": Title,
    "appointments": Appointment,
    "service_spells": ServiceSpell,
    "appraisals": Appraisal,
}
EMPLOYMENT = (
    Item("employer", "单位", Sort.EMPLOYER, "employer_id"),
    Item("department", "部门", Sort.TEXT, "department", required=False),
)
"""Comes from rosters, is corrected by rosters, and is shown like everything else."""


@dataclass(frozen=True)
class Record:
    """Of a day, as known at a moment."""

    person: Professional
    employments: Sequence[Employment]
    """The one of the day, or none."""
    titles: Sequence[Title]
    """Those that hold on the day."""
    appointments: Sequence[Appointment]
    service_spells: Sequence[ServiceSpell]
    appraisals: Sequence[Appraisal]
    """These three: all begun by the day, ended or not."""


def visible_person(actor: Actor, professional_id: int) -> Professional:
    person = db.session.scalar(
        select(Professional).where(
            Professional.id == numbered(professional_id), Professional.visible_to(actor)
        )
    )
    if person is not None and person.merged_into is not None:
        person = db.session.scalar(
            select(Professional).where(
                Professional.id == person.merged_into, Professional.visible_to(actor)
            )
        )
    if person is None:
        raise NotFound
    return person


def record_of(
    actor: Actor, person: Professional, day: date, moment: datetime | None = None
) -> Record:
    ids = same_person_ids(person.id, moment)

    def known(kind: type[Known], *, ended_too: bool) -> Sequence[Known]:
        in_time = kind.valid_from <= day if ended_too else kind.holds_on(day)
        return db.session.scalars(
            select(kind)
            .where(
                kind.professional_id.in_(ids),
                kind.visible_to(actor),
                kind.known_at(moment),
                in_time,
            )
            .order_by(kind.valid_from.desc(), kind.id)
        ).all()

    return Record(
        person=person,
        employments=known(Employment, ended_too=False),
        titles=known(Title, ended_too=False),
        appointments=known(Appointment, ended_too=True),
        service_spells=known(ServiceSpell, ended_too=True),
        appraisals=known(Appraisal, ended_too=True),
    )


def history_of(actor: Actor, person: Professional) -> dict[str, Sequence[OfProfessional]]:
    """Every row that there ever was, by kind, corrected ones included: what is true last first."""
    ids = same_person_ids(person.id)
    return {
        name: db.session.scalars(
            select(kind)
            .where(kind.professional_id.in_(ids), kind.visible_to(actor))
            .order_by(kind.valid_from.desc(), kind.known_from.desc(), kind.id.desc())
        ).all()
        for name, kind in KINDS.items()
    }


def employer_names(found: Iterable[Any]) -> dict[int, str]:
    """What the units in these facts are called, wherever they lie: a unit's name is public."""
    ids = sorted({getattr(fact, "employer_id", None) or 0 for fact in found})
    names = func.employer_names(ids).table_valued("id", "name")
    return {row.id: row.name for row in db.session.execute(select(names.c.id, names.c.name))}


def reasons_of(actor: Actor, person: Professional) -> Sequence[AuditEntry]:
    """Who changed something and why, as far as the reader may know: newest first."""
    return db.session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.professional_id.in_(same_person_ids(person.id)),
            AuditEntry.action == "person.corrected",
            AuditEntry.visible_to(actor),
        )
        .order_by(AuditEntry.id.desc())
        .limit(100)
    ).all()


def source_of(actor: Actor, way: str) -> str:
    """Where a fact comes from that this account enters: `page:employer`, `api:authority`."""
    return f"{way}:{actor.role.value}"


def source_title(source: str) -> str:
    way, _, who = source.partition(":")
    if way in {"page", "api"} and who in set(Role):
        return f"{Role(who).label}{'在网页上' if way == 'page' else '通过接口'}登记"
    return {"roster": "花名册导入", "demo": "演示数据"}.get(way, source)


def highest_titles(people: Iterable[Professional], day: date) -> dict[int, Title]:
    """For a list: the highest title that each holds on the day, the latest of equal ones."""
    ids = [person.id for person in people]
    whose = dict(
        db.session.execute(
            select(Professional.id, func.coalesce(Professional.merged_into, Professional.id)).where(
                or_(Professional.id.in_(ids), Professional.merged_into.in_(ids))
            )
        ).all()
    )
    order = {"junior": 0, "intermediate": 1, "associate_senior": 2, "full_senior": 3}
    best: dict[int, Title] = {}
    for title in db.session.scalars(
        select(Title)
        .where(Title.professional_id.in_(list(whose)), Title.known_at(), Title.holds_on(day))
        .order_by(Title.valid_from, Title.id)
    ):
        held = best.get(whose[title.professional_id])
        if held is None or order[title.level] >= order[held.level]:
            best[whose[title.professional_id]] = title
    return best
