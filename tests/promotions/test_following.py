"""What the night finds of people, employers and counties that no year has: duties open and close,
rights are found, and nothing is said of whom no rule speaks of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import policies
from ce_tracker.extensions import db
from ce_tracker.policy.promoting import judge_following
from ce_tracker.promotions import careers, following
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.promotions.funds import EmployerFund
from ce_tracker.registry import facts, snapshot
from ce_tracker.registry.dated import Accreditation, Appraisal, ProviderFact, ServiceSpell, Title
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.title_series import load_title_series
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, Factory
from tests.ledger.world import Ledger, Move
from tests.promotions.nights import at_once, night

XIJI, YUNYANG = "640422", "500235"
A_ZONE = "Z64011"
"""Of Ningxia, and no county."""
TRAINING, CONVERSION, ROTATION, BY_SERVICE, BY_APPRAISAL, FUND, BASES = 7, 9, 10, 11, 12, 13, 14
VOCATIONAL = {"level": "junior", "series_code": "vocational", "name": "助理讲师"}


@pytest.fixture
def world(make: Factory, worker: Flask) -> World:
    load_title_series()
    db.session.commit()
    return World(make, worker)


@pytest.fixture
def tonight(worker: Flask) -> Callable[[], None]:
    return lambda: night(worker, "follow")


def _person(world: World, place: Place, since: date = LONG_AGO) -> int:
    return _at(world, world.unit(place), since)


def _at(world: World, unit: Employer, since: date = LONG_AGO) -> int:
    person = world.person((unit, since, None))
    _today(unit, person)
    return person


def _today(unit: Employer, person: int) -> None:
    snapshot.refresh_employers([unit.id], clock.today())
    snapshot.refresh_professionals([person], clock.today())
    db.session.commit()


def _titled(person: int, since: date, **changes: Any) -> Title:
    values: dict[str, Any] = {
        "level": "intermediate",
        "track": "unified",
        "series_code": "school",
        "field_code": None,
        "name": "一级教师",
    }
    return facts.record(
        Title(professional_id=person, valid_from=since, **(values | changes)), "test"
    )


def _attends(world: World, person: int, purpose: str) -> None:
    account = world.make.account(Role.PROVIDER)
    session = world.make.session(account, purpose=purpose)
    ledger = Ledger(world.worker, world.make)
    upload = ledger.upload(
        account, session, provider_id=session.provider_id, asked_by=account.user.id
    )
    ledger.posts(Move(person, session.id, 4000, date(2026, 3, 6)), upload_id=upload)


def _flags(rule: int | None = None) -> list[DutyFlag]:
    db.session.rollback()
    query = select(DutyFlag).order_by(DutyFlag.id)
    return list(db.session.scalars(query if rule is None else query.where(DutyFlag.rule == rule)))


def _open(rule: int | None = None) -> list[tuple[int | str | None, str]]:
    return [
        (each.professional_id or each.employer_id or each.region_path, each.outcome)
        for each in _flags(rule)
        if each.closed_at is None
    ]


def test_a_new_title_asks_for_training_until_it_was_attended(
    world: World, tonight: Callable[[], None]
) -> None:
    unit = world.unit(Place(HUANCUI))
    world.is_listed(HUANCUI, unit)
    world.lists_come_into_force()
    person, old = _at(world, unit), _at(world, unit)
    _titled(person, date(2024, 6, 1))
    _titled(old, date(2018, 6, 1))
    tonight()
    [flag] = _flags(TRAINING)
    assert (flag.professional_id, flag.outcome, flag.strength) == (person, "failed", "flags")
    assert (flag.regime, flag.document, flag.clause) == ("shandong", "鲁人社字〔2020〕42号", "七")
    assert flag.found == "2024-06-01 取得中级职称（一级教师），还没有参加岗前培训。"
    assert flag.policy in {v.digest for v in policies.current()["shandong"].versions}
    _attends(world, person, "induction")
    tonight()
    [flag] = _flags(TRAINING)
    assert (flag.opened_on, flag.closed_on) == (clock.today(), clock.today())


def test_teachers_of_vocational_schools_have_their_turn_by_a_day(
    world: World, tonight: Callable[[], None]
) -> None:
    unit = world.unit(Place(XIJI))
    teacher, other = _at(world, unit), _at(world, unit)
    _titled(teacher, date(2018, 6, 1), **VOCATIONAL)
    _titled(other, date(2018, 6, 1))
    with clock.pinned(datetime(2025, 9, 1, 2, tzinfo=clock.SHANGHAI)):
        tonight()
    assert _open(ROTATION) == [(teacher, "short")]
    assert _flags(ROTATION)[0].due_on == date(2025, 12, 31)
    _attends(world, teacher, "rotation")
    with clock.pinned(datetime(2026, 3, 9, 2, tzinfo=clock.SHANGHAI)):
        tonight()
    assert _open(ROTATION) == []


def test_years_in_a_township_are_told_as_a_right(world: World, tonight: Callable[[], None]) -> None:
    township = world.unit(Place(HUANCUI, level="township"))
    long_there, newcomer = _at(world, township), _at(world, township, date(2020, 9, 1))
    for person in (long_there, newcomer):
        _titled(person, date(2012, 6, 1), level="junior", name="二级教师")
    tonight()
    assert _open(BY_SERVICE) == [(long_there, "met")]
    assert "申报中级（满 10 年）" in _flags(BY_SERVICE)[0].found


def test_three_times_excellent_is_a_right_in_the_townships_of_ningxia(
    world: World, tonight: Callable[[], None]
) -> None:
    person = _person(world, Place(XIJI, level="township"))
    _titled(person, date(2018, 6, 1))
    for year in (2019, 2021, 2023):
        facts.record(
            Appraisal(
                professional_id=person,
                grade="excellent",
                valid_from=date(year, 1, 1),
                valid_to=date(year + 1, 1, 1),
            ),
            "test",
        )
    tonight()
    assert _open(BY_APPRAISAL) == [(person, "met")]


def test_whoever_leaves_the_grassroots_loses_the_title_of_it(
    world: World, tonight: Callable[[], None]
) -> None:
    listed, other = world.unit(Place(HUANCUI)), world.unit(Place(HUANCUI))
    world.is_listed(HUANCUI, listed)
    world.lists_come_into_force()
    person = _at(world, listed)
    _titled(person, date(2021, 6, 1), track="grassroots")
    tonight()
    assert _open(CONVERSION) == []
    world.works(person, other, date(2024, 1, 1))
    _today(other, person)
    tonight()
    assert _open(CONVERSION) == [(person, "failed")]


def test_what_turns_into_something_else_closes_and_opens(
    world: World, tonight: Callable[[], None]
) -> None:
    unit = world.unit(Place(HUANCUI))
    person = _at(world, unit)
    _titled(person, date(2021, 6, 1), track="grassroots")
    tonight()
    world.is_listed(HUANCUI, None)
    world.lists_come_into_force()
    tonight()
    assert [(each.outcome, each.closed_at is None) for each in _flags(CONVERSION)] == [
        ("undetermined", False),
        ("failed", True),
    ]


def test_whoever_leaves_the_scope_has_the_flag_closed(
    world: World, tonight: Callable[[], None]
) -> None:
    unit, elsewhere = world.unit(Place(XIJI)), world.unit(Place("350000"))
    teacher = _at(world, unit)
    _titled(teacher, date(2018, 6, 1), **VOCATIONAL)
    tonight()
    assert _open(ROTATION) == [(teacher, "short")]
    world.works(teacher, elsewhere, date(2024, 1, 1))
    _today(elsewhere, teacher)
    tonight()
    assert _open(ROTATION) == []


def test_a_second_night_writes_nothing(world: World, tonight: Callable[[], None]) -> None:
    teacher = _person(world, Place(XIJI))
    _titled(teacher, date(2018, 6, 1), **VOCATIONAL)
    tonight()
    written = (
        select(DutyFlag.id, text("duty_flags.xmin::text"))
        .where(DutyFlag.professional_id.is_not(None))
        .order_by(DutyFlag.id)
    )
    before = db.session.execute(written).all()
    tonight()
    assert db.session.execute(written).all() == before != []


def test_nights_at_once_open_one_flag(world: World, worker: Flask) -> None:
    unit = world.unit(Place(XIJI))
    teachers = [_at(world, unit) for _ in range(5)]
    for teacher in teachers:
        _titled(teacher, date(2018, 6, 1), **VOCATIONAL)
    at_once(worker, "follow", 3)
    assert [each.professional_id for each in _flags(ROTATION)] == teachers
    assert len(_open(BASES)) == len(_flags(BASES)) > 0


def test_the_records_of_one_person_are_read_as_one(
    world: World, tonight: Callable[[], None]
) -> None:
    unit = world.unit(Place(XIJI))
    teacher, double = _at(world, unit), _at(world, unit)
    _titled(double, date(2018, 6, 1), **VOCATIONAL)
    tonight()
    assert _open(ROTATION) == [(double, "short")]
    world.is_the_same(double, teacher)
    tonight()
    assert _open(ROTATION) == [(teacher, "short")]


def test_sql_leaves_nobody_out_of_whom_a_rule_has_something_to_say(
    world: World, tonight: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is looked at here one by one; the night looks at those whom it chose, in steps."""
    monkeypatch.setattr(following, "AT_ONCE", {"people": 7, "employers": 3})
    _a_crowd(world)
    today = clock.today()
    people = list(db.session.scalars(select(Professional.id)))
    wanted = {
        (person, each.rule.number, each.outcome.value)
        for person, career in careers.of_many(people, [today] * len(people), today)
        for each in judge_following(policies.current(), career, today)
        if each.outcome in following.WORTH_A_FLAG[each.rule.name]
    }
    tonight()
    found = {
        (each.professional_id, each.rule, each.outcome) for each in _flags() if each.professional_id
    }
    assert {rule for _, rule, _ in wanted} >= {TRAINING, CONVERSION, BY_SERVICE, BY_APPRAISAL}
    assert found == wanted


