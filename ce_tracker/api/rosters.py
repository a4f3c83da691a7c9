"""/roster-imports: an employer's list of its people, looked at first and then applied."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.describing import FileAnswer, FileOr
from ce_tracker.api.lists import file_field, received, rows_field
from ce_tracker.api.schema import Input, Output, PageQuery, length, one_of
from ce_tracker.http.files import XLSX
from ce_tracker.http.paging import Page, newest, page
from ce_tracker.registry import roster_requests
from ce_tracker.registry.dated import Track
from ce_tracker.registry.rosters import Mode, Outcome, RosterImport, RosterRow, RosterState

blueprint = Resource(
    "rosters", __name__, url_prefix="/api/v1/roster-imports", description="花名册导入"
)

READERS = frozenset({Role.EMPLOYER, Role.AUTHORITY})
EMPLOYER = frozenset({Role.EMPLOYER})

_MODE = {"description": "full：完整名单，不在其中的在册人员视为离职；add：只登记和更正其中的人员"}
_AS_OF = {"description": "名单反映哪一天的情况，默认今天；离职、调动和部门变化从这一天起算"}


class CountsOut(Output):
    new = fields.Integer(metadata={"description": "登记为新人员"})
    joins = fields.Integer(metadata={"description": "已登记的人员调入本单位"})
    changed = fields.Integer(metadata={"description": "部门、职称或日期有变化"})
    left = fields.Integer(metadata={"description": "离职"})
    same = fields.Integer(metadata={"description": "没有变化"})
    wrong = fields.Integer(metadata={"description": "有问题，不会导入"})
    warnings = fields.Integer(metadata={"description": "可以导入，但有需要留意之处"})


class RosterOut(Output):
    id = fields.UUID(required=True)
    employer_id = fields.Integer(required=True)
    file_name = fields.String(required=True)
    mode = fields.String(required=True, validate=one_of(list(Mode)), metadata=_MODE)
    as_of = fields.Date(required=True, metadata=_AS_OF)
    state = fields.String(
        required=True,
        validate=one_of(list(RosterState)),
        metadata={
            "description": "reading 正在核对，previewed 等待确认，applying 正在导入，"
            "applied 已导入，failed 无法读取，withdrawn 已撤回"
        },
    )
    counts = fields.Nested(CountsOut, required=True)
    notes = fields.List(fields.String(), required=True)
    rows_done = fields.Integer(required=True)
    rows_total = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    applied_at = fields.AwareDateTime(required=True, allow_none=True)


class RosterPage(Output):
    items = fields.List(fields.Nested(RosterOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RemarkOut(Output):
    column = fields.String(required=True)
    message = fields.String(required=True)


class ChangeOut(Output):
    what = fields.String(required=True)
    was = fields.String(required=True)
    now = fields.String(required=True)


class RowOut(Output):
    row_number = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "文件中的行号；空：在册而不在名单中的人员"},
    )
    outcome = fields.String(required=True, allow_none=True, validate=one_of(list(Outcome)))
    name = fields.String(
        required=True, metadata={"description": "空：这个人不在或已不在本单位，姓名不再显示"}
    )
    id_tail = fields.String(required=True, metadata={"description": "证件号码的后四位"})
    department = fields.String(required=True, allow_none=True)
    problems = fields.List(fields.Nested(RemarkOut), required=True)
    warnings = fields.List(fields.Nested(RemarkOut), required=True)
    changes = fields.List(fields.Nested(ChangeOut), required=True)


class RowPage(Output):
    items = fields.List(fields.Nested(RowOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RowQuery(PageQuery):
    outcome = fields.String(validate=one_of(list(Outcome)))


class PersonIn(Input):
    name = fields.String(required=True, validate=length(1, 60))
    id_number = fields.String(required=True, validate=length(1, 30))
    department = fields.String(validate=length(1, 200))
    title = fields.String(
        validate=length(1, 60), metadata={"description": "资格证书上的职称，如“一级教师”"}
    )
    level = fields.String(
        validate=length(1, 20), metadata={"description": "职称级别，如“中级”；职称已写明的可省略"}
    )
    series = fields.String(validate=length(1, 60), metadata={"description": "职称系列的名称或代码"})
    field = fields.String(validate=length(1, 60), metadata={"description": "专业的名称或代码"})
    track = fields.String(validate=one_of(list(Track)))
    obtained_on = fields.Date(metadata={"description": "取得资格时间"})
    appointed_on = fields.Date(metadata={"description": "聘任时间"})
    joined_on = fields.Date(metadata={"description": "入职时间，默认 as_of"})
    left_on = fields.Date(metadata={"description": "离职时间，在本单位的最后一天"})


class RosterIn(Input):
    rows = rows_field(PersonIn)
    mode = fields.String(load_default=Mode.ADD, validate=one_of(list(Mode)), metadata=_MODE)
    as_of = fields.Date(metadata=_AS_OF)


class RosterUpload(Input):
    file = file_field()
    mode = fields.String(required=True, validate=one_of(list(Mode)), metadata=_MODE)
    as_of = fields.Date(metadata=_AS_OF)


@endpoint(
    blueprint,
    "POST",
    "",
    roles=EMPLOYER,
    scope="rosters:write",
    body=FileOr(form=RosterUpload, json=RosterIn),
    answer=RosterOut,
    status=202,
)
def create_roster(sent: dict[str, Any]) -> tuple[RosterImport, int, dict[str, str]]:
    """上传花名册，或逐人给出；先核对，确认后才导入。同一份名单重复上传是同一次导入"""
    as_of = sent.get("as_of") or clock.today()
    mode = Mode(sent["mode"])
    if "rows" in sent:
        rows = [{name: _written(value) for name, value in row.items()} for row in sent["rows"]]
        data, name, typed = roster_requests.as_file(rows), roster_requests.TYPED_NAME, True
    else:
        data, name = received(sent)
        typed = False
    roster = roster_requests.upload(keyring(), actor(), data, name, mode, as_of, typed=typed)
    return roster, 202, {"Location": f"/api/v1/roster-imports/{roster.id}"}


@endpoint(
    blueprint, "GET", "", roles=READERS, scope="rosters:read", query=PageQuery, answer=RosterPage
)
def list_rosters(query: dict[str, Any]) -> Page[RosterImport]:
    """本单位的导入；主管部门看到辖区内各单位的，新的在前"""
    return newest(
        keyring(),
        select(RosterImport).where(RosterImport.visible_to(actor())),
        RosterImport.id,
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "GET",
    "/<uuid:import_id>",
    roles=READERS,
    scope="rosters:read",
    answer=RosterOut,
)
def get_roster(import_id: UUID) -> RosterImport:
    """一次导入：状态、进度和各种情况的人数"""
    return roster_requests.visible(actor(), import_id)


@endpoint(
    blueprint,
    "GET",
    "/<uuid:import_id>/rows",
    roles=READERS,
    scope="rosters:read",
    query=RowQuery,
    answer=RowPage,
)
def list_roster_rows(query: dict[str, Any], import_id: UUID) -> dict[str, Any]:
    """逐行的核对结果；证件号码只有后四位"""
    roster = roster_requests.visible(actor(), import_id)
    found = page(
        keyring(),
        roster_requests.rows_of(roster, query.get("outcome")),
        [RosterRow.id],
        lambda row: [str(row.id)],
        query.get("cursor"),
        query["limit"],
    )
    rows = roster_requests.shown(keyring(), actor(), found.items)
    return {
        "items": [
            {name: getattr(row, name) for name in RowOut().fields if name != "changes"}
            | {
                "changes": [
                    {"what": what, "was": was, "now": now} for what, was, now in row.changes
                ]
            }
            for row in rows
        ],
        "next_cursor": found.next_cursor,
    }


@endpoint(
    blueprint,
    "POST",
    "/<uuid:import_id>/apply",
    roles=EMPLOYER,
    scope="rosters:write",
    answer=RosterOut,
    status=202,
)
def apply_roster(import_id: UUID) -> tuple[RosterImport, int, dict[str, str]]:
    """确认导入：正确的行都会执行，有问题的行留下"""
    roster = roster_requests.request_apply(actor(), import_id)
    return roster, 202, {"Location": f"/api/v1/roster-imports/{roster.id}"}


@endpoint(
    blueprint,
    "POST",
    "/<uuid:import_id>/withdraw",
    roles=EMPLOYER,
    scope="rosters:write",
    answer=RosterOut,
)
def withdraw_roster(import_id: UUID) -> RosterImport:
    """撤回还没有导入的名单，文件随即删除"""
    return roster_requests.withdraw(actor(), import_id)


@endpoint(
    blueprint,
    "GET",
    "/<uuid:import_id>/problems.xlsx",
    roles=EMPLOYER,
    scope="rosters:read",
    answer=FileAnswer(XLSX, "上传的文件，加上“问题”一列"),
)
def get_roster_problems(import_id: UUID) -> Response:
    """下载标出问题的原文件，改好后可以直接重新上传"""
    roster = roster_requests.visible(actor(), import_id)
    return Response(roster_requests.marked(keyring(), roster), content_type=XLSX)


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
