"""One person with two records, and two people with one: said by the authority, and taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.registry import merging, people, snapshot
from ce_tracker.registry.dated import Merge
from ce_tracker.registry.models import Professional
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Account, Factory
from tests.registry.crowd import person

WHY = "换发新版永居证，号码不同"


@pytest.fixture
def authority(make: Factory) -> Actor:
    return make.account(Role.AUTHORITY, WEIHAI).actor


@contextmanager
def as_web(web: Flask, actor: Actor | None) -> Iterator[None]:
    """A request of the actor's, up to its commit."""
    with web.app_context():
        act_as(actor)
        try:
            yield
            db.session.commit()
        finally:
            db.session.remove()


def standing(*ids: int) -> list[tuple[int | None, int | None]]:
    """Of each record: merged into, employed by."""
    db.session.rollback()
    rows = {
        row.id: (row.merged_into, row.employer_id)
        for row in db.session.execute(
            select(Professional.id, Professional.merged_into, Professional.employer_id)
        )
    }
    return [rows[i] for i in ids]


def three(make: Factory) -> tuple[int, int, int]:
    return tuple(person(make, at=make.employer()).id for _ in range(3))  # type: ignore[return-value]


def test_merged_records_are_one_person_and_split_ones_are_two(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, _ = three(make)
    [(_, at_a), (_, at_b)] = standing(a, b)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
        assert merging.same_person_ids(a) == merging.same_person_ids(b) == [a, b]
    assert standing(a, b) == [(b, at_b), (None, at_b)]
    with as_web(web, authority):
        merging.split(a, "核对照片，是两个人")
        assert merging.same_person_ids(a) == [a]
        assert merging.same_person_ids(b) == [b]
    assert standing(a, b) == [(None, at_a), (None, at_b)]


def test_a_chain_is_read_to_its_end_and_a_split_takes_its_own_along(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, c = three(make)
    [(_, at_a), (_, at_b), (_, at_c)] = standing(a, b, c)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
        merging.merge(b, c, WHY)
        for each in (a, b, c):
            assert merging.same_person_ids(each) == [a, b, c]
    assert standing(a, b, c) == [(c, at_c), (c, at_c), (None, at_c)]
    with as_web(web, authority):
        merging.split(b, "核对照片，是两个人")
    assert standing(a, b, c) == [(b, at_b), (None, at_b), (None, at_c)]
    with as_web(web, authority):
        merging.split(a, "核对照片，是两个人")
    assert standing(a, b, c) == [(None, at_a), (None, at_b), (None, at_c)]


def test_what_was_one_person_when_stays_known(make: Factory, web: Flask, authority: Actor) -> None:
    a, b, _ = three(make)
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=clock.SHANGHAI)
    with as_web(web, authority), clock.pinned(noon):
        merging.merge(a, b, WHY)
    with as_web(web, authority), clock.pinned(noon + timedelta(hours=2)):
        merging.split(a, "核对照片，是两个人")
    with as_web(web, authority):
        for moment, records in (
            (noon - timedelta(hours=1), [a]),
            (noon + timedelta(hours=1), [a, b]),
            (noon + timedelta(hours=3), [a]),
        ):
            assert merging.same_person_ids(a, moment) == records


def test_every_night_says_the_same_as_merging_did(
    make: Factory, web: Flask, worker: Flask, authority: Actor
) -> None:
    a, b, c = three(make)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
        merging.merge(b, c, WHY)
    merged = standing(a, b, c)
    db.session.execute(text("UPDATE professionals SET merged_into = NULL, employer_id = NULL"))
    db.session.commit()
    with worker.app_context():
        snapshot.refresh_professionals(select(Professional.id), clock.today())
        db.session.commit()
        db.session.remove()
    assert standing(a, b, c) == merged


def test_who_moves_takes_merged_records_along(make: Factory, web: Flask, authority: Actor) -> None:
    a, b, _ = three(make)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
    new = make.employer()
    root = db.session.get_one(Professional, b)
    people.employ(root, new.id, None, date(2026, 9, 1), "test")
    db.session.commit()
    assert standing(a, b) == [(b, new.id), (None, new.id)]


@pytest.mark.parametrize(
    ("first", "second"), [((0, 1), (1, 0)), ((0, 1), (0, 1)), ((0, 0), (0, 0))]
)
def test_no_circle_is_made(
    make: Factory, web: Flask, authority: Actor, first: tuple[int, int], second: tuple[int, int]
) -> None:
    ids = three(make)
    with as_web(web, authority):
        if first[0] != first[1]:
            merging.merge(ids[first[0]], ids[first[1]], WHY)
        with pytest.raises(Conflict):
            merging.merge(ids[second[0]], ids[second[1]], WHY)


def test_a_circle_by_way_of_a_third_is_refused(make: Factory, web: Flask, authority: Actor) -> None:
    a, b, c = three(make)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
        merging.merge(b, c, WHY)
        with pytest.raises(Conflict, match="已经是同一个人"):
            merging.merge(c, a, WHY)
        with pytest.raises(Conflict, match="请先拆分"):
            merging.merge(a, c, WHY)
        with pytest.raises(Conflict, match="不需要拆分"):
            merging.split(c, WHY)


def test_two_who_merge_the_two_records_into_each_other_at_once_make_no_circle(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, _ = three(make)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def merge(one: int, other: int) -> None:
        together.wait()
        try:
            with as_web(web, authority):
                merging.merge(one, other, WHY)
        except Conflict as error:
            outcomes.append(error.code)
        else:
            outcomes.append("merged")

    threads = [threading.Thread(target=merge, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "merged"]
    assert sum(into is not None for into, _ in standing(a, b)) == 1


def test_only_an_authority_in_charge_of_both_merges(
    make: Factory, web: Flask, authority: Actor
) -> None:
    here = person(make, at=make.employer(HUANCUI)).id
    there = person(make, at=make.employer(YINCHUAN)).id
    also_here = person(make, at=make.employer(HUANCUI)).id
    nowhere = person(make).id
    employer = make.account(Role.EMPLOYER)
    health = make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH).actor
    for actor, one, other in (
        (authority, here, there),
        (authority, there, here),
        (authority, here, nowhere),
        (authority, here, 999_999),
        (employer.actor, here, also_here),
        (health, here, also_here),
        (None, here, also_here),
    ):
        with as_web(web, actor):
            with pytest.raises(NotFound):
                merging.merge(one, other, WHY)
            # and the database says so too, whatever the application says
            call = func.merge_people(one, other, WHY, clock.now(), clock.today())
            assert db.session.scalar(select(call)) == "not_found"
    with as_web(web, authority):
        merging.merge(here, also_here, WHY)
    with as_web(web, health), pytest.raises(NotFound):
        merging.split(here, WHY)
    with as_web(web, health):
        call = func.split_person(here, clock.now(), clock.today())
        assert db.session.scalar(select(call)) == "not_found"


def test_the_web_writes_no_merge_but_through_the_functions(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, _ = three(make)
    for attempt in (
        (
            "INSERT INTO merges (professional_id, into_id, reason, valid_from, known_from, source)"
            f" VALUES ({a}, {b}, 'x', now(), now(), 'x')"
        ),
        "UPDATE merges SET known_to = now()",
        f"UPDATE professionals SET merged_into = {b} WHERE id = {a}",
        f"SELECT settle_person({a}, CURRENT_DATE)",
        "SELECT id_number_sealed FROM professionals",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            as_web(web, authority),
        ):
            db.session.execute(text(attempt))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "请写明合并理由"),
        ("同 人", "请写明合并理由"),
        ("旧号 371002199001010018", "不要在其中写证件号码"),
        ("长" * 201, "最多 200 个字"),
    ],
)
def test_a_merge_wants_a_reason_without_a_number_in_it(
    make: Factory, web: Flask, authority: Actor, reason: str, said: str
) -> None:
    a, b, _ = three(make)
    with as_web(web, authority), pytest.raises(Invalid, match=said):
        merging.merge(a, b, reason)


