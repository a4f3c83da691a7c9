"""The directory of grassroots units: each county's lists, year by year, and which is in force.

In Shandong who is grassroots follows from it (`in_directory()` in the database says it of a unit on
a day), so it stands where everything else is known of units. How a list comes about is the business
of `promotions/directory.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    false,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor
from ce_tracker.extensions import Base
from ce_tracker.registry.facts import Fact
from ce_tracker.registry.models import in_charge

Moment = DateTime(timezone=True)


class DirectoryState(StrEnum):
    DRAFT = "draft"
    FILED = "filed"
    RETURNED = "returned"
    APPROVED = "approved"

    @property
    def label(self) -> str:
        return {
            "draft": "编制中",
            "filed": "已报备，待审核",
            "returned": "已退回",
            "approved": "已审核备案",
        }[self.value]


OPEN = frozenset({DirectoryState.DRAFT, DirectoryState.RETURNED})
"""States in which its county still works on it."""


class StepKind(StrEnum):
    DRAFTED = "drafted"
    UPLOADED = "uploaded"
    FILED = "filed"
    RETURNED = "returned"
    APPROVED = "approved"

    @property
    def label(self) -> str:
        return {
            "drafted": "开始编制",
            "uploaded": "上传表格",
            "filed": "报备",
            "returned": "退回",
            "approved": "审核备案",
        }[self.value]


class Directory(Base):
    """A county's or development zone's list for a year. A change during the year is a further
    edition: what was approved is never changed."""

    __tablename__ = "directories"
    __table_args__ = (
        CheckConstraint("edition > 0", name="edition"),
        CheckConstraint("state IN ('draft', 'filed', 'returned', 'approved')", name="state"),
        CheckConstraint("(state = 'approved') = (in_force_from IS NOT NULL)", name="in_force"),
        UniqueConstraint("region_path", "year", "edition"),
        Index(
            "directories_open_key",
            "region_path",
            "year",
            unique=True,
            postgresql_where=text("state <> 'approved'"),
        ),
        Index(None, "year"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    year: Mapped[int] = mapped_column(SmallInteger)
    edition: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str]
    carried_from: Mapped[UUID | None] = mapped_column(ForeignKey("directories.id"))
    """The list whose lines it began with; nothing: it began empty."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    state_since: Mapped[datetime] = mapped_column(Moment)
    in_force_from: Mapped[date | None]
    """As it was approved; until when, `DirectoryInForce` says."""

    @property
    def region_code(self) -> str:
        return self.region_path.rpartition("/")[2]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @classmethod
    def in_charge_of(cls, actor: Actor) -> ColumnElement[bool]:
        """Whose authority somebody is, in every sector."""
        if not actor.is_authority or actor.sector is not None:
            return false()
        return in_charge(actor, cls.region_path)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return or_(cls.state == DirectoryState.APPROVED, cls.in_charge_of(actor))


class DirectoryLine(Base):
    """One unit on a list, in the words of the list. Matched with a registered unit or not: one that
    is not makes nobody grassroots."""

    __tablename__ = "directory_lines"
    __table_args__ = (
        CheckConstraint("name <> '' OR problems <> '[]'", name="name"),
        Index(None, "directory_id", "place"),
        Index(
            "directory_lines_directory_id_employer_id_key",
            "directory_id",
            "employer_id",
            unique=True,
            postgresql_where=text("employer_id IS NOT NULL"),
        ),
        Index(None, "employer_id", postgresql_where=text("employer_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    directory_id: Mapped[UUID] = mapped_column(ForeignKey("directories.id"))
    place: Mapped[int]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(server_default=text("''"))
    subsidy: Mapped[bool | None]
    """Whether its staff get the allowance for work in townships; nothing: not said."""
    remark: Mapped[str] = mapped_column(server_default=text("''"))
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employers.id"))
    row_number: Mapped[int | None]
    """In the file that it came from."""
    problems: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Column and message, of what could not be read; a list that has any cannot be filed."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.directory_id.in_(select(Directory.id).where(Directory.visible_to(actor)))


class DirectoryStep(Base):
    """What was done with a list, by whom and when: for the authorities in charge, and whoever
    did it."""

    __tablename__ = "directory_steps"
    __table_args__ = (
        CheckConstraint(
            "what IN ('drafted', 'uploaded', 'filed', 'returned', 'approved')", name="what"
        ),
        CheckConstraint("what <> 'returned' OR reason <> ''", name="reason"),
        Index(None, "directory_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    directory_id: Mapped[UUID] = mapped_column(ForeignKey("directories.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str]
    what: Mapped[str]
    reason: Mapped[str | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return or_(
            cls.actor_id == actor.user_id,
            cls.directory_id.in_(select(Directory.id).where(Directory.in_charge_of(actor))),
        )


class DirectoryInForce(Fact, Base):
    """Which list says of a county's units whether they are grassroots. Public, like the lists."""

    __tablename__ = "directories_in_force"
    __table_args__ = (Index(None, "region_path", "valid_from"),)
    one_at_a_time: ClassVar = ("region_path",)

    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    directory_id: Mapped[UUID] = mapped_column(ForeignKey("directories.id"))
