"""The job that reads an uploaded roster and finds out what each line would do.

The first step reads the file, in a child process that holds no keys, and keeps each line sealed;
the next ones compare a thousand lines each with what is known; the last one finds who is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, func, select, text

from ce_tracker.errors import UnreadableFile
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE, hidden
from ce_tracker.jobs import Job
from ce_tracker.registry import roster_people, roster_rows
from ce_tracker.registry.names import folded
from ce_tracker.registry.roster_planning import Plan
from ce_tracker.registry.roster_reading import COLUMNS, LIMITS, RowReader, Understood
from ce_tracker.registry.rosters import (
    FILE,
    Line,
    Mode,
    Outcome,
    RosterImport,
    RosterRow,
    RosterState,
)
from ce_tracker.sealing import Keyring
from ce_tracker.sheets.headers import understood
from ce_tracker.sheets.notes import left_out
from ce_tracker.sheets.reading import read
from ce_tracker.sheets.refusals import Empty


def preview(job: Job) -> bool:
    roster = held(job)
    if roster is None or roster.state != RosterState.READING:
        return True  # withdrawn meanwhile
    keyring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    if "after" not in job.place:
        return _read(job, roster, keyring)
    rows = roster_rows.batch(roster.id, job.place["after"], right_only=False)
    if not rows:
        _find_missing(roster, keyring)
        roster.state = RosterState.PREVIEWED
        return True
    _look(roster, rows, keyring)
    advance(job, roster, len(rows), rows[-1].id)
    return False


def held(job: Job) -> RosterImport | None:
    """The import, ours until this step is committed: nobody withdraws it meanwhile."""
    return db.session.scalar(
        select(RosterImport)
        .where(RosterImport.id == UUID(job.payload["import_id"]))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def advance(job: Job, roster: RosterImport, rows: int, last: int) -> None:
    job.steps_done += rows
    job.steps_total = max(job.steps_total or 0, job.steps_done)
    job.place = {**job.place, "after": last}
    roster.rows_done += rows


# --- reading -------------------------------------------------------------------------------


def _read(job: Job, roster: RosterImport, keyring: Keyring) -> bool:
    try:
        with db.session.begin_nested():
            roster.rows_total = _stage(roster, keyring)
    except UnreadableFile as error:
        roster.state = RosterState.FAILED
        roster.error = hidden(f"{error.title}。{error.detail}{error.remedy}")
        return True
    job.steps_total = roster.rows_total
    job.place = {"after": 0}
    return False


def _stage(roster: RosterImport, keyring: Keyring) -> int:
    """COPY refuses a table with row security, so the lines go by way of a temporary one."""
    data = keyring.open(roster.file_sealed or b"", FILE)
    with read(data, roster.file_name, LIMITS) as sheet:
        del data
        table = understood(sheet, COLUMNS)
        reader = RowReader(table, roster.as_of, typed=roster.typed, epoch_1904=sheet.epoch_1904)
        db.session.execute(text(_STAGING))
        raw = db.session.connection().connection.driver_connection
        assert raw is not None  # noqa: S101  for the type checker
        with raw.cursor().copy("COPY staged_rows FROM STDIN") as copy:
            for line in table:
                copy.write_row(list(_staged(reader.read(line), keyring)))
        roster.notes = [hidden(note) for note in left_out(sheet, table)]
    number = table.title("id_number")
    db.session.execute(text(_KEEP), {"import_id": roster.id})
    db.session.execute(text(_DOUBLED), {"import_id": roster.id, "title": number})
    rows = db.session.execute(text("SELECT count(*) FROM staged_rows")).scalar_one()
    db.session.execute(text("DROP TABLE staged_rows"))
    if not rows:
        raise Empty(f"第 {table.header.row} 行是标题行，下面没有人员。")
    return int(rows)


_STAGING = """
CREATE TEMPORARY TABLE staged_rows (
    row_number integer, id_number_sealed bytea, id_number_index bytea, line_sealed bytea,
    problems jsonb, warnings jsonb
) ON COMMIT DROP
"""
_KEEP = """
INSERT INTO roster_rows (import_id, row_number, outcome, id_number_sealed, id_number_index,
                         line_sealed, problems, warnings)
SELECT :import_id, row_number, CASE WHEN problems <> '[]' THEN 'wrong' END, id_number_sealed,
       id_number_index, line_sealed, problems, warnings
