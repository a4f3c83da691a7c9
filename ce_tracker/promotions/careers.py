"""Working lives out of the database, as the rules on titles read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from ce_tracker.compliance import policies, units
from ce_tracker.errors import NotFound
from ce_tracker.extensions import current_actor, db
from ce_tracker.policy.before_promotion import HoursBeforePromotion
from ce_tracker.policy.careers import Appointed, Attended, Career, Held, Spell
from ce_tracker.policy.facts import Unit, Year

_ONE = text(
    "SELECT career FROM careers(ARRAY[:person], ARRAY[CAST(:day AS date)], :today, :years_back)"
)
_MANY = text(
    "SELECT professional_id, career FROM careers(CAST(:people AS bigint[]), CAST(:days AS date[]),"
    " :today, :years_back)"
)


def of_person(person_id: int, day: date, today: date) -> Career:
    """Of somebody whom the actor sees, by a record that is merged into no other."""
    if current_actor() is not None:
        found = db.session.scalar(select(func.career_of(person_id, day, today, _years_back())))
    else:
        found = db.session.scalar(
            _ONE,
            {"person": person_id, "day": day, "today": today, "years_back": _years_back()},
        )
    if found is None:
        raise NotFound
    return career(found)


def of_many(
    people: Sequence[int], days: Sequence[date], today: date
) -> Iterator[tuple[int, Career]]:
    """The same, of many at once; in no order. The worker's alone."""
    rows = db.session.execute(
        _MANY,
        {
            "people": list(people),
            "days": list(days),
            "today": today,
            "years_back": _years_back(),
        },
    )
    for person_id, found in rows:
        yield person_id, career(found)


def career(found: dict[str, Any]) -> Career:
    return Career(
        _unit(found["unit"]),
        found["unit"] is not None,
        tuple(
            Held(level, track, series, field, _day(obtained), _maybe(until), name)
            for level, track, series, field, obtained, until, name in found["titles"] or ()
        ),
        tuple(
            Appointed(level, track, _day(begins), _maybe(ends), grassroots)
            for level, track, begins, ends, grassroots in found["appointments"] or ()
        ),
        tuple(
            Attended(entry, title, subject, purpose, series, field, _day(ended), x100, by, kind)
            for entry, title, subject, purpose, series, field, ended, x100, by, kind in (
                found["attended"] or ()
            )
        ),
        tuple(
            Spell(_day(begins), _maybe(ends), rural, township, place, employed, public)
            for begins, ends, rural, township, place, employed, public in found["spells"] or ()
        ),
        {int(year): grade for year, grade in (found["grades"] or {}).items()},
        tuple(_year(*each) for each in found["years"] or ()),
        found["seat"],
    )


def _years_back() -> int:
    """As far as any rule on hours before a promotion looks."""
    years = [
        rule.kind.years
        for pack in policies.current().values()
        for version in pack.versions
        for rule in version.rules
        if isinstance(rule.kind, HoursBeforePromotion)
    ]
    return max(years, default=1)


def _unit(found: dict[str, Any] | None) -> Unit:
    return units.NOWHERE if found is None else units.from_json(found)


def _year(
    year: int,
    general_x100: int,
    specialty_x100: int,
    required_x100: int | None,
    first: str | None,
    last: str | None,
    unit: dict[str, Any] | None,
) -> tuple[Unit, Year]:
    begins, ends = _maybe(first), _maybe(last)
    return _unit(unit), Year(
        year,
        general_x100,
        specialty_x100,
        required_x100,
        employed=unit is not None,
        employed_from=begins if begins and begins > date(year, 1, 1) else None,
        employed_to=ends if ends and ends < date(year, 12, 31) else None,
    )


def _day(found: str) -> date:
    return date.fromisoformat(found)


def _maybe(found: str | None) -> date | None:
    return None if found is None else date.fromisoformat(found)
