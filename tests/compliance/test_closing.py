"""A year is closed: its verdicts are kept as they were, and what changes them later is told."""

from __future__ import annotations

from datetime import date, datetime

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock, jobs
from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.compliance import closing, sweeping
from ce_tracker.compliance.closings import ClosedVerdict, Restatement
from ce_tracker.compliance.models import Sweep
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, State
from ce_tracker.ledger.closed_years import YearClosing
from ce_tracker.ledger.models import Posting
from ce_tracker.registry import snapshot
from config import DatabaseRole, Settings
from tests.api.asking import Asker
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, SHANDONG, WEIHAI, Factory
from tests.ledger.books import HEADER, Books
from tests.registry.desk import id_number
from workers import doing
from workers.tasks import KINDS

YEAR = clock.today().year - 1
WHY = {"year": YEAR, "kind": "illness", "required": "0", "reason": "住院，见诊断证明"}


def _work(world: World) -> None:
    """The worker does all that is due."""
    db.session.commit()
    with world.worker.app_context():
        while doing.run_next(KINDS, 600) is not None:
            db.session.remove()
        db.session.remove()
    db.session.expire_all()
    assert not db.session.scalars(select(Job.error).where(Job.state != "done")).all()


def _closed(world: World, province: Asker) -> None:
    world.night(YEAR, clock.today())
    province.post(f"/years/{YEAR}/close", {}, 202)
    _work(world)


def _restated(world: World, night: str) -> list[Restatement]:
    jobs.ask("restate", night, day=clock.today().isoformat())
    _work(world)
    return list(db.session.scalars(select(Restatement).order_by(Restatement.id)))


def test_closing_keeps_everybodys_verdict_with_the_rules_and_the_ledgers_head(
    world: World, province: Asker
) -> None:
    met, failed, exempt = world.people(Place(HUANCUI), 3)
    world.has(met, YEAR, 3000, 6000)
    world.has(failed, YEAR, 3000, 5999)
    world.let_off(exempt, YEAR, 0)
    _closed(world, province)
    kept = db.session.scalars(select(ClosedVerdict).order_by(ClosedVerdict.professional_id)).all()
    assert [(each.professional_id, each.outcome) for each in kept] == [
        (met, "met"),
        (failed, "failed"),
        (exempt, "exempt"),
    ]
    assert (kept[1].general_x100, kept[1].specialty_x100, kept[1].broken) == (3000, 5999, 0b11)
    closing = db.session.get_one(YearClosing, YEAR)
    assert (closing.people, closing.day) == (3, date(YEAR, 12, 31))
    head = db.session.scalars(select(Posting).order_by(Posting.position.desc()).limit(1)).one()
    assert (closing.ledger_position, closing.ledger_digest) == (head.position, head.digest)
    assert closing.policies
    last = db.session.scalar(select(Sweep.id).order_by(Sweep.id.desc()).limit(1))
    assert closing.sweep_id == last, "it was swept once more"


def test_hours_that_came_after_the_last_sweep_are_judged_as_they_are_frozen(
    world: World, province: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    [late] = world.people(Place(HUANCUI), 1)
    step = sweeping.step

    def then_hours_come(night: sweeping.Night) -> bool:
        over = step(night)
        world.stands(late, YEAR, 3000, 6000)
        return over

    world.night(YEAR, clock.today())
    province.post(f"/years/{YEAR}/close", {}, 202)
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "step", then_hours_come)
        _work(world)
    kept = db.session.scalars(select(ClosedVerdict)).one()
    assert (kept.outcome, kept.specialty_x100) == ("met", 6000)


def test_what_changes_a_closed_year_is_a_restatement_and_the_verdict_stays(
    world: World, province: Asker
) -> None:
    one, other = world.people(Place(HUANCUI), 2)
    _closed(world, province)
    world.has(one, YEAR, 3000, 6000)
    [told] = _restated(world, "first")
    assert told.professional_id == one
    assert told.before is not None
    assert (told.before["outcome"], told.before["specialty_x100"]) == ("failed", 0)
    assert (told.after["outcome"], told.after["specialty_x100"]) == ("met", 6000)
    assert db.session.get_one(ClosedVerdict, (one, YEAR)).outcome == "failed"
    assert world.flagged(YEAR) == {(other, 0)}, "flags go on"
    assert len(_restated(world, "second")) == 1, "what was told is not told again"
    world.has(one, YEAR, 3000, 5000)
    again = _restated(world, "third")[-1]
    assert again.before == told.after
    assert again.after["outcome"] == "failed"
    listed = province.get(f"/years/{YEAR}/restatements")["items"]
    assert [(each["before"]["outcome"], each["after"]["outcome"]) for each in listed] == [
        ("met", "failed"),
        ("failed", "met"),
    ]


