"""Held rows (待登记): who attended and is not registered yet, or whose year is closed.

Nothing that a provider reported is lost because an employer is late with its roster: the line is
kept sealed, and every night those whose people have come are posted, by the same road. What would
move hours of a closed year waits for the authority's word (`late_rows`).
"""

from __future__ import annotations

from itertools import islice
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, select, text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.jobs import Job
from ce_tracker.ledger import closed_years, late_rows, posting
from ce_tracker.ledger.classifying import OUTCOME
from ce_tracker.ledger.closed_years import late
from ce_tracker.ledger.models import Posting
from ce_tracker.ledger.staging import Reading
from ce_tracker.ledger.uploads import (
    HeldLine,
    Mode,
    Upload,
    opened_line,
    sealed_line,
    what_is_held,
)
from ce_tracker.registry.names import same_name
from ce_tracker.sealing import Keyring
from ce_tracker.training.models import SessionState, TrainingSession

ROWS_AT_ONCE = 1000
OTHER_NAME = "这个证件号码已登记，但姓名不同，请核对后重新上传。"
ENTERED_ALREADY = "这个人在本班次的学时已另行入账。"
SESSION_GONE = "班次已撤销。"
SAID_OTHERWISE = "后来的名单已写明这个人的结果，以后来的为准。"
NOT_IN_LIST = "重新上传的完整名单中没有这个人。"
FORGOTTEN = (
    "line_sealed = NULL, id_number_sealed = NULL, id_number_index = NULL, professional_id = NULL"
)
"""A settled row keeps nothing of who it was about."""

_HELD = text(f"""
SELECT j.session_id, j.row_number, CASE WHEN j.credited THEN j.hours_x100 ELSE 0 END AS hours_x100,
    j.finished_on, j.result, j.name, j.tail, j.id_index, j.person, j.closed_year
FROM judged j WHERE {OUTCOME} = 'held' ORDER BY j.row_number
""")  # noqa: S608
_KEEP = text("""
INSERT INTO held_rows AS h (upload_id, provider_id, session_id, row_number, hours_x100,
    finished_on, result, line_sealed, id_number_sealed, id_number_index, professional_id,
    closed_year, problem, state, held_at)
SELECT :upload, :provider, u.*, 'held', :now
FROM unnest(CAST(:sessions AS bigint[]), CAST(:rows AS integer[]), CAST(:hours AS integer[]),
    CAST(:days AS date[]), CAST(:results AS text[]), CAST(:lines AS bytea[]),
    CAST(:numbers AS bytea[]), CAST(:indexes AS bytea[]), CAST(:people AS bigint[]),
    CAST(:years AS smallint[]), CAST(:problems AS text[])) AS u
ON CONFLICT (session_id, id_number_index) WHERE state = 'held' DO UPDATE
SET upload_id = excluded.upload_id, row_number = excluded.row_number,
    hours_x100 = excluded.hours_x100, finished_on = excluded.finished_on,
    result = excluded.result, line_sealed = excluded.line_sealed,
    professional_id = excluded.professional_id, closed_year = excluded.closed_year,
    problem = excluded.problem
""")
_NOT_IN_LIST = text(f"""
UPDATE held_rows h SET state = 'released', problem = :why, settled_at = :now, {FORGOTTEN}
WHERE h.state = 'held' AND h.provider_id = :provider AND h.upload_id <> :upload
    AND h.session_id IN (SELECT session_id FROM judged)
    AND NOT EXISTS (SELECT FROM judged j WHERE j.id_index = h.id_number_index
        AND (j.session_id = h.session_id OR j.session_id IS NULL))
""")  # noqa: S608
_SAID_OTHERWISE = text(f"""
UPDATE held_rows h SET state = 'released', problem = :why, settled_at = :now, {FORGOTTEN}
FROM judged j
WHERE h.state = 'held' AND h.provider_id = :provider AND h.session_id = j.session_id
    AND h.id_number_index = j.id_index
    AND {OUTCOME} IN ('new', 'changed', 'already', 'not_credited')
""")  # noqa: S608


def keep(upload: Upload, reading: Reading, keyring: Keyring, held: int) -> None:
    """Of this upload whoever is unknown, `held` of them; a later list of the same session has the
    last word."""
    rows = iter(db.session.execute(_HELD).all() if held else ())
    while some := list(islice(rows, ROWS_AT_ONCE)):
        numbers = [reading.reader.number_in(row.row_number) for row in some]
        db.session.execute(
            _KEEP,
            {
                "upload": upload.id,
                "provider": upload.provider_id,
                "now": clock.now(),
                "sessions": [row.session_id for row in some],
                "rows": [row.row_number for row in some],
                "hours": [row.hours_x100 for row in some],
                "days": [row.finished_on for row in some],
                "results": [row.result for row in some],
                "lines": [_sealed(upload, row, keyring) for row in some],
                "numbers": [keyring.seal(number, PLACE) for number in numbers],
                "indexes": [row.id_index for row in some],
                "people": [row.person for row in some],
                "years": [row.closed_year for row in some],
                "problems": [row.closed_year and late([row.closed_year]) for row in some],
            },
        )
    letting_go = {"now": clock.now(), "provider": upload.provider_id}
    db.session.execute(_SAID_OTHERWISE, {**letting_go, "why": SAID_OTHERWISE})
    if upload.mode == Mode.REPLACE:
        db.session.execute(_NOT_IN_LIST, {**letting_go, "why": NOT_IN_LIST, "upload": upload.id})


def _sealed(upload: Upload, row: Row[Any], keyring: Keyring) -> bytes:
    return sealed_line(keyring, HeldLine(row.name, row.tail, what_is_held(upload.id, row)))


# --- by night ------------------------------------------------------------------------------

