"""What all schemas share: strict input, and marshmallow's messages in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

_MESSAGES: dict[type[Any], dict[str, str]] = {
    ma.Schema: {
        "type": "应是一个对象。",
        "unknown": "没有这一项。",
        "type_input": "应是一个对象。",
    },
    fields.Field: {
        "required": "必须填写。",
        "null": "不能为空。",
        "validator_failed": "内容有误。",
    },
    fields.String: {"invalid": "应是文字。", "invalid_utf8": "应是 UTF-8 文字。"},
    fields.Integer: {"invalid": "应是整数。"},
    fields.Number: {"invalid": "应是数字。", "too_large": "数字过大。"},
    fields.Boolean: {"invalid": "应是 true 或 false。"},
    fields.UUID: {"invalid_uuid": "应是 UUID 格式的编号。"},
    fields.List: {"invalid": "应是列表。"},
    fields.DateTime: {
        "invalid": "应是 2026-03-01T08:00:00+08:00 这样的时间。",
        "invalid_awareness": "时间应带时区。",
        "format": "“{input}”不能写成时间。",
    },
    fields.Date: {
        "invalid": "应是 2026-03-01 这样的日期。",
        "format": "“{input}”不能写成日期。",
    },
}
for _kind, _texts in _MESSAGES.items():
    target = "error_messages" if _kind is ma.Schema else "default_error_messages"
    known: dict[str, str] = dict(getattr(_kind, target, {}))
    setattr(_kind, target, known | _texts)
# Schemas read their defaults from a table that was built before ours.
ma.Schema._default_error_messages.update(_MESSAGES[ma.Schema])  # noqa: SLF001


def length(least: int, most: int) -> validate.Length:
    return validate.Length(least, most, error=f"应为 {least} 到 {most} 个字符。")


def one_of(choices: Any) -> validate.OneOf:
    return validate.OneOf(choices, error="只能是：{choices}。")


def between(least: int, most: int) -> validate.Range:
    return validate.Range(least, most, error=f"应在 {least} 到 {most} 之间。")


def _storable(value: Any) -> bool:
    """PostgreSQL has no text with a NUL, and half a surrogate pair is no text at all."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, Mapping):
        return all(_storable(name) and _storable(value[name]) for name in value)
    if isinstance(value, list):
        return all(_storable(each) for each in value)
    return True


class Input(ma.Schema):
    """What comes in. An unknown field is an error: it was meant to do something."""

    class Meta:
        unknown = ma.RAISE

    @ma.pre_load
    def _refuse_what_cannot_be_stored(self, data: Any, **_: Any) -> Any:
        names = list(data) if isinstance(data, Mapping) else []
        if wrong := [name for name in names if not _storable(data[name])]:
            raise ma.ValidationError({name: ["含有不能保存的字符。"] for name in wrong})
        return data


class Output(ma.Schema):
    """What goes out."""


class ProblemError(Output):
    field = fields.String(required=True, metadata={"description": "有误的字段；空为整个请求"})
    message = fields.String(required=True)


class Problem(Output):
    """RFC 9457, with a stable `code`."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "不变的错误代码，供程序判断"})
    remedy = fields.String(required=True, metadata={"description": "怎样解决"})
    request_id = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(ProblemError))


class PageQuery(Input):
    cursor = fields.String(
        validate=length(1, 500), metadata={"description": "上一页答复中的 next_cursor"}
    )
    limit = fields.Integer(
        load_default=50, validate=between(1, 200), metadata={"description": "每页条数"}
    )