def _a_crowd(world: World) -> None:
    places = [
        Place(region, level=level, affiliation=level, public_institution=public)
        for region in (HUANCUI, XIJI, YUNYANG, "430181", "230125", "350000")
        for level in ("city", "county", "township")
        for public in (True, False)
    ]
    for number, place in enumerate(places):
        unit = world.unit(place)
        for since in (date(1994, 3, 1), date(2012, 3, 1), date(2022, 3, 1)):
            person = _at(world, unit, since)
            series = ("school", "vocational")[(number + since.year) % 2]
            track = ("unified", "grassroots")[number % 2]
            level = ("junior", "intermediate", "associate_senior")[(number + since.year) % 3]
            when = date(2016 + number % 5, 5, 4)
            _titled(person, when, level=level, series_code=series, track=track)
            if number % 3:
                _served(world, person)
            for year in range(2018, 2018 + number % 6):
                facts.put(
                    Appraisal(
                        professional_id=person,
                        grade="excellent",
                        valid_from=date(year, 1, 1),
                        valid_to=date(year + 1, 1, 1),
                    ),
                    "test",
                )


def _served(world: World, person: int) -> None:
    facts.record(
        ServiceSpell(
            professional_id=person,
            region_path=world.make.path(HUANCUI),
            unit="乡镇中心校",
            rural=True,
            township=True,
            valid_from=date(1995, 1, 1),
            valid_to=date(2010, 1, 1),
        ),
        "test",
    )


