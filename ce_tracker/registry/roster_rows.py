"""The rows of an import, a batch at a time: what each would do, decided for all of them at once,
and what is kept of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from ce_tracker.extensions import db
from ce_tracker.registry.roster_holdings import Person, Plan
from ce_tracker.registry.roster_people import Staged
from ce_tracker.registry.roster_planning import plan
from ce_tracker.registry.rosters import Line, Outcome, RosterRow, sealed_changes
from ce_tracker.sealing import Keyring

ROWS_A_STEP = 1000

_COLUMNS = (
    RosterRow.id,
    RosterRow.row_number,
    RosterRow.outcome,
    RosterRow.professional_id,
    RosterRow.id_number_sealed,
    RosterRow.id_number_index,
    RosterRow.line_sealed,
)


def batch(import_id: UUID, after: int, *, right_only: bool) -> Sequence[Row[Any]]:
    query = (
        select(*_COLUMNS)
        .where(RosterRow.import_id == import_id, RosterRow.id > after)
        .order_by(RosterRow.id)
        .limit(ROWS_A_STEP)
    )
    if right_only:
        query = query.where(RosterRow.outcome != Outcome.WRONG)
    return [*db.session.execute(query)]


def staged(keyring: Keyring, rows: Iterable[Row[Any]]) -> list[Staged]:
    """Those that have an ID number, wrong in something else or not."""
    return [
        Staged(
            row.id,
            row.row_number,
            row.id_number_index,
            row.id_number_sealed,
            Line.opened(keyring, row.line_sealed),
        )
        for row in rows
        if row.id_number_index is not None and row.line_sealed is not None
    ]


@dataclass(frozen=True)
class Decided:
    row: Staged
    person: int | None
    plan: Plan


def decide(
    rows: Sequence[Staged],
    found: Mapping[int, int],
    people: Mapping[int, Person],
    employer_id: int,
    as_of: date,
) -> list[Decided]:
    """What each line means; of two lines about one person (who had two numbers) only the first."""
    first: dict[int, int] = {}
    decided = []
    for row in rows:
        person = found.get(row.id)
        known = None if person is None else people[person]
        if person is not None and person in first:
            made = Plan()
            made.warn("证件号码", f"与第 {first[person]} 行是同一个人，以那一行为准。")
        else:
            made = plan(row.line, known, employer_id, as_of)
        if person is not None:
            first.setdefault(person, row.row_number)
        decided.append(Decided(row, person, made))
    return decided


_SAY = text("""
UPDATE roster_rows SET outcome = given.outcome, professional_id = given.person,
    problems = roster_rows.problems || given.problems,
    warnings = roster_rows.warnings || given.warnings, changes_sealed = given.changes
FROM (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[]),
        CAST(:people AS bigint[]), CAST(:problems AS jsonb[]), CAST(:warnings AS jsonb[]),
        CAST(:changes AS bytea[]))
    AS u (id, outcome, person, problems, warnings, changes)) AS given
WHERE roster_rows.id = given.id
""")
_CLOSE = text("""
UPDATE roster_rows SET outcome = given.outcome, professional_id = given.person,
    problems = roster_rows.problems || given.problems, changes_sealed = NULL,
    line_sealed = CASE given.outcome WHEN 'wrong' THEN line_sealed END,
    id_number_sealed = CASE given.outcome WHEN 'wrong' THEN id_number_sealed END,
    id_number_index = CASE given.outcome WHEN 'wrong' THEN id_number_index END
FROM (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[]),
        CAST(:people AS bigint[]), CAST(:problems AS jsonb[]))
    AS u (id, outcome, person, problems)) AS given
WHERE roster_rows.id = given.id
""")


def settle(
    keyring: Keyring,
    settled: Sequence[tuple[int, int | None, Plan]],
    *,
    for_good: bool,
) -> Counter[str]:
    """Keep what was decided of (row, person); once it is done for good, nothing of who it was
    about but the record."""
    counts: Counter[str] = Counter()
    for _, _, made in settled:
        counts[made.outcome.value] += 1
        counts["warnings"] += bool(made.warnings)
    said = (
        {}
        if for_good
        else {
            "warnings": [_json(made.warnings) for _, _, made in settled],
            "changes": [sealed_changes(keyring, made.changes) for _, _, made in settled],
        }
    )
    db.session.execute(
        _CLOSE if for_good else _SAY,
        {
            **said,
            "ids": [row for row, _, _ in settled],
            "outcomes": [made.outcome.value for _, _, made in settled],
            "people": [person for _, person, _ in settled],
            "problems": [_json(made.problems) for _, _, made in settled],
        },
    )
    return counts


def _json(said: list[list[str]]) -> str:
    return json.dumps(said, ensure_ascii=False) if said else "[]"
