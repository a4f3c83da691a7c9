"""A worker that is killed while it applies a roster doubles nobody and forgets nobody."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ce_tracker.app import create_app
from ce_tracker.extensions import act_as, db
from ce_tracker.registry import roster_requests
from ce_tracker.registry.rosters import Mode
from config import DatabaseRole
from tests.factories import Factory
from tests.faults.promises import FINISH_SECONDS
from tests.faults.service import Service
from tests.registry.desk import HEADER, Desk, id_number, xlsx
from tests.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]

PEOPLE = 6000
KILLS = 2


def test_a_roster_is_applied_once_though_its_worker_is_killed(
    service: Service, tmp_path: Path
) -> None:
    app = create_app(service.settings, DatabaseRole.OWNER)
    numbers = (
        id_number(sequence, born=f"19{80 + sequence % 20}{1 + month:02d}{day:02d}")
        for month in range(12)
        for day in range(1, 28)
        for sequence in range(1, 60)
    )
    crowd = [number for number in numbers if not number.endswith("000")][:PEOPLE]
    data = xlsx(
        HEADER, *((f"孙{chr(0x4E00 + i)}", number, "内科") for i, number in enumerate(crowd))
    )
    with app.app_context():
        desk = Desk.open(Factory(service.settings), app, app)
        found = desk.upload(data, Mode.FULL)
        service_state = "SELECT state, rows_done FROM roster_imports WHERE id = %s"
        until(
            lambda: service.facts(service_state, found)[0][0] == "previewed",
            FINISH_SECONDS,
            "it was looked at",
        )
        act_as(desk.account.actor)
        roster_requests.request_apply(desk.account.actor, found)
        db.session.commit()
        for kill in range(KILLS):
            done = 1000 * (kill + 1)

            def some_is_done(least: int = done) -> bool:
                return bool(service.facts(service_state, found)[0][1] >= least)

            until(some_is_done, FINISH_SECONDS, "some of it is done")
            service.victim("worker").send_signal(signal.SIGKILL)
        until(
            lambda: service.facts(service_state, found)[0][0] == "applied",
            FINISH_SECONDS,
            "it is applied",
        )
        db.session.remove()
        db.engine.dispose()
    source = f"roster:{found}"
    [[people]] = service.facts(
        "SELECT count(*) FROM professionals WHERE employer_id = %s", desk.employer_id
    )
    [[facts, employed]] = service.facts(
        "SELECT count(*), count(DISTINCT professional_id) FROM employments WHERE source = %s",
        source,
    )
    assert (people, facts, employed) == (len(crowd), len(crowd), len(crowd))
