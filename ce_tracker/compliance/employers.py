"""One employer's year: how many keep the rules, by department and title, and who is short of what.

As the last night found it: standings say of whom they are and what is broken, so that the whole
picture is one statement, however many people there are. It counts those who worked here on the day
that was judged; the database counts them (`employer_year`), since the reader may no longer see them
all. Named are only those whom the reader may see now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    SmallInteger,
    Text,
    and_,
    case,
    column,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import distinct_on

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.compliance import policies, units
from ce_tracker.compliance.models import RulesetRow, Sweep
from ce_tracker.extensions import db
from ce_tracker.ledger.models import Standing
from ce_tracker.policy import facts
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.words import Outcome
from ce_tracker.policy.yearly import Ruleset, ruleset
from ce_tracker.registry.dated import EmployerFact, Employment, Title, TitleLevel
from ce_tracker.registry.models import Employer, Professional

BROKEN = (Outcome.SHORT, Outcome.FAILED)
_COUNTED: tuple[ColumnElement[Any], ...] = (
    *(column(name, Text) for name in ("department", "series_code", "level")),
    *(column(name, SmallInteger) for name in ("broken", "doubtful")),
    *(column(name, Integer) for name in ("required_x100", "people")),
)
_HIGHEST_LAST = {level.value: place for place, level in enumerate(TitleLevel)}


@dataclass(frozen=True)
class Night:
    """What the picture of a year rests on."""

    year: int
    swept_at: datetime | None
    """Nothing: the year was never looked at."""
    day: date
    """Whose rules and employments decided."""

    @property
    def over(self) -> bool:
        return clock.today().year > self.year

    @property
    def running(self) -> bool:
        return clock.today().year == self.year


def last_night(year: int) -> Night:
    found = db.session.execute(
        select(Sweep.finished_at, Sweep.day)
        .where(Sweep.year == year, Sweep.finished_at.is_not(None))
        .order_by(Sweep.id.desc())
        .limit(1)
    ).one_or_none()
    swept_at, day = (None, clock.today()) if found is None else found
    return Night(year, swept_at, min(day, date(year, 12, 31)))


@dataclass(frozen=True)
class Counts:
    people: int = 0
    met: int = 0
    short: int = 0
    failed: int = 0
    exempt: int = 0
    undetermined: int = 0


@dataclass(frozen=True)
class Picture:
    totals: Counts
    departments: Sequence[tuple[str | None, Counts]]
    series: Sequence[tuple[str | None, Counts]]
    levels: Sequence[tuple[str | None, Counts]]
    """Of each, nothing as its name: none is registered."""
    broken: Sequence[tuple[str, int]]
    """Of how many people each yearly rule is broken."""
    unnamed: int
    """Of all, those whom the reader may not see now: they have left."""


def picture(actor: Actor, employer_id: int, night: Night) -> Picture:
    counted = func.employer_year(employer_id, night.year, night.day).table_valued(*_COUNTED)
    part = (counted.c.department, counted.c.series_code, counted.c.level)
    found = outcome(counted.c, over=night.over)
    rows = db.session.execute(
        select(
            func.grouping(*part).label("summed"),
            *part,
            _how_many(counted, true()).label("people"),
            *(_how_many(counted, found == each).label(each) for each in Outcome),
            *(
                _how_many(counted, counted.c.broken.op("&")(1 << kind.number) != 0).label(kind.name)
                for kind in YEARLY
            ),
        )
        .group_by(func.grouping_sets(tuple_(), *(tuple_(each) for each in part)))
        .order_by(counted.c.department.nulls_last(), counted.c.series_code.nulls_last())
    ).all()
    whole = next(row for row in rows if row.summed == _summed())

    def by(name: str) -> list[tuple[str | None, Counts]]:
        at = _summed(("department", "series_code", "level").index(name))
        return [(getattr(row, name), _counts(row)) for row in rows if row.summed == at]

    return Picture(
        _counts(whole),
        by("department"),
        by("series_code"),
        sorted(by("level"), key=lambda each: _HIGHEST_LAST.get(each[0] or "", -1), reverse=True),
        [(kind.name, getattr(whole, kind.name)) for kind in YEARLY if getattr(whole, kind.name)],
        whole.people - _named(actor, employer_id, night),
    )


def _named(actor: Actor, employer_id: int, night: Night) -> int:
    seen = people(actor, employer_id, night)
    return db.session.scalar(select(func.count()).select_from(seen)) or 0


def _summed(kept: int | None = None) -> int:
    """What `GROUPING` says of a row in which only this one of the three is told apart."""
    return sum(1 << (2 - place) for place in range(3) if place != kept)


def _counts(row: Any) -> Counts:
    return Counts(row.people, *(getattr(row, each.value) for each in Outcome))


def _how_many(counted: Any, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(counted.c.people).filter(condition), 0).cast(BigInteger)


def people(actor: Actor, employer_id: int, night: Night) -> CTE:
    """Everybody whom the night judged at this employer, each once: records that are part of
    another are judged by no rules."""
    at_work = and_(
        Employment.professional_id == Professional.id,
        Employment.employer_id == employer_id,
        Employment.known_at(),
        Employment.holds_on(night.day),
    )
    # Before there were any rules, nothing was owed.
    owed = case((func.cardinality(RulesetRow.versions) == 0, 0), else_=Standing.required_x100)
    return (
        select(
            Professional.id,
            Professional.name,
            Professional.id_tail,
            Professional.pinyin,
            Employment.department,
            (Standing.general_x100 + Standing.other_general_x100).label("general_x100"),
            (Standing.specialty_x100 + Standing.other_specialty_x100).label("specialty_x100"),
            owed.label("required_x100"),
            Standing.broken,
            Standing.doubtful,
            outcome(Standing, over=night.over, owed_x100=owed).label("outcome"),
        )
        .join(RulesetRow, RulesetRow.id == Standing.ruleset)
        .join(Professional, Professional.id == Standing.professional_id)
        .outerjoin(Employment, at_work)
        .where(
            Standing.employer_id == employer_id,
            Standing.year == night.year,
            Standing.ruleset != 0,
            Professional.merged_into.is_(None),
            Professional.visible_to(actor),
        )
        .cte("people")
    )


def outcome(
    s: Any, *, over: bool, owed_x100: ColumnElement[int] | None = None
) -> ColumnElement[str]:
    """Of a standing's columns, the same word as `judge` finds: the worst first."""
    owed = s.required_x100 if owed_x100 is None else owed_x100
    broken = (s.broken != 0, Outcome.FAILED.value if over else Outcome.SHORT.value)
    doubtful = (s.doubtful != 0, Outcome.UNDETERMINED.value)
    worst = (broken, doubtful) if over else (doubtful, broken)
    return case((owed <= 0, Outcome.EXEMPT.value), *worst, else_=Outcome.MET.value)


