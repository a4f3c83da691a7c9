"""Lists of training sessions, as their reader may see them, and what a provider still has to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Provider
from ce_tracker.training.models import SessionState, TrainingSession

ORDER = (TrainingSession.starts_at, TrainingSession.id)
"""In which lists of sessions are read, and paged; the latest first."""


def place_of(session: TrainingSession) -> list[str]:
    return [session.starts_at.isoformat(), str(session.id)]


@dataclass(frozen=True)
class Summary:
    drafts: int
    published: int
    closed: int
    without_hours: int
    """Over, and not a single hour of it has been posted."""


def sessions(
    actor: Actor,
    *,
    state: str | None = None,
    subject: str | None = None,
    provider: int | None = None,
    year: int | None = None,
    q: str | None = None,
    without_hours: bool = False,
) -> Select[TrainingSession]:
    """Without a provider: a provider's own, an authority's in its charge, all for others."""
    statement = select(TrainingSession).where(TrainingSession.visible_to(actor))
    if provider is not None:
        statement = statement.where(TrainingSession.provider_id == provider)
    elif actor.role in {Role.PROVIDER, Role.AUTHORITY}:
        seen = select(Provider.id).where(Provider.visible_to(actor))
        statement = statement.where(TrainingSession.provider_id.in_(seen))
    if state is not None:
        statement = statement.where(TrainingSession.state == state)
    if subject is not None:
        statement = statement.where(TrainingSession.subject == subject)
    if year is not None:
        statement = statement.where(
            TrainingSession.ends_at >= datetime(year, 1, 1, tzinfo=clock.SHANGHAI),
            TrainingSession.ends_at < datetime(year + 1, 1, 1, tzinfo=clock.SHANGHAI),
        )
    if q:
        said = " ".join(q.split())
        statement = statement.where(
            or_(
                TrainingSession.title.icontains(said, autoescape=True),
                TrainingSession.code.icontains(said, autoescape=True),
            )
        )
    if without_hours:
        statement = statement.where(*_without_hours())
    return statement


def summary(actor: Actor) -> Summary:
    state = TrainingSession.state
    counts = db.session.execute(
        sessions(actor).with_only_columns(
            func.count().filter(state == SessionState.DRAFT),
            func.count().filter(state == SessionState.PUBLISHED),
            func.count().filter(state == SessionState.CLOSED),
            func.count().filter(*_without_hours()),
        )
    ).one()
    return Summary(*counts)


def _without_hours() -> tuple[ColumnElement[bool], ...]:
    return (
        TrainingSession.state.in_((SessionState.PUBLISHED, SessionState.CLOSED)),
        TrainingSession.ends_at < clock.now(),
        TrainingSession.first_posted_at.is_(None),
    )
