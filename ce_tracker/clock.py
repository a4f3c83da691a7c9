"""The only reader of the time.

Rules are about days in China, so the day is that of Asia/Shanghai wherever the server stands.
SQL is handed the time as a parameter; then a test can say what day it is, and one transaction
has one time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    return _pinned.get() or datetime.now(SHANGHAI)


def today() -> date:
    return now().astimezone(SHANGHAI).date()


def days_left_in_year(day: date) -> int:
    return (date(day.year, 12, 31) - day).days


@contextmanager
def pinned(moment: datetime) -> Iterator[None]:
    """Inside, it is `moment`: for tests, and for what the demo did at its desks long ago."""
    token = _pinned.set(moment.astimezone(SHANGHAI))
    try:
        yield
    finally:
        _pinned.reset(token)
