"""Applications as they are read: lists, what happened to one, and what its reader may do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import Select, and_, or_, select

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import db
from ce_tracker.promotions.models import (
    OPEN,
    Application,
    ApplicationEvent,
    ApplicationState,
    Override,
    PromotionVerdict,
)
from ce_tracker.registry.models import Professional

State = ApplicationState


class Step(StrEnum):
    """What can be done to an application, by its part of the address."""

    RECOMMEND = "recommend"
    SUBMIT = "submit"
    EXAMINE = "examine"
    OVERRIDE = "override"
    WITHDRAW = "withdraw"

    @property
    def label(self) -> str:
        return {
            "recommend": "推荐",
            "submit": "提交",
            "examine": "审核",
            "override": "特批",
            "withdraw": "撤回",
        }[self.value]


_OF_APPLICANTS = frozenset({Role.PROFESSIONAL, Role.EMPLOYER})
WHO: dict[Step, frozenset[Role]] = {
    Step.RECOMMEND: frozenset({Role.EMPLOYER}),
    Step.SUBMIT: _OF_APPLICANTS,
    Step.EXAMINE: frozenset({Role.AUTHORITY}),
    Step.OVERRIDE: frozenset({Role.AUTHORITY}),
    Step.WITHDRAW: _OF_APPLICANTS,
}
FROM: dict[Step, tuple[ApplicationState, ...]] = {
    Step.RECOMMEND: (State.DRAFT, State.RETURNED),
    Step.SUBMIT: (State.RECOMMENDED,),
    Step.EXAMINE: (State.SUBMITTED,),
    Step.OVERRIDE: (State.DRAFT, State.RECOMMENDED, State.RETURNED),
    Step.WITHDRAW: OPEN,
}


def possible(actor: Actor, application: Application) -> list[Step]:
    """What this reader may do next, as far as the state goes."""
    return [step for step in Step if actor.role in WHO[step] and application.state in FROM[step]]


def listed(
    actor: Actor,
    *,
    state: str | None = None,
    year: int | None = None,
    track: str | None = None,
    broken: bool = False,
    professional_ids: Sequence[int] | None = None,
) -> Select[Application]:
    """`year`: of the submission; of what was not submitted, in which it was drafted."""
    found = select(Application).where(Application.visible_to(actor))
    if state:
        found = found.where(Application.state == state)
    if track:
        found = found.where(Application.track == track)
    if broken:
        found = found.where(Application.broken_at.is_not(None))
    if professional_ids is not None:
        found = found.where(Application.professional_id.in_(professional_ids))
    if year:
        drafted = and_(
            Application.year.is_(None),
            Application.drafted_at >= _new_year(year),
            Application.drafted_at < _new_year(year + 1),
        )
        found = found.where(or_(Application.year == year, drafted))
    return found


def people(actor: Actor, found: Iterable[Application]) -> dict[int, Professional]:
    """Those of the applicants whom the actor may see: not who works elsewhere by now."""
    ids = {each.professional_id for each in found}
    return {
        person.id: person
        for person in db.session.scalars(
            select(Professional).where(Professional.id.in_(ids), Professional.visible_to(actor))
        )
    }


def events(actor: Actor, application: Application) -> Sequence[ApplicationEvent]:
    """The first first."""
    return db.session.scalars(
        select(ApplicationEvent)
        .where(
            ApplicationEvent.application_id == application.id, ApplicationEvent.visible_to(actor)
        )
        .order_by(ApplicationEvent.id)
    ).all()


def overrides(actor: Actor, application: Application) -> Sequence[Override]:
    return db.session.scalars(
        select(Override)
        .where(Override.application_id == application.id, Override.visible_to(actor))
        .order_by(Override.id)
    ).all()


def verdict(actor: Actor, application: Application) -> PromotionVerdict | None:
    """The last that was given on it: what it was submitted on, or what stops it."""
    return db.session.scalar(
        select(PromotionVerdict)
        .where(
            PromotionVerdict.application_id == application.id, PromotionVerdict.visible_to(actor)
        )
        .order_by(PromotionVerdict.id.desc())
        .limit(1)
    )


def _new_year(year: int) -> datetime:
    return datetime.combine(date(year, 1, 1), time(), clock.SHANGHAI)
