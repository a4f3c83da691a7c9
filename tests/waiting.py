"""Waiting for something to come true, never longer than said."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

Found = TypeVar("Found")


class Overdue(AssertionError):
    """It did not come true in time."""


def until(look: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """The first true answer of `look`; how often one looks costs nothing but a little time."""
    deadline = monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if monotonic() > deadline:
            raise Overdue(f"not within {seconds} s: {what}")
        sleep(0.02)
