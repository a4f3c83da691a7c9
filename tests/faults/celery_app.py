"""The real worker, which also knows the kinds that the fault tests ask for."""

from __future__ import annotations

from tests.faults.kinds import KINDS
from workers import tasks
from workers.celery_app import celery_app

__all__ = ["celery_app"]

tasks.KINDS.update(KINDS)
