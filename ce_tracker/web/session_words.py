"""A training session in words, for whatever page shows one."""

from __future__ import annotations

from typing import Any

from ce_tracker import clock
from ce_tracker.hours import shown
from ce_tracker.registry.title_series import catalogue
from ce_tracker.training import sessions
from ce_tracker.training.models import Form, Purpose, SessionState, Subject, TrainingSession


def described(found: TrainingSession) -> dict[str, Any]:
    start, end = (moment.astimezone(clock.SHANGHAI) for moment in (found.starts_at, found.ends_at))
    same_day = start.date() == end.date()
    over = found.ends_at < clock.now()
    return {
        "session": found,
        "state": SessionState(found.state),
        "subject": Subject(found.subject),
        "aim": _aim(found),
        "purpose": Purpose(found.purpose),
        "form_of_it": Form(found.form),
        "span": (f"{start:%Y-%m-%d %H:%M}", f"{end:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'}}"),
        "days": (f"{start:%Y-%m-%d}", "" if same_day else f"{end:%Y-%m-%d}"),
        "hours": shown(found.hours_x100),
        "where": "，".join(filter(None, ["线上" if found.online else "", found.place])),
        "notes": sessions.notes(found),
        "over": over,
        "without_hours": over
        and found.first_posted_at is None
        and found.state in {SessionState.PUBLISHED, SessionState.CLOSED},
    }


def _aim(found: TrainingSession) -> str:
    if found.series_code is None:
        return "不分系列和专业"
    series = catalogue().get(found.series_code)
    name = series.name if series else found.series_code
    if found.field_code is None:
        return f"{name}，整个系列"
    return f"{name}，{series.fields.get(found.field_code, '') if series else found.field_code}"
