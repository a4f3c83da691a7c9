"""Who did what stays written: nobody changes it, and each sees what concerns them."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import audit
from ce_tracker.actor import Role
from ce_tracker.audit import ACTIONS, AuditEntry
from ce_tracker.extensions import act_as, db
from config import DatabaseRole, Settings
from tests.factories import Factory
from tests.http.visitor import Visitor, signed_in


def entries() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.actor_name, row.subject) for row in rows]


@pytest.mark.parametrize("role", list(DatabaseRole))
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET reason = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_entries SET reason = 'x' WHERE false",
    ],
)
def test_an_entry_cannot_be_changed_or_removed_by_any_role(
    make: Factory, settings: Settings, role: DatabaseRole, change: str
) -> None:
    make.account(Role.EMPLOYER)
    before = entries()
    assert before
    db.session.rollback()
    with (
        psycopg.connect(settings.database_for(role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(change.encode())
    assert entries() == before


def test_an_entry_names_who_did_it_to_what_in_which_request(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    answer = web.test_client().post(
        "/api/v1/tokens",
        json={"name": "夜间同步", "scopes": ["me:read"]},
        headers={**account.bearer, "X-Request-ID": "click-0001"},
    )
    assert answer.status_code == 201
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "token.created")).one()
    assert entry.actor_id == account.actor.user_id
    assert entry.actor_name == account.actor.display_name
    assert entry.subject == "夜间同步"
    assert entry.request_id == "click-0001"
    assert entry.region_path == account.actor.region_path
    assert entry.facts["scopes"] == ["me:read"]


def test_what_an_account_does_on_pages_is_written_down(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    Visitor(web).try_sign_in(account.actor.login, "not the password")
    visitor = signed_in(web, account)
    visitor.post("/sign-out")
    who, login = account.actor.display_name, account.actor.login
    assert entries()[1:] == [
        ("account.sign_in_refused", "系统", login),
        ("account.signed_in", who, login),
        ("account.signed_out", who, login),
    ]


def test_a_refused_sign_in_is_shown_to_the_owner_of_the_account(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    Visitor(web, "203.0.113.66").try_sign_in(account.actor.login, "not the password")
    shown = signed_in(web, account).get("/account/activity").text
    assert ACTIONS["account.sign_in_refused"] in shown


def test_a_sign_in_to_no_account_leaves_nothing_that_was_typed(web: Flask, make: Factory) -> None:
    Visitor(web).try_sign_in("110101199003074514", "my password, in the wrong box")
    assert entries() == []


def test_a_rolled_back_deed_is_not_written_down(make: Factory, web: Flask) -> None:
    account = make.account(Role.EMPLOYER)
    with web.app_context():
        act_as(account.actor)
        audit.record("token.revoked", "x")
        db.session.rollback()
        db.session.remove()
    assert "token.revoked" not in [action for action, _, _ in entries()]


def test_a_deed_without_a_name_cannot_be_recorded(make: Factory) -> None:
    with pytest.raises(KeyError, match=r"token\.sold"):
        audit.record("token.sold", "x")


def test_nobody_can_write_in_the_name_of_the_service_while_signed_in(
    make: Factory, settings: Settings
) -> None:
    account = make.account(Role.EMPLOYER)
    with psycopg.connect(settings.database_for(DatabaseRole.WEB)) as connection:
        connection.execute(
            "SELECT set_config('ce.user_id', %s, true)", (str(account.actor.user_id),)
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "INSERT INTO audit_entries (at, actor_name, action, subject)"
                " VALUES (now(), '系统', 'keys.rotated', 'x')"
            )
