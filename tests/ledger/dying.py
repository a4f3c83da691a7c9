"""A worker that dies while it posts, at a named point, in one of three ways."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from flask import Flask
from sqlalchemy import text

from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger import attendance, chain, posting
from workers import doing
from workers.tasks import KINDS

WAYS = ("an error", "a cut connection", "kill -9")
POINTS: dict[str, tuple[Any, str, bool]] = {
    "after staging": (attendance, "stage", True),
    "after classifying": (attendance, "classify", True),
    "before entries are written": (posting, "post", False),
    "after entries are written and standings moved": (chain, "link", False),
    "after the link": (chain, "link", True),
}
"""Name → in which module what is called there, and whether one dies after it or before."""
BEFORE_COMMIT = "before the commit"
PLACES = (*POINTS, BEFORE_COMMIT)


class Died(Exception):
    """Of an error that nobody expected."""


def works_once(worker: Flask, owner: Flask, place: str, way: str) -> bool:
    """The worker takes the most urgent job and dies there, if it comes there; whether it did."""
    if way == "kill -9":
        return _in_a_child(worker, place)
    deaths: list[str] = []

    def die() -> None:
        deaths.append(place)
        if way == "an error":
            raise Died(place)
        victim = db.session.scalar(text("SELECT pg_backend_pid()"))
        with owner.app_context(), db.engine.connect() as another:
            another.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": victim})

    _work(worker, place, die)
    return bool(deaths)


def _in_a_child(worker: Flask, place: str) -> bool:
    """What is killed leaves its connections to be closed by the system."""
    child = os.fork()
    if child == 0:
        try:
            with worker.app_context():
                db.session.remove()
                db.engine.dispose(close=False)
            _work(worker, place, lambda: os._exit(9))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}, "the child died of something else"
    return code == 9


def _work(worker: Flask, place: str, die: Callable[[], None]) -> None:
    with worker.app_context(), _dying(place, die) as kinds:
        doing.run_next(kinds, 60)


@contextmanager
def _dying(place: str, die: Callable[[], None]) -> Iterator[dict[str, Callable[[Job], bool]]]:
    with ExitStack() as patches:
        if place != BEFORE_COMMIT:
            module, name, after = POINTS[place]
            patches.enter_context(
                patch.object(module, name, _deadly(module, name, die, after=after))
            )
            yield KINDS
            return

        def deadly(step: Callable[[Job], bool]) -> Callable[[Job], bool]:
            def stepping(job: Job) -> bool:
                finished = step(job)
                db.session.flush()
                die()
                return finished

            return stepping

        yield {kind: deadly(step) for kind, step in KINDS.items()}


def _deadly(module: Any, name: str, die: Callable[[], None], *, after: bool) -> Any:
    real = getattr(module, name)

    def called(*given: Any, **named: Any) -> Any:
        if not after:
            die()
        found = real(*given, **named)
        if after:
            die()
        return found

    return called
