"""Messages, who has read them, and the mails that carry them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    false,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base

Moment = DateTime(timezone=True)

PLACE = "mail_addresses.address"
BOUND_TO = ("professional_id", "employer_id", "region_path")
"""A message is for whoever signs in as one of these."""


class NoticeNight(Base):
    """A night's telling: of what changed in which span, and how far it has come."""

    __tablename__ = "notice_nights"
    __table_args__ = (
        CheckConstraint("readers IN ('people', 'employers')", name="readers"),
        CheckConstraint("since < until", name="span"),
    )

    night: Mapped[date] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime] = mapped_column(Moment)
    readers: Mapped[str]
    """Who is being told: first the people, then their employers."""
    after: Mapped[int] = mapped_column(BigInteger)
    """The last of these who has been."""
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class Message(Base):
    """To a person, an employer or a region's authority, for whoever signs in as one. Its words are
    made by `words.py`."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("num_nonnulls(professional_id, employer_id, region_path) = 1", name="to"),
        CheckConstraint("reminder IN (90, 60, 30, 7, -1)", name="reminder"),
        *(
            Index(
                f"messages_{reader}_night_key",
                reader,
                "night",
                unique=True,
                postgresql_where=text(f"{reader} IS NOT NULL"),
            )
            for reader in BOUND_TO
        ),
        *(
            Index(
                f"messages_{reader}_year_reminder_key",
                reader,
                "year",
                "reminder",
                unique=True,
                postgresql_where=text(f"{reader} IS NOT NULL AND reminder IS NOT NULL"),
            )
            for reader in BOUND_TO
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    professional_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employers.id"))
    region_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    """Of the authority that it is for, in every sector."""
    night: Mapped[date]
    year: Mapped[int] = mapped_column(SmallInteger)
    """Which ran that night."""
    reminder: Mapped[int | None] = mapped_column(SmallInteger)
    """So many days before the year's end, or the last day for handing in, it was due; -1 the day
    after; nothing: no reminder, news alone."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        match actor.role:
            case Role.PROFESSIONAL:
                return cls.professional_id == actor.professional_id
            case Role.EMPLOYER:
                return cls.employer_id == actor.employer_id
            case Role.AUTHORITY if actor.sector is None:
                return cls.region_path == actor.region_path
            case _:
                return false()


class MessageRead(Base):
    """Each reader of an employer's inbox reads for themselves."""

    __tablename__ = "message_reads"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[datetime] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id


class MailAddress(Base):
    """Where an account wants its messages sent as well. Personal, so sealed like an ID number."""

    __tablename__ = "mail_addresses"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    address_sealed: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": PLACE})
    changed_at: Mapped[datetime] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id


class MailState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"

    @property
    def label(self) -> str:
        return {"waiting": "等待发送", "sent": "已发送", "given_up": "未送达"}[self.value]


class Mail(Base):
    """A message on its way to one account's address, which is looked up when it is sent."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'given_up')", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        UniqueConstraint("message_id", "user_id"),
        Index(None, "due_at", postgresql_where=text("state = 'waiting'")),
        Index("mails_given_up_idx", "id", postgresql_where=text("state = 'given_up'")),
        Index(None, "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(Moment)
    error: Mapped[str | None]
    """What the last attempt met, without the address."""
    sent_at: Mapped[datetime | None] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id.in_(select(User.id).where(User.visible_to(actor)))
