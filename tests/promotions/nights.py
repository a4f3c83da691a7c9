"""Nights over applications and duties, done by a worker."""

from __future__ import annotations

from itertools import count
from threading import Thread

from flask import Flask
from sqlalchemy import select

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from workers import doing
from workers.tasks import KINDS

_nights = count(1)


def night(worker: Flask, *kinds: str) -> None:
    """Tonight's jobs of these kinds, one after the other."""
    db.session.commit()
    with worker.app_context():
        for kind in kinds:
            jobs.ask(kind, f"night {next(_nights)}", day=clock.today().isoformat())
            db.session.commit()
            db.session.remove()
            assert doing.run_next(KINDS, 600) is not None
            undone = db.session.execute(
                select(jobs.Job.kind, jobs.Job.error).where(
                    jobs.Job.kind == kind, jobs.Job.state != "done"
                )
            )
            assert not undone.all()
            db.session.remove()
    db.session.expire_all()


def at_once(worker: Flask, kind: str, times: int = 2) -> None:
    """Several such nights, each in a worker of its own."""
    db.session.commit()
    with worker.app_context():
        for _ in range(times):
            jobs.ask(kind, f"night {next(_nights)}", day=clock.today().isoformat())
        db.session.commit()
        db.session.remove()

    def work() -> None:
        with worker.app_context():
            while doing.run_next(KINDS, 600) is not None:
                pass
            db.session.remove()

    threads = [Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    db.session.expire_all()
    undone = select(jobs.Job.error).where(jobs.Job.kind == kind, jobs.Job.state != "done")
    assert not db.session.scalars(undone).all()
