"""What a provider asks of an upload: take it, say yes to it or take it back, give it back marked.

All of it for the API and the pages alike. Nothing is read here but what the worker found out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import audit, clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.ledger.attendance_reading import COLUMNS, COLUMNS_OF_MANY, LIMITS
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.uploads import (
    FILE,
    OPEN,
    HeldRow,
    Mode,
    Outcome,
    Upload,
    UploadPage,
    UploadState,
    opened_page,
)
from ce_tracker.registry import reasons
from ce_tracker.registry.items import numbered
from ce_tracker.sealing import Keyring
from ce_tracker.sheets import handed_in
from ce_tracker.sheets.blank import blank_file
from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import Column
from ce_tracker.sheets.marking import marked_file
from ce_tracker.sheets.reading import read
from ce_tracker.training.models import SessionState, TrainingSession

TYPED_NAME = "逐人填写.csv"
_WITHOUT_NAME = "学时名单"
ATTEMPTS = 3
_ASKED_FOR = ("name", "id_number", "unit", "hours", "result", "finished_on", "remark")
_HELD = "待登记：这个人还没有登记，学时先保留，登记后自动入账，不必再上传"


def upload(
    keyring: Keyring,
    actor: Actor,
    data: bytes,
    file_name: str,
    session: TrainingSession | None,
    mode: Mode,
    *,
    post: bool = False,
    reason: str | None = None,
    typed: bool = False,
) -> Upload:
    """Kept and asked to be read; the same file again is the same upload while that is open.

    `post`: not to be looked at first. Of one that is open already it says yes to what it shows."""
    if actor.provider_id is None:
        raise NotFound
    if session is not None:
        insist_published(session)
    if errors := handed_in.objections(data, LIMITS):
        raise Invalid(errors=errors)
    reason = _reason(reason)
    columns: dict[str, Any] = {
        "provider_id": actor.provider_id,
        "session_id": None if session is None else session.id,
        "asked_by": actor.user_id,
        "file_name": hidden(handed_in.tidy_name(file_name, _WITHOUT_NAME)),
        "file_sealed": keyring.seal(data, FILE),
        "file_index": keyring.index(data, FILE),
        "typed": typed,
        "mode": mode,
        "post_asked": post,
        "reason": reason,
        "agreed_by": actor.user_id if post else None,
        "state": UploadState.POSTING if post else UploadState.READING,
        "created_at": clock.now(),
    }
    created, found = _kept(columns, keyring.indexes(data, FILE))
    if post and found.id != created:
        return _ask_to_post(actor, found.id, reason)
    if post:
        _record_yes(found)
    _ask(actor, found)
    return found


def as_file(rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """People who were typed in, as the file that a provider might have uploaded instead."""
    return handed_in.as_file(rows, COLUMNS)


def blank(*, of_many: bool) -> bytes:
    """An empty list to fill in."""
    keys = ("session",) * of_many + _ASKED_FOR
    title = {column.key: column.title for column in COLUMNS}
    texts = [title[key] for key in ("session", "id_number")]
    return blank_file(_WITHOUT_NAME, [title[key] for key in keys], texts)


def own_session(actor: Actor, session_id: int) -> TrainingSession:
    """One for which this provider may upload; somebody else's is not there."""
    found = db.session.scalar(
        select(TrainingSession).where(
            TrainingSession.id == numbered(session_id),
            TrainingSession.provider_id == actor.provider_id,
        )
    )
    if found is None:
        raise NotFound
    return found


def visible(actor: Actor, upload_id: UUID) -> Upload:
    found = db.session.scalar(
        select(Upload).where(Upload.id == upload_id, Upload.visible_to(actor))
    )
    if found is None:
        raise NotFound
    return found


def request_post(actor: Actor, upload_id: UUID, reason: str | None = None) -> Upload:
    """Saying yes twice is saying it once."""
    found = _held(actor, upload_id)
    if found.state in (UploadState.POSTING, UploadState.POSTED):
        return found
    if found.state != UploadState.PREVIEWED:
        raise Conflict(f"这份名单{UploadState(found.state).label}，核对完成、尚未撤回的才能入账。")
    return _post(actor, found, _reason(reason))


def withdraw(actor: Actor, upload_id: UUID) -> Upload:
    """The file goes at once, and with it all that was read from it; nothing is done."""
    found = _held(actor, upload_id)
    if found.state in (UploadState.POSTING, UploadState.POSTED):
        raise Conflict(
            f"这份名单{UploadState(found.state).label}，不能撤回；有误的请更正后重新上传。"
        )
    if found.state in (UploadState.READING, UploadState.PREVIEWED):
        found.state = UploadState.WITHDRAWN
        found.file_sealed = None
        db.session.flush()
        db.session.execute(delete(UploadPage).where(UploadPage.upload_id == found.id))
    return found


def marked(keyring: Keyring, upload: Upload) -> bytes:
    """The provider's own file back, with what is wrong beside each line."""
    sealed = db.session.scalar(select(Upload.file_sealed).where(Upload.id == upload.id))
    if sealed is None:
        raise Conflict("这份名单已撤回，文件已经删除。")
    if upload.state not in (UploadState.PREVIEWED, UploadState.POSTED):
        raise Conflict(f"这份名单{UploadState(upload.state).label}，核对完成后才能下载。")
    with read(keyring.open(sealed, FILE), upload.file_name, LIMITS) as sheet:
        return marked_file(sheet, _remarks(keyring, upload), columns(upload))


