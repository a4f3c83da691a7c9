"""A verdict on somebody's year, live: from what stands in the database, at any moment since."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.compliance import policies, units
from ce_tracker.errors import NotFound
from ce_tracker.extensions import current_actor, db
from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.judge import Verdict, judge


def verdict(
    person_id: int, year: int, on: date | None = None, moment: datetime | None = None
) -> Verdict:
    """Of somebody whom the actor may see, and of a record that is merged into no other.

    `on`: the day of the judgement; `moment`: as it was known then, by the rules known then.
    """
    if on is None:
        on = clock.today() if moment is None else moment.astimezone(clock.SHANGHAI).date()
    facts = _facts(person_id, year, min(on, date(year, 12, 31)), moment)
    return judge(policies.known_at(moment), _unit(facts), _year(facts, year), on)


def _facts(person_id: int, year: int, day: date, moment: datetime | None) -> dict[str, Any]:
    """The web asks through what shows it nobody else; the worker and the owner see everybody."""
    of = func.year_of if current_actor() is not None else func.circumstances_of
    found = db.session.execute(select(of(person_id, year, day, moment))).scalar_one_or_none()
    if found is None:
        raise NotFound
    facts: dict[str, Any] = found
    return facts


def _unit(facts: dict[str, Any]) -> Unit:
    return units.NOWHERE if facts["region_path"] is None else units.from_json(facts)


def _year(facts: dict[str, Any], year: int) -> Year:
    first, last = (
        facts[name] and date.fromisoformat(facts[name]) for name in ("first_day", "last_day")
    )
    return Year(
        year,
        facts["general_x100"],
        facts["specialty_x100"],
        facts["required_x100"],
        employed=facts["employer_id"] is not None,
        employed_from=first if first and first > date(year, 1, 1) else None,
        employed_to=last if last and last < date(year, 12, 31) else None,
    )
