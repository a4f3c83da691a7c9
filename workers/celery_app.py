"""Celery, used as a doorbell and a pool of processes.

The truth about what is to be done is in PostgreSQL (`ce_tracker.jobs`); a message says no more
than "something is due". So every setting here is chosen for one end: that losing, doubling or
delaying a message can never lose, double or much delay a piece of work.
"""

from __future__ import annotations

from typing import Any

from billiard.process import current_process
from celery import Celery
from celery.signals import setup_logging, worker_process_init
from flask import Flask

from ce_tracker import logs
from ce_tracker.app import create_app
from ce_tracker.bell import broker_url, transport_options
from ce_tracker.embedded import completed
from ce_tracker.processes import end_with
from config import DatabaseRole, Settings
from workers.hearing import let_go_of_what_is_answered
from workers.schedule import SCHEDULE

settings = completed(Settings.from_env())
let_go_of_what_is_answered()
celery_app = Celery("ce_tracker", broker=broker_url(settings), include=["workers.tasks"])
celery_app.conf.update(
    # Nobody waits for an answer; results would be one more thing to lose.
    result_backend=None,
    task_ignore_result=True,
    # Acknowledge when done, not when taken: a killed process gives its message back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # One message at a time: a long job must not sit on others' bells.
    worker_prefetch_multiplier=1,
    # Longest run of one task, well below the time after which Redis would hand it out again.
    task_time_limit=600,
    broker_transport_options=transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Never pickle: a message must not be able to run code.
    task_serializer="json",
    accept_content=["json"],
    # A child that has grown is replaced; a leak costs a restart, not the machine.
    worker_max_memory_per_child=200_000,
    worker_max_tasks_per_child=1000,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Kept in memory: the schedule only rings, so a beat that forgets when it last rang does no
    # harm, and there is no file to be left half written by a kill.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule=SCHEDULE,
    beat_max_loop_interval=5,
    timezone="Asia/Shanghai",
)

_flask: Flask | None = None


def flask_app() -> Flask:
    """This process's application; made after the fork, since connections must not cross it."""
    global _flask  # noqa: PLW0603
    if _flask is None:
        _flask = create_app(settings, database_role=DatabaseRole.WORKER)
    return _flask


@worker_process_init.connect
def _prepare(**_: Any) -> None:
    # A pool child of a killed worker would keep its job for another minute and nobody would see.
    end_with(current_process()._parent_pid)  # type: ignore[attr-defined]  # noqa: SLF001
    flask_app()


@setup_logging.connect
def _log_as_we_do(**_: Any) -> None:
    logs.configure(settings.log_level)
