"""Rows of what the night leaves, of people in many places."""

from __future__ import annotations

from datetime import date
from random import Random

from ce_tracker import clock
from ce_tracker.compliance.closings import ClosedVerdict, Restatement
from ce_tracker.compliance.exemptions import Exemption, span
from ce_tracker.compliance.models import (
    EmployerRuleset,
    Flag,
    PolicyKnown,
    PolicyVersion,
    RulesetRow,
    Sweep,
)
from ce_tracker.extensions import db
from ce_tracker.ledger.closed_years import YearClosing
from tests.registry.world import Registry


def judged(there: Registry, random: Random) -> None:
    now, today = clock.now(), date(2026, 3, 1)
    rules = RulesetRow(digest="x", versions=["x"], full_x100=9000, by_month=False)
    night = Sweep(year=2026, day=today, started_at=now, whole=True)
    db.session.add_all([rules, night, PolicyVersion(digest="x", regime="national", says={})])
    db.session.flush()
    db.session.add(PolicyKnown(digest="x", known_from=now))
    db.session.add(YearClosing(year=2025, asked_at=now, asked_by_name="x"))
    for unit in there.employers:
        db.session.add(
            EmployerRuleset(year=2026, employer_id=unit.id, ruleset=rules.id, changed_by=night.id)
        )
    for person in there.people:
        db.session.add(
            Flag(
                professional_id=person.id,
                year=2026,
                rule=random.choice([0, 1]),
                opened_at=now,
                opened_on=today,
                opened_by=night.id,
            )
        )
        db.session.add(
            ClosedVerdict(
                professional_id=person.id,
                year=2025,
                outcome="met",
                general_x100=3000,
                specialty_x100=6000,
                required_x100=1_000_000,
                broken=0,
                doubtful=0,
                ruleset=rules.id,
            )
        )
        db.session.add(
            Restatement(
                professional_id=person.id, year=2025, found_at=now, ledger_position=1, after={}
            )
        )
        db.session.add(
            Exemption(
                professional_id=person.id,
                kind="illness",
                required_x100=0,
                reason="x",
                known_from=now,
                source="test",
                **span(2026),
            )
        )
    db.session.flush()
