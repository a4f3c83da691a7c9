"""The copies of today's facts that stand on the anchors: name, place, sector, employer.

Lists and row security read them; rules never do, they read the facts. They are renewed wherever a
fact is written, and every night for facts whose day has come.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, case, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.registry.dated import EmployerFact, Employment, ProviderFact
from ce_tracker.registry.merging import roots
from ce_tracker.registry.models import Employer, Professional, Provider
from ce_tracker.registry.names import pinyin

PEOPLE_A_STEP = 20_000


def refresh_employers(ids: Collection[int] | None, day: date) -> None:
    """Copy what is known of `day`; of all units where none are named."""
    for unit, fact in db.session.execute(
        select(Employer, EmployerFact)
        .join(EmployerFact, EmployerFact.employer_id == Employer.id)
        .where(_named(Employer.id, ids), EmployerFact.holds_on(day), EmployerFact.known_at())
    ):
        _copy(unit, fact)
    db.session.flush()


def refresh_providers(ids: Collection[int] | None, day: date) -> None:
    for unit, fact in db.session.execute(
        select(Provider, ProviderFact)
        .join(ProviderFact, ProviderFact.provider_id == Provider.id)
        .where(_named(Provider.id, ids), ProviderFact.holds_on(day), ProviderFact.known_at())
    ):
        _copy(unit, fact)
    db.session.flush()


def refresh_professionals(ids: Select[int] | Collection[int], day: date) -> None:
    """In one statement, touching only who changed: it runs over a whole province every night.

    Who works nowhere today keeps the place and sector of the last employer: no employer sees them
    any more, but their authority still does, or nobody could mend a double record.
    """
    merged = roots()
    last = (
        select(Employment.employer_id, Employment.department, Employment.holds_on(day).label("on"))
        .where(
            Employment.professional_id == func.coalesce(merged.c.root, Professional.id),
            Employment.known_at(),
            Employment.valid_from <= day,
        )
        .order_by(Employment.valid_from.desc())
        .limit(1)
        .lateral()
    )
    now = (
        select(
            Professional.id,
            merged.c.root,
            case((last.c.on, last.c.employer_id)).label("employer_id"),
            case((last.c.on, last.c.department)).label("department"),
            Employer.region_path,
            Employer.sector,
        )
        .outerjoin(merged, merged.c.id == Professional.id)
        .outerjoin(last, true())
        .outerjoin(Employer, Employer.id == last.c.employer_id)
        .where(_people(ids))
        .subquery()
    )
    copied = ("employer_id", "department", "region_path", "sector")
    changes = {name: now.c[name] for name in copied} | {"merged_into": now.c.root}
    db.session.execute(
        update(Professional)
        .where(
            Professional.id == now.c.id,
            func.row(*(getattr(Professional, name) for name in changes)).is_distinct_from(
                func.row(*changes.values())
            ),
        )
        .values(changes)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()


def refresh(job: Job) -> bool:
    """Every night: units first, then people in ranges of ids, one range a step. Of one unit that
    moved, those whom it employs: what they carry of it is out of the web's reach."""
    today = clock.today()
    if "employer_id" in job.payload:
        refresh_professionals(
            select(Professional.id).where(Professional.employer_id == job.payload["employer_id"]),
            today,
        )
        job.steps_total = job.steps_done = 1
        return True
    if "from" not in job.place:
        refresh_employers(None, today)
        refresh_providers(None, today)
        job.steps_total = db.session.scalar(select(func.count()).select_from(Professional))
        job.place = {"from": 0}
        return False
    ids = db.session.scalars(
        select(Professional.id)
        .where(Professional.id > job.place["from"])
        .order_by(Professional.id)
        .limit(PEOPLE_A_STEP)
    ).all()
    if not ids:
        job.steps_total = job.steps_done
        return True
    refresh_professionals(
        select(Professional.id).where(Professional.id.between(ids[0], ids[-1])), today
    )
    job.place = {"from": ids[-1]}
    job.steps_done += len(ids)
    job.steps_total = max(job.steps_total or 0, job.steps_done)
    return False


def _people(ids: Select[int] | Collection[int]) -> ColumnElement[bool]:
    """Those, and the records that were merged into those; a range of all people has them all."""
    if isinstance(ids, Select):
        return Professional.id.in_(ids)
    return or_(Professional.id.in_(ids), Professional.merged_into.in_(ids))


def _copy(unit: Employer | Provider, fact: EmployerFact | ProviderFact) -> None:
    if unit.name != fact.name:
        unit.name, unit.pinyin = fact.name, pinyin(fact.name)
    unit.region_path, unit.sector = fact.region_path, fact.sector


def _named(column: InstrumentedAttribute[int], ids: Collection[int] | None) -> ColumnElement[bool]:
    return true() if ids is None else column.in_(ids)
