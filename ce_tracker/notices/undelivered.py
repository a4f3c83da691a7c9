"""Mails that were given up: the authority sees them, and has them tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, and_, func, select, update

from ce_tracker import audit, clock, jobs
from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db
from ce_tracker.notices.models import Mail, MailState


@dataclass(frozen=True)
class Undelivered:
    mail: Mail
    reader: User


def given_up(actor: Actor) -> Select[Mail]:
    return select(Mail).where(_given_up(actor))


def counts(actor: Actor) -> dict[str, int]:
    """Of those that are not settled: the sent are too many to count for a page."""
    return {
        state.value: db.session.scalar(
            select(func.count()).where(Mail.visible_to(actor), Mail.state == state)
        )
        or 0
        for state in (MailState.WAITING, MailState.GIVEN_UP)
    }


def with_readers(actor: Actor, mails: Sequence[Mail]) -> list[Undelivered]:
    readers = {
        user.id: user
        for user in db.session.scalars(
            select(User).where(
                User.visible_to(actor), User.id.in_([each.user_id for each in mails])
            )
        )
    }
    return [Undelivered(each, readers[each.user_id]) for each in mails]


def try_again(actor: Actor, mail_id: UUID) -> None:
    if not _again(actor, Mail.id == mail_id):
        raise NotFound


def try_all_again(actor: Actor) -> int:
    return _again(actor)


def _given_up(actor: Actor) -> ColumnElement[bool]:
    return and_(Mail.visible_to(actor), Mail.state == MailState.GIVEN_UP)


def _again(actor: Actor, *which: ColumnElement[bool]) -> int:
    now = clock.now()
    changed: CursorResult[object] = db.session.execute(  # type: ignore[assignment]
        update(Mail)
        .where(_given_up(actor), *which)
        .values(state=MailState.WAITING, attempts=0, due_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount:
        jobs.ask("mail", f"again {now.isoformat()}", region_path=actor.region_path)
        audit.record("mail.tried_again", f"{changed.rowcount} 封", mails=changed.rowcount)
    return changed.rowcount