FROM staged_rows ORDER BY row_number
"""
_DOUBLED = """
UPDATE roster_rows r SET outcome = 'wrong', problems = r.problems || jsonb_build_array(
    jsonb_build_array(CAST(:title AS text), '与第 '
        || array_to_string((array_remove(d.rows, r.row_number))[1:5], '、')
        || ' 行的证件号码相同，请只保留正确的一行。'))
FROM (SELECT id_number_index, array_agg(row_number ORDER BY row_number) AS rows
      FROM staged_rows WHERE id_number_index IS NOT NULL
      GROUP BY id_number_index HAVING count(*) > 1) d
WHERE r.import_id = :import_id AND r.id_number_index = d.id_number_index
"""


def _staged(said: Understood, keyring: Keyring) -> Iterator[object]:
    yield said.row_number
    if said.id_number is None:
        yield from (None, None)
    else:
        number = said.id_number.encode()
        yield from (keyring.seal(number, PLACE), keyring.index(number, PLACE))
    yield said.line.sealed(keyring)
    yield json.dumps(said.problems, ensure_ascii=False)
    yield json.dumps(said.warnings, ensure_ascii=False)


# --- looking -------------------------------------------------------------------------------


def _look(roster: RosterImport, rows: Sequence[Row[Any]], keyring: Keyring) -> None:
    wrong = {row.id for row in rows if row.outcome is not None}
    lines = roster_rows.staged(keyring, rows)
    found = roster_people.find(keyring, lines)
    right = [line for line in lines if line.id not in wrong]
    people = roster_people.load({found[line.id] for line in right if line.id in found})
    decided = roster_rows.decide(right, found, people, roster.employer_id, roster.as_of)
    settled = [(each.row.id, each.person, each.plan) for each in decided]
    # Wrong in a cell of its own, but we know whom it is about: nobody to be missed.
    settled += [
        (line.id, found[line.id], Plan(Outcome.WRONG))
        for line in lines
        if line.id in wrong and line.id in found
    ]
    counts = roster_rows.settle(keyring, settled, for_good=False)
    counts["wrong"] += len(wrong) - sum(line.id in wrong and line.id in found for line in lines)
    roster.counts = {
        name: roster.counts.get(name, 0) + counts.get(name, 0) for name in (*Outcome, "warnings")
    }


def _find_missing(roster: RosterImport, keyring: Keyring) -> None:
    """Who is on the roster and not in the complete list has left; unless a line that could not
    be read has the same name, for it may be that very person."""
    if roster.mode != Mode.FULL:
        return
    missing = db.session.execute(
        _MISSING,
        {
            "employer": roster.employer_id,
            "day": roster.as_of,
            "import_id": roster.id,
        },
    ).all()
    unread = _names_without_number(roster, keyring)
    left = [person for person, name in missing if folded(name) not in unread]
    if len(left) < len(missing):
        roster.notes = [
            *roster.notes,
            f"{len(missing) - len(left)} 名在册人员与证件号码有误的行同名，这次不标记离职。",
        ]
    if left:
        db.session.execute(
            text(
                "INSERT INTO roster_rows (import_id, outcome, professional_id)"
                " SELECT :import_id, 'left', unnest(CAST(:people AS bigint[]))"
            ),
            {"import_id": roster.id, "people": left},
        )
        # Those with a date of leaving in the file are counted already.
        roster.counts = {**roster.counts, "left": roster.counts.get("left", 0) + len(left)}


_MISSING = text(
    f"SELECT DISTINCT p.id, p.name FROM ({roster_people.ON_ROSTER}) AS here (id)"  # noqa: S608
    " JOIN professionals p ON p.id = here.id WHERE NOT EXISTS (SELECT FROM roster_rows r"
    "   WHERE r.import_id = :import_id AND r.professional_id = here.id) ORDER BY p.id"
)


def _names_without_number(roster: RosterImport, keyring: Keyring) -> set[str]:
    sealed = db.session.scalars(
        select(RosterRow.line_sealed).where(
            RosterRow.import_id == roster.id,
            RosterRow.outcome == Outcome.WRONG,
            RosterRow.id_number_index.is_(None),
        )
    )
    return {folded(Line.opened(keyring, line).name) for line in sealed if line is not None}


def counted(roster: RosterImport) -> dict[str, int]:
    """The rows of an import by outcome, as they are now."""
    counts = {
        str(outcome): int(rows)
        for outcome, rows in db.session.execute(
            select(RosterRow.outcome, func.count())
            .where(RosterRow.import_id == roster.id)
            .group_by(RosterRow.outcome)
        )
    }
    return {outcome.value: counts.get(outcome.value, 0) for outcome in Outcome}
