"""Whether each held row can still post itself, and each that did has its entry.

What a held row says of hours and days is sealed together with the name (`uploads.sealed_line`), so
that nobody who can write to the database alone can change what will be posted one night.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import Row, text

from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.ledger.proof import MOST_FINDINGS, Piece
from ce_tracker.ledger.uploads import opened_line, what_is_held
from ce_tracker.sealing import CannotOpenError, Keyring, key_version

ROWS = 1_000
BEFORE_ALL = -(2**63)


def look_at_held_rows(after: int | None) -> Piece:
    first = BEFORE_ALL if after is None else after
    rows = db.session.execute(_ROWS, {"first": first, "many": ROWS}).all()
    keyring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    entries = _entries([row.posting_id for row in rows if row.state == "posted"])
    findings = []
    for row in rows:
        trouble = _trouble(row, keyring, entries)
        if trouble:
            findings.append(
                f"待登记的第 {row.id} 条（班次 {row.session_id}，"
                f"名单第 {row.row_number} 行）{trouble}"
            )
    full = len(rows) == ROWS
    return Piece(
        findings[:MOST_FINDINGS],
        rows[-1].id if full else None,
        rows[-1].id / max(rows[0].newest, 1) if full else 1.0,
    )


_ROWS = text("""
    SELECT h.*, s.id IS NULL AS no_session, u.id IS NULL AS no_upload,
        (h.provider_id, h.provider_id) IS DISTINCT FROM (s.provider_id, u.provider_id)
            AS other_provider,
        h.hours_x100 > s.hours_x100 AS too_many,
        (SELECT max(id) FROM held_rows) AS newest
    FROM held_rows h
    LEFT JOIN training_sessions s ON s.id = h.session_id
    LEFT JOIN uploads u ON u.id = h.upload_id
    WHERE h.id > :first ORDER BY h.id LIMIT :many
""")
_ENTRIES = text("""
    SELECT e.posting_id, p.upload_id, e.session_id, e.row_number, e.hours_x100, e.finished_on,
        e.result
    FROM ledger_entries e JOIN postings p ON p.id = e.posting_id AND p.kind = 'held'
    WHERE e.posting_id = ANY (:postings)
""")


def _entries(postings: list[int]) -> set[tuple[Any, ...]]:
    if not postings:
        return set()
    rows = db.session.execute(_ENTRIES, {"postings": sorted(set(postings))})
    return {tuple(row) for row in rows}


def _trouble(row: Row[Any], keyring: Keyring, entries: set[tuple[Any, ...]]) -> str:
    if row.no_session:
        return "所属的班次不见了。"
    if row.no_upload:
        return "所依据的上传不见了。"
    if row.other_provider:
        return "与班次或上传的施教机构不一致。"
    if row.state == "posted":
        return _of_posted(row, entries)
    return _of_held(row, keyring) if row.state == "held" else ""


def _of_posted(row: Row[Any], entries: set[tuple[Any, ...]]) -> str:
    said = (row.posting_id, row.upload_id, row.session_id, row.row_number)
    if (*said, row.hours_x100, row.finished_on, row.result) in entries:
        return ""
    if row.hours_x100 == 0 and any(entry[:4] == said and entry[4] < 0 for entry in entries):
        return ""  # what was credited was taken back
    return f"标为已入账（入账编号 {row.posting_id}），台账中没有与它一致的记录。"


def _of_held(row: Row[Any], keyring: Keyring) -> str:
    try:
        line = opened_line(keyring, row.line_sealed)
        number = keyring.open(row.id_number_sealed, PLACE)
    except (CannotOpenError, TypeError):
        return "的密文打不开：被改动过，或者缺少密钥。"
    if line.held != what_is_held(row.upload_id, row):
        return "被改动过：与密封的内容不符。"
    index, version = row.id_number_index, key_version(row.id_number_index)
    if version not in keyring.versions or index != keyring.index(number, PLACE, version):
        return "的证件号码索引被改动过：与密封的号码不符。"
    return "超过了班次的学时。" if row.too_many else ""
