"""Everything that waits: work asked for now and done later, or every night, or again.

A job is a row, written in the transaction that asks for it; if that is rolled back it was never
asked for. `(kind, key)` is unique, so asking twice is asking once. Redis only rings a bell that
says "something is due"; whoever hears it takes the most urgent free job (`workers.doing`), so a
lost or a doubled bell costs nothing but time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    CursorResult,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import audit, clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import Base, current_actor, db
from ce_tracker.logs import current_request_id

TITLES = {
    "reseal": "更换密钥后重新加密",
    "tidy": "清理过期的登录和记录",
    "refresh-registry": "更新单位和人员的当日信息",
    "roster-preview": "核对花名册",
    "roster-apply": "导入花名册",
    "attendance-preview": "核对学时名单",
    "attendance-post": "学时入账",
    "post-held": "待登记人员的学时入账",
    "revoke-session": "冲销已撤销班次的学时",
    "ledger-years": "准备学时台账的年度",
    "ledger-proof": "核验学时台账",
    "gate-proof": "核验职称申报",
    "sweep": "年度学时判定",
    "close-year": "年度封账",
    "restate": "核对已封账的年度",
    "rejudge": "复核已推荐和已提交的职称申报",
    "follow": "核对晋升后的培训、轮训、换发和倾斜",
    "notices": "生成提醒和情况汇总",
    "mail": "发送邮件",
}
"""What each kind is called by those who watch; what it does stands in `workers.tasks`."""


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"

    @property
    def label(self) -> str:
        return {
            State.WAITING: "等待执行",
            State.RUNNING: "正在执行",
            State.DONE: "已完成",
            State.DEAD: "已停止",
        }[self]


OPEN = (State.WAITING, State.RUNNING)


class Job(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'dead')", name="state"),
        CheckConstraint("steps_done >= 0 AND steps_done <= steps_total", name="steps"),
        Index("jobs_open_idx", "due_at", postgresql_where=text("state IN ('waiting', 'running')")),
        Index(None, "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    kind: Mapped[str]
    key: Mapped[str]
    """What makes two requests for the same work the same: a day, an upload's id."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Ids and dates only; never anything about a person."""
    place: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """How far the work has come, in the kind's own words."""
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    """`running` is a note for readers; what counts is the lock."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """Attempts that got no step further."""
    steps_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    steps_total: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    region_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    """Whose it is; of nobody's region means of the whole installation."""
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        rules: list[ColumnElement[bool]] = [cls.asked_by == actor.user_id]
        if actor.is_authority and actor.sector is None:
            rules.append(func.starts_with(cls.region_path, actor.region_path))
        if actor.steers:
            rules.append(cls.region_path.is_(None))
        return or_(*rules)


class Heartbeat(Base):
    """When the worker was last seen: the web asks PostgreSQL, since no request reads Redis."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class NotYet(Exception):
    """Raised by a step whose time has not come; no fault of the job's, and no attempt."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"not for another {wait}")


Step = Callable[[Job], bool]
"""Does one bounded piece, moves `steps_done` and `place`; says whether nothing is left."""


def ask(
    kind: str,
    key: str,
    *,
    due_at: datetime | None = None,
    region_path: str | None = None,
    **payload: Any,
) -> UUID:
    """Have this done, once, at the due time; the id is that of the one job for this key."""
    actor = current_actor()
    now = clock.now()
    asked: CursorResult[Any] = db.session.execute(  # type: ignore[assignment]
        insert(Job)
        .values(
            kind=kind,
            key=key,
            payload=payload,
            due_at=due_at or now,
            asked_by=actor.user_id if actor else None,
            region_path=region_path,
            request_id=current_request_id(),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["kind", "key"])
    )
    if asked.rowcount and (due_at or now) <= now:
        db.session.info["job_asked"] = True  # rung when this is committed
    # Not RETURNING: it says nothing of a row that was there before, nor is one visible through
    # row security to somebody else who asks for the same.
    job_id: UUID = db.session.execute(select(func.job_id(kind, key))).scalar_one()
    return job_id


def visible_job(actor: Actor, job_id: UUID) -> Job:
    job = db.session.scalar(select(Job).where(Job.id == job_id, Job.visible_to(actor)))
    if job is None:
        raise NotFound
    return job


def is_dead(actor: Actor, kind: str, key: str) -> bool:
    """Whether this work was given up, as far as this actor may know."""
    state = db.session.scalar(
        select(Job.state).where(Job.kind == kind, Job.key == key, Job.visible_to(actor))
    )
    return state == State.DEAD


def count_visible(actor: Actor) -> dict[str, int]:
    counts = db.session.execute(
        select(Job.state, func.count()).where(Job.visible_to(actor)).group_by(Job.state)
    )
    return {state: count for state, count in counts}  # noqa: C416  rows, not pairs


def restart(actor: Actor, job_id: UUID) -> Job:
    """Give a dead job another three attempts, from the place that it had reached."""
    job = visible_job(actor, job_id)
    if job.state != State.DEAD:
        raise Conflict(f"这个任务{State(job.state).label}，只有已停止的任务可以重新执行。")
    job.state = State.WAITING
    job.attempts = 0
    job.error = None
    job.due_at = clock.now()
    job.finished_at = None
    audit.record("job.restarted", f"{job.kind} {job.key}")
    db.session.info["job_asked"] = True
    db.session.flush()
    return job


def due_jobs(limit: int) -> list[UUID]:
    """Open jobs whose time has come and that nobody holds, the longest waiting first.

    No job is too old to be found: after an outage of a week all of it is still here.
    """
    nobody_holds = text(
        "NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND (classid::bigint << 32 | objid::bigint) = job_lock(jobs.id))"
    )
    query = (
        select(Job.id)
        .where(Job.state.in_(OPEN), Job.due_at <= clock.now(), nobody_holds)
        .order_by(Job.due_at, Job.id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def beat_heart(name: str) -> None:
    row = insert(Heartbeat).values(name=name, at=clock.now())
    db.session.execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"at": row.excluded.at})
    )
