"""/uploads: a list of who attended, what it would do, and saying yes to it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from ce_tracker import hours
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.describing import FileAnswer
from ce_tracker.api.schema import Input, Output, PageQuery, length, one_of
from ce_tracker.http.files import XLSX
from ce_tracker.http.paging import Page, newest, walk
from ce_tracker.ledger import upload_lines, upload_requests
from ce_tracker.ledger.upload_lines import Found
from ce_tracker.ledger.uploads import Mode, Outcome, Upload, UploadState
from ce_tracker.registry.reasons import LONGEST as LONGEST_REASON

blueprint = Resource("uploads", __name__, url_prefix="/api/v1", description="学时名单")

READERS = frozenset({Role.PROVIDER, Role.AUTHORITY})
PROVIDER = frozenset({Role.PROVIDER})

MODE = {"description": "add：补充名单；replace：完整名单，已入账而不在其中的人员冲销"}
POST = {"description": "true：核对后直接入账，有问题的行留下"}
REASON = {"description": "更正和冲销的理由，至少 4 个字；不写则注明是哪份名单"}
_MEANINGS = {
    Outcome.WRONG: "有问题，不会入账",
    Outcome.HELD: "还没有登记的人员，登记后自动入账",
    Outcome.CHANGED: "与已入账的不同，将更正",
    Outcome.REMOVED: "已入账而不在完整名单中，将冲销",
    Outcome.NEW: "将新入账",
    Outcome.NOT_CREDITED: "不合格、缺考等，不计学时",
    Outcome.ALREADY: "已经入账，没有变化",
}


class UploadCountsOut(Output):
    new = fields.Integer(metadata={"description": _MEANINGS[Outcome.NEW]})
    already = fields.Integer(metadata={"description": _MEANINGS[Outcome.ALREADY]})
    changed = fields.Integer(metadata={"description": _MEANINGS[Outcome.CHANGED]})
    removed = fields.Integer(metadata={"description": _MEANINGS[Outcome.REMOVED]})
    held = fields.Integer(metadata={"description": _MEANINGS[Outcome.HELD]})
    not_credited = fields.Integer(metadata={"description": _MEANINGS[Outcome.NOT_CREDITED]})
    wrong = fields.Integer(metadata={"description": _MEANINGS[Outcome.WRONG]})


class UploadOut(Output):
    id = fields.UUID(required=True)
    provider_id = fields.Integer(required=True)
    session_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "空：名单由“班次编号”一列说明每行属于哪个班次"},
    )
    file_name = fields.String(required=True)
    mode = fields.String(required=True, validate=one_of(list(Mode)), metadata=MODE)
    post_asked = fields.Boolean(required=True, metadata=POST)
    reason = fields.String(required=True, allow_none=True, metadata=REASON)
    state = fields.String(
        required=True,
        validate=one_of(list(UploadState)),
        metadata={
            "description": "reading 正在核对，previewed 等待确认，posting 正在入账，"
            "posted 已入账，failed 无法读取，withdrawn 已撤回"
        },
    )
    counts = fields.Nested(
        UploadCountsOut, required=True, metadata={"description": "各种结果的行数"}
    )
    notes = fields.List(fields.String(), required=True)
    rows_done = fields.Integer(required=True)
    rows_total = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    posted_at = fields.AwareDateTime(required=True, allow_none=True)


class UploadPageOut(Output):
    items = fields.List(fields.Nested(UploadOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class LineRemarkOut(Output):
    column = fields.String(required=True)
    message = fields.String(required=True)


class LineOut(Output):
    row_number = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "文件中的行号；空：已入账而不在名单中的人员"},
    )
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    session = fields.String(required=True, metadata={"description": "班次编号"})
    name = fields.String(required=True)
    id_tail = fields.String(required=True, metadata={"description": "证件号码的后四位"})
    was = hours.Hours(required=True, allow_none=True, metadata={"description": "已入账的学时"})
    now = hours.Hours(required=True, allow_none=True, metadata={"description": "入账后的学时"})
    remarks = fields.List(fields.Nested(LineRemarkOut), required=True)


class LinePageOut(Output):
    items = fields.List(fields.Nested(LineOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class LineQuery(PageQuery):
    outcome = fields.String(validate=one_of(list(Outcome)))


class PostIn(Input):
    reason = fields.String(validate=length(1, LONGEST_REASON), metadata=REASON)


Accepted = tuple[Upload, int, dict[str, str]]


@endpoint(
    blueprint,
    "GET",
    "/uploads",
    roles=READERS,
    scope="attendance:read",
    query=PageQuery,
    answer=UploadPageOut,
)
def list_uploads(query: dict[str, Any]) -> Page[Upload]:
    """本机构的学时名单；主管部门看到辖区内各机构的，新的在前"""
    return newest(
        keyring(),
        select(Upload).where(Upload.visible_to(actor())),
        Upload.id,
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "GET",
    "/uploads/<uuid:upload_id>",
    roles=READERS,
    scope="attendance:read",
    answer=UploadOut,
)
def get_upload(upload_id: UUID) -> Upload:
    """一份名单：状态、进度和各种结果的行数"""
    return upload_requests.visible(actor(), upload_id)


@endpoint(
    blueprint,
    "GET",
    "/uploads/<uuid:upload_id>/lines",
    roles=READERS,
    scope="attendance:read",
    query=LineQuery,
    answer=LinePageOut,
)
def list_upload_lines(query: dict[str, Any], upload_id: UUID) -> dict[str, Any]:
    """逐行的核对结果；入账后只留有问题的行。证件号码只有后四位"""
    upload, outcome = upload_requests.visible(actor(), upload_id), query.get("outcome")
    found = walk(
        keyring(),
        f"lines {upload_id} {outcome}",
        partial(upload_lines.stretch, keyring(), upload, outcome),
        query.get("cursor"),
        query["limit"],
    )
    return {"items": [_line(each) for each in found.items], "next_cursor": found.next_cursor}


@endpoint(
    blueprint,
    "POST",
    "/uploads/<uuid:upload_id>/post",
    roles=PROVIDER,
    scope="attendance:write",
    body=PostIn,
    answer=UploadOut,
    status=202,
)
def post_upload(sent: dict[str, Any], upload_id: UUID) -> Accepted:
    """确认入账：正确的行都会入账，有问题的行留下。重复确认只入账一次"""
    return accepted(upload_requests.request_post(actor(), upload_id, sent.get("reason")))


@endpoint(
    blueprint,
    "POST",
    "/uploads/<uuid:upload_id>/withdraw",
    roles=PROVIDER,
    scope="attendance:write",
    answer=UploadOut,
)
def withdraw_upload(upload_id: UUID) -> Upload:
    """撤回还没有入账的名单，文件随即删除"""
    return upload_requests.withdraw(actor(), upload_id)


@endpoint(
    blueprint,
    "GET",
    "/uploads/<uuid:upload_id>/problems.xlsx",
    roles=PROVIDER,
    scope="attendance:read",
    answer=FileAnswer(XLSX, "上传的文件，加上“问题”一列"),
)
def get_upload_problems(upload_id: UUID) -> Response:
    """下载标出问题的原文件，改好后可以直接重新上传"""
    upload = upload_requests.visible(actor(), upload_id)
    return Response(upload_requests.marked(keyring(), upload), content_type=XLSX)


def accepted(upload: Upload) -> Accepted:
    return upload, 202, {"Location": f"/api/v1/uploads/{upload.id}"}


def _line(found: Found) -> dict[str, Any]:
    line = found.line
    return {
        "row_number": line.row_number,
        "outcome": found.outcome,
        "session": line.session,
        "name": line.name,
        "id_tail": line.tail,
        "was": line.was_x100,
        "now": line.now_x100,
        "remarks": [{"column": column, "message": message} for column, message in line.remarks],
    }
