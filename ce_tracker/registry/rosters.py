"""Rosters (花名册): an employer's own list of its people, uploaded as it is kept.

An import is the file, sealed, and what the worker made of it: one row for each line, saying what
it would do. Nothing happens to anybody before the employer has seen that and said yes. Until then
a row keeps what stood in the file, sealed; once applied it keeps that only of what was wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
    Identity,
    Index,
    LargeBinary,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.identity import PLACE
from ce_tracker.registry.models import Employer
from ce_tracker.sealing import Keyring

FILE, LINE, CHANGES = "roster_imports.file", "roster_rows.line", "roster_rows.changes"
"""What the seals of each column are bound to."""


class Mode(StrEnum):
    FULL = "full"
    ADD = "add"

    @property
    def label(self) -> str:
        return {"full": "完整名单", "add": "部分人员"}[self]


class RosterState(StrEnum):
    READING = "reading"
    PREVIEWED = "previewed"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "reading": "正在核对",
            "previewed": "等待确认",
            "applying": "正在导入",
            "applied": "已导入",
            "failed": "无法读取",
            "withdrawn": "已撤回",
        }[self]


OPEN = (RosterState.READING, RosterState.PREVIEWED, RosterState.APPLYING)


class Outcome(StrEnum):
    """What a row means for the registry."""

    NEW = "new"
    JOINS = "joins"
    CHANGED = "changed"
    LEFT = "left"
    SAME = "same"
    WRONG = "wrong"

    @property
    def label(self) -> str:
        return {
            "new": "新登记",
            "joins": "调入",
            "changed": "有变化",
            "left": "离职",
            "same": "无变化",
            "wrong": "有问题",
        }[self]


class RosterImport(Base):
    __tablename__ = "roster_imports"
    __table_args__ = (
        CheckConstraint("mode IN ('full', 'add')", name="mode"),
        Index(
            "roster_imports_open_key",
            "employer_id",
            "file_index",
            "mode",
            "as_of",
            unique=True,
            postgresql_where=text("state IN ('reading', 'previewed', 'applying')"),
        ),
        Index(None, "employer_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    employer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("employers.id"))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str]
    file_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"sealed": FILE}
    )
    """Nothing once withdrawn."""
    file_index: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, info={"index_of": "file_sealed"}
    )
    """A keyed SHA-256 of the file. A plain one of a file with one person in it could be tried out
    until the ID number is found."""
    typed: Mapped[bool]
    """Written by hand or by a program, not kept in a spreadsheet that may have rounded a number."""
    mode: Mapped[str]
    as_of: Mapped[date]
    state: Mapped[str]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Outcome → rows; and of how many of them something should be said (`warnings`)."""
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What was left out of the file, and why."""
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_total: Mapped[int | None] = mapped_column(BigInteger)
    """Of the stage that is under way: seen by all of an employer's accounts, as a job is not."""
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def source(self) -> str:
        """What facts that come from this import say of where they come from."""
        return f"roster:{self.id}"

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.EMPLOYER:
            return cls.employer_id == actor.employer_id
        return cls.employer_id.in_(select(Employer.id).where(Employer.visible_to(actor)))


class RosterRow(Base):
    __tablename__ = "roster_rows"
    __table_args__ = (
        Index(None, "import_id", "id"),
        Index(None, "import_id", "outcome", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_imports.id"))
    row_number: Mapped[int | None]
    """As the user's spreadsheet counts; nothing for who is on the roster and not in the file."""
    outcome: Mapped[str | None]
    """Nothing: not looked at yet."""
    professional_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    id_number_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"sealed": PLACE}
    )
    """Sealed for the place where it will be kept, so that it is moved there unopened."""
    id_number_index: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"index_of": "id_number_sealed"}
    )
    line_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": LINE})
    changes_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": CHANGES})
    problems: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Each a column and what is wrong with it."""
    warnings: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'"))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.import_id.in_(select(RosterImport.id).where(RosterImport.visible_to(actor)))


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of the file says of a person, understood as far as it can be without knowing
    who that is. The ID number itself is not among it."""

    name: str = ""
    tail: str = ""
    id_kind: str = ""
    rounded: bool = False
    """The number may have lost its last digits: it needs the matching name."""
    department: str | None = None
    title: str | None = None
    """The certificate's words."""
    level: str | None = None
    series: str | None = None
    """A code of the catalogue."""
    track: str | None = None
    field: str | None = None
    obtained_on: date | None = None
    appointed_on: date | None = None
    joined_on: date | None = None
    left_on: date | None = None
    """The last day."""

    def sealed(self, keyring: Keyring) -> bytes:
        said = {
            name: value.isoformat() if isinstance(value, date) else value
            for name in self.__slots__
            if (value := getattr(self, name)) not in (None, "", False)
        }
        return keyring.seal(json.dumps(said, ensure_ascii=False).encode(), LINE)

    @classmethod
    def opened(cls, keyring: Keyring, sealed: bytes) -> Line:
        said: dict[str, Any] = json.loads(keyring.open(sealed, LINE))
        for name in ("obtained_on", "appointed_on", "joined_on", "left_on"):
            if name in said:
                said[name] = date.fromisoformat(said[name])
        return cls(**said)


Change = tuple[str, str, str]
"""What, as it was, as it is said to be."""


def sealed_changes(keyring: Keyring, changes: list[Change]) -> bytes | None:
    if not changes:
        return None
    return keyring.seal(json.dumps(changes, ensure_ascii=False).encode(), CHANGES)


def opened_changes(keyring: Keyring, sealed: bytes | None) -> list[Change]:
    if sealed is None:
        return []
    return [(what, was, now) for what, was, now in json.loads(keyring.open(sealed, CHANGES))]
