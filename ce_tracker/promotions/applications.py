"""An application's way: drafted, recommended by the employer, submitted through the gate, examined
by the authority; withdrawn on the way, if at all. Every step is an event that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import audit, clock
from ce_tracker.actor import Actor, Role
from ce_tracker.errors import Conflict, Invalid, NotAllowed, NotFound, PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.policy.promoting import GATE, GateVerdict, Titular
from ce_tracker.policy.title_telling import title_finding
from ce_tracker.promotions import gate, verdicts
from ce_tracker.promotions.models import (
    OPEN,
    Application,
    ApplicationEvent,
    ApplicationState,
    EventKind,
    Occasion,
    Override,
    PromotionVerdict,
    Seat,
)
from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.items import numbered
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import written
from ce_tracker.sealing import Keyring

State = ApplicationState
DECISIONS = {
    "to_board": EventKind.TO_BOARD,
    "returned": EventKind.RETURNED,
    "refused": EventKind.REFUSED,
}
_ACTIONS = {
    EventKind.DRAFTED: "promotion.drafted",
    EventKind.RECOMMENDED: "promotion.recommended",
    EventKind.BLOCKED: "promotion.blocked",
    EventKind.OVERRIDDEN: "promotion.overridden",
    EventKind.SUBMITTED: "promotion.submitted",
    EventKind.TO_BOARD: "promotion.examined",
    EventKind.RETURNED: "promotion.examined",
    EventKind.REFUSED: "promotion.examined",
    EventKind.WITHDRAWN: "promotion.withdrawn",
}


def visible(actor: Actor, application_id: int) -> Application:
    found = db.session.scalar(
        select(Application).where(
            Application.id == numbered(application_id), Application.visible_to(actor)
        )
    )
    if found is None:
        raise NotFound
    return found


def draft(actor: Actor, person: Professional, wanted: Mapping[str, Any]) -> Application:
    """By the person, or by whoever employs them."""
    wish = gate.wish_of_person(
        person.id, wanted["target"], wanted["track"], wanted.get("series"), wanted.get("field")
    )
    no_way = gate.check(person.id, wish).no_way
    if no_way:
        raise Conflict(no_way)
    if wish.series is None:
        raise Invalid(errors=[{"field": "field", "message": "请填写申报的专业或职称系列。"}])
    if person.employer_id is None or person.region_path is None or person.sector is None:
        raise Conflict("本人当前没有任职单位，不能申报。")
    gate.hold(person.id)
    same = db.session.scalar(
        select(Application.id).where(
            Application.professional_id.in_(same_person_ids(person.id)),
            Application.state.in_(OPEN),
            Application.level == wish.level,
            Application.track == wish.track,
        )
    )
    if same is not None:
        raise Conflict(f"已有一份同级别同类别的申报（编号 {same}）正在办理，请先办完或撤回。")
    application = Application(
        professional_id=person.id,
        employer_id=person.employer_id,
        region_path=person.region_path,
        sector=person.sector,
        level=wish.level,
        track=wish.track,
        series_code=wish.series,
        field_code=wish.field,
        drafted_at=clock.now(),
    )
    db.session.add(application)
    db.session.flush()
    _happened(actor, application, EventKind.DRAFTED)
    return application


def recommend(
    keyring: Keyring, actor: Actor, application: Application, word: str | None
) -> Application:
    """By the employer, who sees what is missing and writes down what the rules ask of it."""
    _only(actor, Role.EMPLOYER, "只有用人单位可以推荐。")
    _from(application, State.DRAFT, State.RETURNED)
    found, verdict = gate.judged(keyring, application, Occasion.RECOMMENDATION)
    _stopped(keyring, actor, application, found, verdict)
    word = _tidy(word, "word", "书面说明")
    if found.needs_a_word and word is None:
        asked = "；".join(f"{each.rule.label}：{each.weighed.found}" for each in found.needs_a_word)
        raise Invalid(
            f"推荐时须由用人单位书面说明。{asked}",
            [{"field": "word", "message": "请填写单位的书面说明。"}],
        )
    application.state = State.RECOMMENDED
    application.employers_word = word
    application.recommended_at = clock.now()
    _happened(actor, application, EventKind.RECOMMENDED, word, verdict)
    return application


def submit(keyring: Keyring, actor: Actor, application: Application) -> Application:
    """Judged live, with everything about the person held still; what is blocked does not pass."""
    if actor.is_authority:
        raise NotAllowed("申报由本人或用人单位提交，主管部门负责审核。")
    _from(application, State.RECOMMENDED)
    found, verdict = gate.judged(keyring, application, Occasion.SUBMISSION)
    year = found.wish.on.year
    taken_by = _take_seat(application, year)
    if taken_by is not None:
        also = f"{year} 年度已申报{taken_by.label}，同年度不能再申报另一类。"
        _stopped(keyring, actor, application, found, verdict, also)
    _stopped(keyring, actor, application, found, verdict)
    application.state = State.SUBMITTED
    application.submitted_on = found.wish.on
    application.year = year
    application.verdict_id = verdict.id
    _happened(actor, application, EventKind.SUBMITTED, None, verdict)
    return application


def examine(actor: Actor, application: Application, decision: str, word: str | None) -> Application:
    """By the authority: on to the board, back to be mended, or refused."""
    _only(actor, Role.AUTHORITY, "只有主管部门可以审核。")
    _from(application, State.SUBMITTED)
    if decision not in DECISIONS:
        raise Invalid(errors=[{"field": "decision", "message": "没有这种审核意见。"}])
    word = _tidy(word, "reason", "理由")
    if decision != State.TO_BOARD:
        word = written(word or "", "reason", "理由")
    elif application.broken_at is not None:
        raise Conflict(f"申报所依据的记录已失效（{application.broken_because}），不能通过审核。")
    application.state = decision
    application.examiners_word = word
    application.examined_at = clock.now()
    _happened(actor, application, DECISIONS[decision], application.examiners_word)
    return application


def withdraw(actor: Actor, application: Application) -> Application:
    if actor.is_authority:
        raise NotAllowed("申报由本人或用人单位撤回，主管部门可以退回。")
    _from(application, *OPEN)
    gate.hold(gate.root(application.professional_id))
    application.state = State.WITHDRAWN
    application.year = None
    _happened(actor, application, EventKind.WITHDRAWN)
    return application


def override(actor: Actor, application: Application, reason: str) -> Override:
    """The authority sets aside what blocks this application today, in writing; but not that the
    person applied on the other track this year, which would stop it all the same."""
    _only(actor, Role.AUTHORITY, "只有主管部门可以特批。")
    _from(application, State.DRAFT, State.RECOMMENDED, State.RETURNED)
    reason = written(reason, "reason", "理由")
    gate.hold(gate.root(application.professional_id))
    found = gate.checked(application)
    rules = sorted({each.rule.number for each in found.can_be_set_aside})
    if not rules:
        raise Conflict(gate.seat_taken(found) or "没有条款阻止这份申报，不需要特批。")
    granted = Override(
        application_id=application.id,
        rules=rules,
        reason=reason,
        granted_at=clock.now(),
        granted_by=actor.user_id,
        granted_by_name=actor.display_name,
    )
    db.session.add(granted)
    labels = "、".join(dict.fromkeys(each.rule.label for each in found.can_be_set_aside))
    _happened(actor, application, EventKind.OVERRIDDEN, f"{labels}：{reason}")
    return granted


def _stopped(
    keyring: Keyring,
    actor: Actor,
    application: Application,
    found: GateVerdict,
    verdict: PromotionVerdict,
    also: str = "",
) -> None:
    """Where a rule stops it, nothing of the request remains but the attempt, which stays whatever
    becomes of it; where none does, it goes on."""
    stopping = gate.not_set_aside(found, verdicts.set_aside(application.id))
    if not stopping and not also:
        return
    occasion = Occasion(verdict.occasion)
    db.session.rollback()
    kept = verdicts.keep(keyring, application, found, occasion)
    labels = "、".join(dict.fromkeys(each.rule.label for each in stopping)) or also
    _happened(actor, application, EventKind.BLOCKED, labels, kept)
    db.session.commit()
    said = [f"{each.rule.label}：{each.weighed.found}" for each in stopping]
    counted = f"有 {len(stopping)} 条规定没有满足。" if stopping else ""
    raise PromotionBlocked(
        counted + "；".join(said) + (also if not stopping else ""),
        rules=[title_finding(each) for each in stopping],
    )


def _take_seat(application: Application, year: int) -> Track | None:
    """One track a year: who comes second waits for who came first; then it is the other's. The
    database leaves it again with the last application that sits in it."""
    db.session.execute(
        insert(Seat)
        .values(professional_id=application.professional_id, year=year, track=application.track)
        .on_conflict_do_nothing()
    )
    seat = db.session.get_one(Seat, (application.professional_id, year), populate_existing=True)
    return Track(seat.track) if seat.track != application.track else None


def _happened(
    actor: Actor,
    application: Application,
    what: EventKind,
    reason: str | None = None,
    verdict: PromotionVerdict | None = None,
) -> None:
    db.session.flush()
    db.session.add(
        ApplicationEvent(
            application_id=application.id,
            at=clock.now(),
            what=what.value,
            actor_id=actor.user_id,
            actor_name=actor.display_name,
            reason=reason,
            verdict_id=verdict.id if verdict else None,
        )
    )
    audit.record(
        _ACTIONS[what],
        named(application),
        professional_id=application.professional_id,
        region_path=application.region_path,
        reason=reason,
        application=application.id,
        step=what.value,
    )


def set_aside(numbers: Iterable[int]) -> list[type[Titular]]:
    """The kinds of rule that an override names by their numbers."""
    kinds = {kind.number: kind for kind in GATE}
    return [kinds[number] for number in numbers]


def named(application: Application) -> str:
    level, track = TitleLevel(application.level), Track(application.track)
    return f"申报 {application.id}（{track.label}{level.label}）"


def _tidy(word: str | None, field: str, name: str) -> str | None:
    """As it is kept for good, where anything was written at all."""
    return written(word, field, name) if word and word.strip() else None


def _only(actor: Actor, role: Role, why: str) -> None:
    if actor.role is not role:
        raise NotAllowed(why)


def _from(application: Application, *states: ApplicationState) -> None:
    """The row is held first: of two steps at once the second finds what the first made."""
    db.session.refresh(application, with_for_update=True)
    if application.state not in states:
        raise Conflict(f"这份申报{State(application.state).label}，不能进行这一步。")
