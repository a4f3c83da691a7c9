"""A training session (期次): one provider, one subject, one field or series or none."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.extensions import Base
from ce_tracker.registry.models import Provider

FIRST_DAY = date(2015, 1, 1)
"""Nothing is recorded of before: the ledger's years begin here."""


class Subject(StrEnum):
    GENERAL = "general"
    SPECIALTY = "specialty"

    @property
    def label(self) -> str:
        return {"general": "公需科目", "specialty": "专业科目"}[self]


class Purpose(StrEnum):
    ORDINARY = "ordinary"
    INDUCTION = "induction"
    SPECIAL = "special"
    ROTATION = "rotation"

    @property
    def label(self) -> str:
        return {
            "ordinary": "一般培训",
            "induction": "岗前培训",
            "special": "专项培训",
            "rotation": "轮训",
        }[self]


class Form(StrEnum):
    """The five of 第八条 of 人力资源社会保障部令第25号."""

    CLASS = "class"
    PRACTICE = "practice"
    DISTANCE = "distance"
    ACADEMIC_MEETING = "academic_meeting"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "class": "培训班、研修班或者进修班",
            "practice": "继续教育实践活动",
            "distance": "远程教育",
            "academic_meeting": "学术会议、学术讲座、学术访问等",
            "other": "其他方式",
        }[self]


class SessionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        return {
            "draft": "草稿",
            "published": "已发布",
            "closed": "已结班",
            "revoked": "已撤销",
        }[self]


class TrainingSession(Base):
    __tablename__ = "training_sessions"
    __table_args__ = (
        UniqueConstraint("provider_id", "code"),
        CheckConstraint("starts_at < ends_at", name="dates"),
        CheckConstraint("hours_x100 BETWEEN 1 AND 100000", name="hours"),
        CheckConstraint("capacity > 0", name="capacity"),
        Index(None, "provider_id", "starts_at"),
        Index(None, "starts_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("providers.id"))
    provider_name: Mapped[str]
    """As it was called when it held this: the name under which a certificate quotes it."""
    code: Mapped[str]
    """The provider's own number for it (班次编号), by which a file of many sessions names it."""
    title: Mapped[str]
    course: Mapped[str]
    subject: Mapped[str]
    series_code: Mapped[str | None] = mapped_column(ForeignKey("title_series.code"))
    """With no field: for the whole series."""
    field_code: Mapped[str | None] = mapped_column(ForeignKey("fields.code"))
    purpose: Mapped[str]
    form: Mapped[str]
    online: Mapped[bool]
    place: Mapped[str | None]
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    hours_x100: Mapped[int]
    """The most that anybody can be credited."""
    capacity: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_because: Mapped[str | None]
    first_posted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """From then on subject, field, purpose, hours and dates stay as they are."""

    @property
    def first_day(self) -> date:
        return self.starts_at.astimezone(clock.SHANGHAI).date()

    @property
    def last_day(self) -> date:
        """The year that it ends in is the year that its hours count for."""
        return self.ends_at.astimezone(clock.SHANGHAI).date()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What was published is public to who has signed in; the rest to whom it concerns."""
        return or_(
            cls.published_at.is_not(None),
            cls.provider_id.in_(select(Provider.id).where(Provider.visible_to(actor))),
        )
