"""The job that does what the preview of a roster said and the employer agreed to.

Each step decides anew, by the same rules, about people whom it holds: somebody else may have
registered or moved them since. A step is one transaction with its place in the file, so whatever
is killed, every line is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from sqlalchemy import Row, func, select, text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.registry import roster_people, roster_rows, snapshot
from ce_tracker.registry.models import Professional
from ce_tracker.registry.roster_holdings import Plan
from ce_tracker.registry.roster_people import Origin, Staged
from ce_tracker.registry.roster_planning import leaving, plan
from ce_tracker.registry.roster_preview import advance, counted, held
from ce_tracker.registry.rosters import Outcome, RosterImport, RosterRow, RosterState
from ce_tracker.sealing import Keyring


def apply(job: Job) -> bool:
    roster = held(job)
    if roster is None or roster.state != RosterState.APPLYING:
        return True
    keyring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    if "after" not in job.place:
        roster.rows_done = 0
        roster.rows_total = job.steps_total = db.session.scalar(
            select(func.count()).where(
                RosterRow.import_id == roster.id, RosterRow.outcome != Outcome.WRONG
            )
        )
        job.place = {"after": 0}
        return False
    rows = roster_rows.batch(roster.id, job.place["after"], right_only=True)
    if not rows:
        roster.counts = {**roster.counts, **counted(roster)}
        roster.state = RosterState.APPLIED
        roster.applied_at = clock.now()
        return True
    _do(roster, rows, keyring)
    advance(job, roster, len(rows), rows[-1].id)
    return False


def _do(roster: RosterImport, rows: Sequence[Row[Any]], keyring: Keyring) -> None:
    lines = roster_rows.staged(keyring, rows)
    missing = {row.id: row.professional_id for row in rows if row.row_number is None}
    found = roster_people.find(keyring, lines)
    fresh = _register(roster, [line for line in lines if line.id not in found], found, keyring)
    known = {line.id: found[line.id] for line in lines if line.id in found}
    everybody = {*known.values(), *missing.values()}
    roster_people.hold(everybody)
    people = roster_people.load(everybody)
    decided = roster_rows.decide(
        [line for line in lines if line.id not in fresh],
        known,
        people,
        roster.employer_id,
        roster.as_of,
    )
    plans: dict[int, Plan] = {}
    settled: list[tuple[int, int | None, Plan]] = []
    for line in lines:
        if line.id in fresh:
            made = plan(line.line, None, roster.employer_id, roster.as_of)
            plans[fresh[line.id]] = made
            settled.append((line.id, fresh[line.id], made))
    for each in decided:
        settled.append((each.row.id, each.person, each.plan))
        if each.person is not None:
            plans.setdefault(each.person, each.plan)
    for row, person in missing.items():
        made = leaving(people[person], roster.employer_id, roster.as_of)
        settled.append((row, person, made))
        plans.setdefault(person, made)
    roster_people.write(plans, Origin(roster.source, roster.asked_by))
    _refresh(plans)
    roster_rows.settle(keyring, settled, for_good=True)


def _register(
    roster: RosterImport, unknown: list[Staged], found: dict[int, int], keyring: Keyring
) -> dict[int, int]:
    """Row → person, of those whom we are the first to register."""
    coming = [
        line
        for line in unknown
        if plan(line.line, None, roster.employer_id, roster.as_of).outcome is Outcome.NEW
    ]
    if not coming:
        return {}
    roster_people.hold_registration()
    found |= roster_people.find(keyring, coming)
    fresh = roster_people.register([line for line in coming if line.id not in found])
    left = [line for line in coming if line.id not in found and line.id not in fresh]
    if left:  # registered by somebody who does not hold registration
        found |= roster_people.find(keyring, left)
    return fresh


def _refresh(plans: dict[int, Plan]) -> None:
    touched = [person for person, made in plans.items() if made.does_something]
    if not touched:
        return
    ids = text("SELECT unnest(CAST(:touched AS bigint[])) AS id").bindparams(touched=touched)
    snapshot.refresh_professionals(
        select(ids.columns(Professional.id).subquery().c.id), clock.today()
    )
