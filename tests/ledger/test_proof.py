"""Whatever somebody with all the rights of a superuser changes in the ledger, the proof names."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import text

from ce_tracker.extensions import db
from ce_tracker.ledger import (
    chain,
    head,
    proof_of_chain,
    proof_of_entries,
    proof_of_held_rows,
    proof_of_standings,
)
from ce_tracker.ledger.models import LedgerEntry, Posting
from ce_tracker.ledger.proof import pieces
from ce_tracker.ledger.proving import PARTS
from ce_tracker.ledger.uploads import HeldRow
from tests.factories import Factory
from tests.ledger.world import Ledger, Move, Story, story


@pytest.fixture
def ledger(make: Factory, worker: Flask) -> Ledger:
    return Ledger(worker, make)


@pytest.fixture
def told(ledger: Ledger, make: Factory) -> Story:
    return story(ledger, make)


def found(worker: Flask, parts: Iterable[str] = tuple(PARTS)) -> list[str]:
    """What the proof finds, with the rights that the nightly job has."""
    with worker.app_context():
        findings = [
            finding for part in parts for piece in pieces(PARTS[part]) for finding in piece.findings
        ]
        db.session.remove()
    return findings


def tamper(statement: str, **values: object) -> None:
    """As a superuser who knows how to switch the guards off."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    changed = db.session.execute(text(statement), values)
    assert changed.rowcount > 0, statement  # type: ignore[attr-defined]
    db.session.commit()


def entry(person: int, year: int, session: int, revision: int) -> str:
    return f"人员 {person} 在 {year} 年、班次 {session} 的第 {revision} 条记录"


def test_nothing_is_found_where_nothing_is_wrong(told: Story, worker: Flask) -> None:
    assert found(worker) == []


def test_nothing_is_found_in_an_empty_ledger(make: Factory, worker: Flask) -> None:
    assert found(worker) == []


def test_looking_a_few_rows_at_a_time_sees_all_of_them(
    told: Story, worker: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (proof_of_chain, "LINKS"),
        (proof_of_chain, "ENTRIES"),
        (proof_of_entries, "BLOCKS"),
        (proof_of_standings, "STANDINGS"),
        (proof_of_held_rows, "ROWS"),
    ):
        monkeypatch.setattr(module, name, 1)
    assert found(worker) == []
    [anna, bert, carl] = told.people
    tamper("UPDATE ledger_entries SET digest = sha256('x')")
    tamper("UPDATE postings SET digest = sha256('x')")
    tamper("UPDATE standings SET specialty_x100 = specialty_x100 + 1")
    tamper("UPDATE held_rows SET row_number = row_number + 1")
    findings = "\n".join(found(worker))
    for position in range(1, 5):
        assert f"第 {position} 批入账（编号 {told.postings[position - 1]}）被改动过" in findings
        assert f"第 {position} 批入账（编号 {told.postings[position - 1]}）的记录被改动" in findings
    for person in (anna, bert, carl):
        assert f"人员 {person} 的 2026 年学时不符" in findings
    assert f"人员 {anna} 的 2025 年学时不符" in findings
    assert findings.count("条记录（入账编号") == 8
    for row in (told.held, told.settled):
        assert f"待登记的第 {row} 条" in findings


ENTRY_CHANGES = {
    "professional_id": "professional_id + 1000",
    "session_id": "session_id + 1000",
    "posting_id": "posting_id + 1000",
    "provider_id": "provider_id + 1",
    "hours_x100": "hours_x100 + sign(hours_x100)::int",
    "row_number": "coalesce(row_number, 0) + 1",
    "finished_on": "finished_on + 1",
    "year": "year - 1, finished_on = finished_on - interval '1 year'",
    "revision": "revision + 2",
    "subject": "CASE subject WHEN 'general' THEN 'specialty' ELSE 'general' END",
    "result": "coalesce(result, '') || '。'",
    "digest": "set_byte(digest, 31, get_byte(digest, 31) # 1)",
}


@pytest.mark.parametrize("column", [column.name for column in LedgerEntry.__table__.columns])
def test_one_change_in_any_column_of_an_entry_is_found_and_names_it(
    told: Story, worker: Flask, column: str
) -> None:
    _, bert, _ = told.people
    keys = ["professional_id", "year", "session_id", "revision"]
    for revision in (2, 3) if column != "reason" else (2,):
        change = ENTRY_CHANGES | {"reason": "reason || '。'"}
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        row = db.session.execute(
            text(
                f"UPDATE ledger_entries SET {column} = {change[column]}"
                " WHERE professional_id = :who AND session_id = :session AND revision = :revision"
                f" RETURNING {', '.join(keys)}"
            ),
            {"who": bert, "session": told.sessions[0], "revision": revision},
        ).one()
        db.session.commit()
        name = entry(row.professional_id, row.year, row.session_id, row.revision)
        findings = found(worker)
        assert any(finding.startswith(f"{name}（") for finding in findings), findings
        tampered = " AND ".join(f"{key} = {getattr(row, key)}" for key in keys)
        tamper(f"DELETE FROM ledger_entries WHERE {tampered}")


