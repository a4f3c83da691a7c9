"""Arranging a world for a test: units, people, accounts, in one line each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.accounts.models import ApiToken, User
from ce_tracker.accounts.sign_in import digest
from ce_tracker.accounts.tokens import SCOPES
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.extensions import Base, db
from ce_tracker.identity import PLACE
from ce_tracker.jobs import Job
from ce_tracker.registry.models import Employer, Professional, Provider
from ce_tracker.registry.names import pinyin
from ce_tracker.registry.regions import by_code
from ce_tracker.training.models import TrainingSession
from config import Settings

PASSWORD = "correct horse battery 90"

SHANDONG, WEIHAI, HUANCUI, YINCHUAN = "370000", "371000", "371002", "640100"


Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Account:
    user: User
    actor: Actor
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Factory:
    def __init__(self, settings: Settings, first: int = 1) -> None:
        """`first`: of the numbers in names and codes, where others have arranged things before."""
        self.settings = settings
        self._numbers = count(first)

    def path(self, code: str) -> str:
        region = by_code(code)
        assert region is not None, code
        return region.path

    def employer(
        self, region: str = HUANCUI, sector: Sector = Sector.EDUCATION, **columns: Any
    ) -> Employer:
        number = next(self._numbers)
        return self._kept(
            Employer(
                credit_code=f"91TEST{number:012d}",
                name=f"单位{number}",
                pinyin=f"danwei{number} dw{number}",
                region_path=self.path(region),
                sector=sector,
                **columns,
            )
        )

    def provider(
        self, region: str = HUANCUI, sector: Sector = Sector.EDUCATION, **columns: Any
    ) -> Provider:
        number = next(self._numbers)
        return self._kept(
            Provider(
                credit_code=f"52TEST{number:012d}",
                name=f"基地{number}",
                pinyin=f"jidi{number} jd{number}",
                region_path=self.path(region),
                sector=sector,
                **columns,
            )
        )

    def professional(self, name: str = "王晓岚", **columns: Any) -> Professional:
        number = f"37100219900101{next(self._numbers):04d}".encode()
        keyring = self.settings.keyring()
        return self._kept(
            Professional(
                name=name,
                pinyin=pinyin(name),
                id_kind="resident",
                id_tail=number[-4:].decode(),
                id_number_sealed=keyring.seal(number, PLACE),
                id_number_index=keyring.index(number, PLACE),
                **columns,
            )
        )

    def account(
        self,
        role: Role,
        region: str = HUANCUI,
        sector: Sector | None = None,
        *,
        first_password: bool = False,
    ) -> Account:
        """An account with a unit of its own and a token that may do everything."""
        name = f"{role}-{next(self._numbers)}"
        user = open_account(
            name,
            f"用户{name}",
            PASSWORD,
            Binding(
                role,
                self.path(region),
                sector=sector,
                provider_id=self.provider(region).id if role is Role.PROVIDER else None,
                employer_id=self.employer(region).id if role is Role.EMPLOYER else None,
                professional_id=self.professional().id if role is Role.PROFESSIONAL else None,
            ),
        )
        user.must_change_password = first_password
        db.session.commit()
        facts = db.session.execute(select(func.enter_as(user.id))).scalar_one()
        db.session.commit()
        return Account(user, Actor.from_facts(facts), self.token(user))

    def token(
        self,
        user: User,
        scopes: tuple[str, ...] = tuple(SCOPES),
        life: timedelta = timedelta(days=1),
    ) -> str:
        secret = f"ce_test_{next(self._numbers)}_{user.id}"
        self._kept(
            ApiToken(
                digest=digest(secret),
                prefix=secret[:10],
                user_id=user.id,
                name="测试",
                scopes=list(scopes),
                created_at=clock.now(),
                expires_at=clock.now() + life,
            )
        )
        return secret

    def session(self, by: Account | None = None, **columns: Any) -> TrainingSession:
        """Published: five days on site in March, 40 hours of a specialty, for teachers of Chinese;
        held by an account's provider, or by one of its own."""
        by = by or self.account(Role.PROVIDER)
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "provider_id": by.actor.provider_id,
            "provider_name": by.actor.place,
            "code": f"2026-{number:04d}",
            "title": f"培训班{number}",
            "course": "统编教材的单元教学",
            "subject": "specialty",
            "series_code": "school",
            "field_code": "school-01",
            "purpose": "ordinary",
            "form": "class",
            "online": False,
            "place": "一号楼报告厅",
            "starts_at": datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI),
            "ends_at": datetime(2026, 3, 6, 17, tzinfo=clock.SHANGHAI),
            "hours_x100": 4000,
            "state": "published",
            "created_by": by.user.id,
            "created_at": datetime(2026, 2, 2, 9, tzinfo=clock.SHANGHAI),
        }
        values = defaults | columns
        if values["state"] != "draft":
            values = {"published_at": values["created_at"]} | values
        return self._kept(TrainingSession(**values))

    def job(self, kind: str = "tidy", **columns: Any) -> Job:
        now = clock.now()
        defaults: dict[str, Any] = {
            "key": f"key-{next(self._numbers)}",
            "payload": {},
            "due_at": now,
            "created_at": now,
        }
        return self._kept(Job(kind=kind, **(defaults | columns)))

    def _kept(self, row: Row) -> Row:
        db.session.add(row)
        db.session.commit()
        return row
