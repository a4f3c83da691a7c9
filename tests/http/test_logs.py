"""One line a request, with an id that follows it; and no ID number in any of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask, jsonify
from sqlalchemy import text

from ce_tracker import jobs
from ce_tracker.actor import Role
from ce_tracker.extensions import act_as, db
from ce_tracker.http.requests import CONTENT_SECURITY_POLICY
from ce_tracker.jobs import Job
from config import Settings
from tests.factories import Factory
from tests.http.apps import another, log_lines
from tests.http.visitor import Visitor, signed_in
from workers.doing import run_next

NUMBERS = ["110101199003074514", "11010119900307451X", "11010119900307451x", "110101900307451"]


def test_a_request_id_that_was_given_is_kept_and_answered(web: Flask) -> None:
    for given in ("click-0001", "A.b_c-12345678", "x" * 64):
        answer = web.test_client().get("/healthz", headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", [None, "short", "x" * 65, "with blanks in it", "钥匙钥匙钥匙钥匙"]
)
def test_without_a_usable_one_a_request_gets_an_id_of_ours(web: Flask, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given.encode().decode("latin-1")}
    ids = {
        web.test_client().get("/healthz", headers=headers).headers["X-Request-ID"] for _ in range(2)
    }
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{32,36}", each) for each in ids)


def test_every_line_of_a_request_carries_its_id(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    with log_lines() as lines:
        web.test_client().get(
            "/api/v1/me", headers={**account.bearer, "X-Request-ID": "click-0002"}
        )
    [line] = lines()
    assert line["request_id"] == "click-0002"
    assert (line["event"], line["method"], line["route"]) == ("request", "GET", "/api/v1/me")
    assert line["status"] == 200
    assert line["user"] == str(account.actor.user_id)


def test_an_id_does_not_stay_for_the_next_request(web: Flask) -> None:
    with log_lines() as lines:
        web.test_client().get("/problems", headers={"X-Request-ID": "click-0003"})
        web.test_client().get("/problems")
    first, second = lines()
    assert first["request_id"] == "click-0003" != second["request_id"]


def test_an_id_follows_a_request_into_the_job_that_it_asks_for(
    settings: Settings, make: Factory, worker: Flask
) -> None:
    account = make.account(Role.AUTHORITY)

    def ask() -> Any:
        act_as(account.actor)
        job_id = jobs.ask("tidy", "today")
        db.session.commit()
        return jsonify(job_id)

    with another(settings, {"/api/v1/ask": ask}) as app:
        headers = {"X-Request-ID": "click-0004"}
        job_id = app.test_client().post("/api/v1/ask", headers=headers).get_json()
    assert db.session.get_one(Job, job_id).request_id == "click-0004"
    with worker.app_context(), log_lines() as lines:
        assert run_next({"tidy": lambda _: True}, 5) is not None
        db.session.remove()
    done = [line for line in lines() if line["event"] == "job done"]
    assert [line["request_id"] for line in done] == ["click-0004"]


def test_a_fault_of_ours_is_logged_in_full_with_the_id_that_its_reader_was_given(
    settings: Settings,
) -> None:
    def fail() -> None:
        raise RuntimeError("what went wrong")

    with another(settings, {"/api/v1/fail": fail}) as app, log_lines() as lines:
        answer = app.test_client().get("/api/v1/fail")
    [fault] = [line for line in lines() if line["level"] == "error"]
    assert fault["request_id"] == answer.get_json()["request_id"]
    assert "RuntimeError: what went wrong" in fault["exception"]


def test_a_failed_statement_is_logged_without_what_was_in_it(settings: Settings) -> None:
    def fail() -> None:
        db.session.execute(
            text("SELECT 1 FROM no_such_table WHERE hash = :hash"), {"hash": "$argon2id$secret"}
        )

    with another(settings, {"/api/v1/fail": fail}) as app, log_lines() as lines:
        app.test_client().get("/api/v1/fail")
    logged = json.dumps(lines())
    assert "no_such_table" in logged
    assert "$argon2id$secret" not in logged


@pytest.mark.parametrize("number", NUMBERS)
def test_an_id_number_shows_in_no_error_and_no_log_line(
    web: Flask, make: Factory, settings: Settings, number: str
) -> None:
    account = make.account(Role.AUTHORITY)
    visitor = signed_in(web, account)
    client = web.test_client()

    def api(method: str, path: str, **more: Any) -> Any:
        headers = {**account.bearer, **more.pop("headers", {})}
        return client.open(path, method=method, headers=headers, **more)

    token = {"name": "x", "scopes": ["me:read"]}

    def fail() -> None:
        raise RuntimeError(f"person {number}")

    with log_lines() as lines, another(settings, {"/api/v1/fail": fail}) as other:
        answers = [
            api("GET", f"/api/v1/{number}"),
            api("GET", f"/api/v1/regions/{number}"),
            api("GET", f"/api/v1/jobs/{number}"),
            api("GET", f"/api/v1/regions?parent={number}"),
            api("GET", f"/api/v1/regions?on={number}&level={number}&limit={number}"),
            api("GET", f"/api/v1/regions?cursor={number}"),
            api("GET", f"/api/v1/regions?{number}=1"),
            api("POST", "/api/v1/tokens", json={**token, number: 1}),
            api("POST", "/api/v1/tokens", json={**token, "scopes": [number]}),
            api("POST", "/api/v1/tokens", json={**token, "days": number}),
            api("POST", "/api/v1/tokens", json=number),
            api("POST", "/api/v1/tokens", data=number, content_type="application/json"),
            api("POST", "/api/v1/tokens", data=number, content_type=f"text/{number}"),
            api("GET", "/api/v1/me", headers={"Accept": f"text/{number}"}),
            api("GET", "/api/v1/me", headers={"Authorization": f"Bearer {number}"}),
            api("GET", "/api/v1/nothing", headers={"X-Request-ID": f"row-{number}"}),
            api("POST", "/api/v1/tokens", json=token, headers={"Idempotency-Key": number}),
            visitor.get(f"/{number}"),
            visitor.get(f"/problems/{number}"),
            visitor.get(f"/regions?code={number}"),
            visitor.post(f"/jobs/{number}/restart"),
            Visitor(web).try_sign_in(number, "not the password"),
            other.test_client().get(f"/api/v1/fail?person={number}"),
        ]
        led = Visitor(web).get(f"/regions?q={number}")
    for i, answer in enumerate(answers):
        assert answer.status_code >= 400, i
        shown = answer.text + str(answer.headers)
        assert number not in shown, (i, answer.text)
    assert number not in str(led.headers)
    logged = json.dumps(lines(), ensure_ascii=False)
    assert "person [证件号码已隐去]" in logged
    assert number not in logged
    assert number not in client.get("/metrics").text


def test_every_answer_forbids_what_pages_do_not_need(web: Flask) -> None:
    for path in ("/sign-in", "/api/v1/me", "/api/docs", "/healthz", "/nowhere"):
        headers = web.test_client().get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
