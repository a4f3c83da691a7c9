"""Lists of units and people, as their reader may see them, and what narrows them down."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Select, select

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Invalid
from ce_tracker.registry import finding, regions
from ce_tracker.registry.dated import Title
from ce_tracker.registry.models import Employer, Professional, Provider

Unit = TypeVar("Unit", Employer, Provider)


def units(
    kind: type[Unit],
    actor: Actor,
    *,
    q: str | None = None,
    region: str | None = None,
    sector: str | None = None,
) -> Select[Unit]:
    statement = select(kind).where(kind.visible_to(actor))
    if q:
        statement = statement.where(finding.called(kind, q))
    if region:
        statement = statement.where(kind.region_path.startswith(_path(region)))
    if sector:
        statement = statement.where(kind.sector == sector)
    return statement


def people(
    actor: Actor,
    *,
    q: str | None = None,
    employer: int | None = None,
    department: str | None = None,
    level: str | None = None,
) -> Select[Professional]:
    statement = finding.people(actor, q or "")
    if employer is not None:
        statement = statement.where(Professional.employer_id == employer)
    if department:
        statement = statement.where(Professional.department == department)
    if level:
        holders = select(Title.professional_id).where(
            Title.known_at(), Title.holds_on(clock.today()), Title.level == level
        )
        statement = statement.where(Professional.id.in_(holders))
    return statement


def departments(employer_id: int) -> Select[str | None]:
    """What there is to choose from."""
    return (
        select(Professional.department)
        .where(Professional.employer_id == employer_id, Professional.department.is_not(None))
        .distinct()
        .order_by(Professional.department)
    )


def _path(code: str) -> str:
    region = regions.by_code(code)
    if region is None:
        raise Invalid(errors=[{"field": "region", "message": "没有这个代码的行政区划。"}])
    return region.path