def titles(everybody: CTE, day: date) -> CTE:
    """The highest that each holds on the day, the latest of equal ones."""
    own = records(everybody, "titled_records")
    return (
        select(own.c.whose, Title.series_code, Title.level, Title.name)
        .join(Title, Title.professional_id == own.c.record)
        .where(Title.known_at(), Title.holds_on(day))
        .ext(distinct_on(own.c.whose))
        .order_by(
            own.c.whose,
            case(_HIGHEST_LAST, value=Title.level).desc(),
            Title.valid_from.desc(),
            Title.id.desc(),
        )
        .cte("held")
    )


def records(everybody: CTE, name: str) -> CTE:
    """Each person's own record, and those that were merged into it."""
    merged = select(Professional.id, Professional.merged_into).join(
        everybody, Professional.merged_into == everybody.c.id
    )
    own = select(everybody.c.id.label("record"), everybody.c.id.label("whose"))
    return own.union_all(merged).cte(name)


def rules_of(employer_id: int, day: date) -> Ruleset:
    """By which an employer's people are judged, as the rules and the unit are known today."""
    at_that_time = and_(
        EmployerFact.employer_id == Employer.id,
        EmployerFact.known_at(),
        EmployerFact.holds_on(day),
    )
    region_path = func.coalesce(EmployerFact.region_path, Employer.region_path)
    row = db.session.execute(
        select(
            region_path,
            EmployerFact.level,
            EmployerFact.affiliation,
            EmployerFact.sector,
            EmployerFact.public_institution,
            func.in_directory(Employer.id, region_path, day, None),
        )
        .select_from(Employer)
        .outerjoin(EmployerFact, at_that_time)
        .where(Employer.id == employer_id)
    ).one()
    return ruleset(policies.current(), units.unit(*row), day)


def missing(rules: Ruleset, row: Any) -> list[tuple[str, int]]:
    """Of each rule that somebody broke, its name and the hours that are missing by now."""
    standing = facts.Standing(row.general_x100, row.specialty_x100, row.required_x100)
    return [
        (asked.possible[-1].name, asked.possible[-1].missing(standing))
        for asked in rules.asked
        if row.broken & (1 << asked.number)
    ]


def doubtful(row: Any) -> list[str]:
    return [kind.name for kind in YEARLY if row.doubtful & (1 << kind.number)]
