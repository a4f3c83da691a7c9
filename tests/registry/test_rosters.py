"""Applying a roster: each person once, with their history, whoever else is at it."""

from __future__ import annotations

import json
import logging
import threading
from datetime import date, timedelta
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.identity import PLACE
from ce_tracker.jobs import Job
from ce_tracker.registry import people, roster_people, roster_requests, roster_rows
from ce_tracker.registry.dated import Appointment, Employment, Title
from ce_tracker.registry.models import Professional
from ce_tracker.registry.roster_people import Staged, hold_registration
from ce_tracker.registry.rosters import Line, Mode, RosterState
from tests.factories import HUANCUI, YINCHUAN, Factory
from tests.registry.desk import AS_OF, HEADER, Desk, id_number, xlsx
from workers import doing, tasks

Kind = TypeVar("Kind", Employment, Title, Appointment)

A, B, C, D = (id_number(n) for n in (311, 313, 315, 317))
FULL_HEADER = (
    *("姓名", "身份证号", "科室", "职称", "取得资格时间", "聘任时间", "入职时间", "离职时间"),
)


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> Desk:
    return Desk.open(make, web, worker)


def named(name: str) -> Professional:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Professional).where(Professional.name == name)).one()


def believed(kind: type[Kind], person: int) -> list[Kind]:
    return list(
        db.session.scalars(
            select(kind)
            .where(kind.professional_id == person, kind.known_at())
            .order_by(kind.valid_from)
        )
    )


def ever_employed(person: int) -> int:
    """How many rows there are, also of what is believed no longer."""
    return len(
        db.session.scalars(select(Employment.id).where(Employment.professional_id == person)).all()
    )


def list_of(*people: tuple[str, str], department: str = "内科") -> bytes:
    return xlsx(HEADER, *((name, number, department) for name, number in people))


def test_nothing_happens_before_the_employer_agrees(desk: Desk) -> None:
    found = desk.preview(list_of(("孙一", A), ("孙二", B)))
    assert desk.counts(found) == {"new": 2}
    assert db.session.scalar(select(func.count()).select_from(Professional)) == 0


def test_a_new_person_is_registered_with_all_that_the_list_says(desk: Desk) -> None:
    found = desk.apply(
        xlsx(
            FULL_HEADER,
            ("孙一", A, "内科", "主治医师", "2018-06-01", "2018-12-01", "2010-07-01", None),
        )
    )
    assert desk.roster(found).state == RosterState.APPLIED
    person = named("孙一")
    assert (person.employer_id, person.department, person.id_tail) == (
        desk.employer_id,
        "内科",
        A[-4:],
    )
    assert people.find(desk.make.settings.keyring(), A) == person
    [job] = believed(Employment, person.id)
    [title] = believed(Title, person.id)
    [post] = believed(Appointment, person.id)
    assert (job.valid_from, job.valid_to) == (date(2010, 7, 1), None)
    assert (title.valid_from, title.level, title.series_code, title.name) == (
        date(2018, 6, 1),
        "intermediate",
        "health",
        "主治医师",
    )
    assert (post.valid_from, post.employer_id) == (date(2018, 12, 1), desk.employer_id)
    assert job.source == f"roster:{found}"
    assert job.recorded_by == desk.account.user.id


def test_of_a_complete_list_the_missing_have_left_and_of_a_part_nobody_has(desk: Desk) -> None:
    desk.apply(list_of(("孙一", A), ("孙二", B)), as_of=AS_OF - timedelta(days=30))
    part = desk.apply(list_of(("孙三", C)), Mode.ADD)
    assert desk.counts(part) == {"new": 1}
    whole = desk.apply(list_of(("孙一", A), ("孙三", C)), Mode.FULL)
    assert desk.counts(whole) == {"same": 2, "left": 1}
    gone = named("孙二")
    [job] = believed(Employment, gone.id)
    assert job.valid_to == AS_OF
    assert gone.employer_id is None


def test_who_left_and_returns_is_the_same_person(desk: Desk) -> None:
    desk.apply(list_of(("孙一", A), ("孙二", B)), as_of=date(2026, 3, 1))
    desk.apply(list_of(("孙一", A)), Mode.FULL, as_of=date(2026, 5, 1))
    back = desk.apply(list_of(("孙二", B)), as_of=AS_OF)
    assert desk.counts(back) == {"joins": 1}
    spans = [(job.valid_from, job.valid_to) for job in believed(Employment, named("孙二").id)]
    assert spans == [(date(2026, 3, 1), date(2026, 5, 1)), (AS_OF, None)]


