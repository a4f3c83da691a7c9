"""Whether the chain is whole, and each link has the entries that it was made of."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlalchemy import Row, text

from ce_tracker.extensions import db
from ce_tracker.ledger import chain
from ce_tracker.ledger.proof import MOST_FINDINGS, Piece

LINKS = 5_000
ENTRIES = 100_000
BEFORE_ALL = -(2**63)
PAST_ALL = 2**63 - 1


def look_at_links(after: int | None) -> Piece:
    """Each link says what it said when it was made, and follows the one before it."""
    first = BEFORE_ALL if after is None else after
    rows = db.session.execute(_LINKS, {"first": first, "many": LINKS + 1}).all()
    findings = [] if after is not None else _of_first(rows[0]) if rows else []
    for row in rows if after is None else rows[1:]:
        findings += _of_link(row)
    for before, row in pairwise(rows):
        findings += _of_order(before, row)
    full = len(rows) > LINKS
    last = rows[-1].position if rows else 0
    return Piece(
        findings[:MOST_FINDINGS],
        last if full else None,
        last / max(rows[0].head, 1) if full else 1.0,
    )


_LINKS = text(f"""
    SELECT p.position, p.id, p.posted_at, p.previous, p.digest,
        p.digest IS DISTINCT FROM {chain.posting_digest("p")} AS changed,
        p.upload_id IS NOT NULL AND u.id IS NULL AS no_upload,
        p.session_id IS NOT NULL AND s.id IS NULL AS no_session,
        (SELECT max(position) FROM postings) AS head
    FROM postings p
    LEFT JOIN uploads u ON u.id = p.upload_id
    LEFT JOIN training_sessions s ON s.id = p.session_id
    WHERE p.position >= :first
    ORDER BY p.position LIMIT :many
""")  # noqa: S608  our own words


def _of_first(row: Row[Any]) -> list[str]:
    if row.position != 1:
        return [f"第 1 批入账不见了：最早的是第 {row.position} 批。"]
    if row.previous != chain.BEFORE_ALL:
        return ["第 1 批入账之前不应有别的入账，它却接着另一个摘要。"]
    return []


def _of_link(row: Row[Any]) -> list[str]:
    findings = []
    if row.changed:
        findings.append(f"第 {row.position} 批入账（编号 {row.id}）被改动过：与它自己的摘要不符。")
    if row.no_upload:
        findings.append(f"第 {row.position} 批入账（编号 {row.id}）所依据的上传不见了。")
    if row.no_session:
        findings.append(f"第 {row.position} 批入账（编号 {row.id}）所冲销的班次不见了。")
    return findings


def _of_order(before: Row[Any], row: Row[Any]) -> list[str]:
    if row.position != before.position + 1:
        missing = f"第 {before.position + 1} 批"
        if row.position > before.position + 2:
            missing += f"至第 {row.position - 1} 批"
        return [f"{missing}入账不见了：第 {before.position} 批之后就是第 {row.position} 批。"]
    findings = []
    if row.previous != before.digest:
        findings.append(
            f"第 {row.position} 批入账接着的不是第 {before.position} 批："
            "两者中有一批被改动或替换过。"
        )
    if row.posted_at < before.posted_at:
        findings.append(
            f"第 {row.position} 批入账的时间早于第 {before.position} 批，入账时间被改动过。"
        )
    return findings


def look_at_postings(after: int | None) -> Piece:
    """Each posting has just the entries that it had, and every entry a posting."""
    first = BEFORE_ALL if after is None else after
    last = db.session.execute(_SOME_POSTINGS, {"first": first, "most": ENTRIES}).one()
    to = PAST_ALL if last.id is None or last.id == last.newest else last.id
    rows = db.session.execute(_POSTINGS, {"first": first, "last": to, "most": MOST_FINDINGS})
    findings = [_of_posting(row) for row in rows]
    if to == PAST_ALL:
        return Piece(findings, None)
    return Piece(findings, last.id, last.id / max(last.newest, 1))


# At least one posting, however many entries it has.
_SOME_POSTINGS = text("""
    SELECT max(id) AS id, (SELECT max(id) FROM postings) AS newest
    FROM (
        SELECT id, sum(entries) OVER (ORDER BY id) - entries AS before
        FROM (SELECT id, entries FROM postings WHERE id > :first ORDER BY id LIMIT 5000) p
    ) q
    WHERE before < :most
""")
_POSTINGS = text(f"""
    SELECT e.posting_id, p.id, p.position, p.entries, coalesce(e.found, 0) AS found
    FROM (SELECT * FROM postings WHERE id > :first AND id <= :last) p
    FULL JOIN (
        SELECT posting_id, count(*) AS found, {chain.entries_digest("e")} AS digest
        FROM ledger_entries e
        WHERE posting_id > :first AND posting_id <= :last
        GROUP BY posting_id
    ) e ON e.posting_id = p.id
    WHERE p.entries IS DISTINCT FROM e.found OR p.entries_digest IS DISTINCT FROM e.digest
    ORDER BY coalesce(p.id, e.posting_id) LIMIT :most
""")  # noqa: S608  our own words


def _of_posting(row: Row[Any]) -> str:
    if row.id is None:
        return f"台账中有 {row.found} 条记录属于编号 {row.posting_id} 的入账，而没有这批入账。"
    name = f"第 {row.position} 批入账（编号 {row.id}）"
    if row.entries != row.found:
        return f"{name}有 {row.entries} 条记录，台账中却有 {row.found} 条。"
    return f"{name}的记录被改动或替换过：与入账时的摘要不符。"
