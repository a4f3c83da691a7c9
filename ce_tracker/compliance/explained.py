"""A verdict with whose it is, by which versions of the rules, and the flags that the nights opened
and closed: what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.compliance.models import Flag
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.policy import telling
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Professional

RULES = {kind.number: kind for kind in YEARLY}


def explained(
    actor: Actor, person: Professional, year: int, moment: datetime | None = None
) -> dict[str, Any]:
    """Of somebody whom the actor may see; as known at a moment, or as known."""
    found = verdict(person.id, year, moment=moment)
    return telling.verdict(found) | {
        "person": {"id": person.id, "name": person.name, "id_tail": person.id_tail},
        "year": year,
        "day": found.day,
        "as_of": moment,
        "policy": list(found.policy),
        "flags": [_flag(each, moment) for each in flags(actor, person, year, moment)],
    }


def flags(
    actor: Actor, person: Professional, year: int, moment: datetime | None = None
) -> Sequence[Flag]:
    """Opened by that moment, whether closed since or not; the oldest first."""
    asked = select(Flag).where(
        Flag.visible_to(actor), Flag.professional_id == person.id, Flag.year == year
    )
    if moment is not None:
        asked = asked.where(Flag.opened_at <= moment)
    return db.session.scalars(asked.order_by(Flag.opened_at, Flag.rule)).all()


def is_open(flag: Flag, moment: datetime | None = None) -> bool:
    return flag.closed_at is None or (moment is not None and flag.closed_at > moment)


def _flag(flag: Flag, moment: datetime | None) -> dict[str, Any]:
    still_open = is_open(flag, moment)
    return {
        "rule": RULES[flag.rule].name,
        "outcome": _then(flag, moment).value,
        "open": still_open,
        "opened_on": flag.opened_on,
        "closed_on": None if still_open else flag.closed_on,
    }


def _then(flag: Flag, moment: datetime | None) -> Outcome:
    if moment is None:
        return flag.outcome
    over = moment.astimezone(clock.SHANGHAI).year > flag.year
    return Outcome.FAILED if over else Outcome.SHORT