def test_an_entry_whose_digest_was_made_to_fit_is_found_in_its_posting(
    told: Story, worker: Flask
) -> None:
    _, bert, _ = told.people
    tamper(
        "UPDATE ledger_entries SET result = '优秀' WHERE professional_id = :who AND revision = 3",
        who=bert,
    )
    tamper(f"UPDATE ledger_entries e SET digest = {chain.entry_digest('e')}")
    assert found(worker) == [
        f"第 2 批入账（编号 {told.postings[1]}）的记录被改动或替换过：与入账时的摘要不符。"
    ]


POSTING_CHANGES = {
    "id": "id + 1000",
    "position": "position + 1000",
    "kind": "'upload', upload_id = (SELECT id FROM uploads LIMIT 1), session_id = NULL",
    "upload_id": "(SELECT id FROM uploads ORDER BY id DESC LIMIT 1)",
    "session_id": "session_id + 1",
    "posted_by": "CASE WHEN posted_by IS NULL THEN (SELECT id FROM users LIMIT 1) END",
    "posted_at": "posted_at + interval '1 microsecond'",
    "entries": "entries + 1",
    "entries_digest": "set_byte(entries_digest, 0, get_byte(entries_digest, 0) # 128)",
    "previous": "set_byte(previous, 0, get_byte(previous, 0) # 1)",
    "digest": "set_byte(digest, 0, get_byte(digest, 0) # 1)",
}


@pytest.mark.parametrize("column", [column.name for column in Posting.__table__.columns])
def test_one_change_in_any_column_of_a_posting_is_found_and_names_it(
    told: Story, worker: Flask, column: str
) -> None:
    position = {"upload_id": 1}.get(column, 4)
    tamper(
        f"UPDATE postings SET {column} = {POSTING_CHANGES[column]} WHERE position = :position",
        position=position,
    )
    row = db.session.execute(
        text(
            "SELECT id, position FROM postings ORDER BY position = :p DESC, position DESC LIMIT 1"
        ),
        {"p": position},
    ).one()
    name = f"第 {row.position} 批入账（编号 {row.id}）被改动过"
    findings = found(worker)
    assert any(finding.startswith(name) for finding in findings), findings


# The rest of a standing is no part of the ledger: a whole sweep makes it anew.
@pytest.mark.parametrize("column", ["professional_id", "year", "general_x100", "specialty_x100"])
def test_one_change_in_any_column_of_a_standing_is_found_and_names_it(
    told: Story, worker: Flask, column: str
) -> None:
    anna, _, _ = told.people
    tamper(
        f"UPDATE standings SET {column} = {column} + 30"
        " WHERE professional_id = :who AND year = 2026",
        who=anna,
    )
    findings = "\n".join(found(worker))
    assert f"人员 {anna} 的 2026 年学时" in findings
    if column == "year":
        assert f"人员 {anna} 的 2056 年学时" in findings
    if column == "professional_id":
        assert f"人员 {anna + 30} 的 2026 年学时" in findings


HELD_CHANGES = {
    "upload_id": "(SELECT id FROM uploads ORDER BY id LIMIT 1)",
    "provider_id": "provider_id + 1",
    "session_id": "session_id + 1",
    "row_number": "row_number + 1",
    "hours_x100": "hours_x100 * 10",
    "finished_on": "finished_on + 1",
    "result": "'优秀'",
    "line_sealed": "set_byte(line_sealed, 20, get_byte(line_sealed, 20) # 1)",
    "id_number_sealed": "set_byte(id_number_sealed, 20, get_byte(id_number_sealed, 20) # 1)",
    "id_number_index": "set_byte(id_number_index, 20, get_byte(id_number_index, 20) # 1)",
    "posting_id": "posting_id + 1",
}
SAYS_NOTHING_OF_HOURS = {
    *("id", "state", "problem", "held_at", "settled_at"),
    *("closed_year", "professional_id"),  # whether a word is needed is found out anew
}


@pytest.mark.parametrize("settled", [False, True], ids=["held", "posted"])
@pytest.mark.parametrize("column", sorted(HELD_CHANGES))
def test_one_change_in_what_a_held_row_says_is_found_and_names_it(
    told: Story, worker: Flask, column: str, *, settled: bool
) -> None:
    if settled == (column in {"line_sealed", "id_number_sealed", "id_number_index"}):
        settled = not settled  # a settled row has none
    if column == "posting_id":
        settled = True
    row = told.settled if settled else told.held
    tamper(f"UPDATE held_rows SET {column} = {HELD_CHANGES[column]} WHERE id = :row", row=row)
    findings = found(worker)
    assert any(finding.startswith(f"待登记的第 {row} 条") for finding in findings), findings


def test_every_column_of_a_held_row_is_thought_of() -> None:
    columns = {column.name for column in HeldRow.__table__.columns}
    assert columns == set(HELD_CHANGES) | SAYS_NOTHING_OF_HOURS


