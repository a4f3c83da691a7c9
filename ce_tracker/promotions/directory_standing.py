"""Where a unit stands by the directory, and where a region's counties stand with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, literal, select

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.extensions import db
from ce_tracker.promotions import directory_duties
from ce_tracker.registry.directories import (
    Directory,
    DirectoryInForce,
    DirectoryLine,
    DirectoryState,
)
from ce_tracker.registry.models import Employer, Region, RegionLevel

HANDED_IN = (DirectoryState.FILED, DirectoryState.APPROVED)


@dataclass(frozen=True)
class Named:
    """By the list that is in force where the unit lies."""

    directory: Directory
    region: str
    named: bool
    since: date
    """Since when without a break it is named, or is not."""


@dataclass(frozen=True)
class County:
    region: Region
    latest: Directory | None
    """Of the year; nothing: not begun."""
    due: date | None

    @property
    def handed_in(self) -> bool:
        return self.latest is not None and (
            self.latest.state in HANDED_IN or self.latest.edition > 1
        )


def by_directory(unit: Employer) -> bool:
    """Whether it matters there at all."""
    return directory_duties.by_directory(unit.region_path, clock.today())


def standing_of(unit: Employer, day: date) -> Named | None:
    """Nothing: its county has no list in force."""
    named = exists().where(
        DirectoryLine.directory_id == DirectoryInForce.directory_id,
        DirectoryLine.employer_id == unit.id,
    )
    spans = db.session.execute(
        select(DirectoryInForce, named)
        .where(
            func.starts_with(literal(unit.region_path + "/"), DirectoryInForce.region_path + "/"),
            DirectoryInForce.known_at(),
            DirectoryInForce.valid_from <= day,
        )
        .order_by(DirectoryInForce.valid_from.desc())
    ).all()
    if not spans or not (spans[0][0].valid_to is None or spans[0][0].valid_to > day):
        return None
    current, is_named = spans[0]
    since = current.valid_from
    for span, was_named in spans[1:]:
        if span.valid_to != since or was_named != is_named:
            break
        since = span.valid_from
    directory = db.session.get_one(Directory, current.directory_id)
    region = db.session.get_one(Region, current.region_path)
    return Named(directory, region.name, is_named, since)


def counties(actor: Actor, year: int) -> list[County]:
    """Which counties and zones in charge have handed in their list of a year."""
    day = min(clock.today(), date(year, 12, 31))
    regions = db.session.scalars(
        select(Region)
        .where(
            Region.level.in_([RegionLevel.COUNTY, RegionLevel.ZONE]),
            func.starts_with(Region.path, actor.region_path),
            Region.holds_on(day),
        )
        .order_by(Region.path)
    ).all()
    latest: dict[str, Directory] = {}
    for found in db.session.scalars(
        select(Directory)
        .where(Directory.in_charge_of(actor), Directory.year == year)
        .order_by(Directory.edition)
    ):
        latest[found.region_path] = found
    return [
        County(region, latest.get(region.path), directory_duties.due(region.path, day))
        for region in regions
        if directory_duties.by_directory(region.path, day)
    ]
