"""One employer with people in departments, with titles and hours; and looking at it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.title_series import load_title_series
from tests.api.asking import Asker, described, employed, titled
from tests.compliance.world import World
from tests.factories import Account, Factory
from tests.ledger.world import Ledger, Move

AUTUMN = datetime(2026, 9, 30, 12, tzinfo=clock.SHANGHAI)
LAST, THIS = 2025, 2026


@dataclass
class Staff:
    make: Factory
    web: Flask
    worker: Flask
    account: Account

    @classmethod
    def of_a_school(cls, make: Factory, web: Flask, worker: Flask) -> Staff:
        load_title_series()
        account = make.account(Role.EMPLOYER)
        staff = cls(make, web, worker, account)
        described(staff.unit)
        return staff

    @property
    def unit(self) -> Employer:
        return db.session.get_one(Employer, self.account.actor.employer_id)

    @property
    def asker(self) -> Asker:
        return Asker(self.web, self.account)

    @property
    def path(self) -> str:
        return f"/employers/{self.account.actor.employer_id}/compliance"

    def joins(
        self, name: str, department: str | None = "数学组", title: dict[str, Any] | None = None
    ) -> Professional:
        person = employed(self.make, self.account.actor.employer_id or 0, name, department)
        if title is not None:
            titled(person, **title)
        return person

    def has(self, person: Professional, year: int, general: int, specialty: int) -> None:
        """In hundredths."""
        World(self.make, self.worker).has(person.id, year, general, specialty)
        db.session.commit()

    def night(self, year: int, day: date) -> None:
        World(self.make, self.worker).night(year, day)

    def learnt(self, person: Professional, day: date, hours_x100: int, **session: Any) -> None:
        """By the ledger's own road."""
        base, ledger = self.make.account(Role.PROVIDER), Ledger(self.worker, self.make)
        moment = datetime(day.year, day.month, day.day, 9, tzinfo=clock.SHANGHAI)
        values = {"starts_at": moment, "ends_at": moment.replace(hour=17)} | session
        result = values.pop("result", None)
        held = self.make.session(base, **values)
        ledger.posts(
            Move(person.id, held.id, hours_x100, finished_on=day, result=result),
            upload_id=ledger.upload(base),
        )
