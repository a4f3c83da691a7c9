"""Whatever is killed at night, applications break once and duties open once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import title_promises as promises
from tests.faults.service import Service
from tests.faults.title_promises import Titled

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

DOSE = 2
PEOPLE = 1_200


@pytest.fixture(scope="module")
def titled(service: Service) -> Iterator[Titled]:
    with Titled.of(service, PEOPLE) as found:
        yield found


@pytest.mark.parametrize("kind", promises.KINDS)
def test_a_night_is_finished_whatever_is_killed(titled: Titled, kind: str) -> None:
    outcome = promises.night_survives(titled, kind, DOSE)
    assert outcome.kept, outcome
    assert outcome.figures["left_by_a_night"] == PEOPLE / (2 if kind == "rejudge" else 1)
