"""Uploads (名单): the provider's own file, sealed, and what was made of it.

Of its lines only those are kept that something is still to be done about: while an upload waits
for its yes, all of them in sealed pages; once it is posted, what was wrong, and what is held
because nobody knows the person yet. What was posted stands in the ledger.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
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
    SmallInteger,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.identity import PLACE
from ce_tracker.registry.models import Professional, Provider
from ce_tracker.sealing import Keyring

FILE, PAGE, HELD = "uploads.file", "upload_pages.lines", "held_rows.line"
"""What the seals of each column are bound to."""


class Mode(StrEnum):
    ADD = "add"
    REPLACE = "replace"

    @property
    def label(self) -> str:
        return {"add": "补充名单", "replace": "完整名单"}[self]


class UploadState(StrEnum):
    READING = "reading"
    PREVIEWED = "previewed"
    POSTING = "posting"
    POSTED = "posted"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "reading": "正在核对",
            "previewed": "等待确认",
            "posting": "正在入账",
            "posted": "已入账",
            "failed": "无法读取",
            "withdrawn": "已撤回",
        }[self]


OPEN = (UploadState.READING, UploadState.PREVIEWED, UploadState.POSTING)


class Outcome(StrEnum):
    """What a line means for the ledger, what wants attention first."""

    WRONG = "wrong"
    HELD = "held"
    CHANGED = "changed"
    REMOVED = "removed"
    NEW = "new"
    NOT_CREDITED = "not_credited"
    ALREADY = "already"

    @property
    def label(self) -> str:
        return {
            "wrong": "有问题",
            "held": "待登记",
            "changed": "有更正",
            "removed": "将冲销",
            "new": "新入账",
            "not_credited": "不计学时",
            "already": "已入账",
        }[self]


class Upload(Base):
    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("mode IN ('add', 'replace')", name="mode"),
        Index(
            "uploads_open_key",
            "provider_id",
            "session_id",
            "file_index",
            "mode",
            unique=True,
            postgresql_where=text("state IN ('reading', 'previewed', 'posting')"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "provider_id", "id"),
        Index(None, "session_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("providers.id"))
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("training_sessions.id"))
    """Nothing: the file says of each line which session it is of."""
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str]
    file_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"sealed": FILE}
    )
    """Nothing once withdrawn."""
    file_index: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, info={"index_of": "file_sealed"}
    )
    """A keyed SHA-256 of the file; a plain one could be tried out."""
    typed: Mapped[bool]
    """Written by hand or by a program, not kept in a spreadsheet that may have rounded a number."""
    mode: Mapped[str]
    post_asked: Mapped[bool]
    """Post as soon as it is read, without waiting for somebody to look."""
    reason: Mapped[str | None]
    """What reversals say; without one they name this upload."""
    agreed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    """Who said yes: whom the ledger names as the poster."""
    state: Mapped[str]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Outcome → lines."""
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What was left out of the file or taken for granted, and why."""
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_total: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    posted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return cls.provider_id == actor.provider_id
        return cls.provider_id.in_(select(Provider.id).where(Provider.visible_to(actor)))


class UploadPage(Base):
    __tablename__ = "upload_pages"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    lines_sealed: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": PAGE})

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.upload_id.in_(select(Upload.id).where(Upload.visible_to(actor)))


class HeldRow(Base):
    """A line about somebody whom nobody has registered yet: posts itself when somebody does. Or
    one that would move hours of a closed year: posted if the authority agrees."""

    __tablename__ = "held_rows"
    __table_args__ = (
        Index(
            "held_rows_open_key",
            "session_id",
            "id_number_index",
            unique=True,
            postgresql_where=text("state = 'held'"),
        ),
        Index(None, "id_number_index", postgresql_where=text("state = 'held'")),
        Index(None, "provider_id", "state", "id"),
        Index(None, "professional_id", postgresql_where=text("professional_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"))
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("providers.id"))
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("training_sessions.id"))
    row_number: Mapped[int]
    hours_x100: Mapped[int]
    """0: what was credited in a closed year is to be taken back."""
    finished_on: Mapped[date]
    result: Mapped[str | None]
    closed_year: Mapped[int | None] = mapped_column(SmallInteger)
    professional_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    """Set while the authority in charge of that person has the word."""
    line_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": HELD})
    """A `HeldLine`: the name and the number's last four, for whoever reads the list."""
    id_number_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"sealed": PLACE}
    )
    id_number_index: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, info={"index_of": "id_number_sealed"}
    )
    state: Mapped[str]
    problem: Mapped[str | None]
    """Why it does not post itself although the number is known."""
    held_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    posting_id: Mapped[int | None] = mapped_column(BigInteger, deferred=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROVIDER:
            return cls.provider_id == actor.provider_id
        of_provider = cls.provider_id.in_(select(Provider.id).where(Provider.visible_to(actor)))
        if not actor.is_authority:
            return of_provider
        person = select(Professional.id).where(
            Professional.id == cls.professional_id, Professional.visible_to(actor)
        )
        return or_(of_provider, person.exists())


class ShownLine(NamedTuple):
    """A line as its provider sees it. The ID number is not among it."""

    row_number: int | None
    """As the user's spreadsheet counts; nothing for who is no longer in the file."""
    session: str
    """The session's code."""
    name: str
    tail: str
    was_x100: int | None
    now_x100: int | None
    remarks: list[list[str]]
    """Each a column and what there is to say of it."""


def sealed_page(keyring: Keyring, lines: list[ShownLine]) -> bytes:
    return keyring.seal(json.dumps(lines, ensure_ascii=False).encode(), PAGE)


def opened_page(keyring: Keyring, sealed: bytes) -> list[ShownLine]:
    return [ShownLine(*line) for line in json.loads(keyring.open(sealed, PAGE))]


class HeldLine(NamedTuple):
    """What is kept sealed of a held row beside its number."""

    name: str
    tail: str
    held: list[Any]
    """`what_is_held`, so that nobody with the database alone can change what will be posted."""


def what_is_held(upload_id: UUID, row: Any) -> list[Any]:
    day = row.finished_on.isoformat()
    return [str(upload_id), row.session_id, row.row_number, row.hours_x100, day, row.result]


def sealed_line(keyring: Keyring, line: HeldLine) -> bytes:
    return keyring.seal(json.dumps(line, ensure_ascii=False).encode(), HELD)


def opened_line(keyring: Keyring, sealed: bytes) -> HeldLine:
    return HeldLine(*json.loads(keyring.open(sealed, HELD)))
