"""The real worker, which also knows the kinds that the fault tests ask for, and which sweeps in
small steps: a blow is to fall between two of them as well."""

from __future__ import annotations

from ce_tracker.compliance import sweeping
from tests.faults.kinds import KINDS
from workers import tasks
from workers.celery_app import celery_app

__all__ = ["celery_app"]

tasks.KINDS.update(KINDS)
sweeping.PEOPLE_A_STEP = 4_000
