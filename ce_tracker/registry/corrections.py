"""Entering, correcting and withdrawing what is known of a person, whatever kind of fact it is.

Nothing is overwritten: a correction ends the belief in one row and begins it in another. Each act
is written into the audit under the person's number, so that the person can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from ce_tracker import audit
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.registry import facts, items, people
from ce_tracker.registry.dated import OfProfessional
from ce_tracker.registry.items import Sort
from ce_tracker.registry.kinds import Kind
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import written


def enter(
    person: Professional,
    kind: Kind,
    values: Mapping[str, Any],
    source: str,
    reason: str | None = None,
) -> OfProfessional:
    """One more fact. Of a kind that holds one at a time it takes the place of what was there."""
    values = _at_own_unit(kind, person) | dict(values)
    items.refuse(items.missing(kind.items, values))
    errors: items.Errors = {}
    columns = items.columns(kind.items, values, errors)
    items.refuse(errors)
    make: Any = kind.model
    fact: OfProfessional = make(professional_id=person.id, **columns)
    _check(kind, fact, frozenset(columns))
    people.hold(person)
    _refuse_same(kind, person, fact)
    _make_room(person, fact)
    if fact.one_at_a_time:
        facts.put(fact, source)
    else:
        facts.record(fact, source)
    _note("entered", person, kind, fact, reason)
    return fact


def correct(
    person: Professional,
    kind: Kind,
    fact_id: int,
    changes: Mapping[str, Any],
    reason: str,
    source: str,
) -> OfProfessional:
    """We were partly wrong: believe the same with these changes instead."""
    reason = written(reason, "reason", "理由")
    people.hold(person)
    fact = believed(person, kind, fact_id)
    errors: items.Errors = {}
    columns = {
        name: value
        for name, value in items.columns(kind.items, changes, errors).items()
        if value != getattr(fact, name)
    }
    items.refuse(errors)
    if not columns:
        raise Invalid("内容与原来相同，没有需要更正的。")
    _check(kind, fact.again(**columns), frozenset(columns))
    _refuse_same(kind, person, fact.again(**columns))
    _make_room(person, fact.again(**columns))
    corrected = facts.correct(fact, source, **columns)
    _note("corrected", person, kind, corrected, reason)
    return corrected


def withdraw(person: Professional, kind: Kind, fact_id: int, reason: str) -> OfProfessional:
    """It never was so."""
    reason = written(reason, "reason", "理由")
    people.hold(person)
    fact = believed(person, kind, fact_id)
    facts.withdraw(fact)
    _note("withdrawn", person, kind, fact, reason)
    return fact


def believed(person: Professional, kind: Kind, fact_id: int) -> OfProfessional:
    """A fact of this person that nobody has corrected yet."""
    fact = db.session.scalar(
        select(kind.model)
        .where(
            kind.model.id == items.numbered(fact_id),
            kind.model.professional_id.in_(same_person_ids(person.id)),
        )
        .execution_options(populate_existing=True)
    )
    if fact is None:
        raise NotFound
    if fact.known_to is not None:
        raise Conflict("这条记录已被更正过，请刷新后再试。")
    return fact


def _at_own_unit(kind: Kind, person: Professional) -> dict[str, Any]:
    """What happens at the person's own unit need not say so."""
    return {item.name: person.employer_id for item in kind.items if item.sort is Sort.EMPLOYER}


def _check(kind: Kind, fact: OfProfessional, new: frozenset[str]) -> None:
    errors: items.Errors = {}
    kind.check(fact, new, errors)
    items.refuse(errors)


def _refuse_same(kind: Kind, person: Professional, fact: OfProfessional) -> None:
    """Pressed twice, or entered by two people: once is enough."""
    says = fact.content() | {"valid_from": fact.valid_from, "valid_to": fact.valid_to}
    del says["professional_id"]
    same = [getattr(kind.model, name).is_not_distinct_from(value) for name, value in says.items()]
    if db.session.scalar(
        select(kind.model.id).where(
            kind.model.professional_id.in_(same_person_ids(person.id)), kind.model.known_at(), *same
        )
    ):
        raise Conflict(f"已经登记了同样的{kind.label}，没有重复登记。")


def _make_room(person: Professional, fact: OfProfessional) -> None:
    """What a record that was merged into this one says of the same days gives way as well."""
    if not fact.one_at_a_time:
        return
    for record_id in same_person_ids(person.id):
        if record_id != fact.professional_id:
            for other in facts.overlapping(fact.again(professional_id=record_id)):
                facts.withdraw(other)


def _note(
    act: str, person: Professional, kind: Kind, fact: OfProfessional, reason: str | None
) -> None:
    audit.record(
        "person.corrected",
        f"{person.name}：{kind.label}",
        professional_id=person.merged_into or person.id,
        region_path=person.region_path,
        reason=reason or None,
        act=act,
        kind=kind.path,
        fact_id=fact.id,
    )