def test_a_mover_keeps_identity_and_history(desk: Desk, web: Flask, worker: Flask) -> None:
    other = Desk.open(desk.make, web, worker, YINCHUAN)
    other.apply(
        xlsx(
            FULL_HEADER,
            ("孙一", A, "儿科", "主治医师", "2018-06-01", "2018-12-01", "2015-07-01", None),
        )
    )
    before = named("孙一").id
    moved = desk.apply(xlsx(FULL_HEADER, ("孙一", A, "内科", None, None, None, "2026-08-15", None)))
    assert desk.counts(moved) == {"joins": 1}
    person = named("孙一")
    assert (person.id, person.employer_id) == (before, desk.employer_id)
    assert [(j.employer_id, j.valid_to) for j in believed(Employment, person.id)] == [
        (other.employer_id, date(2026, 8, 15)),
        (desk.employer_id, None),
    ]
    assert [title.name for title in believed(Title, person.id)] == ["主治医师"]
    [post] = believed(Appointment, person.id)
    assert post.valid_to == date(2026, 8, 15), "an appointment ends with the unit it was at"


def test_what_others_know_of_a_newcomer_is_not_shown(desk: Desk, web: Flask, worker: Flask) -> None:
    other = Desk.open(desk.make, web, worker, YINCHUAN)
    other.apply(
        xlsx(FULL_HEADER, ("孙一", A, "儿科", "主治医师", "2018-06-01", None, "2015-07-01", None))
    )
    found = desk.preview(
        xlsx(FULL_HEADER, ("孙一", A, "内科", "主治医师", "2019-06-01", None, None, None))
    )
    [row] = desk.rows(found)
    assert (row.outcome, row.department, row.changes) == ("joins", "内科", [])
    stranger = desk.preview(list_of(("孙大", A)))
    [row] = desk.rows(stranger)
    assert row.outcome == "wrong"
    assert "孙一" not in json.dumps(row.problems, ensure_ascii=False)


def test_a_change_is_shown_as_it_was_and_as_it_is(desk: Desk) -> None:
    first = (FULL_HEADER, ("孙一", A, "内科", "医师", "2012-06-01", None, "2010-07-01", None))
    desk.apply(xlsx(*first), as_of=date(2026, 1, 1))
    found = desk.apply(
        xlsx(
            FULL_HEADER,
            ("孙一", A, "外科", "主治医师", "2018-06-01", "2018-12-01", "2010-08-01", None),
        )
    )
    assert desk.counts(found) == {"changed": 1}
    person = named("孙一").id
    jobs = [(j.department, j.valid_from, j.valid_to) for j in believed(Employment, person)]
    assert jobs == [("内科", date(2010, 8, 1), AS_OF), ("外科", AS_OF, None)]
    assert [title.name for title in believed(Title, person)] == ["医师", "主治医师"]
    assert ever_employed(person) > 2, "what was believed is still there"


def test_the_preview_says_what_changes(desk: Desk) -> None:
    desk.apply(list_of(("孙一", A)), as_of=date(2026, 1, 1))
    [row] = desk.rows(desk.preview(list_of(("孙一", A), department="外科")))
    assert row.changes == [("部门", "内科", "外科")]


def test_the_same_list_again_changes_nothing(desk: Desk) -> None:
    rows = (FULL_HEADER, ("孙一", A, "内科", "主治医师", "2018-06", "2018-12", "2010-07", None))
    desk.apply(xlsx(*rows))
    facts = db.session.scalar(select(func.count()).select_from(Employment))
    again = desk.apply(xlsx(*rows), Mode.FULL)
    assert desk.counts(again) == {"same": 1}
    assert db.session.scalar(select(func.count()).select_from(Employment)) == facts


def test_the_same_file_is_the_same_import_until_it_is_applied(desk: Desk) -> None:
    data = list_of(("孙一", A))
    first = desk.upload(data)
    assert desk.upload(data, name="另一个名字.xlsx") == first
    assert desk.upload(data, Mode.FULL) != first
    assert desk.upload(data, as_of=AS_OF - timedelta(days=1)) != first
    desk.work()
    desk.agree(first)
    desk.work()
    assert desk.upload(data) != first


