"""For whoever operates it: alive, ready, and its numbers."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.jobs import Heartbeat, State
from config import DatabaseRole, Secret, Settings
from tests.factories import Factory
from tests.http.apps import another

NOWHERE = Secret("postgresql://ce_web:x@127.0.0.1:1/nowhere")


def beat(seconds_ago: int) -> None:
    at = clock.now() - timedelta(seconds=seconds_ago)
    db.session.merge(Heartbeat(name="worker", at=at))
    db.session.commit()


def numbers(app: Flask) -> dict[tuple[str, ...], float]:
    text = app.test_client().get("/metrics").text
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_process_that_answers_is_alive_even_without_a_database(settings: Settings) -> None:
    with another(settings, web_database_url=NOWHERE) as app:
        answer = app.test_client().get("/healthz")
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_ready_when_migrated_and_the_worker_was_seen(web: Flask, make: Factory) -> None:
    beat(seconds_ago=5)
    answer = web.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ok",
        "postgres": "ok",
        "worker": "ok",
        "redis": "ok",
    }


@pytest.mark.parametrize("seconds_ago", [None, 600])
def test_a_silent_worker_degrades_it_but_it_serves(
    web: Flask, make: Factory, seconds_ago: int | None
) -> None:
    if seconds_ago is not None:
        beat(seconds_ago)
    answer = web.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "degraded"
    assert answer.get_json()["worker"] == "silent"


def test_without_its_database_it_is_not_ready(settings: Settings) -> None:
    with another(settings, web_database_url=NOWHERE) as app:
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 503
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Retry-After"]


def test_on_an_empty_database_it_is_not_ready_and_says_what_to_do(
    settings: Settings, worker_number: int
) -> None:
    name = f"empty_{worker_number}"
    owner = str(settings.database_url)
    with psycopg.connect(owner, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            url = str(settings.database_for(DatabaseRole.WEB))
            empty = Secret(url.replace(f"/test_{worker_number}?", f"/{name}?"))
            assert empty != url
            with another(settings, web_database_url=empty) as app:
                answer = app.test_client().get("/readyz")
                assert answer.status_code == 503
                assert "ce-tracker migrate" in answer.get_json()["detail"]
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_on_an_older_database_it_is_not_ready(
    web: Flask, settings: Settings, make: Factory
) -> None:
    with psycopg.connect(str(settings.database_url), autocommit=True) as admin:
        row = admin.execute("SELECT version_num FROM alembic_version").fetchone()
        assert row is not None
        admin.execute("UPDATE alembic_version SET version_num = '0001'")
        try:
            answer = web.test_client().get("/readyz")
            assert answer.status_code == 503
            assert "ce-tracker migrate" in answer.get_json()["detail"]
        finally:
            admin.execute("UPDATE alembic_version SET version_num = %s", row)
    assert web.test_client().get("/readyz").status_code == 200


def test_the_numbers_ask_for_their_token_where_one_is_set(settings: Settings) -> None:
    token = "a-token-of-the-operator"
    with another(settings, metrics_token=Secret(token)) as app:
        client = app.test_client()
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer 钥匙"}):
            refused = client.get(
                "/metrics", headers={k: v.encode().decode("latin-1") for k, v in header.items()}
            )
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
            assert refused.content_type == "application/problem+json"
        right = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert right.status_code == 200
        assert "ce_http_requests_total" in right.text


def test_every_answer_is_counted_by_route_and_status(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    before = numbers(web)
    client = web.test_client()
    for _ in range(3):
        client.get("/api/v1/me", headers=account.bearer)
    client.get("/api/v1/jobs/01a1f82f-00ae-7fa1-a359-45495f2d5af8", headers=account.bearer)
    client.get("/no/such/page")
    client.open("/api/v1/me", method="BREW")
    after = numbers(web)

    def more(method: str, route: str, status: int) -> float:
        key = ("ce_http_requests_total", f"method={method}", f"route={route}", f"status={status}")
        return after.get(key, 0) - before.get(key, 0)

    assert more("GET", "/api/v1/me", 200) == 3
    assert more("GET", "/api/v1/jobs/<uuid:job_id>", 404) == 1
    assert more("GET", "(none)", 404) == 1
    assert more("OTHER", "(none)", 405) == 1
    timed = ("ce_http_request_seconds_count", "route=/api/v1/me")
    assert after[timed] - before.get(timed, 0) == 3


def test_the_jobs_in_each_state_are_numbers_too(web: Flask, make: Factory) -> None:
    make.job(due_at=clock.now() - timedelta(minutes=5))
    make.job(state=State.DEAD)
    make.job(state=State.DEAD)
    beat(seconds_ago=30)
    found = numbers(web)
    assert found["ce_jobs", "state=waiting"] == 1
    assert found["ce_jobs", "state=dead"] == 2
    assert 300 <= found["ce_jobs_longest_wait_seconds", "state=waiting"] < 360
    assert 30 <= found["ce_heartbeat_age_seconds", "part=worker"] < 90
