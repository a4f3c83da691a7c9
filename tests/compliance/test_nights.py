"""One sweep a night, however many beats ask for it and whatever the clock does."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.cli import commands
from ce_tracker.compliance import sweeping
from ce_tracker.compliance.models import Flag, Sweep
from ce_tracker.compliance.sweeping import Night, sweep
from ce_tracker.extensions import db
from config import Settings
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI
from workers.doing import run_next
from workers.tasks import KINDS, plan

ONLY_SWEEPS = dict.fromkeys(KINDS, lambda _: True) | {"sweep": sweep}
SET_FORWARD_AND_BACK = (
    datetime(2026, 3, 5, 0, 45, tzinfo=clock.SHANGHAI),
    datetime(2026, 3, 5, 2, 45, tzinfo=clock.SHANGHAI),
    datetime(2026, 3, 5, 0, 46, tzinfo=clock.SHANGHAI),
)
OVER_MIDNIGHT = (
    datetime(2026, 3, 5, 23, 30, tzinfo=clock.SHANGHAI),
    datetime(2026, 3, 6, 1, 30, tzinfo=clock.SHANGHAI),
    datetime(2026, 3, 5, 23, 31, tzinfo=clock.SHANGHAI),
    datetime(2026, 3, 6, 0, 41, tzinfo=clock.SHANGHAI),
)


def _two_beats(worker: Flask, moment: datetime) -> None:
    with worker.app_context(), clock.pinned(moment):
        for _ in range(2):
            plan(clock.now())
            db.session.commit()
        db.session.remove()
        while run_next(ONLY_SWEEPS, 600) is not None:
            pass
        db.session.remove()
    db.session.rollback()


@pytest.mark.parametrize(
    ("moments", "nights"), [(SET_FORWARD_AND_BACK, {4, 5}), (OVER_MIDNIGHT, {4, 5, 6})]
)
def test_two_beats_and_a_clock_set_forward_and_back_make_one_sweep_a_night(
    world: World, worker: Flask, moments: tuple[datetime, ...], nights: set[int]
) -> None:
    person = world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    db.session.commit()
    for moment in moments:
        _two_beats(worker, moment)
    swept = Counter((each.year, each.day.day) for each in db.session.scalars(select(Sweep)))
    assert swept == {(year, night): 1 for year in (2025, 2026) for night in nights}
    flags = [(each.professional_id, each.year) for each in db.session.scalars(select(Flag))]
    assert sorted(flags) == [(person, 2025), (person, 2026)]


@pytest.mark.parametrize(
    ("later", "said"),
    [(None, "新增预警 1 条，解除 0 条"), (date(2026, 3, 6), "由它判定完毕；本次没有做完")],
)
def test_a_sweep_by_hand_says_what_it_did_or_that_another_goes_on(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, later: date | None, said: str
) -> None:
    world.person((world.unit(Place(HUANCUI)), LONG_AGO, None))
    world.person()
    db.session.commit()
    monkeypatch.setattr(sweeping, "PEOPLE_A_STEP", 1)

    def with_another_after_the_first_step(night: Night) -> bool:
        finished = sweeping.step(night)
        if later is not None and night.done == 1:
            db.session.commit()
            sweeping.step(Night(night.year, later))
        return finished

    monkeypatch.setattr("ce_tracker.cli.sweep.step", with_another_after_the_first_step)
    asked = ("sweep", "--year", "2026", "--on", "2026-03-05")
    done = CliRunner().invoke(commands, asked, env=settings.environment())
    assert done.exit_code == 0, done.output
    assert said in done.output
