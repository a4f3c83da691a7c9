"""Hours of a closed year are posted with the authority's word, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Conflict
from ce_tracker.extensions import act_as, db
from ce_tracker.ledger import closed_years, posting
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.proof import pieces
from ce_tracker.ledger.proving import PARTS
from ce_tracker.ledger.uploads import HeldRow, Mode, Outcome
from ce_tracker.training import sessions
from tests.api.asking import Asker
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.ledger.books import Books
from tests.ledger.two_years import FULL, RESULTS, YEAR, books_of_two_years, close, line, teacher
from tests.registry.desk import id_number
from tests.waiting import until

A, B, C = (id_number(n) for n in (511, 513, 515))
WHY = {"reason": "签到表原件已核对，确系漏报"}


@pytest.fixture
def books(make: Factory, web: Flask, worker: Flask) -> Books:
    return books_of_two_years(make, web, worker)


@pytest.fixture
def weihai(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, WEIHAI))


def open_rows() -> list[HeldRow]:
    db.session.rollback()
    db.session.expire_all()
    found = select(HeldRow).where(HeldRow.state == "held").order_by(HeldRow.row_number)
    return list(db.session.scalars(found))


def admit(authority: Asker, books: Books, row: HeldRow, word: str = "admit") -> dict[str, Any]:
    said = authority.post(f"/held-rows/{row.id}/{word}", WHY)
    books.work()
    return said


def proof() -> list[str]:
    """Of the whole ledger."""
    db.session.rollback()
    return [
        finding for part in PARTS.values() for piece in pieces(part) for finding in piece.findings
    ]


def test_a_line_of_a_closed_year_is_held_and_said_to_be_in_the_preview(books: Books) -> None:
    person = teacher(books, "孙一", A)
    close()
    found = books.read(FULL, line("孙一", A, 8))
    assert books.counts(found) == {"held": 1}
    [shown] = books.kept(found, Outcome.HELD)
    [[_, said]] = shown.remarks
    assert said == "2025 年度已封账，补记或更正须经主管部门同意，同意后自动入账。"
    assert any("1 行属于封账的年度" in note for note in books.upload_of(found).notes)
    books.say_yes(found)
    assert (books.hours(person, YEAR), books.postings()) == ((0, 0), 0)
    [row] = books.held()
    assert (row.name, row.closed_year, row.problem) == ("孙一", YEAR, said)
    books.tonight("post-held")
    assert books.postings() == 0, "no night posts it"


def test_the_same_line_in_an_open_year_is_posted(books: Books) -> None:
    person = teacher(books, "孙一", A)
    close()
    books.enter(RESULTS, ("孙一", A, 8, "合格"))
    assert books.hours(person, YEAR + 1) == (0, 800)


def test_what_is_admitted_is_posted_at_once_and_who_admitted_it_is_kept(
    books: Books, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    said = admit(weihai, books, row)
    assert (said["admitted"], said["hours"], said["year"]) == (True, "8", YEAR)
    assert books.hours(person, YEAR) == (0, 800)
    assert open_rows() == []
    assert proof() == []
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "late.admitted"))
    assert (entry.professional_id, entry.reason) == (person, WHY["reason"])
    books.tonight("post-held")
    assert books.postings() == 1


def test_what_is_refused_is_let_go_and_its_provider_reads_why(
    books: Books, web: Flask, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    close()
    found = books.enter(FULL, line("孙一", A, 8))
    admit(weihai, books, open_rows()[0], "refuse")
    assert (books.hours(person, YEAR), open_rows()) == ((0, 0), [])
    [kept] = db.session.scalars(select(HeldRow))
    assert (kept.state, kept.id_number_sealed, kept.professional_id) == ("released", None, None)
    [told] = Asker(web, books.account).get("/held-rows/decisions")["items"]
    assert (told["admitted"], told["reason"], told["upload_id"], told["row_number"]) == (
        False,
        WHY["reason"],
        str(found),
        2,
    )


def test_a_correction_of_a_closed_year_changes_nothing_before_it_is_admitted(
    books: Books, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    books.enter(FULL, line("孙一", A, 8))
    close()
    assert books.counts(books.enter(FULL, line("孙一", A, 6))) == {"held": 1}
    assert books.entries(person) == [(YEAR, 1, 800)]
    admit(weihai, books, open_rows()[0])
    assert books.entries(person) == [(YEAR, 1, 800), (YEAR, 2, -800), (YEAR, 3, 600)]
    [reason] = db.session.scalars(select(LedgerEntry.reason).where(LedgerEntry.revision == 2))
    assert reason is not None
    assert WHY["reason"] in reason
    assert proof() == []


def test_who_failed_after_all_loses_the_hours_when_that_is_admitted(
    books: Books, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    books.enter(FULL, line("孙一", A, 8))
    close()
    books.enter(FULL, line("孙一", A, None, "不合格"))
    assert books.hours(person, YEAR) == (0, 800)
    [row] = open_rows()
    assert row.hours_x100 == 0
    admit(weihai, books, row)
    assert books.entries(person) == [(YEAR, 1, 800), (YEAR, 2, -800)]
    assert proof() == []


@pytest.mark.parametrize(("was", "now"), [(YEAR, YEAR + 1), (YEAR + 1, YEAR)])
def test_a_day_that_moves_into_or_out_of_a_closed_year_needs_a_word(
    books: Books, weihai: Asker, was: int, now: int
) -> None:
    person = teacher(books, "孙一", A)
    on = {YEAR: "2025-12-31", YEAR + 1: "2026-01-01"}
    books.enter(FULL, ("孙一", A, 8, "合格", on[was]))
    close()
    books.enter(FULL, ("孙一", A, 8, "合格", on[now]))
    assert (books.hours(person, was), books.hours(person, now)) == ((0, 800), (0, 0))
    admit(weihai, books, open_rows()[0])
    assert (books.hours(person, was), books.hours(person, now)) == ((0, 0), (0, 800))


def test_what_agrees_with_a_closed_year_asks_for_nothing(books: Books) -> None:
    teacher(books, "孙一", A)
    books.enter(FULL, line("孙一", A, 8))
    close()
    assert books.counts(books.enter(FULL, line("孙一", A, 8))) == {"already": 1}
    assert open_rows() == []


def test_nobody_is_taken_out_of_a_closed_year_by_a_list_that_lacks_them(books: Books) -> None:
    stays, goes = teacher(books, "孙一", A), teacher(books, "孙二", B)
    teacher(books, "孙三", C)
    books.enter(FULL, line("孙一", A, 8), ("孙二", B, 8, "合格", "2026-01-02"))
    close()
    whole = books.read(FULL, ("孙三", C, 8, "合格", "2026-01-02"), mode=Mode.REPLACE)
    assert books.counts(whole) == {"new": 1, "removed": 1}
    assert any("1 名已入账人员不冲销" in note for note in books.upload_of(whole).notes)
    books.say_yes(whole)
    assert (books.hours(stays, YEAR), books.hours(goes, YEAR + 1)) == ((0, 800), (0, 0))


def test_who_is_registered_after_the_close_waits_for_a_word_then(
    books: Books, weihai: Asker
) -> None:
    books.enter(FULL, line("孙一", A, 8))
    close()
    [row] = open_rows()
    assert (row.closed_year, row.professional_id) == (None, None)
    person = teacher(books, "孙一", A)
    books.tonight("post-held")
    assert books.hours(person, YEAR) == (0, 0)
    [row] = open_rows()
    assert (row.closed_year, row.professional_id) == (YEAR, person)
    admit(weihai, books, row)
    assert books.hours(person, YEAR) == (0, 800)
    assert proof() == []


def test_a_word_is_of_the_line_as_it_was_and_a_later_list_asks_anew(
    books: Books, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    weihai.post(f"/held-rows/{row.id}/admit", WHY)
    with books.worker.app_context():
        db.session.execute(text("UPDATE jobs SET due_at = now() + interval '1 day'"))
        db.session.commit()
    books.enter(FULL, line("孙一", A, 30))
    books.tonight("post-held")
    assert books.hours(person, YEAR) == (0, 0)
    [row] = open_rows()
    assert row.hours_x100 == 3000
    admit(weihai, books, row)
    assert books.hours(person, YEAR) == (0, 3000)


def test_the_provider_may_still_give_it_up(books: Books, web: Flask, weihai: Asker) -> None:
    teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    assert Asker(web, books.account).post(f"/held-rows/{row.id}/release", None) == {"released": 1}
    weihai.post(f"/held-rows/{row.id}/admit", WHY, 409)


def test_the_authority_of_the_person_decides_and_nobody_else(
    books: Books, web: Flask, make: Factory, weihai: Asker
) -> None:
    """The school is elsewhere than the base."""
    teacher(books, "孙一", A, YINCHUAN)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    address = f"/held-rows/{row.id}"
    [seen] = weihai.get("/held-rows")["items"]
    assert (seen["id"], seen["may_decide"]) == (row.id, False)
    assert "管辖" in weihai.post(f"{address}/admit", WHY, 403)["detail"]
    health = Asker(web, make.account(Role.AUTHORITY, YINCHUAN, Sector.HEALTH))
    assert health.get("/held-rows")["items"] == []
    health.post(f"{address}/admit", WHY, 404)
    Asker(web, books.account).post(f"{address}/admit", WHY, 403)
    home = Asker(web, make.account(Role.AUTHORITY, YINCHUAN))
    [seen] = home.get("/held-rows", late="true")["items"]
    assert seen["may_decide"] is True
    admit(home, books, row)
    assert books.hours(row.professional_id or 0, YEAR) == (0, 800)


def test_twice_the_same_word_is_one_and_another_word_is_too_late(
    books: Books, weihai: Asker
) -> None:
    teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    first = weihai.post(f"/held-rows/{row.id}/admit", WHY)
    assert weihai.post(f"/held-rows/{row.id}/admit", WHY) == first
    assert "不能再改" in weihai.post(f"/held-rows/{row.id}/refuse", WHY, 409)["detail"]
    assert "reason" in weihai.refused("POST", f"/held-rows/{row.id}/admit", {"reason": "好"})
    books.work()
    assert books.postings() == 1


def test_a_row_that_waits_for_a_registration_needs_no_word(books: Books, weihai: Asker) -> None:
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    assert "等待本人登记" in weihai.post(f"/held-rows/{row.id}/admit", WHY, 409)["detail"]


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE late_decisions SET admitted = true",
        "DELETE FROM late_decisions",
        "TRUNCATE late_decisions",
    ],
)
def test_a_word_is_changed_by_nobody(books: Books, weihai: Asker, attempt: str) -> None:
    teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    admit(weihai, books, open_rows()[0], "refuse")
    with pytest.raises(ProgrammingError, match="refused"):
        db.session.execute(text(attempt))


def test_the_database_takes_no_word_from_who_is_not_in_charge(
    books: Books, web: Flask, make: Factory
) -> None:
    teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    [row] = open_rows()
    forged = text(
        "INSERT INTO late_decisions (held_row_id, upload_id, provider_id, session_id, row_number,"
        " professional_id, year, hours_x100, admitted, reason, decided_at, decided_by,"
        " decided_by_name) SELECT :row, :upload, :provider, :session, 2, :person, 2025, 800, true,"
        " 'x', now(), actor_user(), 'x'"
    )
    values = {
        "row": row.id,
        "upload": row.upload_id,
        "provider": row.provider_id,
        "session": row.session_id,
        "person": row.professional_id,
    }
    for account in (make.account(Role.AUTHORITY, YINCHUAN), books.account):
        with web.app_context():
            act_as(account.actor)
            with pytest.raises(ProgrammingError, match="policy"):
                db.session.execute(forged, values)


def test_nothing_else_posts_to_a_closed_year_either(books: Books) -> None:
    """The last guard, whatever became of those before it."""
    person = teacher(books, "孙一", A)
    found = books.enter(RESULTS, ("孙一", A, 8, "合格"))
    close()
    wanted = (
        "SELECT CAST(:person AS bigint) AS professional_id, 2025::smallint AS year,"
        " CAST(:session AS bigint) AS session_id, 1::smallint AS revision, 800 AS hours_x100,"
        " 2 AS row_number, DATE '2025-12-30' AS finished_on, '合格'::text AS result,"
        " NULL::text AS reason"
    )
    given: dict[str, object] = {"person": person, "session": books.session_id}
    with books.worker.app_context(), pytest.raises(Conflict, match="2025 年度已封账"):
        posting.post(wanted, given, "upload", upload_id=found)
    assert books.hours(person, YEAR) == (0, 0)


def test_only_the_authority_revokes_what_gave_hours_in_a_closed_year(
    books: Books, web: Flask, weihai: Asker
) -> None:
    person = teacher(books, "孙一", A)
    books.enter(FULL, line("孙一", A, 8))
    close()
    own = Asker(web, books.account)
    address = f"/sessions/{books.session_id}/revoke"
    assert "只有主管部门可以撤销" in own.post(address, WHY, 409)["detail"]
    weihai.post(address, WHY)
    books.work()
    assert books.entries(person) == [(YEAR, 1, 800), (YEAR, 2, -800)]
    assert proof() == []


def test_what_has_no_word_behind_it_is_named_by_the_proof(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever got past the guards."""
    person, other = teacher(books, "孙一", A), teacher(books, "孙二", B)
    books.enter(FULL, line("孙一", A, 8))
    close(YEAR - 1)
    close()
    monkeypatch.setattr(closed_years, "stay", list)
    monkeypatch.setattr(closed_years, "closed", list)
    books.enter(FULL, line("孙一", A, 6), line("孙二", B, 8))
    monkeypatch.undo()
    last = db.session.scalar(text("SELECT max(id) FROM postings"))
    assert [finding.split("（")[0] for finding in proof()] == [
        f"人员 {who} 在 {YEAR} 年、班次 {books.session_id} 的第 {revision} 条记录"
        for who, revision in ((person, 2), (person, 3), (other, 1))
    ]
    assert all(
        finding.endswith(f"（入账编号 {last}）是年度封账以后入账的，却没有主管部门的同意。")
        for finding in proof()
    )


