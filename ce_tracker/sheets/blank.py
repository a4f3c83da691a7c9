"""An empty list to fill in: titles that reading knows, and cells that keep a long number whole."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

_WIDTH, _WIDE = 14, 24
_LOOK = {"font_name": "宋体", "font_size": 11}


def blank_file(sheet_name: str, titles: Sequence[str], texts: Sequence[str]) -> bytes:
    """As xlsx. `texts`: the titles of columns in which all that is typed stays as it was typed."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet(sheet_name)
    title = book.add_format({**_LOOK, "bold": True, "bg_color": "#D9E1F2", "border": 1})
    kept, usual = book.add_format({**_LOOK, "num_format": "@"}), book.add_format(_LOOK)
    for place, text in enumerate(titles):
        is_text = text in texts
        sheet.set_column(place, place, _WIDE if is_text else _WIDTH, kept if is_text else usual)
        sheet.write_string(0, place, text, title)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()
