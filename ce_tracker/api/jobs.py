"""/jobs: what is waiting, running, done and dead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from ce_tracker import jobs
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.schema import Output, PageQuery, one_of
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import Page, newest
from ce_tracker.jobs import Job, State

blueprint = Resource("jobs", __name__, url_prefix="/api/v1/jobs", description="后台任务")


class JobOut(Output):
    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    key = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(list(State)))
    attempts = fields.Integer(required=True, metadata={"description": "没有进展的尝试次数"})
    steps_done = fields.Integer(required=True)
    steps_total = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    due_at = fields.AwareDateTime(required=True)
    created_at = fields.AwareDateTime(required=True)
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)


class JobPage(Output):
    items = fields.List(fields.Nested(JobOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class JobQuery(PageQuery):
    state = fields.String(validate=one_of(list(State)))


@endpoint(blueprint, "GET", "", roles=EVERYBODY, scope="jobs:read", query=JobQuery, answer=JobPage)
def list_jobs(query: dict[str, Any]) -> Page[Job]:
    """本人要求的任务；主管部门还可看到本地区的，新的在前"""
    statement = select(Job).where(Job.visible_to(actor()))
    if "state" in query:
        statement = statement.where(Job.state == query["state"])
    return newest(
        keyring(),
        statement,
        Job.id,
        query.get("cursor"),
        query["limit"],
    )


@endpoint(blueprint, "GET", "/<uuid:job_id>", roles=EVERYBODY, scope="jobs:read", answer=JobOut)
def get_job(job_id: UUID) -> Job:
    """一个任务及其进度"""
    return jobs.visible_job(actor(), job_id)


@endpoint(
    blueprint,
    "POST",
    "/<uuid:job_id>/restart",
    roles=frozenset({Role.AUTHORITY}),
    scope="jobs:write",
    answer=JobOut,
)
def restart_job(job_id: UUID) -> Job:
    """让已停止的任务从停下的地方重新执行"""
    return jobs.restart(actor(), job_id)
