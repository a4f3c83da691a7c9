"""The job that sends what waits to be sent.

A mail is marked as sent in a transaction of its own, right after the server has taken it: whoever
is killed in between has at most that one sent again, and it carries the same Message-ID. How often
was tried and when to try next are columns; nobody sleeps.
"""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from time import monotonic
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy import Float, Interval, case, func, literal, select, update

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.jobs import Job, NotYet
from ce_tracker.notices.models import PLACE, Mail, MailAddress, MailState, Message
from ce_tracker.notices.server import RefusedError, Server, ServerError, connected
from ce_tracker.notices.words import words
from config import Settings

log = structlog.get_logger(__name__)

MAILS_A_CONNECTION = 100
MOST_SECONDS = 60
MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=5)
FACTOR = 4
"""5 minutes, 20, 80, 5 hours, 21 hours: a server may be away over a night."""
LONGEST_LOOK = timedelta(minutes=10)
SHORTEST_LOOK = timedelta(seconds=5)


def deliver(job: Job) -> bool:
    """One step: what is due, over one connection."""
    settings: Settings = current_app.config["CE_SETTINGS"]
    if settings.smtp_url is None:
        job.steps_total = job.steps_done
        return True
    due = _due()
    if not due:
        return _wait_for_the_next(job)
    sent = 0
    try:
        with connected(settings) as server:
            until = monotonic() + MOST_SECONDS
            for mail_id in due:
                sent += _send(server, settings, mail_id)
                # To a slow server: others get the worker in between.
                if server.broken or monotonic() > until:
                    break
    except ServerError as error:
        db.session.rollback()
        _put_off_all(str(error))
        log.warning("mail server failed", said=str(error))
    job.steps_done += sent
    return False


def _due() -> list[UUID]:
    statement = (
        select(Mail.id)
        .where(Mail.state == MailState.WAITING, Mail.due_at <= clock.now())
        .order_by(Mail.due_at, Mail.id)
        .limit(MAILS_A_CONNECTION)
    )
    return list(db.session.scalars(statement))


def _wait_for_the_next(job: Job) -> bool:
    next_at = db.session.scalar(
        select(func.min(Mail.due_at)).where(Mail.state == MailState.WAITING)
    )
    if next_at is not None:
        wait = next_at - clock.now()
        raise NotYet(max(SHORTEST_LOOK, min(LONGEST_LOOK, wait)))
    job.steps_total = job.steps_done
    return True


def _send(server: Server, settings: Settings, mail_id: UUID) -> bool:
    """Whoever holds the row sends it; what another holds or has sent is left."""
    row = db.session.execute(
        select(Mail, Message, MailAddress.address_sealed, User.disabled_at)
        .join(Message, Message.id == Mail.message_id)
        .join(User, User.id == Mail.user_id)
        .outerjoin(MailAddress, MailAddress.user_id == Mail.user_id)
        .where(Mail.id == mail_id, Mail.state == MailState.WAITING)
        .with_for_update(of=Mail, skip_locked=True)
    ).one_or_none()
    if row is None:
        db.session.commit()
        return False
    mail, message, sealed, disabled_at = row
    try:
        address = _address(settings, sealed, out=disabled_at is not None)
        server.send(composed(settings, mail, message, address), address)
    except RefusedError as error:
        _refused(mail, error)
    else:
        mail.state, mail.sent_at, mail.error = MailState.SENT, clock.now(), None
        mail.attempts += 1
    db.session.commit()
    return mail.state == MailState.SENT


def _address(settings: Settings, sealed: bytes | None, *, out: bool) -> str:
    if out:
        raise RefusedError("账号已停用", for_good=True)
    if sealed is None:
        raise RefusedError("账号没有邮箱地址", for_good=True)
    return settings.keyring().open(sealed, PLACE).decode()


def composed(settings: Settings, mail: Mail, message: Message, address: str) -> EmailMessage:
    said = words(message)
    sender = settings.mail_from or ""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = address
    letter["Subject"] = hidden(said.title)
    letter["Date"] = format_datetime(message.created_at.astimezone(clock.SHANGHAI))
    letter["Message-ID"] = f"<{mail.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    link = f"{settings.public_url}/messages/{message.id}"
    letter.set_content(
        hidden(
            f"{said.body}\n\n登录后查看：\n{link}\n\n"
            "这是系统自动发出的邮件，请不要直接回复。不想再收到邮件的，可在“账号与安全”中删除邮箱地址。\n"
        )
    )
    return letter


def _refused(mail: Mail, refusal: RefusedError) -> None:
    mail.attempts += 1
    mail.error = hidden(refusal.said)
    if refusal.for_good or mail.attempts >= MOST_ATTEMPTS:
        mail.state = MailState.GIVEN_UP
    else:
        mail.due_at = clock.now() + FIRST_WAIT * FACTOR ** (mail.attempts - 1)


def _put_off_all(said: str) -> None:
    """The server itself failed: all that is due waits, by one statement."""
    now = clock.now()
    last = Mail.attempts + 1 >= MOST_ATTEMPTS
    seconds = FIRST_WAIT.total_seconds() * func.power(FACTOR, Mail.attempts, type_=Float)
    wait = func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)
    db.session.execute(
        update(Mail)
        .where(Mail.state == MailState.WAITING, Mail.due_at <= now)
        .values(
            attempts=Mail.attempts + 1,
            error=said,
            state=case((last, MailState.GIVEN_UP.value), else_=MailState.WAITING.value),
            due_at=case((last, Mail.due_at), else_=literal(now) + wait),
        )
        .execution_options(synchronize_session=False)
    )