def test_an_entry_taken_out_is_found_in_its_posting_and_its_person(
    told: Story, worker: Flask
) -> None:
    anna, _, _ = told.people
    tamper("DELETE FROM ledger_entries WHERE professional_id = :who AND year = 2025", who=anna)
    assert found(worker) == [
        f"第 1 批入账（编号 {told.postings[0]}）有 3 条记录，台账中却有 2 条。",
        f"人员 {anna} 的 2025 年学时不符：专业科目汇总是 16，台账记录合计是 0。",
    ]


def test_an_entry_put_in_is_found_even_with_its_digest_and_its_standing(
    told: Story, worker: Flask
) -> None:
    anna, _, carl = told.people
    tamper(
        "INSERT INTO ledger_entries SELECT (jsonb_populate_record(e, jsonb_build_object("
        "'professional_id', CAST(:carl AS bigint)))).*"
        " FROM ledger_entries e WHERE professional_id = :anna AND year = 2025",
        anna=anna,
        carl=carl,
    )
    tamper(f"UPDATE ledger_entries e SET digest = {chain.entry_digest('e')}")
    tamper("INSERT INTO standings VALUES (:carl, 2025, 0, 1600)", carl=carl)
    assert found(worker) == [
        f"第 1 批入账（编号 {told.postings[0]}）有 3 条记录，台账中却有 4 条。"
    ]


def test_a_whole_posting_with_its_entries_and_standings_taken_out_is_found(
    told: Story, worker: Flask
) -> None:
    tamper("DELETE FROM postings WHERE position = 2")
    assert "第 2 批入账不见了：第 1 批之后就是第 3 批。" in found(worker)
    tamper("DELETE FROM postings WHERE position = 1")
    assert "第 1 批入账不见了：最早的是第 3 批。" in found(worker)


def test_postings_at_the_end_taken_out_with_all_that_they_did_are_found_by_a_kept_head(
    told: Story, worker: Flask
) -> None:
    kept = head.current()
    _, bert, _ = told.people
    tamper("DELETE FROM ledger_entries WHERE posting_id = :last", last=told.postings[3])
    tamper("DELETE FROM postings WHERE position = 4")
    tamper("UPDATE standings SET general_x100 = 1000 WHERE professional_id = :who", who=bert)
    assert found(worker) == []
    assert head.held_against(kept) == [
        f"台账被截短：保存的台账摘要（第 4 批，{kept.posted_at}）之后，第 4 批及以后的入账不见了。"
    ]


def test_a_chain_written_anew_is_found_by_a_kept_head(
    told: Story, ledger: Ledger, worker: Flask
) -> None:
    kept = head.current()
    tamper("UPDATE postings SET posted_by = NULL WHERE position = 2")
    for position in (2, 3, 4):
        tamper(
            "UPDATE postings SET previous = (SELECT digest FROM postings WHERE position = :p - 1)"
            " WHERE position = :p",
            p=position,
        )
        tamper(
            f"UPDATE postings p SET digest = {chain.posting_digest('p')} WHERE position = :p",
            p=position,
        )
    assert found(worker) == []
    [finding] = head.held_against(kept)
    assert finding.startswith("台账被改写：第 4 批入账与保存的台账摘要")


def test_rows_that_others_point_to_and_that_are_gone_are_missed(told: Story, worker: Flask) -> None:
    anna, _, carl = told.people
    tamper("DELETE FROM professionals WHERE id = :who", who=carl)
    tamper("DELETE FROM training_sessions WHERE id = :session", session=told.sessions[2])
    tamper("DELETE FROM uploads WHERE id = (SELECT upload_id FROM postings WHERE position = 1)")
    findings = "\n".join(found(worker))
    assert f"人员 {carl} 的 2026 年学时有记录，而没有登记这个人。" in findings
    assert f"{entry(anna, 2025, told.sessions[2], 1)}（入账编号 1）所属的班次不见了。" in findings
    assert "第 1 批入账（编号 1）所依据的上传不见了。" in findings


def test_what_is_posted_afterwards_is_looked_at_too(
    told: Story, ledger: Ledger, make: Factory, worker: Flask
) -> None:
    kept = head.current()
    ledger.posts(
        Move(make.professional().id, told.sessions[0], 800), upload_id=ledger.upload(told.base)
    )
    assert found(worker) == []
    assert head.held_against(kept) == []
    assert head.current().position == kept.position + 1


def test_a_proof_in_the_midst_of_postings_finds_nothing(
    told: Story, ledger: Ledger, make: Factory, worker: Flask
) -> None:
    upload, session = ledger.upload(told.base), told.sessions[0]
    enough = Event()

    def post(person: int) -> int:
        posted = 0
        while not enough.is_set():
            ledger.posts(Move(person, session, 800), upload_id=upload)
            ledger.posts(Move(person, session, -800, reason="更正"), upload_id=upload)
            posted += 2
        return posted

    with ThreadPoolExecutor(2) as threads:
        posting = [threads.submit(post, make.professional().id) for _ in range(2)]
        try:
            findings = [finding for _ in range(8) for finding in found(worker)]
        finally:
            enough.set()
        posted = sum(each.result() for each in posting)
    assert findings == []
    assert found(worker) == []
    assert head.current().position == 4 + posted > 4
