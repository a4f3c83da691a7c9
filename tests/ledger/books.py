"""The provider's desk with the ledger open beside it: lines in, hours out."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, text

from ce_tracker import jobs
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry, Standing
from ce_tracker.ledger.uploads import Mode, Outcome, ShownLine, UploadPage, opened_page
from ce_tracker.registry.title_series import load_title_series
from tests.factories import Factory
from tests.ledger.desk import ProviderDesk
from tests.registry.desk import Cells, xlsx

HEADER = ("姓名", "身份证号", "学时")


class Books(ProviderDesk):
    @classmethod
    def of_session(cls, make: Factory, web: Flask, worker: Flask, **session: Any) -> Self:
        load_title_series()
        db.session.commit()
        account = make.account(Role.PROVIDER)
        return cls(make, web, worker, account, make.session(account, **session).id)

    def register(self, name: str, number: str) -> int:
        return self.registered(name, number).id

    def read(self, *rows: Cells, mode: Mode = Mode.ADD, of_many: bool = False) -> UUID:
        """The list is looked at; nothing is posted."""
        return self.preview(xlsx(*rows), mode, of_many=of_many)

    def enter(self, *rows: Cells, mode: Mode = Mode.ADD, of_many: bool = False) -> UUID:
        """The list is posted without being looked at."""
        return self.preview(xlsx(*rows), mode, of_many=of_many, post=True)

    def say_yes(self, upload_id: UUID, reason: str | None = None) -> None:
        self.agree(upload_id, reason)
        self.work()

    def tonight(self, kind: str) -> None:
        """The night's job, now."""
        with self.worker.app_context():
            jobs.ask(kind, f"night {db.session.scalar(select(func.uuidv7()))}")
            db.session.commit()
            db.session.remove()
        self.work()

    def kept(self, upload_id: UUID, outcome: Outcome) -> list[ShownLine]:
        keyring = self.make.settings.keyring()
        sealed = db.session.scalars(
            select(UploadPage.lines_sealed)
            .where(UploadPage.upload_id == upload_id, UploadPage.outcome == outcome)
            .order_by(UploadPage.page)
        )
        return [line for page in sealed for line in opened_page(keyring, page)]

    def hours(self, person: int, year: int = 2026) -> tuple[int, int]:
        """General and specialty, in hundredths, as the standing says."""
        db.session.rollback()
        db.session.expire_all()
        standing = db.session.get(Standing, (person, year))
        return (standing.general_x100, standing.specialty_x100) if standing else (0, 0)

    def entries(self, person: int) -> list[tuple[int, int, int]]:
        """Year, revision, hours."""
        db.session.rollback()
        found = db.session.execute(
            select(LedgerEntry.year, LedgerEntry.revision, LedgerEntry.hours_x100)
            .where(LedgerEntry.professional_id == person)
            .order_by(LedgerEntry.year, LedgerEntry.revision)
        )
        return [(year, revision, hours) for year, revision, hours in found]

    def postings(self) -> int:
        db.session.rollback()
        return int(db.session.scalar(text("SELECT count(*) FROM postings")) or 0)
