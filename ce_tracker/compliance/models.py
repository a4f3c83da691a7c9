"""What the nights leave behind: sweeps, the flags they opened and closed, and by which rules."""

from __future__ import annotations

from datetime import date, datetime

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
    false,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Employer, Professional


class PolicyVersion(Base):
    """A version of a pack, by the digest of what it says."""

    __tablename__ = "policy_versions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    regime: Mapped[str]
    says: Mapped[dict[str, object]] = mapped_column(JSONB)
    """The version as its file has it."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        """Rules are public."""
        return true()


class PolicyKnown(Base):
    """From when to when a version was among the rules here."""

    __tablename__ = "policies_known"

    digest: Mapped[str] = mapped_column(ForeignKey("policy_versions.digest"), primary_key=True)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    known_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        return true()


class RulesetRow(Base):
    """A set of yearly rules that a standing was judged by, by its digest."""

    __tablename__ = "rulesets"

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    versions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    full_x100: Mapped[int]
    by_month: Mapped[bool]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        return true()


class EmployerRuleset(Base):
    """By which rules the people of a unit were judged in a year when last swept."""

    __tablename__ = "employer_rulesets"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    employer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("employers.id"), primary_key=True
    )
    ruleset: Mapped[int] = mapped_column(SmallInteger, ForeignKey("rulesets.id"))
    changed_by: Mapped[int] = mapped_column(BigInteger)
    """The sweep that last found another set than before."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.employer_id.in_(select(Employer.id).where(Employer.visible_to(actor)))


class Sweep(Base):
    """One look at everybody's year."""

    __tablename__ = "sweeps"
    __table_args__ = (Index(None, "year", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    day: Mapped[date]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """What was known before is in it."""
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    whole: Mapped[bool]
    """Everybody's circumstances were looked at, not only those that may have changed."""
    ledger_position: Mapped[int] = mapped_column(BigInteger, default=0)
    """All that was posted up to here had moved the standings."""
    judgement: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 of the rules in SQL: those of another were others."""
    looked_at: Mapped[int] = mapped_column(BigInteger, default=0)
    """People whose circumstances were."""
    opened: Mapped[int] = mapped_column(BigInteger, default=0)
    closed: Mapped[int] = mapped_column(BigInteger, default=0)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        """It names nobody."""
        return true()


class Flag(Base):
    """A rule that somebody's year broke, from when to when. It opens and closes, never vanishes."""

    __tablename__ = "flags"
    __table_args__ = (
        Index(None, "opened_by", postgresql_using="brin"),
        Index(None, "closed_by", postgresql_where=text("closed_by IS NOT NULL")),
    )

    professional_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    rule: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """The number of a yearly kind (`policy.rules.YEARLY`)."""
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    opened_on: Mapped[date]
    """The day that was judged."""
    opened_by: Mapped[int] = mapped_column(BigInteger)
    """The sweep."""
    employer_id: Mapped[int | None] = mapped_column(BigInteger)
    """On that day."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_on: Mapped[date | None]
    closed_by: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def outcome(self) -> Outcome:
        """While the year runs hours are short; when it is over it has failed."""
        return Outcome.FAILED if clock.today().year > self.year else Outcome.SHORT

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return false()
        return (
            select(Professional.id)
            .where(Professional.id == cls.professional_id, Professional.visible_to(actor))
            .exists()
        )
