"""Duties and rights as they are read: by whom they are of, by rule, open or over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from ce_tracker.actor import Actor
from ce_tracker.extensions import db
from ce_tracker.policy.duties import KINDS, BasesPerCounty, EmployerFund
from ce_tracker.policy.promoting import FOLLOWING
from ce_tracker.policy.words import Outcome
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.registry import regions
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.record import employer_names

RULES: Mapping[str, int] = {
    kind.name: kind.number for kind in (*FOLLOWING, EmployerFund, BasesPerCounty)
}
_BY_NUMBER = {number: KINDS[name] for name, number in RULES.items()}
_RIGHTS = frozenset({"right_by_service", "right_by_appraisal"})
_COUNTY_DEPTH = 4
"""Country, province, city, county."""


class Open(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"

    @property
    def label(self) -> str:
        return {"open": "现在的", "closed": "已解除的", "all": "全部"}[self.value]


@dataclass(frozen=True)
class Duty:
    """A flag, with whose it is."""

    flag: DutyFlag
    kind: str
    """person, employer or county."""
    name: str
    id_tail: str | None = None
    employer: str | None = None

    @property
    def number(self) -> int | None:
        return self.flag.professional_id or self.flag.employer_id

    @property
    def code(self) -> str | None:
        path = self.flag.region_path
        return path.rpartition("/")[2] if path else None

    @property
    def rule(self) -> str:
        return _BY_NUMBER[self.flag.rule].name

    @property
    def label(self) -> str:
        return _BY_NUMBER[self.flag.rule].label

    @property
    def good(self) -> bool:
        """Something to be glad of: a right, or leave to be put to the board."""
        return self.flag.outcome == Outcome.MET

    @property
    def outcome(self) -> str:
        """What is said of it in a word."""
        if self.rule in _RIGHTS:
            return "可享受"
        if self.rule == "track_conversion":
            said = {"met": "可以提请换发", "failed": "不能换发或已失效"}
            return said.get(self.flag.outcome, Outcome(self.flag.outcome).label)
        if self.flag.outcome == Outcome.SHORT:
            return "待参加"
        return Outcome(self.flag.outcome).label

    @property
    def tone(self) -> str:
        if self.good:
            return "good"
        return {"short": "wait", "failed": "wrong"}.get(self.flag.outcome, "plain")


def label(rule: str) -> str:
    return _BY_NUMBER[RULES[rule]].label


def asked(actor: Actor, rule: str | None, state: Open) -> Select[DutyFlag]:
    statement = select(DutyFlag).where(DutyFlag.visible_to(actor))
    if rule is not None:
        statement = statement.where(DutyFlag.rule == RULES[rule])
    if state is not Open.ALL:
        still = DutyFlag.closed_at.is_(None)
        statement = statement.where(still if state is Open.OPEN else ~still)
    return statement


def of_person(actor: Actor) -> list[Duty]:
    """One's own that are open, rights first."""
    found = db.session.scalars(asked(actor, None, Open.OPEN).order_by(DutyFlag.id)).all()
    return sorted(named(found), key=lambda each: not each.good)


def named(flags: Sequence[DutyFlag]) -> list[Duty]:
    """Whose each is, of a page at once."""
    people = _people([each.professional_id for each in flags if each.professional_id])
    employed = employer_names(people.values())
    units = employer_names([each for each in flags if each.employer_id])
    places = regions.names([each.region_path for each in flags if each.region_path])
    return [_named(each, people, employed, units, places) for each in flags]


def _named(
    flag: DutyFlag,
    people: Mapping[int, Any],
    employed: Mapping[int, str],
    units: Mapping[int, str],
    places: Mapping[str, str],
) -> Duty:
    if flag.professional_id is not None:
        person = people[flag.professional_id]
        at = employed.get(person.employer_id or 0)
        return Duty(flag, "person", person.name, person.id_tail, at)
    if flag.employer_id is not None:
        return Duty(flag, "employer", units.get(flag.employer_id, ""))
    codes = (flag.region_path or "").split("/")[2:]
    return Duty(flag, "county", "".join(places.get(code, "") for code in codes))


def _people(ids: Sequence[int]) -> dict[int, Any]:
    rows = db.session.execute(
        select(
            Professional.id, Professional.name, Professional.id_tail, Professional.employer_id
        ).where(Professional.id.in_(ids))
    )
    return {row.id: row for row in rows}


@dataclass(frozen=True)
class Count:
    rule: str
    label: str
    subjects: int
    good: int


def by_rule(actor: Actor) -> list[Count]:
    """How many are open of each rule, in the order of the rules."""
    rows = db.session.execute(
        select(
            DutyFlag.rule,
            func.count(),
            func.count().filter(DutyFlag.outcome == Outcome.MET),
        )
        .where(DutyFlag.visible_to(actor), DutyFlag.closed_at.is_(None))
        .group_by(DutyFlag.rule)
        .order_by(DutyFlag.rule)
    )
    return [
        Count(_BY_NUMBER[rule].name, _BY_NUMBER[rule].label, subjects, good)
        for rule, subjects, good in rows
    ]


def by_county(actor: Actor) -> list[tuple[str, dict[str, int]]]:
    """An authority's: each county's name, and how many are open there of each rule."""
    person, unit = aliased(Professional), aliased(Employer)
    place = func.coalesce(person.region_path, unit.region_path, DutyFlag.region_path)
    rows = db.session.execute(
        select(place, DutyFlag.rule, func.count())
        .outerjoin(person, person.id == DutyFlag.professional_id)
        .outerjoin(unit, unit.id == DutyFlag.employer_id)
        .where(DutyFlag.visible_to(actor), DutyFlag.closed_at.is_(None))
        .group_by(place, DutyFlag.rule)
        .order_by(place, DutyFlag.rule)
    ).all()
    found: dict[str, dict[str, int]] = {}
    for path, rule, number in rows:
        county = "/".join(path.split("/")[:_COUNTY_DEPTH])
        counts = found.setdefault(county, {})
        name = _BY_NUMBER[rule].name
        counts[name] = counts.get(name, 0) + number
    names = regions.names(found)
    return [
        ("".join(names.get(code, "") for code in path.split("/")[2:]) or "未登记到县", counts)
        for path, counts in found.items()
    ]
