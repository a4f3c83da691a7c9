"""Row security's own word on facts: who sees them, who adds them, who ends the belief in them.

The routes refuse the same things before; here the web's database role is asked directly.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import db
from ce_tracker.registry import people
from ce_tracker.registry.dated import Employment
from ce_tracker.registry.models import Employer, Professional, Provider
from config import Settings
from tests.api.asking import SINCE, described, employed, titled
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.test_isolation import as_web

ADDS = {
    "titles": "INSERT INTO titles (professional_id, level, track, series_code, name, valid_from,"
    " known_from, recorded_by, source) VALUES (%s, 'full_senior', 'unified', 'school', '教授',"
    " '2020-01-01', now(), %s, 'page')",
    "employer_facts": "INSERT INTO employer_facts (employer_id, name, region_path, level,"
    " affiliation, sector, public_institution, valid_from, known_from, recorded_by, source)"
    " SELECT id, name, region_path, 'township', 'township', sector, true, '2020-01-01', now(),"
    " %s, 'page' FROM employers WHERE id = %s",
    "accreditations": "INSERT INTO accreditations (provider_id, level, document, field_codes,"
    " valid_from, known_from, recorded_by, source) VALUES (%s, 'national', '1', '{}',"
    " '2020-01-01', now(), %s, 'page')",
}


def adds(settings: Settings, actor: Actor, table: str, subject: int | None) -> bool:
    values: tuple[Any, ...] = (subject, actor.user_id)
    if table == "employer_facts":
        values = values[::-1]
    with as_web(settings, actor) as connection:
        try:
            return connection.execute(ADDS[table], values).rowcount == 1
        except psycopg.errors.InsufficientPrivilege:
            return False


def ends(settings: Settings, actor: Actor, table: str) -> int:
    """How many rows the actor could make us believe no longer."""
    with as_web(settings, actor) as connection:
        return connection.execute(f"UPDATE {table} SET known_to = now()").rowcount


def test_a_person_sees_the_own_titles_and_can_neither_add_nor_end_one(
    make: Factory, settings: Settings
) -> None:
    person, employer = make.account(Role.PROFESSIONAL).actor, make.account(Role.EMPLOYER).actor
    own = db.session.get_one(Professional, person.professional_id)
    people.employ(own, employer.employer_id or 0, None, SINCE, "test")
    titled(own)
    with as_web(settings, person) as connection:
        assert connection.execute("SELECT name FROM titles").fetchall() == [("一级教师",)]
    assert not adds(settings, person, "titles", own.id)
    assert ends(settings, person, "titles") == 0
    assert adds(settings, employer, "titles", own.id)
    assert ends(settings, employer, "titles") == 1


def test_a_unit_cannot_change_its_own_standing_nor_accredit_itself(
    make: Factory, settings: Settings
) -> None:
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    employer, provider = make.account(Role.EMPLOYER).actor, make.account(Role.PROVIDER).actor
    described(db.session.get_one(Employer, employer.employer_id))
    described(db.session.get_one(Provider, provider.provider_id))
    for table, unit, subject in (
        ("employer_facts", employer, employer.employer_id),
        ("accreditations", provider, provider.provider_id),
    ):
        assert not adds(settings, unit, table, subject)
        assert adds(settings, authority, table, subject)
        assert not adds(settings, make.account(Role.AUTHORITY, YINCHUAN).actor, table, subject)
    assert ends(settings, employer, "employer_facts") == 0
    assert ends(settings, provider, "provider_facts") == 0
    assert ends(settings, authority, "employer_facts") == 1


def test_where_somebody_worked_before_is_no_employers_business(
    make: Factory, settings: Settings
) -> None:
    employer = make.account(Role.EMPLOYER).actor
    person = employed(make, make.employer(YINCHUAN).id)
    people.employ(person, employer.employer_id or 0, "物理组", date(2025, 9, 1), "test")
    db.session.commit()
    with as_web(settings, employer) as connection:
        seen = connection.execute("SELECT DISTINCT employer_id FROM employments").fetchall()
    assert seen == [(employer.employer_id,)]
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    with as_web(settings, authority) as connection:
        assert (
            len(connection.execute("SELECT DISTINCT employer_id FROM employments").fetchall()) == 2
        )


def test_nobody_adds_a_fact_in_somebody_elses_name(make: Factory, settings: Settings) -> None:
    employer, other = make.account(Role.EMPLOYER).actor, make.account(Role.EMPLOYER).actor
    person = employed(make, employer.employer_id or 0)
    with (
        as_web(settings, employer) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(ADDS["titles"], (person.id, other.user_id))


def test_the_web_moves_nobody_to_another_employer(make: Factory, settings: Settings) -> None:
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    person = employed(make, make.employer().id)
    for statement in (
        "UPDATE employments SET known_to = now()",
        "UPDATE professionals SET employer_id = NULL",
        "UPDATE employers SET credit_code = 'X'",
    ):
        with (
            as_web(settings, authority) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
    assert db.session.query(Employment).filter_by(professional_id=person.id).one().known_to is None
