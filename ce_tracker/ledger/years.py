"""The ledger's years: each has a partition, made long before anybody needs it."""

from __future__ import annotations

from sqlalchemy import func, select, text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.jobs import Job

AHEAD = 3
LONGEST_WAIT = "2s"
"""A new part needs the whole to itself for a moment, and whoever reads would wait behind us. There
are years of nights to try again."""


def open_years(job: Job) -> bool:
    db.session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
    this_year = clock.today().year
    for year in range(this_year, this_year + AHEAD + 1):
        db.session.execute(select(func.open_ledger_year(year)))
    job.steps_total = job.steps_done = 1
    return True
