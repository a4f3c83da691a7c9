"""Every night each application on its way is judged again: what it rests on may have been reversed.

One that was submitted is *broken* while rules block it that neither its verdict nor an override let
by; that is written down once, when it breaks, and once more when it is mended. One that is only
recommended has passed nothing yet: it is warned of, once.

A step is a range of applications and one transaction. What is to be written is decided on rows that
are then held, if they still are what was judged: another night at once, or somebody who withdraws,
finds nothing done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, func, literal_column, select, text

from ce_tracker import clock
from ce_tracker.compliance import policies
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.policy.careers import Career, Wish
from ce_tracker.policy.promoting import GateVerdict, TitleFinding, judge_wish
from ce_tracker.promotions import careers, verdicts
from ce_tracker.promotions.models import (
    WATCHED,
    Application,
    ApplicationEvent,
    ApplicationState,
    EventKind,
    Occasion,
    PromotionVerdict,
)
from ce_tracker.registry.models import Professional
from ce_tracker.registry.title_series import catalogue

AT_ONCE = 500
"""Applications a step: their working lives are in memory together."""
BY_THE_NIGHT = "系统"


@dataclass(frozen=True)
class Watched:
    """An application as it was read, before anything was held."""

    id: int
    person_id: int
    """The record that the applicant's is read under."""
    wish: Wish
    state: ApplicationState
    verdict_id: int | None
    broken: bool
    allowed: frozenset[int]
    """The numbers of the rules that the authority set aside."""


def rejudge(job: Job) -> bool:
    """The next range; a night that was missed is made good by tonight's."""
    today = clock.today()
    if date.fromisoformat(job.payload["day"]) < today:
        job.steps_total = job.steps_done
        return True
    watched = _watched(job.place.get("after", 0), today)
    _judge_all(watched, today)
    job.steps_done += len(watched)
    job.steps_total = max(job.steps_total or _how_many(), job.steps_done)
    if len(watched) < AT_ONCE:
        job.steps_total = job.steps_done
        return True
    job.place = {"after": watched[-1].id}
    return False


def _how_many() -> int:
    return (
        db.session.scalar(
            select(func.count()).select_from(Application).where(Application.state.in_(WATCHED))
        )
        or 0
    )


def _watched(after: int, today: date) -> list[Watched]:
    set_aside: ColumnElement[list[int]] = literal_column(
        "ARRAY(SELECT unnest(o.rules) FROM promotion_overrides o"
        " WHERE o.application_id = applications.id)"
    )
    rows = db.session.execute(
        select(
            Application.id,
            func.coalesce(Professional.merged_into, Professional.id).label("person_id"),
            Application.level,
            Application.track,
            Application.series_code,
            Application.field_code,
            Application.state,
            Application.submitted_on,
            Application.verdict_id,
            Application.broken_at,
            set_aside.label("allowed"),
        )
        .join(Professional, Professional.id == Application.professional_id)
        .where(Application.state.in_(WATCHED), Application.id > after)
        .order_by(Application.id)
        .limit(AT_ONCE)
    )
    return [_read(row, today) for row in rows]


def _read(row: Any, today: date) -> Watched:
    state = ApplicationState(row.state)
    recommended = state is ApplicationState.RECOMMENDED
    series = catalogue()[row.series_code]
    name = series.fields[row.field_code] if row.field_code else ""
    day = today if recommended or row.submitted_on is None else row.submitted_on
    return Watched(
        row.id,
        row.person_id,
        Wish(row.level, row.track, row.series_code, row.field_code, day, name),
        state,
        row.verdict_id,
        row.broken_at is not None,
        frozenset(row.allowed),
    )


def _judge_all(watched: Sequence[Watched], today: date) -> None:
    packs = policies.current()
    for each, career in _with_careers(watched, today):
        found = judge_wish(packs, career, each.wish, today)
        stopping = [one for one in found.blocking if one.rule.number not in each.allowed]
        stops = bool(stopping) or bool(found.no_way)
        if each.state is ApplicationState.RECOMMENDED:
            if stops:
                _warn(each, found, stopping)
        elif stops != each.broken:
            if stops:
                _break(each, found, career, stopping)
            else:
                _mend(each, found)


def _with_careers(watched: Iterable[Watched], today: date) -> Iterator[tuple[Watched, Career]]:
    """Who has several applications comes several times, each on the day of its own."""
    left = list(watched)
    while left:
        once: dict[int, Watched] = {}
        again = [each for each in left if once.setdefault(each.person_id, each) is not each]
        days = [each.wish.on for each in once.values()]
        for person_id, career in careers.of_many(list(once), days, today):
            yield once[person_id], career
        left = again


