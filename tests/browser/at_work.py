"""The worker, while somebody waits at a page for what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def working(work: Callable[[], None]) -> Iterator[None]:
    """At work in a thread of its own, until the page has been looked at."""
    over = Event()

    def keep_working() -> None:
        while not over.wait(0.05):
            work()

    thread = Thread(target=keep_working)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
