"""Whether each entry says what it said when it was posted, and agrees with its session.

Entries are looked at in the order in which they lie on the disk, so many blocks of every year's
partition at a time: nothing is sorted, nothing read twice, and a row that has strayed into another
year's partition is seen too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from ce_tracker.extensions import db
from ce_tracker.ledger import chain
from ce_tracker.ledger.proof import MOST_FINDINGS, Piece

BLOCKS = 2_000
"""Of 8 KB: some hundred thousand entries."""


def look_at_entries(after: int | None) -> Piece:
    first = after or 0
    blocks = list(db.session.scalars(_BLOCKS, {"first": first}))
    if not blocks:
        return Piece([], None)
    past = first + max(1, BLOCKS // len(blocks))
    rows = db.session.execute(
        _ENTRIES, {"first": f"({first},0)", "past": f"({past},0)", "most": MOST_FINDINGS}
    )
    findings = [_finding(row) for row in rows]
    return Piece(findings, past, min(1.0, past / max(blocks)))


_BLOCKS = text("""
    SELECT blocks FROM (
        SELECT pg_relation_size(relid) / current_setting('block_size')::int AS blocks
        FROM pg_partition_tree('ledger_entries') WHERE isleaf
    ) p
    WHERE blocks > :first
""")
# The limit stands outside: it would have each entry look its session up by itself.
_ENTRIES = text(f"""
    WITH wrong AS MATERIALIZED (
        SELECT e.professional_id, e.year, e.session_id, e.revision, e.posting_id, e.finished_on,
            e.digest IS DISTINCT FROM {chain.entry_digest("e")} AS changed,
            s.id IS NULL AS no_session,
            s.provider_id IS DISTINCT FROM e.provider_id AS other_provider,
            s.subject IS DISTINCT FROM e.subject AS other_subject,
            abs(e.hours_x100) > s.hours_x100 AS too_many
        FROM ledger_entries e LEFT JOIN training_sessions s ON s.id = e.session_id
        WHERE e.ctid >= CAST(:first AS tid) AND e.ctid < CAST(:past AS tid) AND (
            e.digest IS DISTINCT FROM {chain.entry_digest("e")}
            OR s.id IS NULL
            OR (s.provider_id, s.subject) IS DISTINCT FROM (e.provider_id, e.subject)
            OR abs(e.hours_x100) > s.hours_x100
            OR e.year <> extract(year FROM e.finished_on))
    ) SELECT * FROM wrong LIMIT :most
""")  # noqa: S608  our own words


def named(row: Row[Any]) -> str:
    return (
        f"人员 {row.professional_id} 在 {row.year} 年、班次 {row.session_id} 的"
        f"第 {row.revision} 条记录"
    )


def _finding(row: Row[Any]) -> str:
    name = f"{named(row)}（入账编号 {row.posting_id}）"
    if row.changed:
        return f"{name}被改动过：与它自己的摘要不符。"
    if row.no_session:
        return f"{name}所属的班次不见了。"
    if row.other_provider:
        return f"{name}与班次的施教机构不一致。"
    if row.other_subject:
        return f"{name}与班次的科目不一致。"
    if row.too_many:
        return f"{name}超过了班次的学时。"
    return f"{name}的年度与完成日期（{row.finished_on}）不一致。"
