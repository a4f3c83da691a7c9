"""A list of people as a request brings it: a file in a form, or a few hundred rows of JSON."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from marshmallow import fields, validate

from ce_tracker.api.schema import Input

MOST_ROWS = 500


def file_field() -> fields.Raw:
    return fields.Raw(
        required=True,
        metadata={
            "type": "string",
            "format": "binary",
            "description": "xlsx、xls 或 CSV，最大 20 MB",
        },
    )


def rows_field(row: type[Input]) -> fields.List[Any]:
    return fields.List(
        fields.Nested(row),
        required=True,
        validate=validate.Length(
            1, MOST_ROWS, error=f"应有 1 到 {MOST_ROWS} 人，更多的请上传文件。"
        ),
    )


def received(sent: dict[str, Any]) -> tuple[bytes, str]:
    """The file of a form, and what its owner calls it."""
    with closing(sent["file"]) as file:  # a large one waits in a temporary file
        return file.read(), file.filename or ""
