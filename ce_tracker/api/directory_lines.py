"""/directories/…/lines: what a list of grassroots units says, line by line or as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate

from ce_tracker.api.conventions import actor, endpoint, keyring
from ce_tracker.api.describing import FileAnswer, FileOr
from ce_tracker.api.directories import (
    AUTHORITY,
    EVERYBODY,
    ONE,
    WholeDirectoryOut,
    blueprint,
    whole,
)
from ce_tracker.api.lists import file_field, received
from ce_tracker.api.schema import Input, Output, PageQuery, length
from ce_tracker.http.files import XLSX
from ce_tracker.http.paging import page
from ce_tracker.promotions import directory, directory_lines, directory_reading, directory_sheet
from ce_tracker.promotions.directory_lines import Content
from ce_tracker.registry.directories import DirectoryLine

LINE = f"{ONE}/lines/<int:line_id>"
MOST_AT_ONCE = 500


class DirectoryLineIn(Input):
    name = fields.String(required=True, validate=length(1, 100))
    address = fields.String(load_default="", validate=length(0, 200))
    subsidy = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "是否享受乡镇工作补贴；空：没有写明"},
    )
    remark = fields.String(load_default="", validate=length(0, 200))
    employer_id = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, error="应是单位的编号。"),
        metadata={"description": "对应的用人单位；不写，按名称查找"},
    )


class DirectoryLinesIn(Input):
    lines = fields.List(
        fields.Nested(DirectoryLineIn),
        required=True,
        validate=validate.Length(
            1, MOST_AT_ONCE, error=f"应有 1 到 {MOST_AT_ONCE} 个单位，更多的请上传表格。"
        ),
    )


class DirectoryUpload(Input):
    file = file_field()


class DirectoryProblemOut(Output):
    column = fields.String(required=True)
    message = fields.String(required=True)


class DirectoryLineOut(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True)
    subsidy = fields.Boolean(required=True, allow_none=True)
    remark = fields.String(required=True)
    employer_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "空：未登记的单位"}
    )
    employer = fields.String(required=True, allow_none=True)
    row_number = fields.Integer(
        required=True, allow_none=True, metadata={"description": "在上传的表格中的行号"}
    )
    problems = fields.List(fields.Nested(DirectoryProblemOut), required=True)


class DirectoryLinePage(Output):
    items = fields.List(fields.Nested(DirectoryLineOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@endpoint(
    blueprint,
    "GET",
    f"{ONE}/lines",
    roles=EVERYBODY,
    scope="directories:read",
    query=PageQuery,
    answer=DirectoryLinePage,
)
def list_directory_lines(query: dict[str, Any], directory_id: UUID) -> dict[str, Any]:
    """一份清单的各行，按序号"""
    found = directory.visible(actor(), directory_id)
    lines = page(
        keyring(),
        directory_lines.lines(found),
        [DirectoryLine.place, DirectoryLine.id],
        lambda line: [str(line.place), str(line.id)],
        query.get("cursor"),
        query["limit"],
    )
    return {
        "items": [_line(*each) for each in directory_lines.with_units(lines.items)],
        "next_cursor": lines.next_cursor,
    }


@endpoint(
    blueprint,
    "GET",
    f"{ONE}/lines.xlsx",
    roles=EVERYBODY,
    scope="directories:read",
    answer=FileAnswer(XLSX, "按文件附表的格式"),
)
def get_directory_file(directory_id: UUID) -> Response:
    """下载清单"""
    found = directory.visible(actor(), directory_id)
    return Response(directory_reading.as_file(found), content_type=XLSX)


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/upload",
    roles=AUTHORITY,
    scope="directories:write",
    body=FileOr(form=DirectoryUpload, json=DirectoryLinesIn),
    answer=WholeDirectoryOut,
)
def replace_directory_lines(sent: dict[str, Any], directory_id: UUID) -> dict[str, Any]:
    """用上传的表格或给出的各行代替清单原有的全部内容"""
    found = directory.held_open(actor(), directory_id)
    if "lines" in sent:
        directory_lines.replace_with(found, [Content(**line) for line in sent["lines"]])
        return whole(found)
    handed = directory_sheet.read_list(*received(sent))
    directory_lines.replace(found, handed.lines)
    directory.note_upload(actor(), found)
    return whole(found, handed.in_words())


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/lines",
    roles=AUTHORITY,
    scope="directories:write",
    body=DirectoryLineIn,
    answer=DirectoryLineOut,
    status=201,
)
def add_directory_line(
    body: dict[str, Any], directory_id: UUID
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """在清单末尾增加一个单位"""
    found = directory.held_open(actor(), directory_id)
    line = directory_lines.add(found, Content(**body))
    return _shown(line), 201, {"Location": f"/api/v1/directories/{found.id}/lines"}


@endpoint(
    blueprint,
    "PUT",
    LINE,
    roles=AUTHORITY,
    scope="directories:write",
    body=DirectoryLineIn,
    answer=DirectoryLineOut,
)
def change_directory_line(body: dict[str, Any], directory_id: UUID, line_id: int) -> dict[str, Any]:
    """改写清单的一行"""
    found = directory.held_open(actor(), directory_id)
    line = directory_lines.one_of(found, line_id)
    return _shown(directory_lines.change(found, line, Content(**body)))


@endpoint(
    blueprint,
    "POST",
    f"{LINE}/remove",
    roles=AUTHORITY,
    scope="directories:write",
    answer=WholeDirectoryOut,
)
def remove_directory_line(directory_id: UUID, line_id: int) -> dict[str, Any]:
    """从清单中去掉一行"""
    found = directory.held_open(actor(), directory_id)
    directory_lines.remove(directory_lines.one_of(found, line_id))
    return whole(found)


def _shown(line: DirectoryLine) -> dict[str, Any]:
    return _line(*directory_lines.with_units([line])[0])


def _line(line: DirectoryLine, employer: str | None) -> dict[str, Any]:
    plain = ("id", "name", "address", "subsidy", "remark", "employer_id", "row_number")
    return {
        **{name: getattr(line, name) for name in plain},
        "employer": employer,
        "problems": [{"column": column, "message": said} for column, said in line.problems],
    }
