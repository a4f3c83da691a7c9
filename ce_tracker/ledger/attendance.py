"""The two jobs of an upload: finding out what it would do, and doing it.

Each is one step and one transaction: a list is read in seconds, and whatever is killed meanwhile
has done nothing, so the next attempt does all of it. How far the reading has come is told over a
connection of its own, since a transaction shows nothing before its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Self
from uuid import UUID

from flask import current_app
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError

from ce_tracker import clock, jobs
from ce_tracker.errors import UnreadableFile
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.jobs import Job, NotYet
from ce_tracker.ledger import holding, pages, posting
from ce_tracker.ledger.classifying import OUTCOME, classify, count
from ce_tracker.ledger.staging import Opener, Reading, stage
from ce_tracker.ledger.uploads import OPEN, Outcome, Upload, UploadPage, UploadState
from ce_tracker.sealing import Keyring
from ce_tracker.sheets.reading import read

TELL_EVERY_SECONDS = 0.25
TRY_AGAIN = timedelta(seconds=1)

_WANTED = f"""
SELECT l.record AS professional_id, l.year, l.session_id, l.revision + 1 AS revision,
    -l.hours_x100 AS hours_x100, j.row_number, l.finished_on, l.result,
    CAST(:reason AS text) AS reason
FROM judged j JOIN latest l ON l.person = j.person AND l.session_id = j.session_id AND l.holds
WHERE {OUTCOME} = 'changed'
UNION ALL
SELECT record, year, session_id, revision + 1, -hours_x100, NULL, finished_on, result,
    CAST(:reason AS text)
FROM gone
UNION ALL
SELECT j.person, extract(year FROM j.finished_on)::smallint, j.session_id,
    coalesce(l.revision + 1 + l.revision % 2, 1), j.hours_x100, j.row_number, j.finished_on,
    j.result, NULL
FROM judged j
LEFT JOIN latest l ON l.record = j.person AND l.session_id = j.session_id
    AND l.year = extract(year FROM j.finished_on)
WHERE j.credited AND {OUTCOME} IN ('new', 'changed')
"""  # noqa: S608
"""What is taken back, and what is credited: after a revision that holds comes its reversal, and
the new credit after that."""


def preview(job: Job) -> bool:
    upload = _of(job)
    if upload is None or upload.state != UploadState.READING:
        return True  # withdrawn meanwhile
    keyring = _keyring()
    with _refused(upload), _Progress(upload.id) as progress:
        reading = stage(upload, keyring, progress.tell)
        notes = [*reading.notes, *classify(upload, reading, hold=False)]
        counts = _counted(reading)
        kept = pages.all_lines(keyring, reading)
        held = _hold(upload)
        if held != UploadState.READING:
            db.session.rollback()
            return True
        _forget_pages(upload)
        db.session.add_all(UploadPage(upload_id=upload.id, **page) for page in kept)
        upload.counts, upload.notes = counts, notes
        upload.rows_done = upload.rows_total = reading.reader.rows
        upload.state = UploadState.PREVIEWED
        if upload.post_asked:
            upload.state = UploadState.POSTING
            jobs.ask("attendance-post", job.key, region_path=job.region_path, **job.payload)
    return True


def post(job: Job, opened: Opener = read) -> bool:
    upload = _of(job)
    if upload is None or upload.state != UploadState.POSTING:
        return True
    keyring = _keyring()
    with _refused(upload), _patiently(), _Progress(upload.id) as progress:
        posting.wait_patiently()
        reading = stage(upload, keyring, progress.tell, opened)
        notes = [*reading.notes, *classify(upload, reading, hold=True)]
        if _hold(upload) != UploadState.POSTING:
            db.session.rollback()
            return True
        counts = _counted(reading)
        _post(upload, counts)
        holding.keep(upload, reading, keyring, counts[Outcome.HELD])
        _forget_pages(upload)
        if counts[Outcome.WRONG]:
            left = pages.wrong_lines(keyring, reading)
            db.session.add_all(UploadPage(upload_id=upload.id, **page) for page in left)
        upload.counts, upload.notes = counts, notes
        upload.rows_done = upload.rows_total = reading.reader.rows
        upload.state = UploadState.POSTED
        upload.posted_at = clock.now()
    return True


def _post(upload: Upload, counts: dict[str, int]) -> None:
    if not any(counts[name] for name in (Outcome.NEW, Outcome.CHANGED, Outcome.REMOVED)):
        return
    made = posting.post(
        _WANTED,
        {"reason": upload.reason or f"以重新上传的名单《{upload.file_name}》为准"},
        "upload",
        upload_id=upload.id,
        posted_by=upload.agreed_by or upload.asked_by,
    )
    if made is not None:
        posting.mark_posted(_credited_in(upload))


def _credited_in(upload: Upload) -> list[int]:
    if upload.session_id is not None:
        return [upload.session_id]
    found = text(f"SELECT DISTINCT session_id FROM judged j WHERE {OUTCOME} IN ('new', 'changed')")  # noqa: S608
    return list(db.session.scalars(found))


def _counted(reading: Reading) -> dict[str, int]:
    counts = count()
    # Whoever has no number was not even staged.
    counts[Outcome.WRONG] += sum(not line.tail for line in reading.reader.wrong)
    return counts


def _of(job: Job) -> Upload | None:
    return db.session.scalar(
        select(Upload)
        .where(Upload.id == UUID(job.payload["upload_id"]))
        .execution_options(populate_existing=True)
    )


def _hold(upload: Upload) -> str:
    """Its state as it is now, and stays: it may have been withdrawn while its file was read."""
    db.session.refresh(upload, ["state", "post_asked"], with_for_update=True)
    return upload.state


def _forget_pages(upload: Upload) -> None:
    db.session.execute(delete(UploadPage).where(UploadPage.upload_id == upload.id))


def _keyring() -> Keyring:
    ring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    return ring


@contextmanager
def _refused(upload: Upload) -> Iterator[None]:
    """A file that cannot be read is the end of its upload, not a fault of the job."""
    try:
        yield
    except UnreadableFile as error:
        if _hold(upload) not in OPEN:
            return  # withdrawn meanwhile
        upload.state = UploadState.FAILED
        upload.error = hidden(f"{error.title}。{error.detail}{error.remedy}")


@contextmanager
def _patiently() -> Iterator[None]:
    """Others were faster to a lock: nothing is wrong, and the next try will find it free."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, DeadlockDetected | LockNotAvailable):
            raise NotYet(TRY_AGAIN) from error
        raise


class _Progress:
    """Says now and then how many lines are read, for the page that waits."""

    def __init__(self, upload_id: UUID) -> None:
        self._id = upload_id
        self._connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._told_at = monotonic()

    def tell(self, done: int, total: int | None) -> None:
        if monotonic() - self._told_at < TELL_EVERY_SECONDS:
            return
        self._told_at = monotonic()
        self._connection.execute(
            text("UPDATE uploads SET rows_done = :done, rows_total = :total WHERE id = :id"),
            {"done": done, "total": total, "id": self._id},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
