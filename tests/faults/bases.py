"""Training bases before a running service: very many people, sessions, lists sent over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection, HTTPException
from time import monotonic
from uuid import uuid4

from benchmarks.registered import Person, people, register
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.ledger.proof import pieces
from ce_tracker.ledger.proving import PARTS
from ce_tracker.registry.title_series import load_title_series
from tests.factories import Account, Factory
from tests.faults.load import application
from tests.faults.service import Answer, Service
from tests.registry.desk import as_csv

HEADER = ("姓名", "身份证号", "学时")
HOURS = 8
ON = date(2026, 3, 5)
ANSWER_SECONDS = 60
OTHERS_BEFORE = 1000


@dataclass
class Base:
    """One provider, by token."""

    town: Town
    account: Account

    def session(self) -> tuple[int, str]:
        """A new one's id and code."""
        with self.town.arranging() as make:
            made = make.session(self.account, code=uuid4().hex[:12])
            return made.id, made.code

    def send(
        self, data: bytes, session: int | None, mode: str = "add", name: str = "名单.csv"
    ) -> Answer:
        """To be posted at once. Status 0 where there was no answer."""
        began = monotonic()
        path = "attendance" if session is None else f"sessions/{session}/attendance"
        content, body = _form(data, name, {"mode": mode, "post": "true"})
        headers = {**self.account.bearer, "Content-Type": content, "Idempotency-Key": str(uuid4())}
        connection = HTTPConnection(
            "127.0.0.1", self.town.service.settings.port, timeout=ANSWER_SECONDS
        )
        try:
            connection.request("POST", f"/api/v1/{path}", body, headers)
            found = connection.getresponse()
            said = found.read()
            return Answer(found.status, monotonic() - began, dict(found.getheaders()), said)
        except (OSError, HTTPException) as error:
            return Answer(0, monotonic() - began, {}, repr(error).encode())
        finally:
            connection.close()


@dataclass
class Town:
    """A service and whom it has registered."""

    service: Service
    people: list[Person]

    make: Factory

    @classmethod
    def of(cls, service: Service, size: int) -> Town:
        town = cls(service, people(size), Factory(service.settings, first=OTHERS_BEFORE))
        with town.arranging() as make:
            load_title_series()
            db.session.commit()
            employer = make.employer()
            db.session.refresh(employer)  # while people are copied nothing else can be asked
            register(service.settings.keyring(), town.people, employer)
        return town

    @contextmanager
    def arranging(self) -> Iterator[Factory]:
        with application(self.service).app_context():
            try:
                yield self.make
            finally:
                db.session.remove()
                db.engine.dispose()

    def base(self) -> Base:
        with self.arranging() as make:
            account = make.account(Role.PROVIDER)
            db.session.refresh(account.user)  # it will be asked who it is from afar
            return Base(self, account)

    def findings(self) -> list[str]:
        """What the proof of the whole ledger has to say against it."""
        with self.arranging():
            return [
                finding
                for part in PARTS.values()
                for piece in pieces(part)
                for finding in piece.findings
            ]


def a_list(crowd: Sequence[Person], hours: float = HOURS) -> bytes:
    return as_csv(HEADER, *((name, number, hours) for name, number in crowd), encoding="gb18030")


def _form(data: bytes, name: str, fields: Mapping[str, str]) -> tuple[str, bytes]:
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    )
    body = "".join(parts).encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
