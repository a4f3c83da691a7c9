"""PostgreSQL or Redis goes away under a running service."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from ce_tracker.extensions import db
from tests.faults import promises
from tests.faults.service import Service

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]


def test_requests_answer_at_once_while_redis_is_frozen_and_lose_nothing(service: Service) -> None:
    outcome = promises.answers_while_redis_is_frozen(service, dose=2, seconds=2)
    assert outcome.kept, outcome


def test_the_worker_hears_again_after_redis_was_frozen_under_its_work(service: Service) -> None:
    outcome = promises.hears_again_after_a_freeze(service, dose=1, steps=300)
    assert outcome.kept, outcome


def test_postgres_killed_under_requests_is_503_and_then_well_again(service: Service) -> None:
    outcome = promises.recovers_from_killed_postgres(service, dose=2)
    assert outcome.kept, outcome


def test_a_connection_that_ended_while_idle_is_handed_to_nobody(web: Flask, owner: Flask) -> None:
    with web.app_context():
        idle = db.session.scalars(text("SELECT pg_backend_pid()")).one()
        db.session.remove()
    with owner.app_context():
        db.session.execute(text("SELECT pg_terminate_backend(:idle, 60000)"), {"idle": idle})
        db.session.remove()
    with web.app_context():
        assert db.session.scalars(text("SELECT pg_backend_pid()")).one() != idle
        db.session.remove()