_COMING = text("""
SELECT h.id, h.upload_id, h.session_id, h.line_sealed, p.name, h.finished_on, h.closed_year,
    h.professional_id, coalesce(p.merged_into, p.id) AS person,
    coalesce(u.agreed_by, u.asked_by) AS posted_by
FROM held_rows h
JOIN professionals p ON p.id_number_index = h.id_number_index
JOIN uploads u ON u.id = h.upload_id
WHERE h.state = 'held' AND (h.upload_id, h.id) > (:upload, :row)
    AND (CAST(:only AS bigint) IS NULL OR h.id = :only)
ORDER BY h.upload_id, h.id LIMIT :most
""")
_ENTERED = text("""
SELECT h.id FROM held_rows h
JOIN unnest(CAST(:rows AS bigint[]), CAST(:people AS bigint[])) AS u (id, person) USING (id)
WHERE EXISTS (
    SELECT FROM ledger_entries e
    WHERE e.session_id = h.session_id AND e.professional_id IN (
            SELECT u.person UNION ALL SELECT id FROM professionals WHERE merged_into = u.person)
        AND e.revision % 2 = 1 AND NOT EXISTS (
            SELECT FROM ledger_entries r
            WHERE (r.professional_id, r.year, r.session_id, r.revision)
                = (e.professional_id, e.year, e.session_id, e.revision + 1)))
""")
_WANTED = """
SELECT u.person AS professional_id, extract(year FROM h.finished_on)::smallint AS year,
    h.session_id, coalesce((
        SELECT max(e.revision) + 1 FROM ledger_entries e
        WHERE (e.professional_id, e.year, e.session_id)
            = (u.person, extract(year FROM h.finished_on)::smallint, h.session_id)
    ), 1)::smallint AS revision,
    h.hours_x100, h.row_number, h.finished_on, h.result, NULL::text AS reason
FROM held_rows h
JOIN unnest(CAST(:rows AS bigint[]), CAST(:people AS bigint[])) AS u (id, person) USING (id)
"""


def post_held(job: Job) -> bool:
    """One step: the next of one upload's rows whose people have been registered; or the one row
    that was just decided on."""
    posting.wait_patiently()
    place = job.place or {"upload": str(UUID(int=0)), "row": 0}
    only = job.payload.get("held_row_id")
    coming = db.session.execute(_COMING, {**place, "only": only, "most": ROWS_AT_ONCE}).all()
    if not coming:
        return True
    upload_id = coming[0].upload_id
    some = [row for row in coming if row.upload_id == upload_id]
    _settle(some, _keyring())
    job.place = {"upload": str(upload_id), "row": some[-1].id}
    job.steps_done += len(some)
    job.steps_total = max(job.steps_total or 0, job.steps_done)
    return False


def _settle(rows: list[Row[Any]], keyring: Keyring) -> None:
    sessions = {
        each.id: each
        for each in db.session.scalars(
            select(TrainingSession)
            .where(TrainingSession.id.in_({row.session_id for row in rows}))
            .order_by(TrainingSession.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    closed, decided = closed_years.stay(), late_rows.decisions(rows)
    entered = _entered([row for row in rows if row.professional_id is None])
    right: dict[tuple[int, int], Row[Any]] = {}
    for row in rows:
        if sessions[row.session_id].state == SessionState.REVOKED:
            release([row.id], SESSION_GONE)
        elif not same_name(opened_line(keyring, row.line_sealed).name, row.name):
            _remark(row.id, OTHER_NAME)
        elif row.id in entered or (row.person, row.session_id) in right:
            release([row.id], ENTERED_ALREADY)
        elif (year := late_rows.closed_year(row, closed)) is None:
            right[row.person, row.session_id] = row
        elif (decision := decided.get(row.id)) is None:
            late_rows.await_decision(row, year)
        elif not decision.admitted:
            release([row.id], f"主管部门未同意：{decision.reason}")
        elif (made := late_rows.post(row, decision)) is None:
            release([row.id], ENTERED_ALREADY)
        else:
            _posted([row], made)
    if right:
        _post(list(right.values()))


def _entered(rows: list[Row[Any]]) -> set[int]:
    given = {"rows": [row.id for row in rows], "people": [row.person for row in rows]}
    return set(db.session.scalars(_ENTERED, given))


def _post(rows: list[Row[Any]]) -> None:
    made = posting.post(
        _WANTED,
        {"rows": [row.id for row in rows], "people": [row.person for row in rows]},
        "held",
        upload_id=rows[0].upload_id,
        posted_by=rows[0].posted_by,
    )
    if made is not None:
        _posted(rows, made)


def _posted(rows: list[Row[Any]], made: Posting) -> None:
    posting.mark_posted([row.session_id for row in rows])
    db.session.execute(
        text(
            f"UPDATE held_rows SET state = 'posted', posting_id = :posting, settled_at = :now,"  # noqa: S608
            f" problem = NULL, {FORGOTTEN} WHERE id = ANY (:rows)"
        ),
        {"posting": made.id, "now": clock.now(), "rows": [row.id for row in rows]},
    )


def release(ids: list[int], why: str) -> None:
    db.session.execute(
        text(
            f"UPDATE held_rows SET state = 'released', problem = :why, settled_at = :now,"  # noqa: S608
            f" {FORGOTTEN} WHERE id = ANY (:rows) AND state = 'held'"
        ),
        {"why": why, "now": clock.now(), "rows": ids},
    )


def _remark(row_id: int, problem: str) -> None:
    db.session.execute(
        text("UPDATE held_rows SET problem = :problem WHERE id = :id"),
        {"problem": problem, "id": row_id},
    )


def _keyring() -> Keyring:
    ring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    return ring
