"""From a list to the ledger: what each line does, and that it does it once."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.ledger.uploads import HeldRow, Mode, Outcome, UploadState
from ce_tracker.registry.models import Professional
from tests.factories import Factory
from tests.ledger.books import HEADER, Books
from tests.registry.desk import id_number, rounded_number, xlsx

A, B, C, D = (id_number(n) for n in (311, 313, 315, 317))


@pytest.fixture
def books(make: Factory, web: Flask, worker: Flask) -> Books:
    return Books.of_session(make, web, worker)


def test_nothing_is_posted_before_the_provider_says_yes(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.read(HEADER, ("孙一", A, 8))
    assert books.state(found) == UploadState.PREVIEWED
    assert books.counts(found) == {"new": 1}
    assert books.hours(person) == (0, 0)
    books.say_yes(found)
    assert books.state(found) == UploadState.POSTED
    assert books.hours(person) == (0, 800)
    assert books.postings() == 1


def test_uploading_the_same_file_twice_adds_no_hours(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    again = books.enter(HEADER, ("孙一", A, 8))
    assert books.counts(again) == {"already": 1}
    assert books.hours(person) == (0, 800)
    assert books.postings() == 1, "who has nothing to post makes no link"


def test_a_correction_is_a_reversal_and_a_new_entry_with_a_reason(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    found = books.read(HEADER, ("孙一", A, 6))
    assert books.counts(found) == {"changed": 1}
    [line] = books.kept(found, Outcome.CHANGED)
    assert (line.name, line.was_x100, line.now_x100) == ("孙一", 800, 600)
    books.say_yes(found, "签到表统计有误")
    assert books.entries(person) == [(2026, 1, 800), (2026, 2, -800), (2026, 3, 600)]
    assert books.hours(person) == (0, 600)
    reasons = db.session.scalars(select(LedgerEntry.reason).order_by(LedgerEntry.revision)).all()
    assert reasons == [None, "签到表统计有误", None]


def test_without_a_reason_a_reversal_names_the_list_that_caused_it(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    books.enter(HEADER, ("孙一", A, 6))
    reason = db.session.scalars(
        select(LedgerEntry.reason).where(
            LedgerEntry.professional_id == person, LedgerEntry.revision == 2
        )
    ).one()
    assert reason == "以重新上传的名单《签到表.xlsx》为准"


def test_corrected_back_and_forth_the_last_list_holds(books: Books) -> None:
    person = books.register("孙一", A)
    for hours in (8, 6, 8, 7.5):
        books.enter(HEADER, ("孙一", A, hours))
    assert books.hours(person) == (0, 750)
    assert [hours for *_, hours in books.entries(person)] == [800, -800, 600, -600, 800, -800, 750]


def test_who_failed_is_not_credited_and_loses_what_was_credited_by_mistake(books: Books) -> None:
    passed, failed = books.register("孙一", A), books.register("孙二", B)
    header = ("姓名", "身份证号", "学时", "考核结果")
    found = books.enter(header, ("孙一", A, 8, "合格"), ("孙二", B, 8, "不合格"))
    assert books.counts(found) == {"new": 1, "not_credited": 1}
    assert (books.hours(passed), books.hours(failed)) == ((0, 800), (0, 0))
    mended = books.enter(header, ("孙一", A, None, "缺考"), ("孙二", B, 8, "补考合格"))
    assert books.counts(mended) == {"changed": 1, "wrong": 1}
    assert books.hours(passed) == (0, 0)
    assert books.entries(passed) == [(2026, 1, 800), (2026, 2, -800)]


def test_who_is_credited_again_after_losing_it_gets_the_next_revision(books: Books) -> None:
    person = books.register("孙一", A)
    header = ("姓名", "身份证号", "学时", "成绩")
    books.enter(header, ("孙一", A, 8, 85))
    books.enter(header, ("孙一", A, 8, 59))
    books.enter(header, ("孙一", A, 8, "60分"))
    assert [revision for _, revision, _ in books.entries(person)] == [1, 2, 3]
    assert books.hours(person) == (0, 800)


def test_nobody_is_credited_more_than_the_session_has(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.enter(HEADER, ("孙一", A, 40.01))
    [line] = books.kept(found, Outcome.WRONG)
    assert line.remarks == [["学时", "40.01 学时超过了班次的 40 学时，请检查。"]]
    assert books.hours(person) == (0, 0)
    assert books.counts(books.enter(HEADER, ("孙一", A, 40))) == {"new": 1}


def test_without_a_column_of_hours_everybody_gets_the_sessions(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.enter(("姓名", "身份证号"), ("孙一", A))
    assert books.hours(person) == (0, 4000)
    assert books.upload_of(found).notes == ["文件中没有“学时”一列，合格的人员都按班次的学时计。"]


def test_the_right_number_with_another_name_is_an_error_for_a_human(books: Books) -> None:
    person = books.register("孙一", A)
    found = books.enter(HEADER, ("孙二", A, 8))
    assert books.counts(found) == {"wrong": 1}
    [line] = books.kept(found, Outcome.WRONG)
    assert line.remarks == [["姓名", "这个证件号码登记的是另一个姓名，请核对姓名和证件号码。"]]
    assert "孙一" not in str(line), "whose number it is the provider is not told"
    assert books.hours(person) == (0, 0)


def test_a_failure_under_anothers_number_takes_nothing_from_its_owner(books: Books) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    found = books.enter(("姓名", "身份证号", "学时", "考核结果"), ("孙二", A, 8, "不合格"))
    assert books.counts(found) == {"wrong": 1}
    assert books.hours(person) == (0, 800)


def test_a_name_that_differs_only_in_its_interpunct_is_the_same(books: Books) -> None:
    person = books.register("阿依古丽·买买提", A)
    books.enter(HEADER, ("阿依古丽．买买提", A, 8))
    assert books.hours(person) == (0, 800)
    too_many = books.enter(HEADER, ("阿依古丽•买买提", A, 41))
    assert books.counts(too_many) == {"wrong": 1}, "whose name is right may still be wrong in hours"


def test_a_number_that_excel_has_rounded_is_refused_and_one_in_text_needs_its_owner(
    books: Books,
) -> None:
    number = rounded_number()
    found = books.read(HEADER, ("孙一", int(A[:17] + "0"), 8), ("孙二", number, 8))
    first, second = books.kept(found, Outcome.WRONG)
    assert "只保留 15 位" in first.remarks[0][1]
    assert "以 000 结尾" in second.remarks[0][1]
    person = books.register("孙二", number)
    books.enter(HEADER, ("孙二", number, 8))
    assert books.hours(person) == (0, 800)


def test_twins_in_one_list_count_once_if_alike_and_not_at_all_if_not(books: Books) -> None:
    alike, unlike = books.register("孙一", A), books.register("孙二", B)
    found = books.enter(
        HEADER, ("孙一", A, 8), ("孙二", B, 8), ("孙一", A, 8), ("孙二", B, 6), ("孙三", C, 8)
    )
    assert books.counts(found) == {"new": 1, "already": 1, "wrong": 2, "held": 1}
    assert (books.hours(alike), books.hours(unlike)) == ((0, 800), (0, 0))


def test_the_year_is_that_of_the_rows_own_day_or_of_the_sessions_end(
    make: Factory, web: Flask, worker: Flask
) -> None:
    books = Books.of_session(
        make,
        web,
        worker,
        starts_at=datetime(2025, 12, 1, 9, tzinfo=clock.SHANGHAI),
        ends_at=datetime(2026, 1, 31, 17, tzinfo=clock.SHANGHAI),
    )
    early, late = books.register("孙一", A), books.register("孙二", B)
    header = ("姓名", "身份证号", "学时", "完成日期")
    books.enter(header, ("孙一", A, 8, "2025年12月31日"), ("孙二", B, 8, None))
    assert (books.hours(early, 2025), books.hours(early, 2026)) == ((0, 800), (0, 0))
    assert books.hours(late, 2026) == (0, 800)
    books.enter(header, ("孙一", A, 8, date(2026, 1, 1)), ("孙二", B, 8, None))
    assert (books.hours(early, 2025), books.hours(early, 2026)) == ((0, 0), (0, 800))
    assert books.entries(early) == [(2025, 1, 800), (2025, 2, -800), (2026, 1, 800)]
    outside = books.enter(header, ("孙一", A, 8, date(2026, 2, 1)), ("孙二", B, 8, "2025.11.30"))
    assert books.counts(outside) == {"wrong": 2}


def test_before_its_end_a_session_credits_only_who_has_a_day_of_their_own(
    make: Factory, web: Flask, worker: Flask
) -> None:
    books = Books.of_session(
        make,
        web,
        worker,
        starts_at=datetime(2026, 1, 1, 9, tzinfo=clock.SHANGHAI),
        ends_at=datetime(2099, 1, 31, 17, tzinfo=clock.SHANGHAI),
    )
    books.register("孙一", A)
    books.register("孙二", B)
    header = ("姓名", "身份证号", "学时", "完成日期")
    found = books.enter(header, ("孙一", A, 8, None), ("孙二", B, 8, "2026-02-01"))
    assert books.counts(found) == {"wrong": 1, "new": 1}


def test_of_a_complete_list_the_missing_lose_their_hours_and_of_a_part_nobody_does(
    books: Books,
) -> None:
    stays, goes = books.register("孙一", A), books.register("孙二", B)
    books.enter(HEADER, ("孙一", A, 8), ("孙二", B, 8))
    books.enter(HEADER, ("孙一", A, 8))
    assert books.hours(goes) == (0, 800)
    found = books.read(HEADER, ("孙一", A, 8), mode=Mode.REPLACE)
    assert books.counts(found) == {"already": 1, "removed": 1}
    [line] = books.kept(found, Outcome.REMOVED)
    assert (line.row_number, line.name, line.was_x100) == (None, "孙二", 800)
    books.say_yes(found)
    assert (books.hours(stays), books.hours(goes)) == ((0, 800), (0, 0))


def test_whoever_a_misread_line_may_mean_is_not_taken_out(books: Books) -> None:
    by_number, by_name = books.register("孙一", A), books.register("孙二", B)
    books.enter(HEADER, ("孙一", A, 8), ("孙二", B, 8))
    books.enter(HEADER, ("孙一", A, "八"), ("孙二", "看不清", 8), mode=Mode.REPLACE)
    assert (books.hours(by_number), books.hours(by_name)) == ((0, 800), (0, 800))


def test_an_unknown_person_is_held_and_posted_the_night_after_they_are_registered(
    books: Books,
) -> None:
    found = books.enter(HEADER, ("孙一", A, 8))
    assert books.counts(found) == {"held": 1}
    books.tonight("post-held")
    assert books.postings() == 0
    person = books.register("孙一", A)
    books.tonight("post-held")
    assert books.hours(person) == (0, 800)
    books.tonight("post-held")
    assert books.hours(person) == (0, 800)
    row = db.session.scalars(select(HeldRow)).one()
    assert (row.state, row.line_sealed, row.id_number_sealed) == ("posted", None, None)


def test_a_held_row_with_another_name_waits_for_a_human(books: Books) -> None:
    books.enter(HEADER, ("孙一", A, 8))
    person = books.register("孙二", A)
    books.tonight("post-held")
    assert books.hours(person) == (0, 0)
    row = db.session.scalars(select(HeldRow)).one()
    assert row.state == "held"
    assert row.problem == "这个证件号码已登记，但姓名不同，请核对后重新上传。"


def test_a_later_list_has_the_last_word_on_a_held_row(books: Books) -> None:
    books.enter(HEADER, ("孙一", A, 8), ("孙二", B, 8))
    books.enter(HEADER, ("孙一", A, 6), mode=Mode.REPLACE)
    first, second = books.register("孙一", A), books.register("孙二", B)
    books.tonight("post-held")
    assert (books.hours(first), books.hours(second)) == ((0, 600), (0, 0))


def test_one_file_may_be_of_many_sessions(books: Books) -> None:
    general = books.make.session(
        books.account, code="G-1", subject="general", series_code=None, field_code=None
    )
    person, other = books.register("孙一", A), books.register("孙二", B)
    header = ("班次编号", "姓名", "身份证号", "学时")
    own = books.session.code
    found = books.enter(
        header,
        (own, "孙一", A, 8),
        (general.code, "孙一", A, 4),
        (general.code, "孙二", B, 4),
        ("没有的", "孙二", B, 4),
        (None, "孙二", B, 4),
        of_many=True,
    )
    assert books.counts(found) == {"new": 3, "wrong": 2}
    assert (books.hours(person), books.hours(other)) == ((400, 800), (400, 0))
    assert books.postings() == 1


def test_a_session_of_anothers_is_no_session_of_ours(
    books: Books, web: Flask, worker: Flask
) -> None:
    other = Books.of_session(books.make, web, worker)
    person = books.register("孙一", A)
    found = books.enter(
        ("班次编号", "姓名", "身份证号", "学时"), (other.session.code, "孙一", A, 8), of_many=True
    )
    assert books.counts(found) == {"wrong": 1}
    assert books.hours(person) == (0, 0)


def test_a_15_digit_number_is_the_same_person(books: Books) -> None:
    number = id_number(311, born="19650312")
    person = books.register("孙一", number)
    books.enter(HEADER, ("孙一", number[:6] + number[8:17], 8))
    assert books.hours(person) == (0, 800)


def test_two_records_of_one_person_are_credited_once(books: Books) -> None:
    old, new = books.register("孙一", A), books.register("孙一", B)
    books.enter(HEADER, ("孙一", A, 8))
    merged(old, new)
    found = books.enter(HEADER, ("孙一", B, 8))
    assert books.counts(found) == {"already": 1}
    changed = books.enter(HEADER, ("孙一", A, 6))
    assert books.counts(changed) == {"changed": 1}
    assert (books.hours(old), books.hours(new)) == ((0, 0), (0, 600))


def merged(old: int, new: int) -> None:
    db.session.get_one(Professional, old).merged_into = new
    db.session.commit()


def test_who_was_credited_under_two_records_has_one_of_them_after_the_next_list(
    books: Books,
) -> None:
    old, new = books.register("孙一", A), books.register("孙一", B)
    books.enter(HEADER, ("孙一", A, 8), ("孙一", B, 6))
    merged(old, new)
    found = books.enter(HEADER, ("孙一", A, 8))
    assert books.counts(found) == {"changed": 1}
    assert (books.hours(old), books.hours(new)) == ((0, 0), (0, 800))
    assert books.entries(new) == [(2026, 1, 600), (2026, 2, -600), (2026, 3, 800)]


@pytest.mark.parametrize("registered_by_then", [False, True])
def test_a_held_row_of_whom_a_later_list_says_failed_posts_nothing(
    books: Books, *, registered_by_then: bool
) -> None:
    header = ("姓名", "身份证号", "学时", "考核结果")
    books.enter(header, ("孙一", A, 8, "合格"))
    if registered_by_then:
        books.register("孙一", A)
    assert books.counts(books.enter(header, ("孙一", A, 8, "不合格"))) == {"not_credited": 1}
    row = db.session.scalars(select(HeldRow)).one()
    assert (row.state, row.id_number_sealed) == ("released", None)
    books.tonight("post-held")
    assert books.postings() == 0


def test_a_complete_list_of_many_sessions_lets_go_who_is_in_another_of_them(books: Books) -> None:
    other = books.make.session(books.account)
    header = ("班次编号", "姓名", "身份证号", "学时")
    own = books.session.code
    books.enter(header, (own, "孙一", A, 8), (own, "孙二", B, 8), of_many=True)
    books.enter(
        header, (own, "孙二", B, 8), (other.code, "孙一", A, 8), mode=Mode.REPLACE, of_many=True
    )
    waiting = db.session.execute(
        select(HeldRow.session_id, HeldRow.row_number).where(HeldRow.state == "held")
    )
    assert sorted(map(tuple, waiting)) == sorted([(books.session_id, 2), (other.id, 3)])


def test_of_a_session_that_was_closed_meanwhile_a_complete_list_takes_nobody_out(
    books: Books,
) -> None:
    person = books.register("孙一", A)
    books.enter(HEADER, ("孙一", A, 8))
    found = books.upload(xlsx(HEADER, ("孙二", B, 8)), Mode.REPLACE, post=True)
    books.session.state = "closed"
    books.session.closed_at = clock.now()
    db.session.commit()
    books.work()
    assert books.counts(found) == {"wrong": 1}
    assert books.hours(person) == (0, 800)


def test_people_are_found_by_an_older_key_too_while_keys_are_changed(
    books: Books, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = books.register("孙一", A)
    newer = make.settings.with_(keys=make.settings.keyring().with_new_key())
    for app in (books.web, books.worker):
        monkeypatch.setitem(app.config, "CE_SETTINGS", newer)
    monkeypatch.setattr(make, "settings", newer)
    new = books.register("李二", B)
    posted = books.enter(HEADER, ("孙一", A, 8), ("李二", B, 6), ("王三", C, 8), ("李二", A, 8))
    assert books.counts(posted) == {"new": 2, "held": 1, "wrong": 1}
    assert (books.hours(old), books.hours(new)) == ((0, 800), (0, 600))