def _held(each: Watched) -> Application | None:
    """If it is still what was judged."""
    return db.session.scalar(
        select(Application)
        .where(
            Application.id == each.id,
            Application.state == each.state,
            Application.verdict_id.is_not_distinct_from(each.verdict_id),
            Application.broken_at.is_not(None) if each.broken else Application.broken_at.is_(None),
        )
        .with_for_update()
    )


def _break(
    each: Watched, found: GateVerdict, career: Career, stopping: Sequence[TitleFinding]
) -> None:
    application = _held(each)
    if application is None:
        return
    verdict = _kept(application, found)
    gone = _reversed_since(application, career, {one.rule.name for one in stopping})
    application.broken_at = clock.now()
    application.broken_because = _why(found, stopping) + gone
    _happened(application, EventKind.BROKEN, application.broken_because, verdict)


def _mend(each: Watched, found: GateVerdict) -> None:
    application = _held(each)
    if application is None:
        return
    verdict = _kept(application, found)
    application.broken_at = application.broken_because = None
    _happened(application, EventKind.MENDED, None, verdict)


def _warn(each: Watched, found: GateVerdict, stopping: Sequence[TitleFinding]) -> None:
    """Once for each recommendation, whatever comes and goes in the meantime."""
    application = _held(each)
    if application is None:
        return
    last = db.session.scalar(
        select(ApplicationEvent.what)
        .where(
            ApplicationEvent.application_id == application.id,
            ApplicationEvent.what.in_((EventKind.RECOMMENDED, EventKind.WARNED)),
        )
        .order_by(ApplicationEvent.id.desc())
        .limit(1)
    )
    if last != EventKind.WARNED:
        _happened(application, EventKind.WARNED, _why(found, stopping))


def _kept(application: Application, found: GateVerdict) -> PromotionVerdict:
    keyring = current_app.config["CE_SETTINGS"].keyring()
    return verdicts.keep(keyring, application, found, Occasion.NIGHT)


def _why(found: GateVerdict, stopping: Sequence[TitleFinding]) -> str:
    return found.no_way + "".join(f"{each.rule.label}：{each.weighed.found}" for each in stopping)


# What a training was is for the employer to read from the time on when somebody came to it.
_REVERSED = text("""
SELECT l.finished_on, CASE WHEN EXISTS (
        SELECT FROM employments m JOIN professionals p ON m.professional_id IN (p.id, p.merged_into)
        WHERE p.id = l.professional_id AND m.employer_id = :employer AND m.known_to IS NULL
            AND m.valid_from <= l.finished_on
    ) THEN '“' || s.title || '”' ELSE '培训' END AS what
FROM unnest(CAST(:entries AS text[])) AS e (entry)
JOIN ledger_entries l ON l.professional_id = CAST(split_part(e.entry, '/', 1) AS bigint)
    AND l.year = CAST(split_part(e.entry, '/', 2) AS smallint)
    AND l.session_id = CAST(split_part(e.entry, '/', 3) AS bigint)
    AND l.revision = CAST(split_part(e.entry, '/', 4) AS smallint)
JOIN training_sessions s ON s.id = l.session_id
ORDER BY l.finished_on, l.session_id
""")


def _reversed_since(application: Application, career: Career, rules: set[str]) -> str:
    """What the passage rested on, by these rules, and what is reversed by now."""
    if application.verdict_id is None:
        return ""
    said = verdicts.read(db.session.get_one(PromotionVerdict, application.verdict_id))
    rested_on = {
        entry
        for rule in said["verdict"]["rules"]
        if rule["rule"] in rules
        for entry in rule["entries"]
    }
    gone = sorted(rested_on - {each.entry for each in career.attended})
    values = {"entries": gone, "employer": application.employer_id}
    rows = db.session.execute(_REVERSED, values).all() if gone else []
    if not rows:
        return ""
    listed = "、".join(f"{row.finished_on} 结束的{row.what}" for row in rows)
    return f"通过时依据的培训已冲销：{listed}。"


def _happened(
    application: Application,
    what: EventKind,
    reason: str | None,
    verdict: PromotionVerdict | None = None,
) -> None:
    db.session.flush()
    db.session.add(
        ApplicationEvent(
            application_id=application.id,
            at=clock.now(),
            what=what.value,
            actor_name=BY_THE_NIGHT,
            reason=reason,
            verdict_id=verdict.id if verdict else None,
        )
    )