def owner_of(make: Factory, professional_id: int) -> Account:
    account = make.account(Role.PROFESSIONAL)
    account.user.professional_id = professional_id
    db.session.commit()
    facts = db.session.execute(select(func.enter_as(account.user.id))).scalar_one()
    db.session.commit()
    return Account(account.user, Actor.from_facts(facts), account.token)


def test_the_person_sees_that_it_was_done_why_and_by_whom(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, _ = three(make)
    with as_web(web, authority):
        merging.merge(a, b, WHY)
    with as_web(web, authority):
        merging.split(a, "核对照片，是两个人")
    for each in (a, b):
        me = owner_of(make, each).actor
        with as_web(web, me):
            entries = db.session.scalars(
                select(AuditEntry)
                .where(AuditEntry.visible_to(me), AuditEntry.professional_id == each)
                .order_by(AuditEntry.id)
            ).all()
            assert [(e.action, e.reason, e.actor_name) for e in entries] == [
                ("person.merged", WHY, authority.display_name),
                ("person.split", "核对照片，是两个人", authority.display_name),
            ]


def test_an_account_of_a_merged_record_is_an_account_of_the_person(
    make: Factory, web: Flask, authority: Actor
) -> None:
    a, b, _ = three(make)
    assert owner_of(make, a).actor.professional_id == a
    with as_web(web, authority):
        merging.merge(a, b, WHY)
    me = owner_of(make, a).actor
    assert me.professional_id == b
    with as_web(web, me):
        for seen in (
            select(Professional.id),
            select(Professional.id).where(Professional.visible_to(me)),
        ):
            assert sorted(db.session.scalars(seen)) == [a, b]
        assert db.session.scalars(select(Merge.reason)).all() == [WHY]
        # what was written of the merged record before is theirs to read, too
        of_both = select(AuditEntry.professional_id).where(AuditEntry.action == "person.merged")
        assert set(db.session.scalars(of_both)) == {a, b}
        assert set(db.session.scalars(of_both.where(AuditEntry.visible_to(me)))) == {a, b}
