"""Reading what was closed: which years, somebody's frozen verdicts, and what was restated since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from ce_tracker.actor import Actor
from ce_tracker.compliance.closings import ClosedVerdict, Restatement
from ce_tracker.extensions import db
from ce_tracker.ledger import deciding
from ce_tracker.ledger.closed_years import LateDecision, YearClosing
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional


@dataclass(frozen=True)
class Told:
    """A restatement, and the authority's words since the one before it that led to it."""

    change: Restatement
    agreed: Sequence[LateDecision]


@dataclass(frozen=True)
class Closed:
    """Of one person and year."""

    verdict: ClosedVerdict
    closing: YearClosing
    restatements: Sequence[Told]
    """The oldest first."""


def closings() -> Sequence[YearClosing]:
    return db.session.scalars(select(YearClosing).order_by(YearClosing.year.desc())).all()


def of_person(actor: Actor, person: Professional) -> list[Closed]:
    """The latest year first. Of a record that was merged into this one since, what was said of it
    stands as it was said."""
    ids = same_person_ids(person.id)
    restated: dict[tuple[int, int], list[Told]] = {}
    for each in told(
        actor,
        db.session.scalars(
            select(Restatement)
            .where(Restatement.professional_id.in_(ids), Restatement.visible_to(actor))
            .order_by(Restatement.id)
        ).all(),
    ):
        change = each.change
        restated.setdefault((change.professional_id, change.year), []).append(each)
    found = db.session.execute(
        select(ClosedVerdict, YearClosing)
        .join(YearClosing, YearClosing.year == ClosedVerdict.year)
        .where(ClosedVerdict.professional_id.in_(ids), ClosedVerdict.visible_to(actor))
        .order_by(ClosedVerdict.year.desc(), ClosedVerdict.professional_id)
    )
    return [
        Closed(verdict, closing, restated.get((verdict.professional_id, verdict.year), ()))
        for verdict, closing in found
    ]


def restatements(actor: Actor, year: int) -> Select[Restatement]:
    """Of people in the actor's charge."""
    return select(Restatement).where(Restatement.year == year, Restatement.visible_to(actor))


def told(actor: Actor, found: Sequence[Restatement]) -> list[Told]:
    """Hours that the authority admitted are in the first restatement after its word."""
    persons = {each.professional_id for each in found}
    words = db.session.scalars(
        deciding.decisions(
            actor, LateDecision.professional_id.in_(persons), LateDecision.admitted.is_(True)
        ).order_by(LateDecision.id)
    )
    of_year: dict[tuple[int, int], list[LateDecision]] = defaultdict(list)
    for each in words:
        of_year[each.professional_id, each.year].append(each)
    before = _found_before(found)
    return [
        Told(
            change,
            [
                word
                for word in of_year[change.professional_id, change.year]
                if word.decided_at <= change.found_at
                and (before[change.id] is None or word.decided_at > before[change.id])
            ],
        )
        for change in found
    ]


def _found_before(found: Sequence[Restatement]) -> dict[int, Any]:
    """When the restatement before each, of the same person and year, was found."""
    before = func.lag(Restatement.found_at).over(
        partition_by=(Restatement.professional_id, Restatement.year), order_by=Restatement.id
    )
    all_of_them = (
        select(Restatement.id, before)
        .where(Restatement.professional_id.in_({each.professional_id for each in found}))
        .where(Restatement.year.in_({each.year for each in found}))
    )
    return {number: found_at for number, found_at in db.session.execute(all_of_them)}  # noqa: C416  rows, not pairs


def people(found: Sequence[Restatement]) -> dict[int, Professional]:
    ids = {each.professional_id for each in found}
    rows = db.session.scalars(select(Professional).where(Professional.id.in_(ids)))
    return {person.id: person for person in rows}


def outcomes(actor: Actor, year: int) -> dict[Outcome, int]:
    """How many of the people in the actor's charge the year was closed with."""
    rows: Any = db.session.execute(
        select(ClosedVerdict.outcome, func.count())
        .join(Professional, Professional.id == ClosedVerdict.professional_id)
        .where(ClosedVerdict.year == year, Professional.visible_to(actor))
        .group_by(ClosedVerdict.outcome)
    )
    return {Outcome(outcome): count for outcome, count in rows}
