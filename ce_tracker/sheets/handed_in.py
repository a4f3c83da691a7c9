"""A list as it is handed in, before anybody looks inside: a file from a form, or rows typed in.

What rosters and attendance do alike at the counter. Nothing here opens the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from ce_tracker.sheets.headers import Column
from ce_tracker.sheets.limits import MB, Limits

LONGEST_NAME = 120


def objections(data: bytes, limits: Limits) -> list[dict[str, str]]:
    if not data:
        return [{"field": "file", "message": "请选择要上传的文件，文件不能是空的。"}]
    if len(data) > limits.file_bytes:
        most = limits.file_bytes // MB
        return [{"field": "file", "message": f"文件超过 {most} MB，请分成几份。"}]
    return []


def tidy_name(name: str, otherwise: str) -> str:
    """Of a long one the end is kept, which says what kind of file it is."""
    plain = "".join(ch for ch in name if ch.isprintable()).replace("\\", "/").rsplit("/", 1)[-1]
    return plain.strip()[-LONGEST_NAME:] or otherwise


def as_file(rows: Sequence[Mapping[str, str | None]], columns: Sequence[Column]) -> bytes:
    """Rows that were typed in, as the file that somebody might have uploaded instead."""
    keys = {column.key: column.title for column in columns if any(column.key in r for r in rows)}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(keys.values())
    for row in rows:
        writer.writerow(row.get(key) or "" for key in keys)
    return out.getvalue().encode("utf-8-sig")
