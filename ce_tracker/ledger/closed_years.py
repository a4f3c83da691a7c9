"""Closed years (封账), as far as the ledger must know of them: which there are, and who decides.

Into a year that is closed nothing is posted but what the authority agreed to. A line that would
move hours of one is held until somebody in charge of the person decides; their yes or no is of
that line as it was handed in, so a later list asks anew.

Whoever posts holds the years as they are until their transaction ends, and whoever closes a year
waits for that: a posting is before the closing and in its verdicts, or after it and needs a yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base, db
from ce_tracker.registry.models import Professional

_LOCK = "hashtextextended('closed years', 0)"


class YearClosing(Base):
    """Asked for from `asked_at` on; from then nobody is let off any more. Done at `closed_at`."""

    __tablename__ = "year_closings"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    asked_by_name: Mapped[str]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    day: Mapped[date | None]
    """Whose rules and employments decided."""
    sweep_id: Mapped[int | None] = mapped_column(BigInteger)
    policies: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """The digests of all versions of the rules that were known."""
    ledger_position: Mapped[int | None] = mapped_column(BigInteger)
    """The last posting that is in it, with its digest."""
    ledger_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    people: Mapped[int | None] = mapped_column(BigInteger)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        """Which years are closed is for all to know."""
        return true()


class LateDecision(Base):
    """What the authority said to a line that would move hours of a closed year. Never changed."""

    __tablename__ = "late_decisions"
    __table_args__ = (
        UniqueConstraint("held_row_id", "upload_id"),
        Index(None, "professional_id", "year"),
        Index(None, "provider_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    held_row_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("held_rows.id"))
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"))
    """The list as part of which the line was decided on."""
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("providers.id"))
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("training_sessions.id"))
    row_number: Mapped[int]
    professional_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    hours_x100: Mapped[int]
    """What the session is to count for; 0: what was credited is to be taken back."""
    admitted: Mapped[bool]
    reason: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    decided_by_name: Mapped[str]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return cls.provider_id == actor.provider_id
        return (
            select(Professional.id)
            .where(Professional.id == cls.professional_id, Professional.visible_to(actor))
            .exists()
        )


def closed() -> list[int]:
    return list(
        db.session.scalars(
            select(YearClosing.year)
            .where(YearClosing.closed_at.is_not(None))
            .order_by(YearClosing.year)
        )
    )


def stay() -> list[int]:
    """The closed years; no other is closed before this transaction ends."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"))
    return closed()


def hold() -> None:
    """For whoever closes a year: nothing is posted until this transaction ends."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def late(years: Sequence[int]) -> str:
    """What whoever hands in hours of these closed years is told."""
    named = "、".join(str(year) for year in years)
    return f"{named} 年度已封账，补记或更正须经主管部门同意，同意后自动入账。"
