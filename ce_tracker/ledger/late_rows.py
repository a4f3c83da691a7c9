"""Held rows that would move hours of a closed year: they wait for a word, and are posted by it.

Unlike a row that waits for somebody's registration, such a row may correct what stands already, or
take it back. So what holds of the person in the session is reversed first, with the authority's
reason, by the same alternation as everywhere in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text, tuple_

from ce_tracker.extensions import db
from ce_tracker.ledger import posting
from ce_tracker.ledger.closed_years import LateDecision, late
from ce_tracker.ledger.models import Posting

_WANTED = """
SELECT l.professional_id, l.year, l.session_id, (l.revision + 1)::smallint AS revision,
    -l.hours_x100 AS hours_x100, h.row_number, l.finished_on, l.result,
    CAST(:reason AS text) AS reason
FROM ({latest}) l JOIN held_rows h ON h.id = :row
WHERE l.revision % 2 = 1
UNION ALL
SELECT CAST(:person AS bigint), extract(year FROM h.finished_on)::smallint, h.session_id,
    coalesce(l.revision + 1 + l.revision % 2, 1)::smallint, h.hours_x100, h.row_number,
    h.finished_on, h.result, NULL
FROM held_rows h
LEFT JOIN ({latest}) l ON l.professional_id = :person
    AND l.year = extract(year FROM h.finished_on)
WHERE h.id = :row AND h.hours_x100 > 0
"""
_LATEST = """
    SELECT DISTINCT ON (e.professional_id, e.year) e.professional_id, e.year, e.session_id,
        e.revision, e.hours_x100, e.finished_on, e.result
    FROM ledger_entries e
    WHERE e.session_id = (SELECT session_id FROM held_rows WHERE id = :row)
        AND e.professional_id IN (
            SELECT CAST(:person AS bigint)
            UNION ALL SELECT id FROM professionals WHERE merged_into = :person)
    ORDER BY e.professional_id, e.year, e.revision DESC
"""
"""Of every record of the person, in that session."""


_HOLDING = text(f"""
SELECT l.year FROM ({_LATEST}) l WHERE l.revision % 2 = 1 AND l.year = ANY (:closed)
ORDER BY l.year LIMIT 1
""")  # noqa: S608  our own words


def closed_year(row: Row[Any], closed: Sequence[int]) -> int | None:
    """The closed year that needs a word, if any: by what the row would do, whatever it says."""
    year: int = row.finished_on.year
    if year in closed:
        return year
    if row.professional_id is None:
        return None
    given = {"row": row.id, "person": row.person, "closed": closed}
    found: int | None = db.session.scalar(_HOLDING, given)
    return row.closed_year if found is None else found


def decisions(rows: Sequence[Row[Any]]) -> dict[int, LateDecision]:
    """By held row: what was said to it as it stands in its latest list."""
    found = db.session.scalars(
        select(LateDecision).where(
            tuple_(LateDecision.held_row_id, LateDecision.upload_id).in_(
                [(row.id, row.upload_id) for row in rows]
            )
        )
    )
    return {each.held_row_id: each for each in found}


def await_decision(row: Row[Any], year: int) -> None:
    db.session.execute(
        text(
            "UPDATE held_rows SET closed_year = :year, professional_id = :person,"
            " problem = :problem WHERE id = :row"
        ),
        {"year": year, "person": row.person, "problem": late([year]), "row": row.id},
    )


def post(row: Row[Any], decision: LateDecision) -> Posting | None:
    """Nothing if there was nothing left to move."""
    return posting.post(
        _WANTED.format(latest=_LATEST),
        {
            "row": row.id,
            "person": row.person,
            "reason": f"年度封账后经{decision.decided_by_name}同意：{decision.reason}",
        },
        "held",
        upload_id=row.upload_id,
        posted_by=row.posted_by,
        agreed=True,
    )
