"""Training sessions as their provider opens, changes, publishes, closes and gives them up.

Draft → published → closed; a closed one can be opened again, a revoked one never. From the first
hours posted on, what entries were made from stays as it is: here in words, in the database by a
trigger. Who changes a session holds its row, as does whoever posts to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.exc import IntegrityError

from ce_tracker import audit, clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import db
from ce_tracker.registry import items
from ce_tracker.registry.models import Provider
from ce_tracker.registry.reasons import written
from ce_tracker.training import accredited
from ce_tracker.training.entering import ITEMS, KEPT_ONCE_POSTED, LABEL_OF, settle
from ce_tracker.training.models import SessionState, Subject, TrainingSession

WITHOUT_FIELD = (
    "没有选职称系列和专业：学时计入专业科目，但不能证明学员参加过本专业学习培训，"
    "申报职称要求这项经历的，凭本班次不能满足。"
)
_MADE = re.compile(r"\d{4}-(\d{4,9})", re.ASCII)


def visible(actor: Actor, session_id: int) -> TrainingSession:
    """What the actor may read."""
    return _one(session_id, TrainingSession.visible_to(actor))


def in_hand(actor: Actor, session_id: int) -> TrainingSession:
    """Its own, or one in its charge: what the actor's portal shows."""
    return _one(session_id, TrainingSession.visible_to(actor), _in_hand(actor))


def provider_of(session: TrainingSession) -> Provider:
    """For whoever has the session in hand."""
    return db.session.get_one(Provider, session.provider_id)


def notes(session: TrainingSession) -> list[str]:
    """What the provider should know of it before people come."""
    if session.subject == Subject.SPECIALTY and session.series_code is None:
        return [WITHOUT_FIELD]
    return []


