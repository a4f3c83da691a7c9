"""What a year may come to by 31 December: an estimate, and never a verdict.

The hours so far, and the median of what the same person earned in the rest of each of the last two
years, after the same day. The median of two is their mean; a year in which nothing was earned
counts as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, func, literal, literal_column, or_, select

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.compliance import employers, rulesets
from ce_tracker.compliance.employers import Night
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.policy.words import Outcome
from ce_tracker.policy.yearly import Ruleset
from ce_tracker.training.models import Subject

YEARS = 2
_THE_RULES = 1
"""The number that the one set of rules gets here."""


@dataclass(frozen=True)
class Expected:
    """Of how many people what is expected."""

    on: date
    met: int
    short: int
    exempt: int
    undetermined: int


def expected(actor: Actor, employer_id: int, night: Night) -> Expected | None:
    """Of the running year alone."""
    if not night.running:
        return None
    found = forecast(actor, employers.people(actor, employer_id, night), employer_id, night)
    counted: dict[str, int] = dict(
        db.session.execute(select(found.c.outcome, func.count()).group_by(found.c.outcome)).all()
    )
    return Expected(
        _last_day(night),
        *(
            counted.get(each, 0)
            for each in (Outcome.MET, Outcome.SHORT, Outcome.EXEMPT, Outcome.UNDETERMINED)
        ),
    )


def forecast(actor: Actor, everybody: CTE, employer_id: int, night: Night) -> CTE:
    """Of each, the hours that are expected, and what they would mean."""
    rest = _rest_of_years(actor, everybody)
    hours = (
        select(
            everybody.c.id,
            _with_half(everybody.c.general_x100, rest.c.general_x100).label("general_x100"),
            _with_half(everybody.c.specialty_x100, rest.c.specialty_x100).label("specialty_x100"),
            literal(0).label("other_general_x100"),
            literal(0).label("other_specialty_x100"),
            everybody.c.required_x100,
            literal(_THE_RULES).label("ruleset"),
        )
        .outerjoin_from(everybody, rest, rest.c.whose == everybody.c.id)
        .cte("hours_expected")
    )
    bits = _bits(hours, employers.rules_of(employer_id, _last_day(night)))
    return select(
        bits.c.id,
        bits.c.general_x100,
        bits.c.specialty_x100,
        employers.outcome(bits.c, over=False).label("outcome"),
    ).cte("forecast")


def _bits(hours: CTE, rules: Ruleset) -> CTE:
    """The night's own reading of the rules, over hours that are only expected."""
    of = {_THE_RULES: rules}
    return select(
        hours.c.id,
        hours.c.general_x100,
        hours.c.specialty_x100,
        hours.c.required_x100,
        literal_column(rulesets.broken(of)).label("broken"),
        literal_column(rulesets.doubtful(of)).label("doubtful"),
    ).cte("expected_bits")


def _rest_of_years(actor: Actor, everybody: CTE) -> CTE:
    """What each earned after this day of the year in the years before, all of them together."""
    own = employers.records(everybody, "learning_records")
    today = clock.today()
    after = or_(
        *(
            and_(LedgerEntry.year == year, LedgerEntry.finished_on > _same_day(today, year))
            for year in range(today.year - YEARS, today.year)
        )
    )
    return (
        select(
            own.c.whose,
            _of(Subject.GENERAL).label("general_x100"),
            _of(Subject.SPECIALTY).label("specialty_x100"),
        )
        .join(LedgerEntry, LedgerEntry.professional_id == own.c.record)
        .where(after, LedgerEntry.visible_to(actor))
        .group_by(own.c.whose)
        .cte("rest")
    )


def _of(subject: Subject) -> ColumnElement[Any]:
    return func.sum(LedgerEntry.hours_x100).filter(LedgerEntry.subject == subject)


def _with_half(so_far: ColumnElement[int], rest: ColumnElement[int]) -> ColumnElement[int]:
    return so_far + func.div(func.coalesce(rest, 0), YEARS).cast(so_far.type)


def _same_day(day: date, year: int) -> date:
    """Of 29 February, the 28th."""
    return (
        day.replace(year=year, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=year)
    )


def _last_day(night: Night) -> date:
    return date(night.year, 12, 31)
