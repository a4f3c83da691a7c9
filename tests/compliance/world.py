"""People with a year, laid down as rows; a night over them; and what `judge` says of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import func, select, text

from ce_tracker import clock, jobs
from ce_tracker.compliance.exemptions import Exemption, ExemptionKind, span
from ce_tracker.compliance.models import Flag
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.ledger.models import Standing
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import facts, snapshot
from ce_tracker.registry.dated import EmployerFact, Employment, Merge
from ce_tracker.registry.models import Employer, Professional
from tests.factories import Factory
from tests.registry.lists import in_force
from workers import doing
from workers.tasks import KINDS

LONG_AGO = date(2010, 1, 1)
BROKEN = frozenset({Outcome.SHORT, Outcome.FAILED})


_POSTING = """
WITH posting AS (
    INSERT INTO postings (position, kind, session_id, posted_at, entries, entries_digest, previous,
        digest)
    SELECT count(*) + 1, 'revocation', 0, :now, 1, '', '', '' FROM postings RETURNING id
)
INSERT INTO ledger_entries (professional_id, year, session_id, revision, posting_id, provider_id,
    hours_x100, finished_on, subject, reason, digest)
SELECT :person, :year, -id, revision, id, 0, hours_x100, make_date(:year, 6, 1), 'general', reason,
    ''
FROM posting CROSS JOIN (VALUES (1, 1, NULL), (2, -1, '冲销')) e (revision, hours_x100, reason)
"""
"""Of a session that nobody else's is, and at once taken back: it adds nothing to what is there."""


@dataclass(frozen=True)
class Place:
    """A kind of unit."""

    region: str
    level: str = "county"
    affiliation: str = "county"
    sector: str = "education"
    public_institution: bool = True


class World:
    def __init__(self, make: Factory, worker: Flask) -> None:
        self.make = make
        self.worker = worker
        self._nights = 0
        self._listed: dict[str, set[int]] = defaultdict(set)

    def unit(self, place: Place, since: date = LONG_AGO) -> Employer:
        unit = self.make.employer(place.region)
        self.moves(unit, place, since)
        return unit

    def moves(self, unit: Employer, place: Place, since: date) -> None:
        said: dict[str, Any] = {
            "level": place.level,
            "affiliation": place.affiliation,
            "sector": place.sector,
            "public_institution": place.public_institution,
        }
        path = self.make.path(place.region)
        fact = EmployerFact(
            employer_id=unit.id, name=unit.name, region_path=path, valid_from=since, **said
        )
        facts.put(fact, "test")

    def is_listed(self, region: str, unit: Employer | None) -> None:
        """Of a county that has a list; nothing: which does not name the unit."""
        self._listed[region] |= set() if unit is None else {unit.id}

    def lists_come_into_force(self, since: date = LONG_AGO) -> None:
        """All that was listed until now, as if it had always been so."""
        for region, units in self._listed.items():
            in_force(self.make, region, sorted(units), since)
        self._listed.clear()

    def person(self, *spells: tuple[Employer, date, date | None]) -> int:
        person = self.make.professional().id
        for unit, since, until in spells:
            self.works(person, unit, since, until)
        return person

    def people(self, place: Place, number: int) -> list[int]:
        """All of one unit, as lists and row security know them."""
        unit = self.unit(place)
        found = [self.person((unit, LONG_AGO, None)) for _ in range(number)]
        snapshot.refresh_employers([unit.id], clock.today())
        snapshot.refresh_professionals(found, clock.today())
        db.session.commit()
        return found

    def works(self, person: int, unit: Employer, since: date, until: date | None = None) -> None:
        spell = Employment(
            professional_id=person,
            employer_id=unit.id,
            department=None,
            valid_from=since,
            valid_to=until,
        )
        facts.put(spell, "test")

    def leaves(self, person: int, day: date) -> None:
        """From that day on the person works nowhere."""
        spell = db.session.scalars(
            select(Employment).where(
                Employment.professional_id == person,
                Employment.known_at(),
                Employment.holds_on(day),
            )
        ).one()
        facts.correct(spell, "test", valid_to=day)

    def is_the_same(self, person: int, other: int) -> None:
        """The first record turned out to be the second's person."""
        merge = Merge(
            professional_id=person, into_id=other, reason="同一人", valid_from=facts.ALWAYS
        )
        facts.put(merge, "test")
        self._settle(db.session.get_one(Professional, other).merged_into or other)

    def is_another(self, merge: Merge) -> None:
        """They are two people after all."""
        facts.withdraw(merge)
        self._settle(merge.professional_id)

    def _settle(self, root: int) -> None:
        db.session.execute(select(func.settle_person(root, clock.today())))
        db.session.expire_all()

    def has(self, person: int, year: int, general: int, specialty: int) -> None:
        """In hundredths; a posting brought them."""
        self._posted(person, year)
        self.stands(person, year, general, specialty)

    def stands(self, person: int, year: int, general: int, specialty: int) -> None:
        db.session.execute(
            text(
                "INSERT INTO standings (professional_id, year, general_x100, specialty_x100)"
                " VALUES (:person, :year, :general, :specialty)"
                " ON CONFLICT (professional_id, year) DO UPDATE"
                " SET general_x100 = :general, specialty_x100 = :specialty"
            ),
            {"person": person, "year": year, "general": general, "specialty": specialty},
        )

    def _posted(self, person: int, year: int) -> None:
        """A night asks a posting for people alone: how many hours they have, a standing says."""
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        values = {"person": person, "year": year, "now": clock.now()}
        db.session.execute(text(_POSTING), values)
        db.session.execute(text("SET LOCAL session_replication_role = origin"))

    def let_off(self, person: int, year: int, required_x100: int) -> None:
        facts.put(
            Exemption(
                professional_id=person,
                kind=ExemptionKind.ILLNESS,
                required_x100=required_x100,
                reason="住院",
                **span(year),
            ),
            "test",
        )

    def night(self, year: int, day: date) -> None:
        """The sweep of that day, by a worker."""
        self._nights += 1
        db.session.commit()
        with self.worker.app_context():
            jobs.ask("sweep", f"{year}@{day} #{self._nights}", year=year, day=day.isoformat())
            db.session.commit()
            db.session.remove()
            assert doing.run_next(KINDS, 600) is not None
            undone = db.session.scalars(
                select(jobs.Job.error).where(jobs.Job.kind == "sweep", jobs.Job.state != "done")
            )
            assert not undone.all()
            db.session.remove()
        db.session.expire_all()

    def flagged(self, year: int) -> set[tuple[int, int]]:
        """Person and rule of each open flag."""
        db.session.rollback()
        rows = db.session.execute(
            select(Flag.professional_id, Flag.rule).where(
                Flag.year == year, Flag.closed_at.is_(None)
            )
        )
        return {(person, rule) for person, rule in rows}

    def doubted(self, year: int) -> set[tuple[int, int]]:
        rows = db.session.execute(
            select(Standing.professional_id, Standing.doubtful).where(Standing.year == year)
        )
        return {(person, rule) for person, bits in rows for rule in range(15) if bits & (1 << rule)}

    def judged(
        self, people: Iterable[int], year: int, day: date
    ) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
        """What is broken and what is doubtful, by the live verdict of each."""
        broken, doubtful = set(), set()
        for person in people:
            for finding in verdict(person, year, on=day).findings:
                if finding.outcome in BROKEN:
                    broken.add((person, finding.rule.number))
                if finding.outcome is Outcome.UNDETERMINED:
                    doubtful.add((person, finding.rule.number))
        return broken, doubtful
