"""A POST that is sent again has one effect and gets the first answer, and no secret twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from werkzeug.test import TestResponse

from ce_tracker import idempotency
from ce_tracker.accounts.models import ApiToken
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.idempotency import IdempotentAnswer
from config import Settings
from tests.factories import Account, Factory

BODY = {"name": "夜间同步", "scopes": ["me:read"]}


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


def post(
    web: Flask,
    account: Account,
    key: str = "key-1",
    body: dict[str, Any] | None = None,
    path: str = "/api/v1/tokens",
) -> TestResponse:
    return web.test_client().post(
        path,
        json=BODY if body is None else body,
        headers={**account.bearer, "Idempotency-Key": key},
    )


def made(account: Account) -> int:
    """Tokens made by requests; one was there before."""
    found = select(func.count()).where(ApiToken.user_id == account.actor.user_id)
    db.session.rollback()
    return db.session.execute(found).scalar_one() - 1


def remembered() -> int:
    db.session.rollback()
    return db.session.execute(select(func.count(IdempotentAnswer.key_digest))).scalar_one()


def test_a_repeated_request_has_one_effect_and_the_first_answer(
    web: Flask, account: Account
) -> None:
    first, again = post(web, account), post(web, account)
    assert first.status_code == again.status_code == 201
    assert made(account) == 1
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Location"] == first.headers["Location"]
    assert again.get_json() == {**first.get_json(), "secret": None}


def test_a_secret_is_answered_once_and_stored_nowhere(
    web: Flask, account: Account, settings: Settings
) -> None:
    secret = post(web, account).get_json()["secret"]
    assert secret.startswith("ce_")
    assert post(web, account).get_json()["secret"] is None
    names = db.session.execute(
        text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200::oid")
    ).scalars()
    with psycopg.connect(str(settings.database_url)) as connection:
        for table in names:
            with connection.cursor().copy(
                f"COPY {table} TO STDOUT (FORMAT binary)".encode()
            ) as out:
                stored = b"".join(bytes(block) for block in out)
            assert secret.encode() not in stored, table
            assert secret[10:].encode() not in stored, table
            assert secret.encode().hex().encode() not in stored, table


def test_a_remembered_answer_is_sealed(web: Flask, account: Account, settings: Settings) -> None:
    answer = post(web, account)
    sealed = db.session.scalars(select(IdempotentAnswer.answer_sealed)).one()
    assert sealed is not None
    for clear in ("夜间同步", "me:read", answer.get_json()["id"], "Location"):
        assert clear.encode() not in sealed
        assert clear.encode("unicode_escape") not in sealed
    opened = settings.keyring().open(sealed, idempotency.PLACE)
    assert answer.get_json()["id"].encode() in opened


def test_the_same_key_with_another_body_is_refused(web: Flask, account: Account) -> None:
    post(web, account)
    other = post(web, account, body={**BODY, "name": "另一个"})
    assert other.status_code == 422
    assert other.get_json()["code"] == "idempotency_key_reused"
    assert made(account) == 1


def test_the_same_key_at_another_address_is_refused(web: Flask, account: Account) -> None:
    made_id = post(web, account).get_json()["id"]
    other = post(web, account, path=f"/api/v1/tokens/{made_id}/revoke")
    assert other.get_json()["code"] == "idempotency_key_reused"
    assert post(web, account, path="/api/v1/tokens?x=1").status_code == 422


def test_the_same_key_of_somebody_else_is_another_key(
    web: Flask, account: Account, make: Factory
) -> None:
    other = make.account(Role.EMPLOYER)
    first, second = post(web, account), post(web, other)
    assert first.status_code == second.status_code == 201
    assert "Idempotent-Replayed" not in second.headers
    assert (made(account), made(other)) == (1, 1)


def test_eight_simultaneous_requests_with_one_key_have_one_effect(
    web: Flask, account: Account
) -> None:
    together = Barrier(8)

    def ask(_: int) -> TestResponse:
        together.wait(timeout=30)
        return post(web, account)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert made(account) == 1
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert sum(answer.get_json()["secret"] is not None for answer in answers) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 7


def test_a_failed_request_is_not_remembered(web: Flask, account: Account) -> None:
    wrong = post(web, account, body={**BODY, "days": 0})
    assert wrong.status_code == 422
    assert remembered() == 0
    assert post(web, account).status_code == 201
    assert made(account) == 1


def test_a_request_refused_by_its_subject_is_not_remembered(web: Flask, make: Factory) -> None:
    authority = make.account(Role.AUTHORITY)
    job = make.job(asked_by=authority.user.id)
    address = f"/api/v1/jobs/{job.id}/restart"
    assert post(web, authority, path=address, body={}).status_code == 409
    assert remembered() == 0
    job.state = "dead"
    db.session.commit()
    assert post(web, authority, path=address, body={}).status_code == 200


def test_a_request_without_a_key_is_not_remembered(web: Flask, account: Account) -> None:
    for _ in range(2):
        answer = web.test_client().post("/api/v1/tokens", json=BODY, headers=account.bearer)
        assert answer.status_code == 201
    assert made(account) == 2
    assert remembered() == 0


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "钥匙".encode().decode("latin-1")])
def test_a_malformed_key_is_named(web: Flask, account: Account, key: str) -> None:
    answer = post(web, account, key)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.get_json()["detail"]
    assert made(account) == 0


def test_an_id_number_is_no_key(web: Flask, account: Account) -> None:
    answer = post(web, account, "row-110101199003074514")
    assert answer.status_code == 400
    assert "110101199003074514" not in answer.text
    assert remembered() == 0


def test_a_request_that_waits_too_long_for_its_twin_is_told_so(
    web: Flask, account: Account, settings: Settings
) -> None:
    """The twin holds the key in an open transaction; we wait no longer than `lock_timeout`."""
    post(web, account)
    row = db.session.scalars(select(IdempotentAnswer)).one()
    digest = row.key_digest
    db.session.delete(row)
    db.session.commit()
    with psycopg.connect(str(settings.database_url)) as twin:
        twin.execute(
            "INSERT INTO idempotent_answers (user_id, key_digest, request_index, made_at)"
            " VALUES (%s, %s, 'x', now())",
            (account.actor.user_id, digest),
        )
        with patience(web, "100ms"):
            answer = post(web, account)
        twin.rollback()
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "request_under_way"
    assert post(web, account).status_code == 201


@contextmanager
def patience(web: Flask, span: str) -> Iterator[None]:
    """Our connections wait this long for a lock, for the duration."""
    with web.app_context():
        engine = db.engine

    def begin(connection: Any) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{span}'")

    event.listen(engine, "begin", begin)
    try:
        yield
    finally:
        event.remove(engine, "begin", begin)


@pytest.mark.parametrize(
    "key", ["a123456789012345bcdefabcdefabcde", "0f8e370602199001011234abcdefabcd"]
)
def test_a_random_key_may_have_many_digits_in_a_row(web: Flask, account: Account, key: str) -> None:
    assert post(web, account, key).status_code == 201
    assert post(web, account, key).headers["Idempotent-Replayed"] == "true"
