"""The settings that the faults taught us; what each is for stands beside it in the code."""

from __future__ import annotations

import pytest
from flask import Flask

from ce_tracker.bell import bell
from workers.celery_app import celery_app
from workers.tasks import BUDGET_SECONDS


def test_a_message_is_given_back_when_its_process_dies() -> None:
    assert celery_app.conf.task_acks_late
    assert celery_app.conf.task_reject_on_worker_lost


def test_nobody_sits_on_the_bells_of_others() -> None:
    assert celery_app.conf.worker_prefetch_multiplier == 1


def test_a_job_gives_others_their_turn_long_before_its_task_would_be_ended() -> None:
    again = celery_app.conf.broker_transport_options["visibility_timeout"]
    assert BUDGET_SECONDS * 5 < celery_app.conf.task_time_limit < again


def test_messages_are_plain_and_leave_no_results() -> None:
    assert celery_app.conf.accept_content == ["json"]
    assert celery_app.conf.task_serializer == "json"
    assert celery_app.conf.task_ignore_result
    assert not celery_app.conf.result_backend


@pytest.mark.parametrize("option", ["socket_timeout", "socket_connect_timeout"])
def test_nobody_waits_for_redis_for_long(web: Flask, option: str) -> None:
    with web.app_context():
        conf = bell()._celery.conf
    assert not conf.task_publish_retry
    for options in (conf.broker_transport_options, celery_app.conf.broker_transport_options):
        assert 0 < options[option] <= 5
