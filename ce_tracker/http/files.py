"""Spreadsheets as answers."""

from __future__ import annotations

import io

from flask import Response, send_file

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def spreadsheet(data: bytes, name: str) -> Response:
    """To be saved under this name."""
    return send_file(io.BytesIO(data), XLSX, as_attachment=True, download_name=name)


def marked_name(name: str) -> str:
    return f"{name.rsplit('.', 1)[0]}（标出问题）.xlsx"
