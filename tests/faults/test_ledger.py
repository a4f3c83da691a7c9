"""Whatever is killed while a list is posted, each of its lines is posted once."""

from __future__ import annotations

import pytest

from tests.faults import ledger_promises as promises
from tests.faults.bases import Town
from tests.faults.service import Service

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

DOSE = 2


@pytest.fixture(scope="module")
def town(service: Service) -> Town:
    return Town.of(service, promises.ROWS)


@pytest.mark.parametrize("victim", promises.VICTIMS)
def test_a_posting_is_done_once_whatever_is_killed(town: Town, victim: str) -> None:
    outcome = promises.posting_survives(town, victim, DOSE)
    assert outcome.kept, outcome


def test_a_posting_is_done_once_though_redis_forgets_everything(town: Town) -> None:
    outcome = promises.posting_survives_flushall(town, DOSE)
    assert outcome.kept, outcome


def test_fifty_clients_with_the_same_file_make_one_posting(town: Town) -> None:
    outcome = promises.the_same_file_from_many(town, 1)
    assert outcome.kept, outcome


def test_the_same_rows_in_many_lists_at_once_are_posted_once(town: Town) -> None:
    outcome = promises.the_same_rows_from_many(town, DOSE)
    assert outcome.kept, outcome