def test_a_word_that_was_taken_away_is_missed(books: Books, weihai: Asker) -> None:
    person = teacher(books, "孙一", A)
    close()
    books.enter(FULL, line("孙一", A, 8))
    admit(weihai, books, open_rows()[0])
    assert proof() == []
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(text("UPDATE late_decisions SET admitted = false"))
    db.session.commit()
    [finding] = proof()
    assert finding.startswith(f"人员 {person} 在 {YEAR} 年")


@pytest.mark.parametrize("in_time", [True, False])
def test_a_revocation_by_its_provider_counts_if_it_was_asked_for_in_time(
    books: Books, *, in_time: bool
) -> None:
    """However late the worker comes."""
    person = teacher(books, "孙一", A)
    books.enter(FULL, line("孙一", A, 8))
    if not in_time:
        close()
    with books.web.app_context():
        act_as(books.account.actor)
        sessions.revoke(books.account.actor, books.session_id, WHY["reason"])
        db.session.commit()
    if in_time:
        close()
    books.work()
    assert books.entries(person) == [(YEAR, 1, 800), (YEAR, 2, -800)]
    assert len(proof()) == (0 if in_time else 1)


def test_a_session_whose_hours_are_all_in_open_years_is_its_providers_to_revoke(
    books: Books, web: Flask
) -> None:
    person = teacher(books, "孙一", A)
    books.enter(RESULTS, ("孙一", A, 8, "合格"))
    close()
    Asker(web, books.account).post(f"/sessions/{books.session_id}/revoke", WHY)
    books.work()
    assert books.hours(person, YEAR + 1) == (0, 0)


def test_who_closes_waits_for_who_posts_and_who_posts_then_sees_the_year_closed(
    books: Books,
) -> None:
    """Either way round: the hours are in before the closing, or they are held."""
    person = teacher(books, "孙一", A)
    found = books.read(FULL, line("孙一", A, 8))
    with ThreadPoolExecutor(1) as thread:
        closed_years.hold()
        posts = thread.submit(books.say_yes, found)
        until(_somebody_waits_for_a_lock, 20, "the posting waits")
        close()
        posts.result(30)
    assert (books.hours(person, YEAR), books.counts(found)) == ((0, 0), {"held": 1})


def _somebody_waits_for_a_lock() -> bool:
    return bool(db.session.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))
