"""How often one account may ask, counted in this process's memory: no request reads Redis."""

from __future__ import annotations

import math
from threading import Lock
from time import monotonic

from flask import request

from ce_tracker.actor import Actor
from ce_tracker.errors import TooMany
from config import Settings

MINUTE = 60.0


class _Windows:
    """A minute for each who asks, beginning with the first request in it."""

    def __init__(self) -> None:
        self._open: dict[object, list[float]] = {}
        self._lock = Lock()
        self._tidied_at = 0.0

    def count(self, who: object) -> tuple[int, float]:
        """This request among those of its minute, and how many seconds of that are left."""
        now = monotonic()
        with self._lock:
            if now >= self._tidied_at + MINUTE:
                self._open = {k: window for k, window in self._open.items() if window[0] > now}
                self._tidied_at = now
            window = self._open.get(who)
            if window is None or window[0] <= now:
                window = self._open[who] = [now + MINUTE, 0]
            window[1] += 1
            return int(window[1]), window[0] - now


_windows = _Windows()


def check(actor: Actor | None, settings: Settings) -> None:
    asked, left = _windows.count(actor.user_id if actor else request.remote_addr)
    if asked > settings.requests_per_minute:
        raise TooMany(retry_after=math.ceil(left))
