"""Every job kind is named and bounded; the beat table cannot do harm."""

from __future__ import annotations

from datetime import timedelta

from ce_tracker import jobs
from workers.celery_app import celery_app
from workers.schedule import SCHEDULE
from workers.tasks import KINDS, NIGHTLY


def test_every_kind_of_job_has_a_title_and_every_title_a_kind() -> None:
    assert set(KINDS) == set(jobs.TITLES)


def test_every_nightly_job_is_a_kind_and_due_when_clocks_never_change() -> None:
    assert set(NIGHTLY) <= set(KINDS)


def test_the_beat_only_rings_at_short_intervals_and_its_bells_expire() -> None:
    for entry in SCHEDULE.values():
        assert entry["task"] in celery_app.tasks
        assert float(entry["schedule"]) <= 60
        assert entry["options"]["expires"] <= float(entry["schedule"])


def test_no_task_takes_an_argument_so_none_can_carry_a_person() -> None:
    for name, task in celery_app.tasks.items():
        if name.startswith("workers."):
            assert task.run.__code__.co_argcount == 0, name


def test_a_task_ends_long_before_redis_would_hand_it_out_again() -> None:
    limit = timedelta(seconds=celery_app.conf.task_time_limit)
    again = timedelta(seconds=celery_app.conf.broker_transport_options["visibility_timeout"])
    assert limit < again