def test_somebody_of_whom_there_was_no_verdict_is_told_of_too(
    world: World, province: Asker
) -> None:
    world.people(Place(HUANCUI), 1)
    _closed(world, province)
    [found_later] = world.people(Place(HUANCUI), 1)
    told = _restated(world, "first")
    assert [(each.professional_id, each.before) for each in told] == [(found_later, None)]


def test_a_year_is_closed_once_however_often_asked(world: World, province: Asker) -> None:
    [person] = world.people(Place(HUANCUI), 1)
    _closed(world, province)
    before = db.session.get_one(YearClosing, YEAR).closed_at
    world.has(person, YEAR, 3000, 6000)
    again = province.post(f"/years/{YEAR}/close", {}, 202)
    _work(world)
    assert again["closed_at"] is not None
    assert db.session.get_one(YearClosing, YEAR).closed_at == before
    assert db.session.scalars(select(ClosedVerdict.outcome)).all() == ["failed"]
    acts = select(AuditEntry).where(AuditEntry.action == "year.closed")
    assert len(db.session.scalars(acts).all()) == 1


def test_a_closing_that_was_given_up_is_asked_for_again(world: World, province: Asker) -> None:
    world.people(Place(HUANCUI), 1)
    world.night(YEAR, clock.today())
    province.post(f"/years/{YEAR}/close", {}, 202)
    job = db.session.scalars(select(Job).where(Job.kind == "close-year")).one()
    job.state, job.attempts, job.finished_at = State.DEAD, 3, clock.now()
    db.session.commit()
    again = province.post(f"/years/{YEAR}/close", {}, 202)
    assert again["closed_at"] is None
    _work(world)
    assert db.session.get_one(YearClosing, YEAR).people == 1
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts[-2:] == ["year.closed", "job.restarted"]


def test_only_a_year_that_is_over_and_was_judged_is_closed_and_only_by_who_steers(
    web: Flask, make: Factory, world: World, province: Asker
) -> None:
    assert "没有判定过" in province.post(f"/years/{YEAR}/close", {}, 404)["detail"]
    for year in (YEAR, YEAR + 1):
        world.night(year, clock.today())
    assert "没有结束" in province.post(f"/years/{YEAR + 1}/close", {}, 409)["detail"]
    province.get(f"/years/{YEAR}/restatements", 404)
    for none in (0, 99_999, 2**70):
        province.post(f"/years/{none}/close", {}, 404)
        province.get(f"/years/{none}/restatements", 404)
    for account in (
        make.account(Role.AUTHORITY, WEIHAI),
        make.account(Role.AUTHORITY, SHANDONG, Sector.HEALTH),
    ):
        Asker(web, account).post(f"/years/{YEAR}/close", {}, 403)


def test_nobody_is_let_off_of_a_closed_year(world: World, province: Asker) -> None:
    one, other = world.people(Place(HUANCUI), 2)
    granted = province.post(f"/professionals/{one}/exemptions", WHY, 201)
    _closed(world, province)
    assert "已封账" in province.refused("POST", f"/professionals/{other}/exemptions", WHY)["year"]
    withdrawn = province.post(
        f"/professionals/{one}/exemptions/{granted['id']}/withdraw", {"reason": "证明有误"}, 409
    )
    assert "已封账" in withdrawn["detail"]


def test_who_is_concerned_reads_the_closed_verdict_and_its_restatements(
    web: Flask, make: Factory, world: World, province: Asker
) -> None:
    account = make.account(Role.PROFESSIONAL)
    person = account.actor.professional_id or 0
    world.works(person, world.unit(Place(HUANCUI)), LONG_AGO)
    snapshot.refresh_professionals([person], clock.today())
    db.session.commit()
    _closed(world, province)
    world.has(person, YEAR, 3000, 6000)
    _restated(world, "first")
    own = Asker(web, account).get("/me/closed-verdicts")["items"]
    seen = province.get(f"/professionals/{person}/closed-verdicts")["items"]
    assert own == seen
    [closed] = own
    assert (closed["year"], closed["outcome"], closed["total"]) == (YEAR, "failed", "0")
    assert [each["after"]["outcome"] for each in closed["restatements"]] == ["met"]
    listed = Asker(web, account).get("/years")["items"]
    assert [(each["year"], each["people"]) for each in listed] == [(YEAR, 1)]


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE closed_verdicts SET outcome = 'met'",
        "DELETE FROM closed_verdicts",
        "TRUNCATE closed_verdicts",
        "UPDATE restatements SET after = '{}'",
        "DELETE FROM restatements",
        "TRUNCATE restatements",
        "UPDATE year_closings SET people = 0",
        "DELETE FROM year_closings",
        "TRUNCATE year_closings",
    ],
)
def test_what_was_frozen_is_written_again_by_nobody(
    world: World, province: Asker, attempt: str
) -> None:
    [person] = world.people(Place(HUANCUI), 1)
    _closed(world, province)
    world.has(person, YEAR, 3000, 6000)
    _restated(world, "first")
    with pytest.raises(ProgrammingError, match="refused"):
        db.session.execute(text(attempt))


