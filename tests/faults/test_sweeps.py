"""Whatever is killed while everybody's year is judged, each is flagged once, and rightly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import sweep_promises as promises
from tests.faults.service import Service
from tests.faults.sweep_promises import Crowd

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

DOSE = 2
PEOPLE = 15_000


@pytest.fixture(scope="module")
def crowd(service: Service) -> Iterator[Crowd]:
    with Crowd.of(service, PEOPLE) as found:
        yield found


@pytest.mark.parametrize("victim", promises.VICTIMS)
def test_a_sweep_is_finished_whatever_is_killed(crowd: Crowd, victim: str) -> None:
    outcome = promises.sweep_survives(crowd, victim, DOSE)
    assert outcome.kept, outcome


def test_a_year_is_closed_whoever_is_killed(crowd: Crowd) -> None:
    outcome = promises.sweep_survives(crowd.closing(), "pool child", DOSE)
    assert outcome.kept, outcome


def test_several_sweeps_at_once_flag_as_one_does(crowd: Crowd) -> None:
    outcome = promises.several_are_one(crowd, 1)
    assert outcome.kept, outcome