# --- employers and counties ----------------------------------------------------------------

BEFORE_APRIL = datetime(2026, 3, 31, 2, tzinfo=clock.SHANGHAI)
IN_APRIL = datetime(2026, 4, 1, 2, tzinfo=clock.SHANGHAI)


def _entered(unit: Employer, wages: int, training: int, year: int = 2025) -> None:
    facts.put(
        EmployerFund(
            employer_id=unit.id,
            wages_cents=wages,
            training_cents=training,
            valid_from=date(year, 1, 1),
            valid_to=date(year + 1, 1, 1),
        ),
        "test",
    )
    db.session.commit()


def test_who_has_not_said_what_it_paid_is_asked_from_april_on(
    world: World, tonight: Callable[[], None]
) -> None:
    unit = world.unit(Place(YUNYANG))
    world.unit(Place(HUANCUI))
    with clock.pinned(BEFORE_APRIL):
        tonight()
    assert _open(FUND) == []
    with clock.pinned(IN_APRIL):
        tonight()
    assert _open(FUND) == [(unit.id, "undetermined")]


def test_too_little_money_for_training_is_found_to_the_cent(
    world: World, tonight: Callable[[], None]
) -> None:
    unit, enough = world.unit(Place(YUNYANG)), world.unit(Place(YUNYANG))
    _entered(unit, 100_000_001, 1_500_000)
    _entered(enough, 100_000_000, 1_500_000)
    with clock.pinned(BEFORE_APRIL):
        tonight()
    [flag] = _flags(FUND)
    assert (flag.employer_id, flag.outcome, flag.opened_on) == (
        unit.id,
        "failed",
        BEFORE_APRIL.date(),
    )
    assert "全年少 0.01 元" in flag.remedy
    _entered(unit, 100_000_001, 1_500_001)
    with clock.pinned(IN_APRIL):
        tonight()
    assert [each.closed_on for each in _flags(FUND)] == [IN_APRIL.date()]


def test_a_county_without_a_base_is_flagged_until_one_is_accredited(
    world: World, tonight: Callable[[], None]
) -> None:
    tonight()
    xiji, yunyang = world.make.path(XIJI), world.make.path(YUNYANG)
    assert (xiji, "failed") in _open(BASES)
    assert not {yunyang, world.make.path(A_ZONE)} & {place for place, _ in _open(BASES)}
    base = world.make.provider(XIJI)
    facts.put(
        ProviderFact(
            provider_id=base.id,
            name=base.name,
            kind="base",
            region_path=xiji,
            sector="education",
            valid_from=LONG_AGO,
        ),
        "test",
    )
    facts.record(
        Accreditation(
            provider_id=base.id,
            level="county",
            document="1 号",
            field_codes=[],
            valid_from=date(2024, 1, 1),
            valid_to=date(2124, 1, 1),
        ),
        "test",
    )
    tonight()
    assert xiji not in {place for place, _ in _open(BASES)}
    assert [each.closed_on for each in _flags(BASES) if each.region_path == xiji] == [clock.today()]
