"""Who is told what, when, and how often: messages are made from flags, night by night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from ce_tracker.notices import nights as nightly
from ce_tracker.notices import telling
from ce_tracker.notices.models import Message, NoticeNight
from ce_tracker.notices.words import words, year_of
from tests.notices.world import ANNUAL, SHARE, Nights, hours_before, night_of
from workers import doing
from workers.tasks import KINDS

SPRING, SUMMER = date(2026, 3, 10), date(2026, 7, 1)
FIRST, SECOND, THIRD, LAST = (date(2026, 12, 31) - timedelta(days) for days in (90, 60, 30, 7))


def kinds(found: list[Message]) -> list[int | None]:
    return [each.reminder for each in found]


def test_the_days_of_reminders_count_to_the_last_of_december() -> None:
    assert (date(2026, 10, 2), date(2026, 12, 24)) == (FIRST, LAST)
    due = {day: telling.reminder_due(day) for day in (FIRST, SECOND, THIRD, LAST)}
    assert due == {FIRST: 90, SECOND: 60, THIRD: 30, LAST: 7}
    assert telling.reminder_due(FIRST - timedelta(1)) is None
    assert telling.reminder_due(SECOND - timedelta(1)) == 90
    assert telling.reminder_due(date(2026, 12, 31)) == 7


def test_nobody_hears_of_the_running_year_before_its_last_ninety_days(nights: Nights) -> None:
    school = nights.employer()
    person, mended = nights.person(school), nights.person(school)
    for each in (person, mended):
        nights.opens(each, 2026, hours_before(SPRING))
    nights.pass_(SPRING)
    nights.closes(mended, 2026, hours_before(SUMMER))
    nights.pass_(SUMMER)
    nights.pass_(FIRST - timedelta(1))
    assert [nights.told(each) for each in (person, mended, school)] == [[], [], []]
    nights.pass_(FIRST)
    assert kinds(nights.told(person)) == kinds(nights.told(school)) == [90]
    assert nights.told(mended) == []


def test_each_reminder_comes_once_and_only_while_something_is_missing(nights: Nights) -> None:
    school = nights.employer()
    person, early = nights.person(school), nights.person(school)
    for each in (person, early):
        nights.opens(each, 2026, hours_before(SPRING))
    nights.pass_(FIRST)
    nights.pass_(FIRST + timedelta(1))
    nights.closes(early, 2026, hours_before(SECOND))
    for day in (SECOND, SECOND + timedelta(1), THIRD, LAST, LAST + timedelta(1)):
        nights.pass_(day)
    assert kinds(nights.told(person)) == [90, 60, 30, 7]
    assert kinds(nights.told(school)) == [90, 60, 30, 7]
    assert kinds(nights.told(early)) == [90, None]
    assert nights.told(early)[-1].facts["mended"] == [[2026, ANNUAL]]


def test_of_reminders_that_were_missed_the_latest_alone_is_caught_up(nights: Nights) -> None:
    person = nights.person()
    nights.opens(person, 2026, hours_before(SPRING))
    nights.pass_(THIRD + timedelta(5))
    assert kinds(nights.told(person)) == [30]


def test_in_the_last_ninety_days_a_change_is_told_once(nights: Nights) -> None:
    school = nights.employer()
    person, other = nights.person(school, "语文组"), nights.person(school, "语文组")
    nights.opens(other, 2026, hours_before(SPRING))
    nights.opens(person, 2026, hours_before(SPRING))
    nights.pass_(FIRST)
    nights.closes(person, 2026, hours_before(FIRST + timedelta(3)))
    nights.pass_(FIRST + timedelta(3))
    nights.opens(person, 2026, hours_before(FIRST + timedelta(9)), SHARE)
    nights.pass_(FIRST + timedelta(9))
    nights.pass_(FIRST + timedelta(10))
    _, mended, short = nights.told(person)
    assert (mended.facts["mended"], mended.facts["short"]) == ([[2026, ANNUAL]], [])
    assert (short.facts["mended"], short.facts["short"]) == ([], [[2026, SHARE]])
    assert kinds(nights.told(person)) == [90, None, None]
    assert [each.facts["short"] for each in nights.told(school)[1:]] == [
        [],
        [{"department": "语文组", "people": 1, "names": ["王晓岚"]}],
    ]


def test_what_opened_and_closed_between_two_nights_is_no_news(nights: Nights) -> None:
    person = nights.person()
    nights.pass_(FIRST)
    nights.opens(person, 2026, hours_before(SECOND, 5))
    nights.closes(person, 2026, hours_before(SECOND, 3))
    nights.pass_(SECOND)
    assert nights.told(person) == []


def test_a_year_that_is_over_is_told_of_at_once_in_any_month(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    nights.pass_(SPRING - timedelta(1))
    nights.opens(person, 2025, hours_before(SPRING))
    nights.pass_(SPRING)
    nights.closes(person, 2025, hours_before(SUMMER))
    nights.pass_(SUMMER)
    failed, mended = nights.told(person)
    assert failed.facts["failed"] == [[2025, ANNUAL]]
    assert mended.facts["mended"] == [[2025, ANNUAL]]
    assert [len(each.facts["failed"]) for each in nights.told(school)] == [1, 0]
    said = [*nights.told(person), *nights.told(school)]
    assert [year_of(each) for each in said] == [2025] * 4


def test_short_becomes_failed_on_the_first_night_of_the_new_year(nights: Nights) -> None:
    school = nights.employer()
    person = nights.person(school)
    nights.opens(person, 2026, hours_before(SPRING))
    nights.pass_(LAST)
    nights.pass_(date(2026, 12, 31))
    nights.pass_(date(2027, 1, 1))
    nights.pass_(date(2027, 1, 2))
    for reader in (person, school):
        reminder, failed = nights.told(reader)
        assert (reminder.reminder, failed.reminder) == (7, None)
        assert (failed.night, len(failed.facts["failed"])) == (date(2027, 1, 1), 1)


def test_a_person_gets_one_message_a_night_however_much_there_is_to_tell(nights: Nights) -> None:
    person = nights.person()
    for rule in (ANNUAL, SHARE):
        nights.opens(person, 2026, hours_before(SPRING), rule)
        nights.opens(person, 2025, hours_before(FIRST), rule)
    nights.pass_(FIRST)
    [message] = nights.told(person)
    assert message.reminder == 90
    assert message.facts["short"] == [[2026, ANNUAL], [2026, SHARE]]
    assert message.facts["failed"] == [[2025, ANNUAL], [2025, SHARE]]


def test_an_employer_gets_one_digest_by_department_with_a_few_names(nights: Nights) -> None:
    school = nights.employer()
    for department, people in (("语文组", 7), ("数学组", 2), (None, 1)):
        for _ in range(people):
            person = nights.person(school, department)
            for rule in (ANNUAL, SHARE):
                nights.opens(person, 2026, hours_before(SPRING), rule)
    nights.pass_(FIRST)
    [message] = nights.told(school)
    counted = {each["department"]: each["people"] for each in message.facts["short"]}
    assert counted == {"语文组": 7, "数学组": 2, None: 1}
    names = {each["department"]: len(each["names"]) for each in message.facts["short"]}
    assert names == {"语文组": telling.NAMES_SHOWN, "数学组": 2, None: 1}
    said = words(message)
    assert said.title == "2026 年度继续教育提醒：距年底还有 90 天，10 人还有差额"
    assert "· 语文组 7 人：王晓岚、王晓岚、王晓岚、王晓岚、王晓岚等" in said.body
    assert "· 未填部门 1 人：王晓岚" in said.body


def test_for_the_employer_a_person_is_mended_when_nothing_of_the_year_is_left(
    nights: Nights,
) -> None:
    school = nights.employer()
    person = nights.person(school)
    for rule in (ANNUAL, SHARE):
        nights.opens(person, 2026, hours_before(SPRING), rule)
    nights.pass_(FIRST)
    nights.closes(person, 2026, hours_before(SECOND - timedelta(9)), SHARE)
    nights.pass_(SECOND - timedelta(9))
    assert (len(nights.told(person)), len(nights.told(school))) == (2, 1)
    nights.closes(person, 2026, hours_before(SECOND - timedelta(5)))
    nights.pass_(SECOND - timedelta(5))
    assert len(nights.told(school)[-1].facts["mended"]) == 1


def test_a_person_is_told_what_is_missing_and_what_would_mend_it(nights: Nights) -> None:
    with clock.pinned(hours_before(SPRING)):
        person = nights.person(nights.employer())
        nights.earns(person, general=4000, specialty=2000)
        nights.opens(person, 2026, hours_before(SPRING))
    nights.pass_(FIRST)
    nights.earns(person, specialty=6000)
    [message] = nights.told(person)
    said = words(message)
    assert said.title == "2026 年度继续教育提醒：距年底还有 90 天，学时还没有达到要求"
    assert "还需 60 学时，其中专业科目至少 60 学时" in said.body
    assert "全年学时：要求 90 学时，已有 60 学时，还差 30 学时" in said.body


def test_from_hours_over_the_sweep_to_what_a_person_reads(nights: Nights) -> None:
    with clock.pinned(hours_before(SPRING)):
        school = nights.employer()
        short, done = nights.person(school), nights.person(school)
        nights.earns(done, general=3000, specialty=6000)
    nights.swept(FIRST)
    nights.pass_(FIRST)
    assert [len(nights.told(each)) for each in (short, done)] == [1, 0]
    with clock.pinned(night_of(FIRST) + timedelta(hours=8)):
        nights.earns(short, general=3000, specialty=6000)
    nights.swept(FIRST + timedelta(1))
    nights.pass_(FIRST + timedelta(1))
    assert "还需 90 学时，其中专业科目至少 60 学时" in words(nights.told(short)[0]).body
    assert words(nights.told(short)[1]).title == "2026 年度继续教育学时有补足"
    assert [each["people"] for each in nights.told(school)[0].facts["short"]] == [1]
    assert words(nights.told(school)[1]).title == "本单位继续教育情况：已补足 1 人"


def test_who_has_no_account_or_a_closed_one_is_not_told(nights: Nights) -> None:
    out = nights.person()
    out.user.disabled_at = clock.now()
    db.session.merge(out.user)
    db.session.commit()
    nights.opens(out, 2026, hours_before(SPRING))
    nights.pass_(FIRST)
    assert nights.told(out) == []


def test_a_second_job_of_the_same_night_tells_nothing_again(nights: Nights) -> None:
    person = nights.person()
    nights.opens(person, 2025, hours_before(SPRING))
    nights.pass_(SPRING)
    nights.pass_(SPRING)
    assert len(nights.told(person)) == 1


@pytest.fixture
def small_steps() -> Iterator[None]:
    with patch.dict(nightly.AT_ONCE, people=2, employers=2):
        yield


def test_a_night_that_is_cut_short_is_finished_without_saying_anything_twice(
    nights: Nights, worker: Flask, small_steps: None
) -> None:
    people = [nights.person(nights.employer()) for _ in range(5)]
    for each in people:
        nights.opens(each, 2025, hours_before(SPRING))
    before = db.session.scalars(select(Message.id)).all()
    assert before == []
    for cut_after in (1, 2):
        with clock.pinned(night_of(SPRING)):
            _cut_short(worker, cut_after)
    told = [len(nights.told(each)) for each in people]
    assert 0 < sum(told) < 5
    nights.pass_(SPRING + timedelta(1))
    assert [len(nights.told(each)) for each in people] == [1] * 5
    ended = db.session.execute(
        select(NoticeNight.night, NoticeNight.finished_at).order_by(NoticeNight.night)
    ).all()
    assert [night for night, at in ended if at] == [SPRING, SPRING + timedelta(1)]


class CutError(Exception):
    pass


def _cut_short(worker: Flask, steps: int) -> None:
    """So many steps, and an error in the last, after it has told."""
    left = iter(range(steps))
    tell = telling.tell

    def tell_and_die(*given: object, **named: object) -> int:
        done = tell(*given, **named)  # type: ignore[arg-type]
        if next(left) == steps - 1:
            raise CutError
        return done

    with worker.app_context(), patch.object(telling, "tell", tell_and_die):
        jobs.ask("notices", f"cut after {steps}")
        db.session.commit()
        db.session.remove()
        doing.run_next(KINDS, 60)
        db.session.query(jobs.Job).delete()
        db.session.commit()
        db.session.remove()
    db.session.rollback()


def test_the_night_waits_for_the_sweep_and_not_for_one_that_died(
    nights: Nights, worker: Flask
) -> None:
    person = nights.person()
    nights.opens(person, 2025, hours_before(SPRING))
    with clock.pinned(night_of(SPRING)):
        sweep = nights.make.job("sweep", state=jobs.State.RUNNING)
        with db.engine.connect() as another:
            another.execute(text("SELECT pg_advisory_lock(job_lock(:id))"), {"id": sweep.id})
            nights.works_on("notices")
            another.invalidate()
        assert nights.told(person) == []
        sweep.state = jobs.State.DEAD
        db.session.merge(sweep)
        db.session.commit()
    with clock.pinned(night_of(SPRING) + nightly.UNTIL_SWEPT):
        nights.works_on("notices")
    assert len(nights.told(person)) == 1
