"""A provider at its desk: uploads who attended, looks at it, says yes; the worker does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import act_as, db
from ce_tracker.ledger import held_requests, upload_lines, upload_requests
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.upload_lines import Found
from ce_tracker.ledger.uploads import Mode, Upload
from ce_tracker.registry import people
from ce_tracker.registry.models import Professional
from ce_tracker.registry.title_series import load_title_series
from ce_tracker.training.models import TrainingSession
from tests.factories import HUANCUI, Account, Factory
from workers import doing
from workers.tasks import KINDS

HEADER = ("姓名", "身份证号", "学时", "考核结果")


@dataclass
class ProviderDesk:
    make: Factory
    web: Flask
    worker: Flask
    account: Account
    session_id: int

    @classmethod
    def open(cls, make: Factory, web: Flask, worker: Flask, region: str = HUANCUI) -> ProviderDesk:
        load_title_series()
        db.session.commit()
        account = make.account(Role.PROVIDER, region)
        return cls(make, web, worker, account, make.session(account).id)

    @property
    def session(self) -> TrainingSession:
        """As the owner sees it: not from another thread."""
        return db.session.get_one(TrainingSession, self.session_id)

    def registered(self, name: str, number: str) -> Professional:
        person = people.register(self.make.settings.keyring(), name, number, "resident")
        db.session.commit()
        return person

    def colleague(self) -> Account:
        """Another account of the same provider."""
        other = self.make.account(Role.PROVIDER)
        other.user.provider_id = self.account.actor.provider_id
        db.session.commit()
        facts = db.session.execute(select(func.enter_as(other.user.id))).scalar_one()
        db.session.commit()
        return Account(other.user, Actor.from_facts(facts), other.token)

    @contextmanager
    def signed_in(self) -> Iterator[None]:
        """As a request of the web server."""
        with self.web.app_context():
            act_as(self.account.actor)
            yield
            db.session.commit()
            db.session.remove()

    def upload(
        self,
        data: bytes,
        mode: Mode = Mode.ADD,
        name: str = "签到表.xlsx",
        *,
        of_many: bool = False,
        **more: Any,
    ) -> UUID:
        with self.signed_in():
            actor = self.account.actor
            session = None if of_many else upload_requests.own_session(actor, self.session_id)
            keyring = self.make.settings.keyring()
            found = upload_requests.upload(keyring, actor, data, name, session, mode, **more)
            return found.id

    def work(self) -> None:
        with self.worker.app_context():
            while doing.run_next(KINDS, 60):
                pass

    def preview(self, data: bytes, mode: Mode = Mode.ADD, **more: Any) -> UUID:
        found = self.upload(data, mode, **more)
        self.work()
        return found

    def agree(self, upload_id: UUID, reason: str | None = None) -> None:
        with self.signed_in():
            upload_requests.request_post(self.account.actor, upload_id, reason)

    def post(self, data: bytes, mode: Mode = Mode.ADD, **more: Any) -> UUID:
        found = self.preview(data, mode, **more)
        self.agree(found)
        self.work()
        return found

    def withdraw(self, upload_id: UUID) -> None:
        with self.signed_in():
            upload_requests.withdraw(self.account.actor, upload_id)

    def upload_of(self, upload_id: UUID) -> Upload:
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Upload, upload_id)

    def state(self, upload_id: UUID) -> str:
        return self.upload_of(upload_id).state

    def counts(self, upload_id: UUID) -> dict[str, int]:
        """Without what there is none of."""
        return {name: n for name, n in self.upload_of(upload_id).counts.items() if n}

    def lines(self, upload_id: UUID, outcome: str | None = None) -> list[Found]:
        with self.signed_in():
            upload = upload_requests.visible(self.account.actor, upload_id)
            keyring = self.make.settings.keyring()
            return upload_lines.stretch(keyring, upload, outcome, None, 10_000)[0]

    def held(self) -> list[held_requests.ShownHeld]:
        with self.signed_in():
            rows = db.session.scalars(held_requests.held(self.account.actor)).all()
            return held_requests.shown(self.account.actor, self.make.settings.keyring(), rows)

    def hours_x100(self) -> int:
        """All that this provider's ledger holds."""
        db.session.rollback()
        total = db.session.scalar(
            select(func.sum(LedgerEntry.hours_x100)).where(
                LedgerEntry.provider_id == self.account.actor.provider_id
            )
        )
        return total or 0
