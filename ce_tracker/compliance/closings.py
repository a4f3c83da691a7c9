"""A closed year: the verdicts as they stood when it was closed, and what changed afterwards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    SmallInteger,
    false,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.errors import NotFound
from ce_tracker.extensions import Base, db
from ce_tracker.ledger.closed_years import YearClosing
from ce_tracker.registry.models import Professional


def _of_people(person: Any, actor: Actor) -> ColumnElement[bool]:
    if actor.role is Role.PROVIDER:
        return false()
    return (
        select(Professional.id)
        .where(Professional.id == person, Professional.visible_to(actor))
        .exists()
    )


class ClosedVerdict(Base):
    """What a year's verdict on somebody was when the year was closed. Never written again."""

    __tablename__ = "closed_verdicts"
    __table_args__ = (Index(None, "year", postgresql_using="brin"),)

    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    outcome: Mapped[str]
    general_x100: Mapped[int]
    specialty_x100: Mapped[int]
    required_x100: Mapped[int]
    broken: Mapped[int] = mapped_column(SmallInteger)
    doubtful: Mapped[int] = mapped_column(SmallInteger)
    ruleset: Mapped[int] = mapped_column(SmallInteger)
    employer_id: Mapped[int | None] = mapped_column(BigInteger)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _of_people(cls.professional_id, actor)


class Restatement(Base):
    """What a posting, an exemption or a correction made of a closed year afterwards."""

    __tablename__ = "restatements"
    __table_args__ = (
        Index(None, "year", "id"),
        Index(None, "professional_id", "year", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    professional_id: Mapped[int] = mapped_column(BigInteger)
    year: Mapped[int] = mapped_column(SmallInteger)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ledger_position: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Nothing: there was no verdict on this person."""
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _of_people(cls.professional_id, actor)


def is_closed(year: int) -> bool:
    """Or is being closed."""
    return db.session.get(YearClosing, year) is not None


def of_address(year: int) -> int:
    """A year out of an address; one that no calendar has is not found."""
    if not date.min.year <= year <= date.max.year:
        raise NotFound
    return year


def closing_of(year: int) -> YearClosing:
    found = db.session.get(YearClosing, of_address(year))
    if found is None:
        raise NotFound("这个年度没有封账。")
    return found