def columns(upload: Upload) -> Sequence[Column]:
    return COLUMNS_OF_MANY if upload.session_id is None else COLUMNS


def _kept(columns: dict[str, Any], indexes: Sequence[bytes]) -> tuple[UUID | None, Upload]:
    """The id if it was not there yet, and the one that is open."""
    the_same = select(Upload).where(
        Upload.provider_id == columns["provider_id"],
        Upload.session_id.is_not_distinct_from(columns["session_id"]),
        Upload.file_index.in_(indexes),
        Upload.mode == columns["mode"],
        Upload.state.in_(OPEN),
    )
    adding = (
        insert(Upload)
        .values(**columns)
        .on_conflict_do_nothing(
            index_elements=["provider_id", "session_id", "file_index", "mode"],
            # Word for word, or a prepared statement no longer finds its index.
            index_where=text("state IN ('reading', 'previewed', 'posting')"),
        )
        .returning(Upload.id)
    )
    for _ in range(ATTEMPTS):
        created = db.session.scalar(adding)
        found = db.session.scalars(the_same.order_by(Upload.id)).first()
        if found is not None:
            return created, found
        # The one that was in our way has been dealt with this very moment.
    raise Conflict("同一份名单刚刚处理完，请刷新后再试。")


def _remarks(keyring: Keyring, upload: Upload) -> dict[int, list[Problem | str]]:
    said: dict[int, list[Problem | str]] = {}
    sealed = db.session.execute(
        select(UploadPage.outcome, UploadPage.lines_sealed).where(
            UploadPage.upload_id == upload.id,
            UploadPage.outcome.in_([Outcome.WRONG, Outcome.HELD]),
        )
    )
    for outcome, page in sealed:
        for line in opened_page(keyring, page):
            if line.row_number is None:
                continue
            remarks = said.setdefault(line.row_number, [])
            if outcome == Outcome.HELD and not line.remarks:
                remarks.append(_HELD)
            remarks += [Problem(title, message) for title, message in line.remarks]
    held = db.session.execute(
        select(HeldRow.row_number, HeldRow.problem, HeldRow.closed_year).where(
            HeldRow.upload_id == upload.id, HeldRow.state == "held"
        )
    )
    for row_number, problem, closed_year in held:
        waits = problem if problem is None or closed_year else f"待登记：{problem}"
        said.setdefault(row_number, []).append(waits or _HELD)
    refused = db.session.execute(
        select(LateDecision.row_number, LateDecision.reason).where(
            LateDecision.upload_id == upload.id, LateDecision.admitted.is_(False)
        )
    )
    for row_number, reason in refused:
        said.setdefault(row_number, []).append(f"主管部门未同意：{reason}")
    return said


def _ask_to_post(actor: Actor, upload_id: UUID, reason: str | None) -> Upload:
    """Of an upload that is open: at once if it has been looked at, or else when it has been."""
    found = _held(actor, upload_id)
    if found.state == UploadState.PREVIEWED:
        return _post(actor, found, reason)
    if found.state == UploadState.READING and not found.post_asked:
        found.post_asked = True
        found.agreed_by = actor.user_id
        found.reason = reason or found.reason
        db.session.flush()
        _record_yes(found)
    return found


def _post(actor: Actor, found: Upload, reason: str | None) -> Upload:
    if found.session_id is not None:
        insist_published(own_session(actor, found.session_id))
    found.state = UploadState.POSTING
    found.agreed_by = actor.user_id
    found.reason = reason or found.reason
    db.session.flush()
    _record_yes(found)
    _ask(actor, found)
    return found


def _record_yes(found: Upload) -> None:
    facts: dict[str, Any] = {"upload_id": str(found.id), "mode": found.mode}
    if found.session_id is not None:
        facts["session_id"] = found.session_id
    if found.counts:
        facts["rows"] = {name.value: found.counts.get(name, 0) for name in Outcome}
    audit.record("upload.posted", found.file_name, reason=found.reason, **facts)


def _held(actor: Actor, upload_id: UUID) -> Upload:
    """Ours until the end of this transaction, if it still waits for somebody to decide."""
    visible(actor, upload_id)
    # Row security keeps what is decided from being locked, so whatever it is by now is read after.
    db.session.execute(select(Upload.id).where(Upload.id == upload_id).with_for_update())
    return db.session.scalars(
        select(Upload).where(Upload.id == upload_id).execution_options(populate_existing=True)
    ).one()


def _ask(actor: Actor, found: Upload) -> None:
    kind = "attendance-post" if found.state == UploadState.POSTING else "attendance-preview"
    jobs.ask(kind, str(found.id), region_path=actor.region_path, upload_id=str(found.id))


def insist_published(session: TrainingSession) -> None:
    """Only of what has been announced, and is not over with, hours can be entered."""
    if session.state != SessionState.PUBLISHED:
        raise Conflict(
            f"“{session.title}”{SessionState(session.state).label}，已发布的班次才能登记学时。"
        )


def _reason(said: str | None) -> str | None:
    return reasons.written(said, "reason", "更正的理由") if said and said.strip() else None
