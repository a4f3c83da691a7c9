"""Applications for titles, what happened to each, and the verdicts that they rest on."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    and_,
    false,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.registry.models import Professional

Moment = DateTime(timezone=True)
SEAL = "promotion_verdicts.seal"


class ApplicationState(StrEnum):
    DRAFT = "draft"
    RECOMMENDED = "recommended"
    SUBMITTED = "submitted"
    TO_BOARD = "to_board"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "draft": "待推荐",
            "recommended": "单位已推荐，待提交",
            "submitted": "已提交，待审核",
            "to_board": "资格审核通过，提交评审委员会",
            "returned": "退回补正",
            "refused": "资格审核未通过",
            "withdrawn": "已撤回",
        }[self.value]


OPEN = (
    ApplicationState.DRAFT,
    ApplicationState.RECOMMENDED,
    ApplicationState.SUBMITTED,
    ApplicationState.RETURNED,
)
"""In which somebody still has something to do."""
WATCHED = (ApplicationState.RECOMMENDED, ApplicationState.SUBMITTED, ApplicationState.TO_BOARD)
"""Which the night judges again."""


RESTING = (ApplicationState.SUBMITTED, ApplicationState.TO_BOARD, ApplicationState.REFUSED)
"""Which rest on the verdict that they were submitted on, and take the person's seat."""


class EventKind(StrEnum):
    DRAFTED = "drafted"
    RECOMMENDED = "recommended"
    BLOCKED = "blocked"
    OVERRIDDEN = "overridden"
    SUBMITTED = "submitted"
    TO_BOARD = "to_board"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    BROKEN = "broken"
    MENDED = "mended"
    WARNED = "warned"

    @property
    def label(self) -> str:
        return {
            "drafted": "填写申报",
            "recommended": "单位推荐",
            "blocked": "没有通过判定",
            "overridden": "主管部门特批",
            "submitted": "提交",
            "to_board": "资格审核通过",
            "returned": "退回补正",
            "refused": "资格审核未通过",
            "withdrawn": "撤回",
            "broken": "依据失效",
            "mended": "依据恢复",
            "warned": "推荐后不再符合条件",
        }[self.value]


class Occasion(StrEnum):
    RECOMMENDATION = "recommendation"
    SUBMISSION = "submission"
    NIGHT = "night"


class Seat(Base):
    """The one track in which somebody applies in a year: the primary key lets there be one."""

    __tablename__ = "application_seats"
    __table_args__ = (
        CheckConstraint("track IN ('unified', 'grassroots')", name="track"),
        UniqueConstraint("professional_id", "year", "track", name="application_seats_track_key"),
    )

    professional_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("professionals.id"), primary_key=True, autoincrement=False
    )
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    track: Mapped[str]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return (
            select(Professional.id)
            .where(Professional.id == cls.professional_id, Professional.visible_to(actor))
            .exists()
        )


class Application(Base):
    __tablename__ = "applications"
    __table_args__ = (
        ForeignKeyConstraint(
            ["professional_id", "year", "track"],
            [
                "application_seats.professional_id",
                "application_seats.year",
                "application_seats.track",
            ],
            name="applications_seat_fkey",
        ),
        ForeignKeyConstraint(
            ["id", "verdict_id"],
            ["promotion_verdicts.application_id", "promotion_verdicts.id"],
            name="applications_verdict_fkey",
            use_alter=True,
        ),
        Index(None, "professional_id", "id"),
        Index(None, "employer_id", "id"),
        Index(
            "applications_region_path_idx",
            "region_path",
            "id",
            postgresql_ops={"region_path": "text_pattern_ops"},
        ),
        Index(
            "applications_open_idx",
            "id",
            postgresql_where=text("state IN ('recommended', 'submitted', 'to_board')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    professional_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    employer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("employers.id"))
    """Who recommends: the main employer when it was drafted."""
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    sector: Mapped[str]
    """With the region: which authority examines it."""
    level: Mapped[str]
    track: Mapped[str]
    series_code: Mapped[str] = mapped_column(ForeignKey("title_series.code"))
    field_code: Mapped[str | None] = mapped_column(ForeignKey("fields.code"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    drafted_at: Mapped[datetime] = mapped_column(Moment)
    employers_word: Mapped[str | None]
    """What the employer wrote where a rule is not kept and only flags, or asks for its word."""
    recommended_at: Mapped[datetime | None] = mapped_column(Moment)
    submitted_on: Mapped[date | None]
    year: Mapped[int | None] = mapped_column(SmallInteger)
    verdict_id: Mapped[int | None] = mapped_column(BigInteger)
    """On which it was submitted."""
    examiners_word: Mapped[str | None]
    examined_at: Mapped[datetime | None] = mapped_column(Moment)
    broken_at: Mapped[datetime | None] = mapped_column(Moment)
    """Since when the night finds that what it was submitted on no longer holds."""
    broken_because: Mapped[str | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        match actor.role:
            case Role.PROFESSIONAL:
                merged = select(Professional.id).where(
                    Professional.merged_into == actor.professional_id
                )
                own = cls.professional_id == actor.professional_id
                return or_(own, cls.professional_id.in_(merged))
            case Role.EMPLOYER:
                return cls.employer_id == actor.employer_id
            case Role.AUTHORITY:
                sector = cls.sector == actor.sector if actor.sector else true()
                return and_(func.starts_with(cls.region_path, actor.region_path), sector)
            case Role.PROVIDER:
                return false()


class PromotionVerdict(Base):
    """What was decided on an application, when, by which rules and on which entries: one text,
    sealed with a key that the database does not have and stamped with one that it checks."""

    __tablename__ = "promotion_verdicts"
    __table_args__ = (UniqueConstraint("application_id", "id"), UniqueConstraint("stamp"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    application_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("applications.id"))
    professional_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    occasion: Mapped[str]
    day: Mapped[date]
    judged_at: Mapped[datetime] = mapped_column(Moment)
    blocking: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    """The numbers of the rules that block."""
    says: Mapped[str]
    seal: Mapped[bytes] = mapped_column(LargeBinary, info={"indexed": SEAL, "made_from": "says"})
    stamp: Mapped[bytes] = mapped_column(LargeBinary)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _of_application(cls.application_id, actor)


class Override(Base):
    """The authority let an application pass certain rules, for a reason that stays."""

    __tablename__ = "promotion_overrides"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("applications.id"), index=True
    )
    rules: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    reason: Mapped[str]
    granted_at: Mapped[datetime] = mapped_column(Moment)
    granted_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    granted_by_name: Mapped[str]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _of_application(cls.application_id, actor)


class ApplicationEvent(Base):
    """One step, or one attempt: rows are only ever added."""

    __tablename__ = "application_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["application_id", "verdict_id"],
            ["promotion_verdicts.application_id", "promotion_verdicts.id"],
            name="application_events_verdict_fkey",
        ),
        Index(None, "application_id", "id"),
        Index(
            "application_events_night_idx",
            "at",
            postgresql_where=text("what IN ('broken', 'mended', 'warned')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    application_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("applications.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    what: Mapped[str]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str]
    reason: Mapped[str | None]
    verdict_id: Mapped[int | None] = mapped_column(BigInteger)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _of_application(cls.application_id, actor)


def _of_application(column: ColumnElement[int] | Mapped[int], actor: Actor) -> ColumnElement[bool]:
    return column.in_(select(Application.id).where(Application.visible_to(actor)))
