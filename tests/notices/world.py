"""Flags as the night leaves them, people who are told of them, and a mail server that listens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from random import Random
from ssl import SSLContext
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock, jobs
from ce_tracker.accounts.models import User
from ce_tracker.actor import Role
from ce_tracker.compliance.models import Flag
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, NotYet
from ce_tracker.notices.models import (
    PLACE,
    Mail,
    MailAddress,
    MailState,
    Message,
    MessageRead,
)
from ce_tracker.registry import facts
from ce_tracker.registry.dated import EmployerFact, Employment
from config import Secret, Settings
from tests.factories import HUANCUI, Account, Factory
from tests.ledger.world import Ledger, Move
from workers import doing
from workers.tasks import KINDS

LONG_AGO = date(2010, 1, 1)
ANNUAL, SHARE = 0, 1


def told(make: Factory, users: Sequence[User], random: Random) -> None:
    """For the tests of who sees what: messages to people and employers, read and mailed."""
    now, keyring = clock.now(), make.settings.keyring()
    everybody: list[Message] = []
    for reader in ("professional_id", "employer_id"):
        bound = {getattr(user, reader) for user in users} - {None}
        for whose in sorted(bound):
            for day in (1, 2):
                message = Message(
                    night=date(2026, 11, day),
                    year=2026,
                    facts={},
                    created_at=now,
                    **{reader: whose},
                )
                everybody.append(message)
    for path in sorted({user.region_path for user in users if user.role == Role.AUTHORITY}):
        message = Message(
            region_path=path, night=date(2026, 11, 1), year=2026, facts={}, created_at=now
        )
        everybody.append(message)
    db.session.add_all(everybody)
    db.session.flush()
    for user in users:
        sealed = keyring.seal(b"somebody@example.cn", PLACE)
        message = random.choice(everybody)
        db.session.add_all(
            [
                MailAddress(user_id=user.id, address_sealed=sealed, changed_at=now),
                MessageRead(message_id=message.id, user_id=user.id, read_at=now),
                Mail(message_id=message.id, user_id=user.id, due_at=now),
            ]
        )
    db.session.flush()


def _later(_: Job) -> bool:
    raise NotYet(timedelta(days=30))


class Nights:
    """People and flags of one town, and the nights that tell of them."""

    def __init__(self, make: Factory, worker: Flask) -> None:
        self.make = make
        self.worker = worker
        self._asked = 0

    def person(self, employer: Account | None = None, department: str | None = None) -> Account:
        account = self.make.account(Role.PROFESSIONAL)
        if employer is not None:
            self.works(account, employer, department)
        return account

    def employer(self) -> Account:
        account = self.make.account(Role.EMPLOYER)
        facts.put(
            EmployerFact(
                employer_id=account.actor.employer_id,
                name=account.actor.place,
                region_path=self.make.path(HUANCUI),
                level="county",
                affiliation="county",
                sector="education",
                public_institution=True,
                valid_from=LONG_AGO,
            ),
            "test",
        )
        db.session.commit()
        return account

    def colleague(self, of: Account) -> Account:
        """Another account of the same employer."""
        colleague = self.make.account(Role.EMPLOYER)
        colleague.user.employer_id = of.actor.employer_id
        db.session.merge(colleague.user)
        db.session.commit()
        return colleague

    def works(self, person: Account, employer: Account, department: str | None = None) -> None:
        professional_id, employer_id = person.actor.professional_id, employer.actor.employer_id
        facts.put(
            Employment(
                professional_id=professional_id,
                employer_id=employer_id,
                department=department,
                valid_from=LONG_AGO,
            ),
            "test",
        )
        db.session.execute(
            text(
                "UPDATE professionals SET employer_id = :employer, department = :department,"
                " region_path = :path, sector = 'education' WHERE id = :id"
            ),
            {
                "employer": employer_id,
                "department": department,
                "path": self.make.path(HUANCUI),
                "id": professional_id,
            },
        )
        db.session.commit()

    def earns(self, person: Account, **hours_x100: int) -> None:
        """So much of each subject, posted now."""
        ledger = Ledger(self.worker, self.make)
        by = self.make.account(Role.PROVIDER)
        for subject, x100 in hours_x100.items():
            field = None if subject == "general" else "school-01"
            series = None if subject == "general" else "school"
            session = self.make.session(by, subject=subject, series_code=series, field_code=field)
            move = Move(person.actor.professional_id or 0, session.id, x100)
            ledger.posts(move, upload_id=ledger.upload(by, session))

    def opens(self, person: Account, year: int, at: datetime, rule: int = ANNUAL) -> None:
        db.session.add(
            Flag(
                professional_id=person.actor.professional_id,
                year=year,
                rule=rule,
                opened_at=at,
                opened_on=at.date(),
                opened_by=1,
            )
        )
        db.session.commit()

    def closes(self, person: Account, year: int, at: datetime, rule: int = ANNUAL) -> None:
        flag = db.session.scalars(
            select(Flag).where(
                Flag.professional_id == person.actor.professional_id,
                Flag.year == year,
                Flag.rule == rule,
                Flag.closed_at.is_(None),
            )
        ).one()
        flag.closed_at, flag.closed_on, flag.closed_by = at, at.date(), 1
        db.session.commit()

    def pass_(self, day: date) -> None:
        """The night before that day's morning, at its hour."""
        with clock.pinned(night_of(day)):
            self.works_on("notices", day=day.isoformat())

    def swept(self, day: date) -> None:
        with clock.pinned(hours_before(day)):
            self.works_on("sweep", year=day.year, day=day.isoformat())

    def works_on(self, kind: str, **payload: Any) -> None:
        """The worker does what is due of this kind, to the end, and leaves the rest for later."""
        self._asked += 1
        with self.worker.app_context():
            jobs.ask(kind, f"#{self._asked}", **payload)
            db.session.commit()
            db.session.remove()
            while doing.run_next({**dict.fromkeys(KINDS, _later), kind: KINDS[kind]}, 60):
                pass
            db.session.remove()
        db.session.rollback()
        db.session.expire_all()

    def settings_of_worker(self, settings: Settings) -> None:
        self.worker.config["CE_SETTINGS"] = settings

    def told(self, reader: Account) -> list[Message]:
        """The oldest first."""
        statement = select(Message).where(Message.visible_to(reader.actor)).order_by(Message.night)
        return list(db.session.scalars(statement))

    def mails(self, state: MailState | None = None) -> list[Mail]:
        statement = select(Mail).order_by(Mail.id)
        if state is not None:
            statement = statement.where(Mail.state == state)
        return list(db.session.scalars(statement))

    def reached_at(self, account: Account, address: str) -> None:
        sealed = self.make.settings.keyring().seal(address.encode(), PLACE)
        db.session.add(
            MailAddress(user_id=account.user.id, address_sealed=sealed, changed_at=clock.now())
        )
        db.session.commit()

    def forgets(self, account: Account) -> None:
        db.session.query(MailAddress).filter_by(user_id=account.user.id).delete()
        db.session.commit()


