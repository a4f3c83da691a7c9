"""The doorbell: telling the worker that something is due, without anybody waiting for Redis.

A request puts its ring into a small queue and goes on; a thread carries it to Redis. If Redis is
frozen, slow or gone the ring is lost, which costs seconds: the beat looks for due jobs anyway.
"""

from __future__ import annotations

import threading
from queue import Empty, Full, Queue
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery import Celery
from flask import current_app
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from config import Settings

log = structlog.get_logger(__name__)

ANSWER = "workers.tasks.answer"
# Rings say nothing but "look": more than a few waiting ones are of no use.
MOST_WAITING = 8


def broker_url(settings: Settings) -> str:
    url = str(settings.redis_url)
    parts = urlsplit(url)
    return f"redis+socket://{parts.path}" if parts.scheme == "unix" else url


def transport_options() -> dict[str, Any]:
    return {
        # Above task_time_limit, or a long task would be handed out a second time.
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        # Without these a frozen Redis holds whoever publishes for a minute.
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "retry_on_timeout": False,
    }


class Bell:
    def __init__(self, settings: Settings) -> None:
        self._celery = Celery("ce_tracker_bell", broker=broker_url(settings))
        self._celery.conf.update(
            broker_transport_options={**transport_options(), "max_retries": 0},
            task_publish_retry=False,
            result_backend=None,
            task_ignore_result=True,
        )
        self._waiting: Queue[None] = Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.failing = False
        """Whether the last ring was lost."""

    def ring(self) -> None:
        """Soon, and without waiting."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._carry, name="bell", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(None)
        except Full:
            return

    def ring_now(self) -> None:
        """For processes that may wait a few seconds."""
        try:
            self._celery.send_task(ANSWER, retry=False)
        except (KombuError, RedisError, OSError) as error:
            log.warning("the bell cannot be rung", error=type(error).__name__)
            self.failing = True
        else:
            self.failing = False

    def _carry(self) -> None:
        while True:
            self._waiting.get()
            while True:  # several waiting rings are one
                try:
                    self._waiting.get_nowait()
                except Empty:
                    break
            self.ring_now()


def bell() -> Bell:
    """The one of the current application."""
    found: Bell = current_app.extensions["ce_bell"]
    return found
