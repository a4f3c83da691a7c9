"""The inbox: what was said to a person, an employer or an authority, and what they read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Exists, Select, func, select
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db
from ce_tracker.notices.models import Message, MessageRead
from ce_tracker.notices.words import Words, title, words

READERS = frozenset({Role.PROFESSIONAL, Role.EMPLOYER, Role.AUTHORITY})


@dataclass(frozen=True)
class Read:
    message: Message
    read_at: datetime | None

    @property
    def title(self) -> str:
        return title(self.message)

    @property
    def words(self) -> Words:
        return words(self.message)


def messages(actor: Actor, *, unread: bool = False) -> Select[Message]:
    statement = select(Message).where(Message.visible_to(actor))
    return statement.where(~_read_by(actor)) if unread else statement


def unread_count(actor: Actor) -> int:
    return (
        db.session.scalar(select(func.count()).select_from(messages(actor, unread=True).subquery()))
        or 0
    )


def with_reads(actor: Actor, found: Sequence[Message]) -> list[Read]:
    rows = db.session.execute(
        select(MessageRead.message_id, MessageRead.read_at).where(
            MessageRead.visible_to(actor), MessageRead.message_id.in_([each.id for each in found])
        )
    )
    at: dict[UUID, datetime] = {message: read_at for message, read_at in rows}  # noqa: C416
    return [Read(each, at.get(each.id)) for each in found]


def visible(actor: Actor, message_id: UUID) -> Message:
    found = db.session.scalar(messages(actor).where(Message.id == message_id))
    if found is None:
        raise NotFound
    return found


def read(actor: Actor, message_id: UUID) -> Read:
    """Reading again is no error; when it was first read stays."""
    message = visible(actor, message_id)
    _note(actor, messages(actor).where(Message.id == message_id))
    return with_reads(actor, [message])[0]


def read_all(actor: Actor) -> None:
    _note(actor, messages(actor, unread=True))


def _note(actor: Actor, which: Select[Message]) -> None:
    ids = db.session.scalars(which.with_only_columns(Message.id)).all()
    if ids:
        now = clock.now()
        db.session.execute(
            insert(MessageRead)
            .values([{"message_id": i, "user_id": actor.user_id, "read_at": now} for i in ids])
            .on_conflict_do_nothing()
        )


def _read_by(actor: Actor) -> Exists:
    return (
        select(MessageRead.message_id)
        .where(MessageRead.message_id == Message.id, MessageRead.user_id == actor.user_id)
        .exists()
    )
