"""PostgreSQL or Redis goes away under a running service."""

from __future__ import annotations

import pytest

from tests.faults import promises
from tests.faults.service import Service

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]


def test_requests_answer_at_once_while_redis_is_frozen_and_lose_nothing(service: Service) -> None:
    outcome = promises.answers_while_redis_is_frozen(service, dose=2, seconds=2)
    assert outcome.kept, outcome


def test_postgres_killed_under_requests_is_503_and_then_well_again(service: Service) -> None:
    outcome = promises.recovers_from_killed_postgres(service, dose=2)
    assert outcome.kept, outcome
