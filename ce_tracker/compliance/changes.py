"""What a sweep changed since the one before: which flags it opened and closed, of whom.

Counted where the flags are, once for each rule, place and sector; what is shown is added up from
that. Whoever asks sees what lies in their charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select

from ce_tracker.actor import Actor, Sector
from ce_tracker.compliance.models import Flag, Sweep
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db
from ce_tracker.policy.rules import YEARLY
from ce_tracker.registry import regions
from ce_tracker.registry.items import numbered
from ce_tracker.registry.models import Professional


class Changed(NamedTuple):
    key: str
    label: str
    opened: int
    closed: int


@dataclass(frozen=True)
class Report:
    sweep: Sweep
    before: Sweep | None
    opened: int
    closed: int
    """In the charge of whoever asks."""
    by_rule: list[Changed]
    by_county: list[Changed]
    by_sector: list[Changed]


class Person(NamedTuple):
    """One flag that moved, and whose it is."""

    flag: Flag
    person: Professional
    opened: bool


def visible_sweep(sweep_id: int) -> Sweep:
    found = db.session.get(Sweep, numbered(sweep_id))
    if found is None:
        raise NotFound
    return found


def report(actor: Actor, of: Sweep) -> Report:
    rows = db.session.execute(
        select(
            Flag.rule,
            Professional.region_path,
            Professional.sector,
            func.count().filter(Flag.opened_by == of.id),
            func.count().filter(Flag.closed_by == of.id),
        )
        .join(Professional, Professional.id == Flag.professional_id)
        .where(_moved_by(of), Professional.visible_to(actor))
        .group_by(Flag.rule, Professional.region_path, Professional.sector)
    ).all()
    names = place_names(actor, {row.region_path for row in rows})
    return Report(
        of,
        _before(of),
        sum(row[3] for row in rows),
        sum(row[4] for row in rows),
        _added_up((YEARLY[row.rule].name, YEARLY[row.rule].label, *row[3:]) for row in rows),
        _added_up(
            (row.region_path.rpartition("/")[2], names[row.region_path], *row[3:]) for row in rows
        ),
        _added_up((row.sector or "", sector_name(row.sector), *row[3:]) for row in rows),
    )


def moved(actor: Actor, of: Sweep) -> Select[Flag]:
    """The flags that it opened or closed, of people in the actor's charge."""
    return select(Flag).where(_moved_by(of), Flag.visible_to(actor))


def people(of: Sweep, flags: Sequence[Flag]) -> list[Person]:
    ids = {flag.professional_id for flag in flags}
    found = {
        person.id: person
        for person in db.session.scalars(select(Professional).where(Professional.id.in_(ids)))
    }
    return [Person(flag, found[flag.professional_id], flag.opened_by == of.id) for flag in flags]


def place_names(actor: Actor, paths: Iterable[str]) -> dict[str, str]:
    """What lies in the actor's charge, called from there downward."""
    wanted = set(paths)
    names = regions.names(wanted)
    depth = actor.region_path.count("/") + 1
    called = {}
    for path in wanted:
        codes = path.split("/")
        called[path] = "".join(names.get(code, code) for code in codes[depth:] or codes[-1:])
    return called


def sector_name(sector: str | None) -> str:
    return Sector(sector).label if sector in set(Sector) else "未登记行业"


def _moved_by(of: Sweep) -> Any:
    return (Flag.year == of.year) & or_(Flag.opened_by == of.id, Flag.closed_by == of.id)


def _added_up(rows: Iterable[tuple[str, str, int, int]]) -> list[Changed]:
    sums: dict[str, Changed] = {}
    for key, label, opened, closed in rows:
        so_far = sums.get(key, Changed(key, label, 0, 0))
        sums[key] = Changed(key, label, so_far.opened + opened, so_far.closed + closed)
    return sorted(sums.values())


def _before(of: Sweep) -> Sweep | None:
    return db.session.scalar(
        select(Sweep)
        .where(Sweep.year == of.year, Sweep.id < of.id, Sweep.finished_at.is_not(None))
        .order_by(Sweep.id.desc())
        .limit(1)
    )
