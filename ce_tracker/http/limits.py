"""How often one account may ask, counted in this process's memory: no request reads Redis."""

from __future__ import annotations

import time

from flask import current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from ce_tracker.actor import Actor
from ce_tracker.errors import TooMany
from config import Settings

_limiter = FixedWindowRateLimiter(MemoryStorage())


def check(actor: Actor | None) -> None:
    settings: Settings = current_app.config["CE_SETTINGS"]
    limit = RateLimitItemPerMinute(settings.requests_per_minute)
    who = str(actor.user_id) if actor else f"address {request.remote_addr}"
    if not _limiter.hit(limit, who):
        ends_at = _limiter.get_window_stats(limit, who).reset_time
        raise TooMany(retry_after=max(1, round(ends_at - time.time())))