def test_the_worker_may_not_even_try(world: World, province: Asker, settings: Settings) -> None:
    world.people(Place(HUANCUI), 1)
    _closed(world, province)
    with psycopg.connect(settings.database_for(DatabaseRole.WORKER)) as connection:
        for attempt in ("UPDATE closed_verdicts SET outcome = 'met'", "DELETE FROM restatements"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)
            connection.rollback()


def test_the_head_is_that_of_the_hours_that_were_frozen_and_late_hours_come_after_it(
    web: Flask, make: Factory, world: World, province: Asker
) -> None:
    books = Books.of_session(
        make,
        web,
        world.worker,
        starts_at=datetime(YEAR, 3, 3, 9, tzinfo=clock.SHANGHAI),
        ends_at=datetime(YEAR, 3, 7, 17, tzinfo=clock.SHANGHAI),
        created_at=datetime(YEAR, 1, 2, 9, tzinfo=clock.SHANGHAI),
    )
    number = id_number(311)
    person = books.register("孙一", number)
    world.works(person, world.unit(Place(HUANCUI)), LONG_AGO)
    snapshot.refresh_professionals([person], clock.today())
    db.session.commit()
    books.enter(HEADER, ("孙一", number, 8))
    _closed(world, province)
    head = db.session.scalars(select(Posting)).one()
    closing = db.session.get_one(YearClosing, YEAR)
    assert (closing.ledger_position, closing.ledger_digest) == (head.position, head.digest)
    assert db.session.scalars(select(ClosedVerdict.specialty_x100)).all() == [800]
    books.say_yes(books.read(HEADER, ("孙一", number, 12)), "签到表统计有误")
    assert _restated(world, "first") == [], "nothing is posted without a word"
    [held] = province.get("/held-rows", late="true")["items"]
    assert (held["closed_year"], held["may_decide"]) == (YEAR, True)
    said = {"reason": "签到表原件已核对"}
    province.post(f"/held-rows/{held['id']}/admit", said)
    _work(world)
    [told] = _restated(world, "second")
    assert told.before is not None
    assert (told.before["specialty_x100"], told.after["specialty_x100"]) == (800, 1200)
    assert told.ledger_position == head.position + 1
    [listed] = province.get(f"/years/{YEAR}/restatements")["items"]
    [word] = listed["agreed"]
    assert (word["decided_by_name"], word["reason"], word["hours"]) == (
        province.account.user.display_name,
        said["reason"],
        "12",
    )


def test_closing_waits_while_another_sweep_of_the_year_is_under_way(
    world: World, province: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people(Place(HUANCUI), 1)
    world.night(YEAR, clock.today())
    other = Sweep(year=YEAR, day=clock.today(), started_at=clock.now(), whole=False)
    db.session.add(other)
    db.session.commit()
    number = other.id

    def the_other_goes_on(night: sweeping.Night) -> bool:
        night.sweep_id = number
        return True

    province.post(f"/years/{YEAR}/close", {}, 202)
    with monkeypatch.context() as patch, world.worker.app_context():
        patch.setattr(sweeping, "step", the_other_goes_on)
        doing.run_next(KINDS, 600)
        db.session.remove()
    db.session.rollback()
    job = db.session.scalars(select(Job).where(Job.kind == "close-year")).one()
    assert (job.state, job.error, db.session.get_one(YearClosing, YEAR).closed_at) == (
        "waiting",
        None,
        None,
    )
    db.session.get_one(Sweep, number).finished_at = clock.now()
    job.due_at = clock.now()
    _work(world)
    assert db.session.get_one(YearClosing, YEAR).sweep_id == number


def test_who_is_killed_while_freezing_has_frozen_nobody(
    world: World, province: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people(Place(HUANCUI), 2)
    world.night(YEAR, clock.today())
    province.post(f"/years/{YEAR}/close", {}, 202)
    freeze = closing._freeze

    def then_the_power_fails(year: int, sweep_id: int) -> None:
        freeze(year, sweep_id)
        raise RuntimeError

    with monkeypatch.context() as patch, world.worker.app_context():
        patch.setattr(closing, "_freeze", then_the_power_fails)
        doing.run_next(KINDS, 600)
        db.session.remove()
    db.session.rollback()
    assert db.session.scalars(select(ClosedVerdict)).all() == []
    job = db.session.scalars(select(Job).where(Job.kind == "close-year")).one()
    job.due_at = clock.now()
    _work(world)
    assert len(db.session.scalars(select(ClosedVerdict)).all()) == 2
    assert db.session.get_one(YearClosing, YEAR).people == 2
