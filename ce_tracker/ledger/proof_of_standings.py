"""Whether each person's hours of each year are the sum of the entries, and the entries of each
session a row of credits and reversals. The index alone is read: it covers the sums."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.ledger.proof import MOST_FINDINGS, Piece
from ce_tracker.ledger.proof_of_entries import named

STANDINGS = 20_000
BEFORE_ALL = -(2**63)
PAST_ALL = 2**63 - 1


def look_at_people(after: int | None) -> Piece:
    first = BEFORE_ALL if after is None else after
    bound = db.session.execute(_SOME_PEOPLE, {"first": first, "many": STANDINGS}).one()
    last = PAST_ALL if bound.last is None else bound.last
    between = {"first": first, "last": last, "most": MOST_FINDINGS}
    findings = [_of_standing(row) for row in db.session.execute(_SUMS, between)]
    findings += [_of_revision(row) for row in db.session.execute(_REVISIONS, between)]
    findings += [_of_session(row) for row in db.session.execute(_SESSIONS, between)]
    share = last / max(bound.most or 1, 1)
    return Piece(findings[:MOST_FINDINGS], bound.last, min(share, 1.0))


# The last range has no end: entries of somebody without a standing are seen too.
_SOME_PEOPLE = text("""
    SELECT (SELECT professional_id FROM standings WHERE professional_id > :first
            ORDER BY professional_id OFFSET :many LIMIT 1) AS last,
        (SELECT max(professional_id) FROM standings) AS most
""")
_SUMS = text("""
    SELECT professional_id, year, s.general_x100, s.specialty_x100,
        coalesce(e.general_x100, 0) AS general_sum, coalesce(e.specialty_x100, 0) AS specialty_sum,
        s.year IS NULL AS no_standing, p.id IS NULL AS nobody
    FROM (SELECT * FROM standings
          WHERE professional_id > :first AND professional_id <= :last) s
    FULL JOIN (
        SELECT professional_id, year,
            coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0) AS general_x100,
            coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0) AS specialty_x100
        FROM ledger_entries
        WHERE professional_id > :first AND professional_id <= :last
        GROUP BY professional_id, year
    ) e USING (professional_id, year)
    LEFT JOIN (SELECT id FROM professionals WHERE id > :first AND id <= :last) p
        ON p.id = professional_id
    WHERE s.general_x100 IS DISTINCT FROM coalesce(e.general_x100, 0)
       OR s.specialty_x100 IS DISTINCT FROM coalesce(e.specialty_x100, 0)
       OR p.id IS NULL
    ORDER BY professional_id, year LIMIT :most
""")
_REVISIONS = text("""
    SELECT * FROM (
        SELECT professional_id, year, session_id, revision, hours_x100, subject,
            row_number() OVER one AS place, lag(hours_x100) OVER one AS before_x100,
            lag(subject) OVER one AS subject_before
        FROM ledger_entries
        WHERE professional_id > :first AND professional_id <= :last
        WINDOW one AS (PARTITION BY professional_id, year, session_id ORDER BY revision)
    ) e
    WHERE revision <> place OR subject <> subject_before
       OR (revision % 2 = 1) <> (hours_x100 > 0)
       OR (revision % 2 = 0 AND hours_x100 <> -before_x100)
    ORDER BY professional_id, year, session_id, revision LIMIT :most
""")
# Whatever the years: nobody has more of a session than it has hours.
_SESSIONS = text("""
    SELECT e.professional_id, e.session_id, e.held_x100, s.hours_x100
    FROM (
        SELECT professional_id, session_id, sum(hours_x100) AS held_x100
        FROM ledger_entries
        WHERE professional_id > :first AND professional_id <= :last
        GROUP BY professional_id, session_id
    ) e JOIN training_sessions s ON s.id = e.session_id
    WHERE e.held_x100 NOT BETWEEN 0 AND s.hours_x100
    ORDER BY e.professional_id, e.session_id LIMIT :most
""")


def _of_standing(row: Row[Any]) -> str:
    name = f"人员 {row.professional_id} 的 {row.year} 年学时"
    if row.nobody:
        return f"{name}有记录，而没有登记这个人。"
    if row.no_standing:
        return f"{name}汇总不见了，而台账中有记录。"
    parts = [
        f"{subject}汇总是 {shown(stands)}，台账记录合计是 {shown(total)}"
        for subject, stands, total in (
            ("公需科目", row.general_x100, row.general_sum),
            ("专业科目", row.specialty_x100, row.specialty_sum),
        )
        if stands != total
    ]
    return f"{name}不符：{'；'.join(parts)}。"


def _of_revision(row: Row[Any]) -> str:
    if row.revision != row.place:
        return f"{named(row)}之前缺了记录：它本该是第 {row.place} 条。"
    if row.subject_before is not None and row.subject != row.subject_before:
        return f"{named(row)}与前一条的科目不一致。"
    return f"{named(row)}不是入账与冲销交替：学时 {shown(row.hours_x100)} 与次序不合。"


def _of_session(row: Row[Any]) -> str:
    return (
        f"人员 {row.professional_id} 在班次 {row.session_id} 合计 {shown(row.held_x100)} 学时，"
        f"而这个班次是 {shown(row.hours_x100)} 学时。"
    )