def create(actor: Actor, values: Mapping[str, Any]) -> TrainingSession:
    """A draft of the actor's own."""
    items.refuse(items.missing(ITEMS, values))
    errors: items.Errors = {}
    whole: dict[str, Any] = dict.fromkeys(LABEL_OF)
    new = items.columns(ITEMS, values, errors)
    items.refuse(errors)
    whole |= new
    settle(whole, new, errors)
    items.refuse(errors)
    provider = db.session.get_one(Provider, actor.provider_id)
    # One at a time for each provider, or two would be given the same number.
    place = func.hashtextextended("training-session-code", provider.id)
    db.session.execute(select(func.pg_advisory_xact_lock(place)))
    whole["code"] = whole["code"] or _next_code(provider.id, _year(whole))
    adding = insert(TrainingSession).values(
        **whole,
        provider_id=provider.id,
        provider_name=provider.name,
        state=SessionState.DRAFT,
        created_by=actor.user_id,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            made = db.session.scalar(adding.returning(TrainingSession.id))
    except IntegrityError as error:
        raise _taken(provider.id, whole["code"]) from error
    return db.session.get_one(TrainingSession, made)


def change(actor: Actor, session_id: int, values: Mapping[str, Any]) -> TrainingSession:
    """What is not among the values stays as it is."""
    session = _held(actor, session_id)
    if session.state == SessionState.REVOKED:
        raise Conflict("这个班次已撤销，不能再修改。")
    errors: items.Errors = {}
    new = items.columns(ITEMS, values, errors)
    items.refuse(errors)
    was = {name: getattr(session, name) for name in LABEL_OF}
    whole = was | new
    whole["code"] = whole["code"] or session.code
    settle(whole, new, errors)
    items.refuse(errors)
    changed = [name for name in LABEL_OF if whole[name] != was[name]]
    _refuse_what_was_posted(session, changed)
    if not changed:
        return session
    try:
        with db.session.begin_nested():
            for name in changed:
                setattr(session, name, whole[name])
    except IntegrityError as error:
        raise _taken(session.provider_id, whole["code"]) from error
    if session.state != SessionState.DRAFT:
        accredited.refuse_without(session, provider_of(session))
        _record("session.changed", session, changed=[LABEL_OF[name] for name in changed])
    return session


def publish(actor: Actor, session_id: int) -> TrainingSession:
    """From now on people may know of it, and attendance may come in. Twice is once."""
    session = _held(actor, session_id)
    if session.state == SessionState.REVOKED:
        raise Conflict("这个班次已撤销，不能再发布。请另建一个班次。")
    if session.state == SessionState.PUBLISHED:
        return session
    provider = provider_of(session)
    accredited.refuse_without(session, provider)
    if session.state == SessionState.CLOSED:
        session.closed_at = None
        action = "session.reopened"
    else:
        session.provider_name = provider.name
        session.published_at = clock.now()
        action = "session.published"
    session.state = SessionState.PUBLISHED
    _record(action, session)
    return session


def close(actor: Actor, session_id: int) -> TrainingSession:
    """No more attendance comes in. Twice is once."""
    session = _held(actor, session_id)
    if session.state == SessionState.CLOSED:
        return session
    if session.state != SessionState.PUBLISHED:
        raise Conflict(f"这个班次是“{SessionState(session.state).label}”，已发布的才能结班。")
    session.state = SessionState.CLOSED
    session.closed_at = clock.now()
    _record("session.closed", session)
    return session


def revoke(actor: Actor, session_id: int, reason: str) -> TrainingSession:
    """By its provider or whoever is in charge of that. The worker takes back what was posted."""
    reason = written(reason, "reason", "理由")
    session = _held(actor, session_id)
    if session.state == SessionState.REVOKED:
        raise Conflict("这个班次已撤销，不必再次撤销。")
    session.state = SessionState.REVOKED
    session.revoked_at = clock.now()
    session.revoked_because = reason
    _record("session.revoked", session, reason=reason)
    if session.published_at is not None:
        jobs.ask(
            "revoke-session",
            str(session.id),
            region_path=provider_of(session).region_path,
            session_id=session.id,
        )
    return session


def _in_hand(actor: Actor) -> ColumnElement[bool]:
    return TrainingSession.provider_id.in_(select(Provider.id).where(Provider.visible_to(actor)))


def _one(session_id: int, *rules: ColumnElement[bool], held: bool = False) -> TrainingSession:
    statement = select(TrainingSession).where(
        TrainingSession.id == items.numbered(session_id), *rules
    )
    if held:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotFound
    return found


def _held(actor: Actor, session_id: int) -> TrainingSession:
    """For writing, one writer at a time. Who may only read it finds nothing to write."""
    return _one(session_id, TrainingSession.visible_to(actor), _in_hand(actor), held=True)


def _year(whole: Mapping[str, Any]) -> int:
    """In which its hours count."""
    year: int = whole["ends_at"].astimezone(clock.SHANGHAI).year
    return year


def _next_code(provider_id: int, year: int) -> str:
    given = db.session.scalars(
        select(TrainingSession.code).where(
            TrainingSession.provider_id == provider_id,
            TrainingSession.code.startswith(f"{year}-", autoescape=True),
        )
    )
    numbers = [int(found[1]) for code in given if (found := _MADE.fullmatch(code))]
    return f"{year}-{max(numbers, default=0) + 1:04d}"


def _taken(provider_id: int, code: str) -> Conflict:
    title = db.session.scalar(
        select(TrainingSession.title).where(
            TrainingSession.provider_id == provider_id, TrainingSession.code == code
        )
    )
    message = f"班次编号 {code} 已用于“{title}”，请换一个。"
    return Conflict(message, errors=[{"field": "code", "message": message}])


def _refuse_what_was_posted(session: TrainingSession, changed: list[str]) -> None:
    kept = [LABEL_OF[name] for name in changed if name in KEPT_ONCE_POSTED]
    if session.first_posted_at is not None and kept:
        raise Conflict(
            f"本班次已有学时入账，{'、'.join(kept)}不能再改。"
            "确实有误的，请撤销本班次（已入账的学时随之冲销），另建一个班次重新上传名单。"
        )


def _record(action: str, session: TrainingSession, **more: Any) -> None:
    db.session.flush()
    audit.record(
        action,
        f"{session.code} {session.title}",
        region_path=provider_of(session).region_path,
        session_id=session.id,
        **more,
    )
