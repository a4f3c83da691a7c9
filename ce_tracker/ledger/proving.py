"""The whole proof: its parts in their order, and the nightly job that goes through them.

What looks wrong is looked at once more before it is said, and again when somebody restarts the
job: mended is mended. A job that found something ends as *dead*, where the authority that looks
after the jobs sees it; one that found nothing keeps the signed head and writes it to the log, so
that the next night can tell whether the end was cut off since, and so can whoever keeps the log.
"""

from __future__ import annotations

import structlog
from flask import current_app
from sqlalchemy import select

from ce_tracker.errors import BadRequest, CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger import head
from ce_tracker.ledger.proof import Part, Piece, step
from ce_tracker.ledger.proof_of_chain import look_at_links, look_at_postings
from ce_tracker.ledger.proof_of_entries import look_at_entries
from ce_tracker.ledger.proof_of_held_rows import look_at_held_rows
from ce_tracker.ledger.proof_of_late_entries import look_at_late_entries
from ce_tracker.ledger.proof_of_standings import look_at_people
from ce_tracker.sealing import Keyring

log = structlog.get_logger(__name__)

PARTS = {
    "links": Part("入账批次的链条", look_at_links),
    "postings": Part("每批入账的记录", look_at_postings),
    "entries": Part("每条记录的内容", look_at_entries),
    "people": Part("每人的学时汇总", look_at_people),
    "held": Part("待登记的学时", look_at_held_rows),
    "late": Part("封账以后入账的记录", look_at_late_entries),
}

FINDINGS_SAID = 3


class LedgerDoesNotAgree(CeTrackerError):
    """Something in the ledger was changed, or is missing."""

    title = "台账核验发现不符"


def against(kept: head.Head) -> Part:
    return Part("保存的台账摘要", lambda _: Piece(head.held_against(kept), None))


def prove(job: Job) -> bool:
    """One step: the next piece; in the end once more those that looked wrong."""
    since_last = Part("", lambda _: Piece(_since_last(job), None))
    findings = step(job, {"head": since_last, **PARTS})
    if findings is None:
        return False
    if findings:
        log.error("ledger does not agree", findings=len(findings), first=findings[:FINDINGS_SAID])
        said = " ".join(findings[:FINDINGS_SAID])
        raise LedgerDoesNotAgree(f"台账核验发现 {len(findings)} 处不符：{said}")
    kept = head.current().signed(_keyring())
    log.info("ledger agrees", head=kept)
    job.place = {"head": kept}
    return True


def _since_last(job: Job) -> list[str]:
    """What is not as it was when the ledger last agreed."""
    kept = db.session.scalar(
        select(Job.place["head"].astext)
        .where(Job.kind == job.kind, Job.id != job.id, Job.place.has_key("head"))
        .order_by(Job.finished_at.desc())
        .limit(1)
    )
    if kept is None:
        return []
    try:
        return head.held_against(head.kept(kept, _keyring()))
    except BadRequest as error:
        return [f"上次核验留下的摘要无法使用：{error.detail}"]


def _keyring() -> Keyring:
    ring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    return ring