def night_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, 10, tzinfo=clock.SHANGHAI)


def hours_before(day: date, hours: float = 0.5) -> datetime:
    """Some time before the night's notices, as the sweep works."""
    return night_of(day) - timedelta(hours=hours)


@dataclass
class Post:
    """A mail server in this process: what it took, and what it answers to whom."""

    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    cuts_off: set[str] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=dict)
    """Of those who may sign in."""
    connections: int = 0
    url: str = ""

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.cuts_off:
            server.transport.abort()
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any
    ) -> AuthResult:
        known = self.passwords.get(said.login.decode())
        right = known is not None and known == said.password.decode()
        return AuthResult(success=right, handled=False)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], letter))
        return "250 OK"


@contextmanager
def post_office(tls: SSLContext | None = None) -> Iterator[Post]:
    """With `tls` it offers STARTTLS."""
    post = Post()
    loop = asyncio.new_event_loop()

    def listen() -> SMTP:
        return SMTP(
            post,
            hostname="mail.test",
            authenticator=post.authenticate,
            auth_require_tls=False,
            tls_context=tls,
        )

    # The loop is the thread's alone: in this one a browser's may be running.
    thread = Thread(target=loop.run_forever)
    thread.start()
    listening = loop.create_server(listen, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    post.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield post
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def by_mail(settings: Settings, url: str) -> Settings:
    return settings.with_(
        smtp_url=Secret(url),
        mail_from="继续教育学时服务 <ce@example.cn>",
        public_url="https://ce.example.cn",
    )