def test_agreeing_twice_applies_once(desk: Desk) -> None:
    found = desk.preview(list_of(("孙一", A)))
    desk.agree(found)
    desk.agree(found)
    desk.work()
    desk.agree(found)
    desk.work()
    person = named("孙一")
    assert ever_employed(person.id) == 1


def test_wrong_lines_stay_behind_and_right_ones_are_applied(desk: Desk) -> None:
    found = desk.apply(list_of(("孙一", A), ("孙二", B[:17] + "?"), ("孙三", C)))
    assert desk.counts(found) == {"new": 2, "wrong": 1}
    assert db.session.scalar(select(func.count()).select_from(Professional)) == 2
    wrong = [row for row in desk.rows(found) if row.outcome == "wrong"]
    assert [(row.name, row.row_number) for row in wrong] == [("孙二", 3)]


def test_who_may_be_meant_by_a_line_that_cannot_be_read_has_not_left(desk: Desk) -> None:
    desk.apply(list_of(("孙一", A), ("孙二", B), ("孙三", C)), as_of=date(2026, 1, 1))
    found = desk.preview(
        xlsx(HEADER, ("孙一", A, "内科"), ("孙二", int(B[:15]) * 1000, "内科")), Mode.FULL
    )
    assert desk.counts(found) == {"same": 1, "wrong": 1, "left": 1}
    assert "同名" in "".join(desk.roster(found).notes)
    known_but_wrong = desk.preview(
        xlsx(
            (*HEADER, "入职时间"),
            ("孙一", A, "内科", None),
            ("孙二", B, "内科", "没有这天"),
            ("孙三", C, "内科", None),
        ),
        Mode.FULL,
    )
    assert desk.counts(known_but_wrong) == {"same": 2, "wrong": 1}


def test_who_came_after_the_preview_is_not_made_to_leave(desk: Desk) -> None:
    desk.apply(list_of(("孙一", A)), as_of=date(2026, 1, 1))
    whole = desk.preview(list_of(("孙二", B)), Mode.FULL)
    desk.apply(list_of(("孙三", C)))
    desk.agree(whole)
    desk.work()
    assert named("孙三").employer_id == desk.employer_id
    assert named("孙一").employer_id is None


def test_somebody_registered_since_the_preview_is_found_and_not_doubled(
    desk: Desk, web: Flask, worker: Flask
) -> None:
    other = Desk.open(desk.make, web, worker, YINCHUAN)
    found = desk.preview(list_of(("孙一", A)))
    other.apply(list_of(("孙一", A)), as_of=date(2026, 1, 1))
    desk.agree(found)
    desk.work()
    assert desk.counts(found) == {"joins": 1}
    assert named("孙一").employer_id == desk.employer_id


def test_two_employers_who_import_the_same_new_people_at_once_make_one_record_each(
    desk: Desk, web: Flask, worker: Flask
) -> None:
    other = Desk.open(desk.make, web, worker, YINCHUAN)
    crowd = [(f"孙{chr(0x4E00 + n)}", id_number(n)) for n in range(1, 300) if n % 100]
    ours = desk.preview(list_of(*crowd))
    theirs = other.preview(list_of(*reversed(crowd)))
    desk.agree(ours)
    other.agree(theirs)
    both = [threading.Thread(target=each.work) for each in (desk, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Professional)) == len(crowd)
    outcomes = [desk.counts(ours), other.counts(theirs)]
    assert {"new": len(crowd)} in outcomes
    assert {"wrong": len(crowd)} in outcomes, "nobody is taken from a unit on the day they came"
    per_person = (
        select(func.count()).where(Employment.known_at()).group_by(Employment.professional_id)
    )
    assert set(db.session.scalars(per_person)) == {1}


def test_registration_waits_for_whoever_registers(desk: Desk, worker: Flask) -> None:
    found = desk.preview(list_of(("孙一", A)))
    desk.agree(found)
    hold_registration()
    thread = threading.Thread(target=desk.work)
    thread.start()
    people.register(desk.make.settings.keyring(), "孙一", A, "resident")
    db.session.commit()
    thread.join()
    assert desk.counts(found) == {"joins": 1}
    assert named("孙一").employer_id == desk.employer_id


