"""People and units: one record for life, today's copies true, the past as it was known."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.clock import SHANGHAI
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.registry import people, snapshot, units
from ce_tracker.registry.dated import EmployerFact, Employment
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.units import EmployerContent
from config import Settings
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory
from workers import doing

SOURCE = "test"
BOUNDARY = date(2026, 6, 1)


def _content(make: Factory, **changes: str) -> EmployerContent:
    values = {
        "name": "环翠区第一中学",
        "region_path": make.path(HUANCUI),
        "level": "county",
        "affiliation": "county",
        "sector": "education",
    }
    return EmployerContent(**(values | changes), public_institution=True)


def _employed_at(person: Professional, day: date, moment: datetime | None = None) -> int:
    return db.session.scalars(
        select(Employment.employer_id).where(
            Employment.professional_id == person.id,
            Employment.known_at(moment),
            Employment.holds_on(day),
        )
    ).one()


def test_a_person_who_moves_keeps_one_record_and_the_history(
    make: Factory, settings: Settings
) -> None:
    here, there = make.employer(HUANCUI), make.employer(YINCHUAN)
    person = make.professional()
    people.employ(person, here.id, "数学组", date(2020, 9, 1), SOURCE)
    people.employ(person, there.id, "教务处", BOUNDARY, SOURCE)
    assert _employed_at(person, BOUNDARY - timedelta(days=1)) == here.id
    assert _employed_at(person, BOUNDARY) == there.id
    assert db.session.scalars(select(Professional)).one().employer_id == there.id


def test_todays_copy_says_where_a_person_works_and_after_leaving_only_whose_authority(
    make: Factory,
) -> None:
    unit, person = make.employer(WEIHAI), make.professional()
    with clock.pinned(datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)):
        people.employ(person, unit.id, "外科", date(2026, 1, 1), SOURCE)
        assert (person.employer_id, person.department) == (unit.id, "外科")
        assert (person.region_path, person.sector) == (unit.region_path, unit.sector)
        people.leave(person, date(2026, 5, 1), SOURCE)
        assert (person.employer_id, person.department) == (None, None)
        assert (person.region_path, person.sector) == (unit.region_path, unit.sector)


def test_what_was_known_on_a_day_is_known_for_ever(make: Factory) -> None:
    wrong, right = make.employer(), make.employer()
    person = make.professional()
    with clock.pinned(datetime(2026, 3, 1, 9, tzinfo=SHANGHAI)):
        people.employ(person, wrong.id, None, date(2026, 1, 1), SOURCE)
    with clock.pinned(datetime(2026, 4, 1, 9, tzinfo=SHANGHAI)):
        people.employ(person, right.id, None, date(2026, 1, 1), SOURCE)
    in_march = datetime(2026, 3, 15, tzinfo=SHANGHAI)
    then, now = (_employed_at(person, date(2026, 2, 1), moment) for moment in (in_march, None))
    assert (then, now) == (wrong.id, right.id)


def test_a_fact_whose_day_comes_is_copied_that_night(make: Factory, worker: Flask) -> None:
    old, new = make.employer(HUANCUI), make.employer(YINCHUAN)
    person = make.professional()
    with clock.pinned(datetime(2026, 5, 20, 9, tzinfo=SHANGHAI)):
        people.employ(person, old.id, None, date(2020, 1, 1), SOURCE)
        people.employ(person, new.id, None, BOUNDARY, SOURCE)
        db.session.commit()
        assert person.employer_id == old.id
    with clock.pinned(datetime(2026, 6, 1, 0, 5, tzinfo=SHANGHAI)):
        make.job("refresh-registry")
        with worker.app_context():
            doing.run_next({"refresh-registry": snapshot.refresh}, budget_seconds=60)
    db.session.expire_all()
    assert person.employer_id == new.id
    assert person.region_path == new.region_path


def test_a_unit_is_opened_once_and_its_change_of_standing_keeps_the_past(make: Factory) -> None:
    unit = units.open_employer("91371002TEST000001", _content(make), date(2015, 1, 1), SOURCE)
    with pytest.raises(Conflict, match="环翠区第一中学"):
        units.open_employer("91371002TEST000001", _content(make), date(2016, 1, 1), SOURCE)
    units.change_employer(
        unit,
        _content(make, name="威海实验中学", affiliation="city"),
        BOUNDARY,
        SOURCE,
        "上划市属",
    )
    facts = {
        day: db.session.scalars(
            select(EmployerFact).where(EmployerFact.holds_on(day), EmployerFact.known_at())
        ).one()
        for day in (BOUNDARY - timedelta(days=1), BOUNDARY)
    }
    assert facts[BOUNDARY - timedelta(days=1)].affiliation == "county"
    assert facts[BOUNDARY].affiliation == "city"
    assert db.session.scalars(select(Employer)).one().name == "威海实验中学"


def test_leaving_before_it_began_means_it_never_was(make: Factory) -> None:
    unit, person = make.employer(), make.professional()
    people.employ(person, unit.id, None, date(2026, 3, 1), SOURCE)
    people.leave(person, date(2026, 2, 1), SOURCE)
    assert not db.session.scalars(select(Employment).where(Employment.known_at())).all()
    assert len(db.session.scalars(select(Employment)).all()) == 1
