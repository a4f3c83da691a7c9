"""What the ledger is made of: postings, their entries, and the standings that they move.

Entries are never changed. Within one person, year and session revisions alternate: an odd one
credits hours, the even one after it takes that credit back, with its reason. The last revision
says what holds.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    and_,
    false,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.registry.dated import Employment
from ce_tracker.registry.models import Professional


class Posting(Base):
    """One link of the chain: who posted what when, and the digest of all of it and before."""

    __tablename__ = "postings"
    __table_args__ = (Index(None, "posted_at"), Index(None, "upload_id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, unique=True)
    """1, 2, 3 … without a gap; given last, under the chain's lock."""
    kind: Mapped[str]
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("uploads.id"))
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("training_sessions.id"))
    """Of a revocation."""
    posted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    posted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    entries: Mapped[int] = mapped_column(BigInteger)
    entries_digest: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        """The links name nobody; what they stand for has rules of its own."""
        return true()


class LedgerEntry(Base):
    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index(None, "session_id", "professional_id"),
        Index(None, "posting_id", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (year)"},
    )

    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    posting_id: Mapped[int] = mapped_column(BigInteger)
    provider_id: Mapped[int] = mapped_column(BigInteger)
    hours_x100: Mapped[int]
    row_number: Mapped[int | None]
    finished_on: Mapped[date]
    subject: Mapped[str]
    result: Mapped[str | None]
    reason: Mapped[str | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return cls.provider_id == actor.provider_id
        people = select(Professional.id).where(
            Professional.id == cls.professional_id, Professional.visible_to(actor)
        )
        if actor.role is Role.EMPLOYER:
            people = people.where(
                select(Employment.id)
                .where(
                    or_(
                        Employment.professional_id == Professional.id,
                        Employment.professional_id == Professional.merged_into,
                    ),
                    Employment.employer_id == actor.employer_id,
                    Employment.known_to.is_(None),
                    Employment.valid_from <= cls.finished_on,
                )
                # Two levels up: left to itself it would ask of any entry.
                .correlate(Professional, cls)
                .exists()
            )
        return people.exists()


class Standing(Base):
    """A person's hours of a year: the sum of the entries, moved with them by every posting. Beside
    them what the night keeps here (`compliance`): by which rules they are judged, and what broke.
    """

    __tablename__ = "standings"
    __table_args__ = (
        Index(None, "year", "professional_id", postgresql_using="brin"),
        Index(
            "standings_unseen_idx",
            "year",
            "professional_id",
            postgresql_where=text("ruleset IS NULL"),
        ),
        Index(
            "standings_employer_id_year_idx",
            "employer_id",
            "year",
            postgresql_where=text("employer_id IS NOT NULL"),
        ),
    )

    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    general_x100: Mapped[int]
    specialty_x100: Mapped[int]
    employer_id: Mapped[int | None] = mapped_column(BigInteger)
    """On the day that was judged."""
    ruleset: Mapped[int | None] = mapped_column(SmallInteger)
    """Nothing: not looked at yet."""
    required_x100: Mapped[int] = mapped_column(server_default=text("1000000"))
    """What is owed at most."""
    other_general_x100: Mapped[int] = mapped_column(server_default=text("0"))
    """Of records that were merged into this one."""
    other_specialty_x100: Mapped[int] = mapped_column(server_default=text("0"))
    broken: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """A bit for each yearly rule, by its number."""
    doubtful: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """Those of which it is not known whether they are broken."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return false()
        return and_(
            select(Professional.id)
            .where(Professional.id == cls.professional_id, Professional.visible_to(actor))
            .exists()
        )
