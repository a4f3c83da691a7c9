"""/sweeps: when everybody's year was judged, what that changed, and having it done now."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from sqlalchemy import select

from ce_tracker import jobs
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.jobs import JobOut
from ce_tracker.api.schema import Input, Output, PageQuery, between, one_of
from ce_tracker.compliance import asking, changes
from ce_tracker.compliance.models import Flag, Sweep
from ce_tracker.http.paging import Page, newest, page
from ce_tracker.jobs import Job
from ce_tracker.policy.rules import YEARLY

blueprint = Resource("sweeps", __name__, url_prefix="/api/v1/sweeps", description="年度学时判定")
AUTHORITY = frozenset({Role.AUTHORITY})
FIRST_YEAR, LAST_YEAR = 1950, 2199


class SweepOut(Output):
    id = fields.Integer(required=True)
    year = fields.Integer(required=True)
    day = fields.Date(required=True, metadata={"description": "按哪一天的情况判定"})
    started_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)
    looked_at = fields.Integer(
        required=True, metadata={"description": "重新核对了任职、减免等情况的人数"}
    )
    opened = fields.Integer(required=True, metadata={"description": "新出现的不达标，全部地区"})
    closed = fields.Integer(required=True, metadata={"description": "已经补足的，全部地区"})


class SweepPage(Output):
    items = fields.List(fields.Nested(SweepOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SweepQuery(PageQuery):
    year = fields.Integer(validate=between(FIRST_YEAR, LAST_YEAR))


class SweepIn(Input):
    year = fields.Integer(
        required=True, strict=True, metadata={"description": "今年、去年或以前判定过的年度"}
    )


class ChangedOut(Output):
    key = fields.String(required=True, metadata={"description": "规则、行政区划代码或行业"})
    label = fields.String(required=True)
    opened = fields.Integer(required=True)
    closed = fields.Integer(required=True)


def _changes() -> fields.List[Any]:
    return fields.List(fields.Nested(ChangedOut), required=True)


class ReportOut(Output):
    sweep = fields.Nested(SweepOut, required=True)
    before = fields.Nested(
        SweepOut, required=True, allow_none=True, metadata={"description": "上一次判定"}
    )
    opened = fields.Integer(required=True, metadata={"description": "管辖范围内的"})
    closed = fields.Integer(required=True)
    by_rule = _changes()
    by_county = _changes()
    by_sector = _changes()


class MovedOut(Output):
    professional_id = fields.Integer(required=True)
    name = fields.String(required=True)
    id_tail = fields.String(required=True)
    rule = fields.String(required=True, validate=one_of([kind.name for kind in YEARLY]))
    change = fields.String(required=True, validate=one_of(["opened", "closed"]))
    opened_on = fields.Date(required=True)
    closed_on = fields.Date(required=True, allow_none=True)


class MovedPage(Output):
    items = fields.List(fields.Nested(MovedOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@endpoint(
    blueprint, "GET", "", roles=AUTHORITY, scope="hours:read", query=SweepQuery, answer=SweepPage
)
def list_sweeps(query: dict[str, Any]) -> Page[Sweep]:
    """每一次判定，新的在前"""
    statement = select(Sweep)
    if "year" in query:
        statement = statement.where(Sweep.year == query["year"])
    return newest(
        keyring(),
        statement,
        Sweep.id,
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "POST",
    "",
    roles=AUTHORITY,
    scope="compliance:write",
    body=SweepIn,
    answer=JobOut,
    status=202,
)
def ask_for_sweep(body: dict[str, Any]) -> tuple[Job, int, dict[str, str]]:
    """立即判定一个年度，只对省级或全国的综合主管部门；一分钟内重复要求的是同一个任务"""
    job_id = asking.ask(actor(), body["year"])
    return jobs.visible_job(actor(), job_id), 202, {"Location": f"/api/v1/jobs/{job_id}"}


@endpoint(
    blueprint, "GET", "/<int:sweep_id>", roles=AUTHORITY, scope="hours:read", answer=ReportOut
)
def get_sweep(sweep_id: int) -> changes.Report:
    """与上一次判定相比的变化：管辖范围内按规则、地区、行业统计"""
    return changes.report(actor(), changes.visible_sweep(sweep_id))


@endpoint(
    blueprint,
    "GET",
    "/<int:sweep_id>/people",
    roles=AUTHORITY,
    scope="hours:read",
    query=PageQuery,
    answer=MovedPage,
)
def list_sweep_people(query: dict[str, Any], sweep_id: int) -> dict[str, Any]:
    """这次判定新不达标和已经补足的人，管辖范围内的"""
    sweep = changes.visible_sweep(sweep_id)
    found = page(
        keyring(),
        changes.moved(actor(), sweep),
        [Flag.professional_id, Flag.rule, Flag.opened_at],
        lambda flag: [str(flag.professional_id), str(flag.rule), flag.opened_at.isoformat()],
        query.get("cursor"),
        query["limit"],
    )
    return {
        "items": [
            {
                "professional_id": each.person.id,
                "name": each.person.name,
                "id_tail": each.person.id_tail,
                "rule": YEARLY[each.flag.rule].name,
                "change": "opened" if each.opened else "closed",
                "opened_on": each.flag.opened_on,
                "closed_on": each.flag.closed_on,
            }
            for each in changes.people(sweep, found.items)
        ],
        "next_cursor": found.next_cursor,
    }
