"""The demo's providers at their desks: sessions entered as they would have been then, lists handed
in and posted by the road that every list takes.

What a worker would do with the jobs is done here, so that all of it is there before anybody signs
in; whatever an interruption leaves undone, the worker does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, insert, select, text

from ce_tracker import clock, jobs
from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor, Role
from ce_tracker.demo import names
from ce_tracker.demo.lists import File
from ce_tracker.demo.providers import Provider
from ce_tracker.demo.trainings import Training
from ce_tracker.extensions import act_as, db
from ce_tracker.jobs import Job, NotYet
from ce_tracker.ledger import attendance, revoking, upload_requests
from ce_tracker.ledger.uploads import Mode, Upload
from ce_tracker.promotions import rejudging
from ce_tracker.sealing import Keyring
from ce_tracker.sheets.reading import Limits, Sheet, read, read_our_own
from ce_tracker.training import sessions
from ce_tracker.training.models import TrainingSession

_SMALL = 64_000


def _opened(data: bytes, name: str, limits: Limits) -> Sheet:
    """Our own files; only of a large one a second process reads ahead while we go on."""
    return (read_our_own if len(data) < _SMALL else read)(data, name, limits)


_STEPS: dict[str, Callable[[Job], bool]] = {
    "attendance-preview": attendance.preview,
    "attendance-post": lambda job: attendance.post(job, _opened),
    "revoke-session": revoking.revoke,
    "rejudge": rejudging.rejudge,
}
_CLOSED_AFTER = timedelta(days=45)


class Desks:
    def __init__(self, keyring: Keyring, providers: Iterable[Provider], seed: int) -> None:
        self._keyring = keyring
        self._clerks = _clerks(providers, Random(f"clerks {seed}"))

    def enter(self, trainings: Sequence[Training]) -> None:
        """Number them as each provider does, and keep them as if they had been entered then."""
        given: Counter[tuple[int, int]] = Counter()
        first = (db.session.scalar(select(func.max(TrainingSession.id))) or 0) + 1
        for training in sorted(trainings, key=lambda each: (each.begins, each.title)):
            whose = (training.provider.id, training.year)
            given[whose] += 1
            training.id = first
            training.code = f"{training.year}-{given[whose]:04d}"
            first += 1
        if trainings:
            rows = [self._row(training) for training in trainings]
            db.session.execute(insert(TrainingSession), rows)
        db.session.execute(
            text("SELECT setval(pg_get_serial_sequence('training_sessions', 'id'), :last)"),
            {"last": first},
        )

    def hand_in(
        self,
        provider: Provider,
        file: File,
        training: Training | None = None,
        mode: Mode = Mode.ADD,
        *,
        post: bool = True,
        reason: str | None = None,
    ) -> Upload:
        clerk = self._clerks[provider.id]
        act_as(clerk)
        session = db.session.get_one(TrainingSession, training.id) if training else None
        upload = upload_requests.upload(
            self._keyring, clerk, file.data, file.name, session, mode, post=post, reason=reason
        )
        _leave()
        return upload

    def withdraw(self, upload: Upload) -> None:
        clerk = self._clerks[upload.provider_id]
        act_as(clerk)
        upload_requests.withdraw(clerk, upload.id)
        _leave()

    def revoke(self, training: Training, reason: str) -> None:
        clerk = self._clerks[training.provider.id]
        act_as(clerk)
        sessions.revoke(clerk, training.id, reason)
        _leave()
        work("revoke-session", str(training.id))

    def _row(self, training: Training) -> dict[str, Any]:
        today = clock.today().toordinal()
        opens, closes = (time(0, 0), time(23, 59)) if training.online else (time(8, 30), time(17))
        created = _moment(min(training.begins - 30, today - 4), time(9, 20))
        draft = training.state == "draft"
        published = None if draft else _moment(min(training.begins - 21, today - 3), time(15, 10))
        return {
            "id": training.id,
            "provider_id": training.provider.id,
            "provider_name": training.provider.name,
            "code": training.code,
            "title": training.title,
            "course": training.course,
            "subject": training.subject,
            "series_code": training.series_code,
            "field_code": training.field_code,
            "purpose": training.purpose,
            "form": training.form,
            "online": training.online,
            "place": training.place,
            "starts_at": _moment(training.begins, opens),
            "ends_at": _moment(training.ends, closes),
            "hours_x100": training.hours_x100,
            "capacity": None if training.online else _seats(len(training.people)),
            "state": training.state,
            "created_by": self._clerks[training.provider.id].user_id,
            "created_at": created,
            "published_at": published,
        }


def _leave() -> None:
    act_as(None)
    db.session.info.pop("job_asked", None)  # nobody need be called: we do it ourselves


def work(kind: str, key: str) -> None:
    """As the worker does a job that is one step. If one is running, and was faster, so be it."""
    # Should the power fail, what was not kept is still to be done, and will be.
    db.session.execute(text("SET LOCAL synchronous_commit = off"))
    job = db.session.scalars(select(Job).where(Job.kind == kind, Job.key == key)).one()
    job.started_at = clock.now()
    try:
        _STEPS[kind](job)
    except NotYet:
        db.session.rollback()
        return
    job.attempts, job.state, job.finished_at = 1, jobs.State.DONE, clock.now()


def work_on(upload: Upload) -> None:
    work("attendance-post" if upload.post_asked else "attendance-preview", str(upload.id))


def the_night_comes() -> None:
    """Tonight's look at the applications now, and what takes longer by the worker, at once: it is
    there whatever the hour at which somebody first looks."""
    today = clock.today().isoformat()
    for kind in ("rejudge", "sweep", "follow", "notices"):
        jobs.ask(kind, today, day=today)
    _leave()
    work("rejudge", today)


def close_old() -> None:
    """Of what was over long ago nobody expects another list."""
    db.session.execute(
        text(
            "UPDATE training_sessions SET state = 'closed', closed_at = :now"
            " WHERE state = 'published' AND ends_at < :long_ago"
        ),
        {"now": clock.now(), "long_ago": clock.now() - _CLOSED_AFTER},
    )


def _clerks(providers: Iterable[Provider], random: Random) -> dict[int, Actor]:
    """Provider → who acts for it: whoever signs in there, or somebody who has left."""
    known = db.session.scalars(select(User).where(User.role == Role.PROVIDER)).all()
    users = {user.provider_id: user for user in known}
    for provider in providers:
        if provider.id not in users:
            users[provider.id] = User(
                login=f"clerk-{provider.id}",
                display_name=names.invented(random, random.random() < 0.6, 1985, ""),
                role=Role.PROVIDER,
                region_path=provider.place.path,
                provider_id=provider.id,
                must_change_password=False,
                demo=True,
                created_at=clock.now(),
                disabled_at=clock.now(),
            )
            db.session.add(users[provider.id])
    db.session.flush()
    return {
        provider.id: Actor(
            user_id=user.id,
            login=user.login,
            display_name=user.display_name,
            role=Role.PROVIDER,
            region_path=user.region_path,
            place=provider.name,
            provider_id=provider.id,
            demo=True,
        )
        for provider in providers
        for user in (users[provider.id],)
    }


def _moment(day: int, hour: time) -> datetime:
    return datetime.combine(date.fromordinal(day), hour, clock.SHANGHAI)


def _seats(people: int) -> int:
    return (people * 11 // 10 // 10 + 3) * 10
