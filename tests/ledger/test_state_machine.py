"""Whatever providers, the night and a mortal worker do, in any order: the ledger is right."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.factories import Factory
from tests.ledger.seeded import RUNS_A_SEED, Apps, run

SEEDS = 4


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_every_step_the_ledger_is_what_the_model_says(
    make: Factory, web: Flask, worker: Flask, owner: Flask, seed: int
) -> None:
    deaths = run(seed, Apps(make, web, worker, owner))
    assert deaths, "nobody has died"


def test_there_are_at_least_twenty_runs() -> None:
    assert SEEDS * RUNS_A_SEED >= 20
