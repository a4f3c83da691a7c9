"""A whole ID number is shown to whoever may see it, for a purpose, once, and never unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from werkzeug.test import TestResponse

from ce_tracker import clock, logs
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Invalid, NotAllowed, NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reveal import reveal
from config import Settings
from tests.factories import HUANCUI, PASSWORD, WEIHAI, YINCHUAN, Account, Factory
from tests.http.visitor import Visitor, signed_in
from tests.registry.crowd import number, person

WHY = "核对职称证书上的号码"


@pytest.fixture
def employer(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


@pytest.fixture
def their_number() -> str:
    return number(born="19880719")


@pytest.fixture
def employee(make: Factory, employer: Account, their_number: str) -> int:
    return person(make, "王晓岚", employer.actor.employer_id, their_number).id


def asks(visitor: Visitor, who: int, **form: Any) -> TestResponse:
    return visitor.post(f"/people/{who}/id-number", {"purpose": WHY, "password": PASSWORD} | form)


def revealed() -> list[AuditEntry]:
    db.session.rollback()
    return list(
        db.session.scalars(select(AuditEntry).where(AuditEntry.action == "id_number.revealed"))
    )


def test_the_employer_sees_the_number_once_and_the_person_sees_that(
    make: Factory, web: Flask, employer: Account, employee: int, their_number: str
) -> None:
    visitor = signed_in(web, employer)
    answer = asks(visitor, employee)
    assert answer.status_code == 200
    assert their_number in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert their_number not in visitor.get(f"/people/{employee}/id-number").text
    [entry] = revealed()
    assert entry.professional_id == employee
    assert (entry.actor_id, entry.actor_name) == (
        employer.actor.user_id,
        employer.user.display_name,
    )
    assert entry.reason == WHY
    assert entry.request_id == answer.headers["X-Request-ID"]
    me = make.account(Role.PROFESSIONAL)
    me.user.professional_id = employee
    db.session.commit()
    shown = signed_in(web, me).get("/account/activity").text
    assert "查看完整证件号码" in shown
    assert WHY in shown
    assert employer.user.display_name in shown
    assert their_number not in shown


def test_an_authority_sees_the_numbers_in_its_charge(
    make: Factory, web: Flask, employee: int, their_number: str
) -> None:
    assert their_number in asks(signed_in(web, make.account(Role.AUTHORITY, WEIHAI)), employee).text
    education = make.account(Role.AUTHORITY, HUANCUI, Sector.EDUCATION)
    assert their_number in asks(signed_in(web, education), employee).text
    assert len(revealed()) == 2


@pytest.mark.parametrize(
    ("role", "region", "sector"),
    [
        (Role.EMPLOYER, HUANCUI, None),
        (Role.AUTHORITY, YINCHUAN, None),
        (Role.AUTHORITY, WEIHAI, Sector.HEALTH),
    ],
)
def test_whoever_does_not_see_the_person_finds_nothing(
    make: Factory,
    web: Flask,
    employee: int,
    their_number: str,
    role: Role,
    region: str,
    sector: Sector | None,
) -> None:
    account = make.account(role, region, sector)
    visitor = signed_in(web, account)
    for answer in (asks(visitor, employee), visitor.get(f"/people/{employee}/id-number")):
        assert answer.status_code == 404
        assert their_number not in answer.text
    assert_the_database_refuses(web, account.actor, employee)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.PROFESSIONAL])
def test_other_roles_are_refused(
    make: Factory, web: Flask, settings: Settings, employee: int, role: Role
) -> None:
    account = make.account(role)
    assert asks(signed_in(web, account), employee).status_code == 403
    with web.app_context():
        act_as(account.actor)
        with pytest.raises(NotAllowed):
            reveal(settings.keyring(), account.actor, employee, WHY)
        db.session.remove()
    assert_the_database_refuses(web, account.actor, employee)


def test_not_even_the_person_gets_it_from_the_database(
    make: Factory, web: Flask, employee: int
) -> None:
    me = replace(make.account(Role.PROFESSIONAL).actor, professional_id=employee)
    assert_the_database_refuses(web, me, employee)


def assert_the_database_refuses(web: Flask, actor: Actor, employee: int) -> None:
    with web.app_context():
        act_as(actor)
        call = func.reveal_id_number(employee, WHY, clock.now(), "x", None)
        assert db.session.scalar(select(call)) is None
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.session.scalars(select(Professional.id_number_sealed)).all()
        db.session.rollback()
        db.session.remove()
    assert revealed() == []


def test_the_database_gives_nothing_without_a_purpose(
    web: Flask, employer: Account, employee: int
) -> None:
    for purpose in (None, "", "   ", "核对 "):
        with web.app_context():
            act_as(employer.actor)
            call = func.reveal_id_number(employee, purpose, clock.now(), "x", None)
            with pytest.raises(ProgrammingError, match="written purpose"):
                db.session.scalar(select(call))
            db.session.rollback()
            db.session.remove()


def test_a_token_reveals_nothing(
    web: Flask, settings: Settings, employer: Account, employee: int
) -> None:
    bearer = replace(employer.actor, token_scopes=frozenset({"registry:read"}))
    with web.app_context():
        act_as(bearer)
        with pytest.raises(NotAllowed, match="不能用令牌"):
            reveal(settings.keyring(), bearer, employee, WHY)
        db.session.remove()
    answer = web.test_client().post(f"/people/{employee}/id-number", headers=employer.bearer)
    assert answer.status_code == 302
    assert revealed() == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"purpose": ""}, "请写明用途，至少 4 个字"),
        ({"purpose": " 核 对 "}, "请写明用途，至少 4 个字"),
        ({"purpose": "核对 371002198807190018"}, "不要在其中写证件号码"),
        ({"purpose": "长" * 201}, "用途最多 200 个字"),
        ({"password": ""}, "请输入您的登录密码"),
        ({"password": "wrong horse battery"}, "密码不正确"),
    ],
)
def test_without_a_purpose_and_the_password_nothing_is_shown(
    web: Flask,
    employer: Account,
    employee: int,
    their_number: str,
    form: dict[str, str],
    said: str,
) -> None:
    answer = asks(signed_in(web, employer), employee, **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert their_number not in answer.text
    assert revealed() == []


def test_guessing_the_password_is_slowed_here_as_it_is_at_the_sign_in(
    web: Flask, employer: Account, employee: int, their_number: str
) -> None:
    visitor = signed_in(web, employer)
    wrong = [asks(visitor, employee, password=f"guess number {i}").status_code for i in range(11)]
    assert wrong == [422] * 10 + [429]
    refused = asks(visitor, employee)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "密码输错的次数过多" in refused.text
    assert their_number not in refused.text
    assert visitor.try_sign_in(employer.actor.login, PASSWORD).status_code == 429
    assert revealed() == []
    assert "核对密码未通过" in visitor.get("/account/activity").text


def test_the_right_password_leaves_nothing_counted(
    web: Flask, employer: Account, employee: int
) -> None:
    visitor = signed_in(web, employer)
    for _ in range(12):
        assert asks(visitor, employee).status_code == 200
    assert len(revealed()) == 12
    assert db.session.execute(text("SELECT count(*) FROM sign_in_attempts")).scalar_one() == 0


def test_the_number_is_written_nowhere_on_the_way(
    web: Flask,
    settings: Settings,
    employer: Account,
    employee: int,
    their_number: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    visitor = signed_in(web, employer)
    logs.configure("INFO")
    try:
        assert their_number in asks(visitor, employee).text
        assert asks(visitor, employee, purpose=their_number).status_code == 422
        said = capsys.readouterr()
    finally:
        logs.configure("INFO")
    assert said.err.count("/people/<int:professional_id>/id-number") == 2
    assert their_number not in said.err + said.out
    kept = redis.Redis.from_url(str(settings.redis_url))
    assert not [key for key in kept.scan_iter() if their_number in repr((key, kept.dump(key)))]
    db.session.rollback()
    for table in db.metadata.tables:
        rows = db.session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
        assert not [row for row in rows if their_number in row], table
    db.session.rollback()


def test_who_is_asked_for_comes_before_what_was_typed(
    make: Factory, web: Flask, settings: Settings, employer: Account
) -> None:
    visitor = signed_in(web, employer)
    assert asks(visitor, 999_999, purpose="", password="").status_code == 404
    with web.app_context():
        act_as(employer.actor)
        with pytest.raises(NotFound):
            reveal(settings.keyring(), employer.actor, 999_999, WHY)
        with pytest.raises(Invalid):
            reveal(settings.keyring(), employer.actor, 999_999, "")
        db.session.remove()
