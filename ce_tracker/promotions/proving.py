"""The proof of the gate: whether each verdict is one of ours, and each application stands where
its verdict and its steps have brought it. It names what somebody forged, whatever they could do in
the database, since the key of the seals is not there.

Like the proof of the ledger it goes piece by piece, for the command and for the nightly job, and a
job that found something ends as *dead*.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select

from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger.proof import Part, Piece, step
from ce_tracker.promotions import verdicts
from ce_tracker.promotions.models import (
    RESTING,
    Application,
    ApplicationEvent,
    ApplicationState,
    EventKind,
    Occasion,
    PromotionVerdict,
)
from ce_tracker.sealing import Keyring

log = structlog.get_logger(__name__)

A_PIECE = 1000
FINDINGS_SAID = 3
_STANDING = {
    EventKind.DRAFTED: ApplicationState.DRAFT,
    EventKind.RECOMMENDED: ApplicationState.RECOMMENDED,
    EventKind.SUBMITTED: ApplicationState.SUBMITTED,
    EventKind.TO_BOARD: ApplicationState.TO_BOARD,
    EventKind.RETURNED: ApplicationState.RETURNED,
    EventKind.REFUSED: ApplicationState.REFUSED,
    EventKind.WITHDRAWN: ApplicationState.WITHDRAWN,
}
"""Where a step leaves an application; other events leave it where it was."""


class GateDoesNotAgree(CeTrackerError):
    """A verdict or an application was changed past the gate."""

    title = "职称申报核验发现不符"


def prove(job: Job) -> bool:
    """One step: the next piece; in the end once more those that looked wrong."""
    findings = step(job, PARTS)
    if findings:
        log.error("gate does not agree", findings=len(findings), first=findings[:FINDINGS_SAID])
        said = " ".join(findings[:FINDINGS_SAID])
        raise GateDoesNotAgree(f"职称申报核验发现 {len(findings)} 处不符：{said}")
    return findings is not None


def look_at_verdicts(after: Any) -> Piece:
    keyring = _keyring()
    found = db.session.scalars(
        select(PromotionVerdict)
        .where(PromotionVerdict.id > (after or 0))
        .order_by(PromotionVerdict.id)
        .limit(A_PIECE)
    ).all()
    return Piece(
        [
            f"申报 {kept.application_id} 的判定 {kept.id}（{kept.day}）"
            "不是本系统作出的，或者作出后被改动过。"
            for kept in found
            if not verdicts.is_ours(keyring, kept)
        ],
        found[-1].id if len(found) == A_PIECE else None,
    )


def look_at_applications(after: Any) -> Piece:
    keyring = _keyring()
    last_step = (
        select(ApplicationEvent.what)
        .where(
            ApplicationEvent.application_id == Application.id,
            ApplicationEvent.what.in_([kind.value for kind in _STANDING]),
        )
        .order_by(ApplicationEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = db.session.execute(
        select(Application, PromotionVerdict, last_step)
        .outerjoin(PromotionVerdict, PromotionVerdict.id == Application.verdict_id)
        .where(Application.id > (after or 0))
        .order_by(Application.id)
        .limit(A_PIECE)
    ).all()
    findings = []
    for application, kept, what in found:
        wrong = _wrong_with(keyring, application, kept, what)
        if wrong:
            state = ApplicationState(application.state).label
            findings.append(f"申报 {application.id}（{state}）{wrong}")
    return Piece(findings, found[-1][0].id if len(found) == A_PIECE else None)


PARTS = {
    "verdicts": Part("职称申报的判定", look_at_verdicts),
    "applications": Part("职称申报的状态", look_at_applications),
}


def _wrong_with(
    keyring: Keyring, application: Application, kept: PromotionVerdict | None, what: str | None
) -> str | None:
    if what is None or _STANDING[EventKind(what)] != application.state:
        return "状态与办理经过不一致。"
    if application.state not in RESTING:
        return None
    if kept is None or kept.application_id != application.id:
        return "没有提交所依据的判定。"
    if not verdicts.is_ours(keyring, kept):
        return f"依据的判定 {kept.id} 不是本系统作出的。"
    said = verdicts.read(kept)
    if kept.occasion != Occasion.SUBMISSION or not set(said["blocking"]) <= set(said["set_aside"]):
        return "所依据的判定并未放行。"
    target = said["verdict"]["target"]
    judged = (said["professional"], said["day"], *(target[name] for name in _TARGET))
    applied = (
        application.professional_id,
        application.submitted_on.isoformat() if application.submitted_on else None,
        application.level,
        application.track,
        application.series_code,
        application.field_code,
    )
    return None if judged == applied else "与所依据的判定所说的人、日期、级别、类别或专业不一致。"


_TARGET = ("level", "track", "series", "field")


def _keyring() -> Keyring:
    ring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    return ring
