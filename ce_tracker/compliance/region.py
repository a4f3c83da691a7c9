"""An authority's year: how many keep the rules, place by place and sector by sector, and who gave
the hours.

As the last night found it, like an employer's picture; one statement counts everybody in charge,
and what is shown is added up from its few hundred rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, literal, select

from ce_tracker.actor import Actor
from ce_tracker.compliance.changes import place_names, sector_name
from ce_tracker.compliance.employers import Counts, Night, outcome
from ce_tracker.extensions import db
from ce_tracker.ledger.models import Standing
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Employer, Professional


class Part(NamedTuple):
    key: str
    """A region's code, or a sector."""
    label: str
    counts: Counts


@dataclass(frozen=True)
class Picture:
    totals: Counts
    counties: list[Part]
    sectors: list[Part]


class OfEmployer(NamedTuple):
    id: int
    name: str
    counts: Counts


class Given(NamedTuple):
    """What people in charge were given by one provider, in hundredths."""

    id: int
    name: str
    people: int
    general_x100: int
    specialty_x100: int


def picture(actor: Actor, night: Night) -> Picture:
    """Of everybody whom the night judged, each once: records that are part of another are not.
    Whoever worked nowhere on that day is among those of whom nothing was asked."""
    rows: Any = db.session.execute(
        _judged(actor, night, Professional.region_path, Professional.sector)
    ).all()
    names = place_names(actor, {row.region_path for row in rows})
    counted = [(row.region_path, row.sector, Counts(*row[2:])) for row in rows]
    return Picture(
        _sum(counts for _, _, counts in counted),
        _parts((path.rpartition("/")[2], names[path], counts) for path, _, counts in counted),
        _parts((sector or "", sector_name(sector), counts) for _, sector, counts in counted),
    )


def most_short(actor: Actor, night: Night, limit: int) -> list[OfEmployer]:
    """The employers in charge with the most people who have not kept the rules."""
    counted = _judged(actor, night, Standing.employer_id).cte("counted")
    short = counted.c[Outcome.SHORT.value] + counted.c[Outcome.FAILED.value]
    rows: Any = db.session.execute(
        select(Employer.id, Employer.name, *list(counted.c)[1:])
        .join(counted, counted.c.employer_id == Employer.id)
        .where(Employer.visible_to(actor), short > 0)
        .order_by(short.desc(), Employer.id)
        .limit(limit)
    ).all()
    return [OfEmployer(row.id, row.name, Counts(*row[2:])) for row in rows]


def _judged(actor: Actor, night: Night, *part: Any) -> Select[Any]:
    """How many people of each outcome, for each of what they are told apart by."""
    found = case(
        (Standing.ruleset == 0, literal(Outcome.EXEMPT.value)),
        else_=outcome(Standing, over=night.over),
    )
    return (
        select(
            *part,
            func.count().label("people"),
            *(func.count().filter(found == each.value).label(each) for each in Outcome),
        )
        .join(Professional, Professional.id == Standing.professional_id)
        .where(
            Standing.year == night.year,
            Standing.ruleset.is_not(None),
            Professional.merged_into.is_(None),
            Professional.visible_to(actor),
        )
        .group_by(*part)
    )


def by_provider(year: int) -> list[Given]:
    """In the charge of whoever is asking; the most hours first."""
    given = func.hours_by_provider(year).table_valued(
        "id", "name", "people", "general_x100", "specialty_x100"
    )
    return [Given(*row) for row in db.session.execute(select(given))]


def _parts(rows: Iterable[tuple[str, str, Counts]]) -> list[Part]:
    found: dict[str, Part] = {}
    for key, label, counts in rows:
        so_far = found.get(key, Part(key, label, Counts()))
        found[key] = Part(key, label, _sum((so_far.counts, counts)))
    return [found[key] for key in sorted(found)]


def _sum(counted: Iterable[Counts]) -> Counts:
    columns: Any = zip(*map(astuple, counted), strict=True)
    return Counts(*map(sum, columns))
