"""People who apply for titles, with their employer and the authority beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import act_as, db
from ce_tracker.promotions import applications
from ce_tracker.promotions.models import Application
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import EmployerFact, ServiceSpell, Title
from ce_tracker.registry.models import Professional
from ce_tracker.registry.title_series import load_title_series
from ce_tracker.training.models import TrainingSession
from tests.compliance.world import LONG_AGO
from tests.factories import HUANCUI, Account, Factory
from tests.ledger.world import Ledger, Move
from tests.registry.lists import in_force

FIELD, SISTER = "school-01", "school-02"
OBTAINED = date(2018, 6, 1)


@dataclass
class Applicant:
    """A teacher of Chinese at a school of Huancui that the directory names."""

    make: Factory
    web: Flask
    ledger: Ledger
    own: Account
    school: Account
    authority: Account

    @classmethod
    def comes(
        cls, make: Factory, web: Flask, worker: Flask, region: str = HUANCUI, **unit: Any
    ) -> Applicant:
        load_title_series()
        db.session.commit()
        school = make.account(Role.EMPLOYER, region)
        own = make.account(Role.PROFESSIONAL, region)
        found = cls(
            make, web, Ledger(worker, make), own, school, make.account(Role.AUTHORITY, region)
        )
        said: dict[str, Any] = {
            "level": "county",
            "affiliation": "county",
            "sector": "education",
            "public_institution": True,
        }
        facts.put(
            EmployerFact(
                employer_id=school.actor.employer_id,
                name="实验小学",
                region_path=make.path(region),
                valid_from=LONG_AGO,
                **(said | unit),
            ),
            "test",
        )
        found.works()
        found.is_titled()
        db.session.commit()
        return found

    @property
    def person_id(self) -> int:
        return self.own.actor.professional_id or 0

    @property
    def person(self) -> Professional:
        return db.session.get_one(Professional, self.person_id)

    @property
    def employer_id(self) -> int:
        return self.school.actor.employer_id or 0

    def is_listed(self, since: date = LONG_AGO, *, others: bool = False) -> None:
        """In the directory; or it names others alone."""
        in_force(self.make, HUANCUI, [] if others else [self.employer_id], since)

    def works(self) -> None:
        people.employ(self.person, self.employer_id, "语文组", LONG_AGO, "test")

    def is_titled(self, **changes: Any) -> Title:
        values: dict[str, Any] = {
            "professional_id": self.person_id,
            "level": "intermediate",
            "track": "unified",
            "series_code": "school",
            "field_code": FIELD,
            "name": "一级教师",
            "valid_from": OBTAINED,
        }
        return facts.record(Title(**(values | changes)), "test")

    def serves(self, days: int, *, rural: bool = True, until: date | None = None) -> None:
        ends = until or clock.today()
        facts.record(
            ServiceSpell(
                professional_id=self.person_id,
                region_path=self.make.path(HUANCUI),
                unit="乡镇小学",
                rural=rural,
                township=rural,
                valid_from=ends - timedelta(days),
                valid_to=ends,
            ),
            "test",
        )
        db.session.commit()

    def attends(self, ended: date = date(2026, 3, 6), **columns: Any) -> tuple[int, int]:
        """A specialty training in the field, 40 hours; the session, and the posting."""
        ends = datetime(ended.year, ended.month, ended.day, 17, tzinfo=clock.SHANGHAI)
        session = self.make.session(
            **({"starts_at": ends - timedelta(days=4), "ends_at": ends} | columns)
        )
        move = Move(self.person_id, session.id, 4000, ended)
        return session.id, self.ledger.posts(move, upload_id=self._upload(session))

    def is_reversed(self, session_id: int, ended: date = date(2026, 3, 6)) -> None:
        session = db.session.get_one(TrainingSession, session_id)
        move = Move(self.person_id, session_id, -4000, ended, reason="名单有误")
        self.ledger.posts(move, upload_id=self._upload(session))

    def _upload(self, session: TrainingSession) -> UUID:
        return self.ledger.upload(
            self.own, session, provider_id=session.provider_id, asked_by=session.created_by
        )

    @contextmanager
    def acting(self, who: Account) -> Iterator[None]:
        """As a request of the web server."""
        with self.web.app_context():
            act_as(who.actor)
            yield
            db.session.commit()
            db.session.remove()

    def drafts(self, **wanted: Any) -> int:
        asked = {"target": "associate_senior", "track": "grassroots", "field": FIELD} | wanted
        with self.acting(self.own):
            return applications.draft(self.own.actor, self.person, asked).id

    def is_recommended(self, application_id: int, word: str | None = "已作为推荐条件。") -> None:
        with self.acting(self.school):
            applications.recommend(
                self.make.settings.keyring(),
                self.school.actor,
                applications.visible(self.school.actor, application_id),
                word,
            )

    def submits(self, application_id: int) -> None:
        with self.acting(self.own):
            applications.submit(
                self.make.settings.keyring(),
                self.own.actor,
                applications.visible(self.own.actor, application_id),
            )

    def of(self, application_id: int) -> Application:
        """As it stands, past every scope."""
        db.session.expire_all()
        return db.session.scalars(select(Application).where(Application.id == application_id)).one()
