"""/directories: the lists of grassroots units, from draft to in force."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.items import Reason
from ce_tracker.api.regions import CODE
from ce_tracker.api.schema import Input, Output, PageQuery, between, one_of
from ce_tracker.extensions import db
from ce_tracker.http.paging import newest
from ce_tracker.promotions import (
    directory,
    directory_drafting,
    directory_lines,
    directory_reading,
    directory_standing,
)
from ce_tracker.registry.directories import (
    Directory,
    DirectoryState,
    DirectoryStep,
)
from ce_tracker.registry.record import source_of
from ce_tracker.registry.regions import by_code

blueprint = Resource(
    "directories", __name__, url_prefix="/api/v1/directories", description="基层单位目录清单"
)
EVERYBODY = frozenset(Role)
AUTHORITY = frozenset({Role.AUTHORITY})
ONE = "/<uuid:directory_id>"

_YEAR = {"description": "清单的年度"}


class DirectoryOut(Output):
    id = fields.UUID(required=True)
    region = fields.String(required=True, metadata={"description": "区划代码"})
    title = fields.String(required=True)
    year = fields.Integer(required=True, metadata=_YEAR)
    edition = fields.Integer(
        required=True, metadata={"description": "当年第几版：年内调整一次，多一版"}
    )
    state = fields.String(
        required=True,
        validate=one_of(list(DirectoryState)),
        metadata={
            "description": "draft 编制中，filed 已报备待审核，returned 已退回，approved 已审核备案"
        },
    )
    state_since = fields.AwareDateTime(required=True)
    carried_from = fields.UUID(
        required=True, allow_none=True, metadata={"description": "沿用了哪一份清单"}
    )
    in_force_from = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "施行日期，到下一份清单施行为止；空：还没有审核备案"},
    )


class DirectoryStepOut(Output):
    at = fields.AwareDateTime(required=True)
    by = fields.String(required=True)
    what = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)


class WholeDirectoryOut(DirectoryOut):
    lines = fields.Integer(required=True, metadata={"description": "行数"})
    wrong = fields.Integer(required=True, metadata={"description": "有问题的行数，须为 0 才能报备"})
    unmatched = fields.Integer(
        required=True, metadata={"description": "没有对应登记单位的行数，这些行不使任何人算作基层"}
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "上传的表格是怎样读入的"}
    )
    history = fields.List(
        fields.Nested(DirectoryStepOut),
        required=True,
        metadata={"description": "编制、报备、审核的经过，只有管辖它的综合主管部门看得到"},
    )


class DirectoryPage(Output):
    items = fields.List(fields.Nested(DirectoryOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DirectoryQuery(PageQuery):
    year = fields.Integer(validate=between(2000, 2100), metadata=_YEAR)
    region = fields.String(validate=CODE, metadata={"description": "这个区划及其以下"})
    state = fields.String(validate=one_of(list(DirectoryState)))


class DirectoryIn(Input):
    year = fields.Integer(required=True, validate=between(2000, 2100), metadata=_YEAR)
    start = fields.String(
        data_key="from",
        load_default=directory_drafting.LAST,
        validate=one_of(directory_drafting.STARTS),
        metadata={
            "description": "last 沿用上一份审核备案的清单，empty 从空白开始；"
            "当年已有清单的，总是沿用正在施行的"
        },
    )


class DirectoryApprovalIn(Input):
    in_force_from = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "施行日期，默认今天；当年第一份清单可以早到当年 1 月 1 日"},
    )


class DirectoryCountyQuery(Input):
    year = fields.Integer(validate=between(2000, 2100), metadata=_YEAR)


class DirectoryCountyOut(Output):
    region = fields.String(required=True, metadata={"description": "区划代码"})
    name = fields.String(required=True)
    handed_in = fields.Boolean(required=True, metadata={"description": "当年的清单是否已报备"})
    due = fields.Date(
        required=True, allow_none=True, metadata={"description": "报备截止日期；空：文件没有规定"}
    )
    latest = fields.Nested(DirectoryOut, required=True, allow_none=True)


class DirectoryCountiesOut(Output):
    items = fields.List(fields.Nested(DirectoryCountyOut), required=True)


@endpoint(
    blueprint,
    "GET",
    "",
    roles=EVERYBODY,
    scope="directories:read",
    query=DirectoryQuery,
    answer=DirectoryPage,
)
def list_directories(query: dict[str, Any]) -> dict[str, Any]:
    """目录清单，新的在前：审核备案的都能看，编制和审核中的只有管辖它的综合主管部门能看"""
    statement = select(Directory).where(Directory.visible_to(actor()))
    for name in ("year", "state"):
        if name in query:
            statement = statement.where(getattr(Directory, name) == query[name])
    if "region" in query:
        region = by_code(query["region"])
        within = func.starts_with(Directory.region_path, region.path if region else "-")
        statement = statement.where(within)
    found = newest(
        keyring(),
        statement,
        Directory.id,
        query.get("cursor"),
        query["limit"],
    )
    return {"items": [_out(each) for each in found.items], "next_cursor": found.next_cursor}


@endpoint(
    blueprint,
    "GET",
    "/counties",
    roles=AUTHORITY,
    scope="directories:read",
    query=DirectoryCountyQuery,
    answer=DirectoryCountiesOut,
)
def list_directory_counties(query: dict[str, Any]) -> dict[str, Any]:
    """管辖范围内各县（市、区）、开发区一个年度的清单报备了没有；默认今年"""
    found = directory_standing.counties(actor(), query.get("year", clock.today().year))
    return {
        "items": [
            {
                "region": county.region.code,
                "name": county.region.name,
                "handed_in": county.handed_in,
                "due": county.due,
                "latest": county.latest and _out(county.latest),
            }
            for county in found
        ]
    }


@endpoint(
    blueprint,
    "POST",
    "",
    roles=AUTHORITY,
    scope="directories:write",
    body=DirectoryIn,
    answer=WholeDirectoryOut,
    status=201,
)
def begin_directory(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """县（市、区）或开发区综合主管部门开始编制一个年度的清单"""
    found = directory_drafting.begin(actor(), body["year"], body["start"])
    return whole(found), 201, {"Location": f"/api/v1/directories/{found.id}"}


@endpoint(
    blueprint,
    "GET",
    ONE,
    roles=EVERYBODY,
    scope="directories:read",
    answer=WholeDirectoryOut,
)
def get_directory(directory_id: UUID) -> dict[str, Any]:
    """一份清单：状态、行数和经过"""
    return whole(directory.visible(actor(), directory_id))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/file",
    roles=AUTHORITY,
    scope="directories:write",
    answer=WholeDirectoryOut,
)
def file_directory(directory_id: UUID) -> dict[str, Any]:
    """报备：此后不能再改，等上级综合主管部门审核"""
    return whole(directory.file(actor(), directory_id))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/approve",
    roles=AUTHORITY,
    scope="directories:write",
    body=DirectoryApprovalIn,
    answer=WholeDirectoryOut,
)
def approve_directory(body: dict[str, Any], directory_id: UUID) -> dict[str, Any]:
    """上级综合主管部门审核备案：清单自施行日期起决定谁是基层，当天夜里重新判定"""
    who = actor()
    source = source_of(who, "api")
    return whole(directory.approve(who, directory_id, body["in_force_from"], source))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/return",
    roles=AUTHORITY,
    scope="directories:write",
    body=Reason,
    answer=WholeDirectoryOut,
)
def return_directory(body: dict[str, Any], directory_id: UUID) -> dict[str, Any]:
    """上级综合主管部门退回，写明理由；改好以后可以再报备"""
    return whole(directory.send_back(actor(), directory_id, body["reason"]))


def _out(found: Directory) -> dict[str, Any]:
    plain = ("id", "year", "edition", "state", "state_since", "carried_from", "in_force_from")
    return {
        "region": found.region_code,
        "title": directory_reading.title(found),
        **{name: getattr(found, name) for name in plain},
    }


def whole(found: Directory, notes: list[str] | None = None) -> dict[str, Any]:
    lines, wrong = directory_lines.count(found)
    steps = db.session.scalars(directory_reading.steps(actor(), found))
    return {
        **_out(found),
        "lines": lines,
        "wrong": wrong,
        "unmatched": directory_lines.unmatched(found),
        "notes": notes or [],
        "history": [_step(each) for each in steps],
    }


def _step(step: DirectoryStep) -> dict[str, Any]:
    return {"at": step.at, "by": step.actor_name, "what": step.what, "reason": step.reason}
