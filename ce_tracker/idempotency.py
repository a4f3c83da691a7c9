"""The first answer to a request that carries an `Idempotency-Key`, kept so that a retry gets it.

The row is inserted in the very transaction that does the work: the second of two simultaneous
requests waits on it, and an answer is remembered if and only if its effect was. The answer is
sealed, because it may speak of people; a secret in it (a new token) is blanked out before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, ForeignKey, Index, LargeBinary, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.errors import KeyReused
from ce_tracker.extensions import Base, db
from ce_tracker.sealing import Keyring

PLACE = "idempotent_answers.answer"
KEPT_FOR = timedelta(days=1)


class IdempotentAnswer(Base):
    __tablename__ = "idempotent_answers"
    __table_args__ = (Index(None, "made_at"),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_index: Mapped[bytes] = mapped_column(LargeBinary, info={"indexed": PLACE})
    """Method, address and body under HMAC: is it the same request?"""
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": PLACE})

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def begin(keyring: Keyring, actor: Actor, key_digest: bytes, request: bytes) -> Answer | None:
    """Take the key for this transaction, or give the answer that it already got."""
    row = {
        "user_id": actor.user_id,
        "key_digest": key_digest,
        "request_index": keyring.index(request, PLACE),
        "made_at": clock.now(),
    }
    ours = db.session.execute(
        insert(IdempotentAnswer)
        .values(row)
        .on_conflict_do_nothing()
        .returning(IdempotentAnswer.key_digest)
    ).first()
    if ours is not None:
        return None
    found = db.session.execute(
        select(IdempotentAnswer).where(
            IdempotentAnswer.user_id == actor.user_id, IdempotentAnswer.key_digest == key_digest
        )
    ).scalar_one()
    if found.request_index not in keyring.indexes(request, PLACE) or found.answer_sealed is None:
        raise KeyReused
    return Answer(**json.loads(keyring.open(found.answer_sealed, PLACE)))


def finish(keyring: Keyring, actor: Actor, key_digest: bytes, answer: Answer) -> None:
    sealed = keyring.seal(json.dumps(answer.__dict__).encode(), PLACE)
    row = db.session.get_one(IdempotentAnswer, (actor.user_id, key_digest))
    row.answer_sealed = sealed
    db.session.flush()


def forget_old() -> int:
    gone = db.session.execute(
        delete(IdempotentAnswer)
        .where(IdempotentAnswer.made_at < clock.now() - KEPT_FOR)
        .returning(IdempotentAnswer.user_id)
    )
    return len(gone.all())