def test_a_person_indexed_by_an_older_key_is_found(desk: Desk) -> None:
    keyring = desk.make.settings.keyring()
    desk.apply(list_of(("孙一", A)), as_of=date(2026, 1, 1))
    newer = keyring.with_new_key()
    rows = [
        Staged(
            1,
            2,
            newer.index(A.encode(), PLACE),
            newer.seal(A.encode(), PLACE),
            Line(name="孙一"),
        )
    ]
    assert roster_people.find(newer, rows) == {1: named("孙一").id}


def test_a_step_that_is_cut_short_is_done_again_and_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_rows, "ROWS_A_STEP", 3)
    crowd = [(f"孙{chr(0x4E00 + n)}", id_number(n)) for n in range(1, 20)]
    found = desk.preview(list_of(*crowd))
    desk.agree(found)
    steps = 0

    def cut_short(job: Job) -> bool:
        nonlocal steps
        steps += 1
        finished = tasks.KINDS["roster-apply"](job)
        if steps % 2:
            raise RuntimeError("the power fails before the commit")
        return finished

    with desk.worker.app_context():
        for _ in range(30):
            db.session.execute(text("UPDATE jobs SET due_at = now() - interval '1 minute'"))
            db.session.commit()
            doing.run_next({**tasks.KINDS, "roster-apply": cut_short}, 60)
    assert desk.roster(found).state == RosterState.APPLIED
    assert desk.roster(found).rows_done == len(crowd)
    assert db.session.scalar(select(func.count()).select_from(Employment)) == len(crowd)


def test_a_withdrawn_list_does_nothing_and_its_file_is_gone(desk: Desk, web: Flask) -> None:
    found = desk.preview(list_of(("孙一", A)))
    with web.app_context():
        act_as(desk.account.actor)
        roster_requests.withdraw(desk.account.actor, found)
        db.session.commit()
        with pytest.raises(Conflict, match="已撤回"):
            roster_requests.request_apply(desk.account.actor, found)
        db.session.remove()
    assert desk.roster(found).file_sealed is None
    desk.work()
    assert db.session.scalar(select(func.count()).select_from(Professional)) == 0


def test_a_list_of_tomorrow_or_of_long_ago_is_refused(desk: Desk) -> None:
    for day in (date(2099, 1, 1), date(2020, 1, 1)):
        with pytest.raises(Invalid):
            desk.upload(list_of(("孙一", A)), as_of=day)


def test_another_employer_cannot_touch_it(desk: Desk, web: Flask, worker: Flask) -> None:
    other = Desk.open(desk.make, web, worker, HUANCUI)
    found = desk.preview(list_of(("孙一", A)))
    with pytest.raises(NotFound):
        other.agree(found)
    assert other.rows(found) == []


def test_no_id_number_stands_in_clear_in_jobs_rosters_or_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = desk.apply(
            list_of(("孙一", A), ("孙二", B[:17] + ("1" if B[17] != "1" else "2")), ("孙三", C)),
            Mode.FULL,
        )
        desk.rows(found)
    everything = caplog.text + "".join(capfd.readouterr())
    tables = db.session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ).all()
    for table in tables:
        rows = db.session.execute(text(f"SELECT to_jsonb(t) FROM {table} t")).scalars()
        everything += json.dumps([*rows], ensure_ascii=False)
    raw = db.session.execute(text("SELECT line_sealed, id_number_sealed FROM roster_rows")).all()
    spilled = b"".join(bytes(value) for row in raw for value in row if value is not None)
    for number in (A, B, C, D):
        assert number not in everything
        assert number[:17] not in everything
        assert number.encode() not in spilled
        assert number.encode().hex() not in everything


def test_what_was_applied_keeps_nothing_but_the_record(desk: Desk) -> None:
    found = desk.apply(list_of(("孙一", A), ("孙二", "不是号码")))
    kept = db.session.execute(
        text(
            "SELECT outcome, id_number_sealed IS NULL, line_sealed IS NULL FROM roster_rows"
            " WHERE import_id = :found ORDER BY id"
        ),
        {"found": found},
    ).all()
    assert [tuple(row) for row in kept] == [("new", True, True), ("wrong", True, False)]
    assert [row.name for row in desk.rows(found)] == ["孙一", "孙二"]
