"""Who acts in the demo, and when: whoever signs in, or somebody who has left since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random

from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.demo import names
from ce_tracker.extensions import act_as, db
from ce_tracker.registry.models import Employer, Region


class Actors:
    """Of regions and employers; and whoever signs in, by their login."""

    def __init__(self, random: Random) -> None:
        self._random = random
        users = db.session.scalars(select(User).where(User.disabled_at.is_(None))).all()
        self._by_login = {user.login: user for user in users}
        self._officials = {
            user.region_path: user
            for user in users
            if user.role == Role.AUTHORITY and user.sector is None
        }
        self._clerks = {user.employer_id: user for user in users if user.role == Role.EMPLOYER}

    def signed_in(self, login: str) -> Actor:
        return _actor(self._by_login[login])

    def official(self, region_path: str) -> Actor:
        user = self._officials.get(region_path)
        if user is None:
            code = region_path.rpartition("/")[2].lower()
            user = self._formerly(f"official-{code}", Role.AUTHORITY, region_path)
            self._officials[region_path] = user
        return _actor(user)

    def clerk(self, employer_id: int) -> Actor:
        user = self._clerks.get(employer_id)
        if user is None:
            path = db.session.get_one(Employer, employer_id).region_path
            user = self._formerly(f"employer-{employer_id}", Role.EMPLOYER, path, employer_id)
            self._clerks[employer_id] = user
        return _actor(user)

    def _formerly(
        self, login: str, role: Role, region_path: str, employer_id: int | None = None
    ) -> User:
        user = User(
            login=login,
            display_name=names.invented(self._random, self._random.random() < 0.4, 1980, ""),
            role=role,
            region_path=region_path,
            employer_id=employer_id,
            must_change_password=False,
            demo=True,
            created_at=clock.now(),
            disabled_at=clock.now(),
        )
        db.session.add(user)
        db.session.flush()
        return user


def _actor(user: User) -> Actor:
    return Actor(
        user_id=user.id,
        login=user.login,
        display_name=user.display_name,
        role=Role(user.role),
        region_path=user.region_path,
        place=_place(user),
        sector=Sector(user.sector) if user.sector else None,
        employer_id=user.employer_id,
        professional_id=user.professional_id,
        demo=True,
    )


def _place(user: User) -> str:
    if user.professional_id is not None:
        return user.display_name
    if user.employer_id is not None:
        return db.session.get_one(Employer, user.employer_id).name
    return db.session.get_one(Region, user.region_path).name


@contextmanager
def at(then: datetime, who: Actor) -> Iterator[None]:
    """At the desk at that moment, or now where it has not come yet."""
    with clock.pinned(min(then, clock.now())):
        act_as(who)
        yield
        act_as(None)
