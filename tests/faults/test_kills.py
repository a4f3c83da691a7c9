"""Whatever is killed under load, every job is done, and done once."""

from __future__ import annotations

import pytest

from tests.faults import promises
from tests.faults.service import Service

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

DOSE = 2


@pytest.mark.parametrize("victim", promises.VICTIMS)
def test_every_step_is_done_once_whatever_is_killed(service: Service, victim: str) -> None:
    outcome = promises.survives_kills(service, victim, DOSE, steps=300)
    assert outcome.kept, outcome


def test_jobs_are_done_though_redis_loses_every_message(service: Service) -> None:
    outcome = promises.survives_lost_messages(service, DOSE, steps=300)
    assert outcome.kept, outcome


def test_a_job_that_kills_its_process_is_dead_after_three_and_others_are_done(
    service: Service,
) -> None:
    outcome = promises.poison_delays_nobody(service, DOSE, apart=0)
    assert outcome.kept, outcome
