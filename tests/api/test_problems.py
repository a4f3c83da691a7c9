"""Whatever goes wrong on the API is told as problem+json, in Chinese, with a stable code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask, jsonify
from sqlalchemy import text
from werkzeug.test import TestResponse

from ce_tracker.actor import Role, Sector
from ce_tracker.errors import all_errors
from ce_tracker.extensions import act_as, db
from ce_tracker.jobs import Job
from config import Secret, Settings
from tests.factories import Account, Factory
from tests.http.apps import another

TOKENS = "/api/v1/tokens"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.AUTHORITY)


Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(web: Flask, account: Account) -> Ask:
    def send(method: str, path: str, **more: Any) -> TestResponse:
        headers = {**account.bearer, **more.pop("headers", {})}
        return web.test_client().open(path, method=method, headers=headers, **more)

    return send


def is_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert {**body, "errors": []}.keys() == {
        *("type", "title", "status", "detail", "code", "remedy", "request_id", "errors")
    }
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    texts = [body["title"], body["detail"], body["remedy"]]
    texts += [entry["message"] for entry in body.get("errors", [])]
    assert all(_CHINESE.search(each) for each in texts), texts
    assert "\\u" not in answer.text, "Chinese that a person cannot read in the answer"
    return body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"nonsense",
        b"[" * 200_000,
        b'{"days": ' + b"9" * 5000 + b"}",
    ],
    ids=["cut off", "empty", "no utf-8", "no json", "too deep", "too long a number"],
)
def test_a_body_that_is_no_json_is_a_bad_request(ask: Ask, body: bytes) -> None:
    answer = ask("POST", TOKENS, data=body, content_type="application/json")
    if body == b"":
        is_problem(answer, 422, "invalid")  # nothing was said: everything required is missing
        return
    assert "JSON" in is_problem(answer, 400, "bad_request")["detail"]


@pytest.mark.parametrize("body", [[], "text", 7, None, True], ids=str)
def test_a_body_that_is_no_object_is_invalid(ask: Ask, body: Any) -> None:
    answer = ask("POST", TOKENS, json=body)
    assert is_problem(answer, 422, "invalid")["errors"]


def test_nobody_is_asked_for_a_bearer_token(web: Flask) -> None:
    answer = web.test_client().get("/api/v1/me")
    is_problem(answer, 401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_role_that_may_not_is_told_so(web: Flask, make: Factory) -> None:
    employer = make.account(Role.EMPLOYER)
    job = make.job(asked_by=employer.user.id, state="dead")
    answer = web.test_client().post(f"/api/v1/jobs/{job.id}/restart", headers=employer.bearer)
    assert Role.EMPLOYER.label in is_problem(answer, 403, "not_allowed")["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/jobs/17",
        "/api/v1/regions/999999",
        "/api/v1/regions/%00",
        "/api/",
    ],
)
def test_what_is_not_there_is_not_found(ask: Ask, path: str) -> None:
    is_problem(ask("GET", path), 404, "not_found")


def test_a_wrong_method_is_told_the_right_ones(ask: Ask) -> None:
    answer = ask("PUT", TOKENS)
    is_problem(answer, 405, "wrong_method")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_an_answer_in_another_format_than_json_is_not_to_be_had(ask: Ask) -> None:
    is_problem(ask("GET", "/api/v1/me", headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert ask("GET", "/api/v1/me", headers={"Accept": "text/html, */*"}).status_code == 200


def test_work_that_is_not_dead_cannot_be_restarted(
    ask: Ask, account: Account, make: Factory
) -> None:
    job = make.job(asked_by=account.user.id, state="done")
    is_problem(ask("POST", f"/api/v1/jobs/{job.id}/restart"), 409, "conflict")


def test_a_body_that_is_too_large_is_refused(ask: Ask) -> None:
    body = {"name": "长" * 2**20, "scopes": ["me:read"]}
    is_problem(ask("POST", TOKENS, json=body), 413, "too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json+x"])
def test_a_body_that_is_not_declared_as_json_is_refused(ask: Ask, kind: str) -> None:
    answer = ask("POST", TOKENS, data=b'{"name": "x", "scopes": ["me:read"]}', content_type=kind)
    is_problem(answer, 415, "wrong_media_type")


def test_every_wrong_field_is_named_at_once(ask: Ask) -> None:
    answer = ask(
        "POST", TOKENS, json={"name": "", "scopes": ["me:read", "all"], "days": 0, "colour": "red"}
    )
    errors = is_problem(answer, 422, "invalid")["errors"]
    assert {entry["field"] for entry in errors} == {"name", "scopes.1", "days", "colour"}


def test_every_wrong_parameter_is_named_at_once(ask: Ask) -> None:
    answer = ask("GET", "/api/v1/regions?limit=0&on=yesterday&level=moon&parent=37&colour=red")
    errors = is_problem(answer, 422, "invalid")["errors"]
    named = {entry["field"] for entry in errors}
    assert named == {"limit", "on", "level", "parent", "colour"}


@pytest.mark.parametrize("wrong", ["a\0b", "\ud800"], ids=["nul", "half a pair"])
def test_text_that_cannot_be_stored_is_a_wrong_field(ask: Ask, wrong: str) -> None:
    body = json.dumps({"name": wrong, "scopes": ["me:read"]})
    answer = ask("POST", TOKENS, data=body, content_type="application/json")
    assert is_problem(answer, 422, "invalid")["errors"][0]["field"] == "name"


def test_a_parameter_that_cannot_be_stored_is_a_wrong_field(ask: Ask) -> None:
    answer = ask("GET", "/api/v1/regions?name=%00")
    assert is_problem(answer, 422, "invalid")["errors"][0]["field"] == "name"


def test_too_many_requests_are_told_when_to_come_back(
    settings: Settings, account: Account, make: Factory
) -> None:
    other = make.account(Role.EMPLOYER)
    with another(settings, requests_per_minute=3) as app:
        client = app.test_client()
        answers = [client.get("/api/v1/me", headers=account.bearer) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        is_problem(answers[-1], 429, "too_many_requests")
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert client.get("/api/v1/me", headers=other.bearer).status_code == 200


def test_somebody_without_a_token_is_counted_by_address(settings: Settings) -> None:
    with another(settings, requests_per_minute=2) as app:

        def status(address: str) -> int:
            overrides = {"REMOTE_ADDR": address}
            return app.test_client().get("/api/v1/me", environ_overrides=overrides).status_code

        assert [status("192.0.2.1") for _ in range(3)] == [401, 401, 429]
        assert status("192.0.2.2") == 401


def test_a_fault_of_ours_shows_nothing_of_our_insides(settings: Settings) -> None:
    def fail() -> None:
        raise RuntimeError("the secret of person 110101199003074514")

    def ask_postgres() -> None:
        db.session.execute(text("SELECT * FROM no_such_table"))

    with another(settings, {"/api/v1/fail": fail, "/api/v1/sql": ask_postgres}) as app:
        for path in ("/api/v1/fail", "/api/v1/sql"):
            answer = app.test_client().get(path)
            is_problem(answer, 500, "internal_error")
            for inside in ("secret", "Traceback", "RuntimeError", "no_such_table", "SELECT"):
                assert inside not in answer.text


def test_a_database_that_is_not_there_is_unavailable(settings: Settings) -> None:
    nowhere = Secret("postgresql://ce_web:x@127.0.0.1:1/nowhere")
    with another(settings, web_database_url=nowhere) as app:
        answer = app.test_client().get("/api/v1/me", headers={"Authorization": "Bearer ce_x"})
        is_problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert "127.0.0.1" not in answer.text


def test_a_query_that_takes_too_long_is_unavailable(settings: Settings) -> None:
    def dawdle() -> None:
        db.session.execute(text("SET LOCAL statement_timeout = '5ms'"))
        db.session.execute(text("SELECT pg_sleep(10)"))

    with another(settings, {"/api/v1/dawdle": dawdle}) as app:
        is_problem(app.test_client().get("/api/v1/dawdle"), 503, "unavailable")


def test_a_connection_that_is_killed_in_the_midst_of_a_request_costs_that_request(
    settings: Settings, account: Account
) -> None:
    def end_it() -> None:
        db.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with another(settings, {"/api/v1/end": end_it}) as app:
        client = app.test_client()
        is_problem(client.get("/api/v1/end"), 503, "unavailable")
        assert client.get("/api/v1/me", headers=account.bearer).status_code == 200


def test_a_connection_that_was_killed_between_requests_costs_none(
    settings: Settings, account: Account
) -> None:
    def own_pid() -> Any:
        return jsonify(db.session.execute(text("SELECT pg_backend_pid()")).scalar_one())

    with another(settings, {"/api/v1/pid": own_pid}) as app:
        client = app.test_client()
        pid = client.get("/api/v1/pid").get_json()
        with psycopg.connect(str(settings.database_url), autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
        assert client.get("/api/v1/me", headers=account.bearer).status_code == 200
        assert client.get("/api/v1/pid").get_json() != pid


def test_where_a_problem_leads_it_is_explained(web: Flask) -> None:
    for kind in all_errors():
        answer = web.test_client().get(f"/problems/{kind.code}")
        assert answer.status_code == 200
        assert kind.title in answer.text


def test_two_who_change_the_same_row_are_told_of_each_other(
    settings: Settings, account: Account, make: Factory
) -> None:
    """What row security hides between our reading and our writing is a conflict, no fault."""
    job = make.job(asked_by=account.user.id, state="dead")
    job_id = job.id

    def late() -> None:
        act_as(account.actor)
        ours = db.session.get_one(Job, job_id)
        with psycopg.connect(str(settings.database_url)) as somebody_else:
            somebody_else.execute("UPDATE jobs SET state = 'waiting' WHERE id = %s", (job_id,))
        ours.state = "waiting"
        ours.attempts = 5
        db.session.flush()

    with another(settings, {"/api/v1/late": late}) as app:
        is_problem(app.test_client().get("/api/v1/late"), 409, "conflict")


def test_a_sector_s_authority_restarts_the_work_that_it_asked_for(
    web: Flask, make: Factory
) -> None:
    health = make.account(Role.AUTHORITY, sector=Sector.HEALTH)
    job = make.job(asked_by=health.user.id, state="dead", region_path=health.user.region_path)
    answer = web.test_client().post(f"/api/v1/jobs/{job.id}/restart", headers=health.bearer)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["state"] == "waiting"
