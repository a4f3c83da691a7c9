"""Directories of grassroots units laid down as rows, past the way that they usually go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from random import Random

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.extensions import db
from ce_tracker.registry import facts
from ce_tracker.registry.directories import (
    Directory,
    DirectoryInForce,
    DirectoryLine,
    DirectoryState,
    DirectoryStep,
    StepKind,
)
from ce_tracker.registry.models import Employer
from tests.factories import Factory


def drafted(make: Factory, region: str, employers: Iterable[int], year: int = 2026) -> Directory:
    path, now = make.path(region), clock.now()
    before = db.session.scalar(
        select(func.max(Directory.edition)).where(
            Directory.region_path == path, Directory.year == year
        )
    )
    found = Directory(
        region_path=path,
        year=year,
        edition=(before or 0) + 1,
        state=DirectoryState.DRAFT,
        created_at=now,
        state_since=now,
    )
    db.session.add(found)
    db.session.flush()
    for place, unit in enumerate(employers, 1):
        name = db.session.get_one(Employer, unit).name
        db.session.add(
            DirectoryLine(directory_id=found.id, place=place, name=name, employer_id=unit)
        )
    db.session.flush()
    return found


def filed(found: Directory) -> Directory:
    found.state = DirectoryState.FILED
    db.session.flush()
    return found


def approved(found: Directory, since: date) -> Directory:
    filed(found)
    found.state, found.in_force_from = DirectoryState.APPROVED, since
    db.session.flush()
    return found


def in_force(make: Factory, region: str, employers: Iterable[int], since: date) -> Directory:
    """A list of that day's year that names these units, from that day on."""
    found = approved(drafted(make, region, employers, since.year), since)
    _believed(found, since)
    db.session.commit()
    return found


def scattered_lists(make: Factory, paths: list[str], users: Sequence[User], random: Random) -> None:
    """For tests of who sees what: lists of every state in many places, with lines and steps."""
    now = clock.now()
    for path in paths:
        for state in DirectoryState:
            found = drafted(
                make, path.rpartition("/")[2], [], 2020 + list(DirectoryState).index(state)
            )
            db.session.add(DirectoryLine(directory_id=found.id, place=1, name="卫生院"))
            db.session.add(
                DirectoryStep(
                    directory_id=found.id,
                    at=now,
                    actor_id=random.choice(users).id,
                    actor_name="x",
                    what=StepKind.DRAFTED,
                )
            )
            db.session.flush()
            if state == DirectoryState.APPROVED:
                approved(found, date(2023, 1, 1))
                _believed(found, date(2023, 1, 1))
            elif state != DirectoryState.DRAFT:
                filed(found).state = state
    db.session.flush()


def _believed(found: Directory, since: date) -> None:
    facts.put(
        DirectoryInForce(
            region_path=found.region_path, directory_id=found.id, valid_from=since, valid_to=None
        ),
        "test",
    )
