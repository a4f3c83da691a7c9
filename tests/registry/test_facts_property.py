"""Both times of every fact: what we say of any day, as we knew it at any moment.

The model is a plain list of what was done and when; for each question it is replayed from the
beginning, day by day, with nothing of the code's own arithmetic of spans.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import hypothesis
import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.compliance import exemptions
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import Base, db
from ce_tracker.promotions.funds import EmployerFund
from ce_tracker.registry import facts
from ce_tracker.registry.dated import (
    Accreditation,
    Appointment,
    Appraisal,
    EmployerFact,
    Employment,
    Grade,
    Merge,
    ProviderFact,
    ServiceSpell,
    Title,
)
from ce_tracker.registry.directories import DirectoryInForce
from ce_tracker.registry.facts import Fact
from ce_tracker.registry.models import Professional, TitleSeries
from config import DatabaseRole, Settings
from tests.factories import HUANCUI, Factory
from tests.registry.lists import approved, drafted

DAYS = 12
HORIZON = 10
"""From here on a span is written without an end."""
START = date(2026, 1, 1)
EPOCH = datetime(2026, 3, 1, 9, 0, tzinfo=clock.SHANGHAI)
GRADES = list(Grade)
PEOPLE = 2


@dataclass(frozen=True)
class Event:
    at: int
    """The minute in which it became known."""
    what: str
    who: int
    says: int
    since: int
    until: int
    aim: int
    """Of a correction or withdrawal: a day whose fact is meant."""


EVENTS = st.lists(
    st.builds(
        lambda at, what, who, says, since, length, aim: Event(
            at, what, who, says, since, since + length, aim
        ),
        st.integers(0, 9),
        st.sampled_from(["put", "put", "correct", "withdraw"]),
        st.integers(0, PEOPLE - 1),
        st.integers(0, len(GRADES) - 1),
        st.integers(0, HORIZON - 1),
        st.integers(1, HORIZON),
        st.integers(0, DAYS - 1),
    ),
    max_size=14,
).map(lambda events: sorted(events, key=lambda event: event.at))
QUESTIONS = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(-1, 10)), min_size=1, max_size=8
)


def day(number: int) -> date:
    return START + timedelta(number)


def minute(number: int) -> datetime:
    return EPOCH + timedelta(minutes=number)


def span(event: Event) -> dict[str, date | None]:
    return {
        "valid_from": day(event.since),
        "valid_to": None if event.until >= HORIZON else day(event.until),
    }


def days_of(event: Event) -> range:
    return range(event.since, DAYS if event.until >= HORIZON else event.until)


# --- one at a time ---------------------------------------------------------------------------


def replayed(events: list[Event], moment: int) -> list[list[int | None]]:
    """For each person and day what was believed at the moment, day by day."""
    # A day holds (which act said so, what it said): days of one act in a row are one fact.
    believed: list[list[tuple[int, int] | None]] = [[None] * DAYS for _ in range(PEOPLE)]
    for number, event in enumerate(events):
        if event.at > moment:
            break
        life = believed[event.who]
        if event.what != "put":
            if life[event.aim] is None:
                continue
            for d in run_around(life, event.aim):
                life[d] = None
        if event.what != "withdraw":
            for d in days_of(event):
                life[d] = (number, event.says)
            split_what_was_cut(life, number)
    return [[held and held[1] for held in life] for life in believed]


def run_around(life: list[tuple[int, int] | None], at: int) -> list[int]:
    first = last = at
    while first > 0 and life[first - 1] == life[at]:
        first -= 1
    while last + 1 < DAYS and life[last + 1] == life[at]:
        last += 1
    return list(range(first, last + 1))


def split_what_was_cut(life: list[tuple[int, int] | None], number: int) -> None:
    """Two pieces of one fact with another between them are never in a row: nothing to do, unless
    what lies between is later withdrawn. So the pieces get names of their own."""
    seen: set[tuple[int, int]] = set()
    at = 0
    while at < DAYS:
        held, run = life[at], run_around(life, at)
        if held is not None and held in seen:
            for d in run:
                life[d] = (-(number * DAYS + at + 1), held[1])
        elif held is not None:
            seen.add(held)
        at = run[-1] + 1


@contextmanager
def people(owner: Flask) -> Iterator[list[int]]:
    """Two people to say things of; gone afterwards."""
    with owner.app_context():
        rows = [
            Professional(
                name="王晓岚",
                pinyin="wangxiaolan wxl",
                id_kind="resident",
                id_tail="0000",
                id_number_sealed=b"\0\1%d" % n,
                id_number_index=b"\0\1%d" % n,
            )
            for n in range(PEOPLE)
        ]
        db.session.add_all(rows)
        db.session.flush()
        try:
            yield [row.id for row in rows]
        finally:
            db.session.rollback()
            db.session.remove()


def held_now(person: int, on: int) -> Appraisal | None:
    return db.session.scalar(
        select(Appraisal).where(
            Appraisal.professional_id == person, Appraisal.known_at(), Appraisal.holds_on(day(on))
        )
    )


def do(event: Event, ids: list[int]) -> None:
    person, grade = ids[event.who], GRADES[event.says]
    with clock.pinned(minute(event.at)):
        if event.what == "put":
            facts.put(Appraisal(professional_id=person, grade=grade, **span(event)), "test")
        elif aimed := held_now(person, event.aim):
            if event.what == "correct":
                facts.correct(aimed, "test", grade=grade, **span(event))
            else:
                facts.withdraw(aimed)


@hypothesis.settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(EVENTS, QUESTIONS)
@example(
    # a hole is cut, closed by withdrawing what cut it, and one of the pieces is then withdrawn
    [
        Event(0, "put", 0, 1, 0, 9, 0),
        Event(1, "put", 0, 2, 3, 6, 0),
        Event(2, "withdraw", 0, 0, 0, 1, 4),
        Event(2, "withdraw", 0, 0, 0, 1, 7),
    ],
    [(d, m) for d in range(DAYS) for m in range(4)],
)
def test_any_day_as_known_at_any_moment_is_what_a_replay_of_the_events_says(
    owner: Flask, events: list[Event], questions: list[tuple[int, int]]
) -> None:
    with people(owner) as ids:
        for event in events:
            do(event, ids)
        for on, moment in questions:
            expected = replayed(events, moment)
            for who, person in enumerate(ids):
                said = db.session.scalars(
                    select(Appraisal.grade).where(
                        Appraisal.professional_id == person,
                        Appraisal.holds_on(day(on)),
                        Appraisal.known_at(minute(moment)),
                    )
                ).all()
                says = expected[who][on]
                assert list(said) == ([] if says is None else [GRADES[says]]), (on, moment)
        assert_never_two_at_once(ids)


def assert_never_two_at_once(ids: list[int]) -> None:
    rows = db.session.scalars(select(Appraisal).where(Appraisal.professional_id.in_(ids))).all()
    moments = {row.known_from for row in rows} | {row.known_to for row in rows if row.known_to}
    for moment in moments:
        taken: set[tuple[int, date]] = set()
        for row in rows:
            if not row.known_from <= moment or (row.known_to and row.known_to <= moment):
                continue
            end = row.valid_to or day(DAYS)
            held = {
                (row.professional_id, row.valid_from + timedelta(d))
                for d in range((end - row.valid_from).days)
            }
            assert taken.isdisjoint(held), f"two at once at {moment}"
            taken |= held


# --- side by side ----------------------------------------------------------------------------


@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(EVENTS, QUESTIONS)
def test_facts_that_may_overlap_leave_each_other_alone(
    owner: Flask, events: list[Event], questions: list[tuple[int, int]]
) -> None:
    """`put` is `record` here: service at two places, or told twice, is kept as it was told."""
    told: list[tuple[int, Event, str, int, int | None]] = []  # who, event, unit, from, to
    with people(owner) as ids:
        rows: list[ServiceSpell] = []
        for event in events:
            with clock.pinned(minute(event.at)):
                open_ones = [i for i, each in enumerate(told) if each[4] is None]
                if event.what == "put":
                    spell = ServiceSpell(
                        professional_id=ids[event.who],
                        region_path="000000",
                        unit=f"第{event.says}中学",
                        rural=True,
                        township=False,
                        **span(event),
                    )
                    rows.append(facts.record(spell, "test"))
                    told.append((event.who, event, spell.unit, event.at, None))
                elif open_ones:
                    aimed = open_ones[event.aim % len(open_ones)]
                    who, was, unit, since, _ = told[aimed]
                    told[aimed] = (who, was, unit, since, event.at)
                    if event.what == "correct":
                        rows.append(facts.correct(rows[aimed], "test", **span(event)))
                        told.append((who, event, unit, event.at, None))
                    else:
                        facts.withdraw(rows[aimed])
        for on, moment in questions:
            said = db.session.execute(
                select(ServiceSpell.professional_id, ServiceSpell.unit).where(
                    ServiceSpell.professional_id.in_(ids),
                    ServiceSpell.holds_on(day(on)),
                    ServiceSpell.known_at(minute(moment)),
                )
            ).all()
            expected = [
                (ids[who], unit)
                for who, event, unit, since, until in told
                if on in days_of(event) and since <= moment and (until is None or moment < until)
            ]
            assert sorted(map(tuple, said)) == sorted(expected)


# --- corrections, one by one -----------------------------------------------------------------


def appraised(person: int, grade: Grade, since: int, until: int | None = None) -> Appraisal:
    return Appraisal(
        professional_id=person,
        grade=grade,
        valid_from=day(since),
        valid_to=None if until is None else day(until),
    )


def test_a_correction_leaves_no_moment_in_which_nothing_was_known(owner: Flask) -> None:
    with people(owner) as [person, _]:
        facts.put(appraised(person, Grade.COMPETENT, 0), "test")
        facts.put(appraised(person, Grade.EXCELLENT, 3, 6), "test")
        rows = db.session.scalars(select(Appraisal).order_by(Appraisal.id)).all()
        [moment] = {row.known_to for row in rows if row.known_to}
        assert [row.known_from for row in rows[1:]] == [moment] * 3


def test_hearing_the_same_again_adds_no_row(owner: Flask) -> None:
    with people(owner) as [person, _]:
        first = facts.put(appraised(person, Grade.COMPETENT, 0, 5), "an import")
        again = facts.put(appraised(person, Grade.COMPETENT, 0, 5), "another import")
        assert again is first
        assert first.known_to is None
        assert first.source == "an import"


def test_what_sticks_out_of_a_correction_keeps_its_source(owner: Flask) -> None:
    with people(owner) as [person, _]:
        facts.put(appraised(person, Grade.COMPETENT, 0), "an import")
        facts.put(appraised(person, Grade.EXCELLENT, 3, 6), "a page")
        known = db.session.scalars(
            select(Appraisal).where(Appraisal.known_at()).order_by(Appraisal.valid_from)
        ).all()
        assert [(row.valid_from, row.valid_to, row.source) for row in known] == [
            (day(0), day(3), "an import"),
            (day(3), day(6), "a page"),
            (day(6), None, "an import"),
        ]


def test_a_fact_of_no_day_is_refused_before_anything_is_touched(owner: Flask) -> None:
    with people(owner) as [person, _]:
        first = facts.put(appraised(person, Grade.COMPETENT, 0), "test")
        with pytest.raises(Invalid, match="结束日期应晚于开始日期"):
            facts.put(appraised(person, Grade.EXCELLENT, 5, 5), "test")
        with pytest.raises(Invalid, match="结束日期应晚于开始日期"):
            facts.correct(first, "test", valid_to=day(0))
        db.session.refresh(first)
        assert first.known_to is None


def test_a_fact_corrected_by_somebody_else_meanwhile_is_a_conflict(owner: Flask) -> None:
    with people(owner) as [person, _]:
        first = facts.put(appraised(person, Grade.COMPETENT, 0), "test")
        db.session.connection().exec_driver_sql("UPDATE appraisals SET known_to = known_from")
        assert first.known_to is None, "as read before"
        with pytest.raises(Conflict, match="已被更正过"):
            facts.withdraw(first)
        with pytest.raises(Conflict, match="已被更正过"):
            facts.correct(first, "test", grade=Grade.EXCELLENT)


def test_a_machine_whose_clock_is_behind_can_correct_what_another_wrote(owner: Flask) -> None:
    with people(owner) as [person, _]:
        with clock.pinned(minute(5)):
            first = facts.put(appraised(person, Grade.COMPETENT, 0), "test")
        with clock.pinned(minute(4)):
            second = facts.correct(first, "test", grade=Grade.EXCELLENT)
            facts.withdraw(second)
        assert first.known_to == second.known_from == second.known_to == minute(5)


# --- what the database refuses ---------------------------------------------------------------


@pytest.fixture
def one_of_each(make: Factory) -> dict[str, int]:
    """A fact of every kind, committed: table → id."""
    person, other = make.professional(), make.professional("王芳")
    employer, provider = make.employer(), make.provider()
    db.session.merge(TitleSeries(code="test", name="测试", sector="other", title_names={}))
    db.session.flush()
    place = {"region_path": employer.region_path}
    rank = {"level": "junior", "track": "unified", "series_code": "test"}
    mine = {"professional_id": person.id}
    rows: list[Any] = [
        EmployerFact(
            employer_id=employer.id,
            name="甲",
            level="county",
            affiliation="county",
            sector="other",
            public_institution=True,
            **place,
        ),
        ProviderFact(provider_id=provider.id, name="乙", kind="base", sector="other", **place),
        Accreditation(provider_id=provider.id, level="county", document="一号", field_codes=[]),
        Employment(employer_id=employer.id, department=None, **mine),
        Title(field_code=None, name="助教", **rank, **mine),
        Appointment(employer_id=employer.id, **rank, **mine),
        ServiceSpell(unit="丙", rural=True, township=True, **place, **mine),
        Appraisal(grade="competent", **mine),
        Merge(into_id=other.id, reason="重复登记", **mine),
        exemptions.Exemption(
            kind="illness", required_x100=0, reason="住院", **exemptions.span(2026), **mine
        ),
        EmployerFund(
            employer_id=employer.id,
            wages_cents=100_00,
            training_cents=2_00,
            **exemptions.span(2026),
        ),
        DirectoryInForce(
            region_path=make.path(HUANCUI),
            directory_id=approved(drafted(make, HUANCUI, [employer.id]), day(0)).id,
        ),
    ]
    for row in rows:
        row.valid_from = row.valid_from or day(0)
        facts.record(row, "test")
    db.session.commit()
    found = {row.__tablename__: row.id for row in rows}
    db.session.rollback()  # what follows is done by others, whom no lock of ours may stop
    return found


def test_there_is_a_fact_of_every_kind_to_try(one_of_each: dict[str, int]) -> None:
    kinds = {mapper.local_table for mapper in Base.registry.mappers if is_fact(mapper.class_)}
    assert set(one_of_each) == {getattr(table, "name", None) for table in kinds}


def is_fact(kind: type[Any]) -> bool:
    return issubclass(kind, Fact)


@pytest.mark.parametrize("role", list(DatabaseRole))
def test_no_role_deletes_or_empties_facts(
    one_of_each: dict[str, int], settings: Settings, role: DatabaseRole
) -> None:
    with psycopg.connect(settings.database_for(role)) as connection:
        for table in one_of_each:
            for attempt in ("DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"):
                refused(connection, sql.SQL(attempt).format(sql.Identifier(table)))


@pytest.mark.parametrize("role", list(DatabaseRole))
def test_of_a_fact_nothing_may_change_but_that_belief_in_it_ends(
    one_of_each: dict[str, int], settings: Settings, role: DatabaseRole
) -> None:
    with psycopg.connect(settings.database_for(role)) as connection:
        for table in one_of_each:
            columns = connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND attname <> 'known_to'",
                (table,),
            ).fetchall()
            assert len(columns) > 7
            for (column,) in columns:
                change = sql.SQL("UPDATE {} SET {} = DEFAULT").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
                refused(connection, change)


@pytest.mark.parametrize("role", [DatabaseRole.OWNER, DatabaseRole.WORKER])
def test_belief_in_a_fact_ends_once_and_not_before_it_began(
    one_of_each: dict[str, int], settings: Settings, role: DatabaseRole
) -> None:
    with psycopg.connect(settings.database_for(role)) as connection:
        for table in one_of_each:
            change = sql.SQL("UPDATE {} SET known_to = ").format(sql.Identifier(table))
            refused(connection, change + sql.SQL("known_from - interval '1 second'"))
            refused(connection, change + sql.SQL("NULL"))
            ended = connection.execute(change + sql.SQL("known_from + interval '1 day'"))
            assert ended.rowcount == 1
            refused(connection, change + sql.SQL("NULL"))
            refused(connection, change + sql.SQL("known_to + interval '1 day'"))


def refused(connection: psycopg.Connection, attempt: sql.Composed) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(attempt)
