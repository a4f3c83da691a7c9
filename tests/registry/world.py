"""Rows in every table of the registry, of units and people in many places: for tests that ask who
sees what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from ce_tracker import clock
from ce_tracker.actor import Sector
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry.dated import (
    Accreditation,
    Appointment,
    Appraisal,
    EmployerFact,
    Employment,
    Merge,
    ProviderFact,
    ServiceSpell,
    Title,
)
from ce_tracker.registry.facts import ALWAYS, Fact
from ce_tracker.registry.models import Employer, Professional, Provider, TitleSeries
from ce_tracker.registry.rosters import RosterImport, RosterRow
from tests.factories import Factory

PEOPLE = 12
JOINED = date(2026, 1, 1)
"""When some of them came to where they work; the others have always been there."""
RANK: dict[str, Any] = {"level": "junior", "track": "unified", "series_code": "test"}


@dataclass(frozen=True)
class Registry:
    employers: list[Employer]
    providers: list[Provider]
    people: list[Professional]
    """The last is merged into the first, the last but one into the third; the second is employed
    by nobody."""


def registry(make: Factory, random: Random, paths: list[str]) -> Registry:
    def place() -> dict[str, Any]:
        return {"region_path": random.choice(paths), "sector": random.choice(list(Sector))}

    def unit(number: int, kind: str) -> dict[str, Any]:
        return {"credit_code": f"{kind}{number}", "name": f"{kind}{number}", "pinyin": "x x"}

    employers = [Employer(**unit(i, "学校"), **place()) for i in range(6)]
    providers = [Provider(**unit(i, "基地"), **place()) for i in range(6)]
    db.session.add_all([*employers, *providers])
    db.session.merge(TitleSeries(code="test", name="测试", sector="other", title_names={}))
    db.session.flush()
    keyring = make.settings.keyring()
    people = [
        Professional(
            name=f"人员{i}",
            pinyin="renyuan ry",
            id_kind="resident",
            id_tail=f"{i:04d}",
            id_number_sealed=keyring.seal(b"%d" % i, PLACE),
            id_number_index=keyring.index(b"%d" % i, PLACE),
        )
        for i in range(PEOPLE)
    ]
    for person in people[1:]:
        _place(person, random.choice(employers))
    db.session.add_all(people)
    db.session.flush()
    _place(people[1], None)
    for merged, into, employer in ((-1, 0, employers[0]), (-2, 2, employers[-1])):
        for each in (merged, into):
            _place(people[each], employer)
        people[merged].merged_into = people[into].id
        db.session.add(
            Merge(
                professional_id=people[merged].id,
                into_id=people[into].id,
                reason="同一人",
                known_from=clock.now(),
                valid_from=ALWAYS,
                source="test",
            )
        )
    anchors: list[Employer | Provider | Professional] = [*employers, *providers, *people]
    for row in anchors:
        for fact in _facts(random, row, employers):
            fact.known_from = clock.now()
            fact.valid_from = ALWAYS
            fact.source = "test"
            if isinstance(fact, Employment):
                fact.valid_from = random.choice([ALWAYS, JOINED])
            db.session.add(fact)
    db.session.flush()
    return Registry(employers, providers, people)


def rosters(registry: Registry, asked_by: UUID) -> None:
    for number, employer in enumerate(registry.employers):
        roster = RosterImport(
            employer_id=employer.id,
            asked_by=asked_by,
            file_name="x",
            file_index=b"%d" % number,
            typed=False,
            mode="full",
            as_of=clock.today(),
            state="previewed",
            created_at=clock.now(),
        )
        db.session.add(roster)
        db.session.flush()
        db.session.add(RosterRow(import_id=roster.id, row_number=2, outcome="same"))
    db.session.flush()


def _place(person: Professional, employer: Employer | None) -> None:
    person.employer_id = employer.id if employer else None
    person.region_path = employer.region_path if employer else None
    person.sector = employer.sector if employer else None


def _facts(
    random: Random, row: Employer | Provider | Professional, employers: list[Employer]
) -> list[Fact]:
    place = {"region_path": employers[0].region_path}
    match row:
        case Employer():
            fact = EmployerFact(
                employer_id=row.id,
                name=row.name,
                level="county",
                affiliation="county",
                sector="other",
                public_institution=True,
                **place,
            )
            return [fact]
        case Provider():
            mine = {"provider_id": row.id}
            return [
                ProviderFact(name=row.name, kind="base", sector="other", **place, **mine),
                Accreditation(level="county", document="一号", field_codes=[], **mine),
            ]
        case Professional():
            who = {"professional_id": row.id}
            where = {"employer_id": row.employer_id or random.choice(employers).id}
            return [
                Employment(department=None, **where, **who),
                Title(field_code=None, name="助教", **RANK, **who),
                Appointment(**where, **RANK, **who),
                ServiceSpell(unit="中学", rural=True, township=True, **place, **who),
                Appraisal(grade="competent", **who),
            ]
