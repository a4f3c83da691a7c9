"""A list of ours as a spreadsheet, row after row: however long it is, it takes no more memory.

What a spreadsheet program could take for a formula gets an apostrophe in front. The same list on
the same day is the same file, byte for byte, so that who has it need not be sent it again.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter

from ce_tracker import clock
from ce_tracker.sheets.marking import defused

_PLAIN = {"font_name": "宋体", "font_size": 11}

Cell = str | date | Decimal | int | None


@dataclass(frozen=True)
class Column:
    title: str
    width: int


def list_file(
    name: str, heading: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> bytes:
    """As xlsx: a sheet of this name with a heading, the columns' titles, and the rows."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="ce-list-") as folder:
        book = xlsxwriter.Workbook(out, {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"created": datetime.combine(clock.today(), time())})
        sheet = book.add_worksheet(name)
        looks = _looks(book)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
        sheet.freeze_panes(2, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        sheet.write_string(0, 0, defused(heading), looks["heading"])
        for place, column in enumerate(columns):
            sheet.write_string(1, place, column.title, looks["title"])
        for number, row in enumerate(rows, start=2):
            for place, value in enumerate(row):
                _write(sheet, number, place, value, looks)
        book.close()
    return out.getvalue()


def _looks(book: xlsxwriter.Workbook) -> dict[str, Any]:
    return {
        "heading": book.add_format({**_PLAIN, "bold": True, "font_size": 14}),
        "title": book.add_format({**_PLAIN, "bold": True, "bg_color": "#D9E1F2", "border": 1}),
        "text": book.add_format({**_PLAIN, "num_format": "@", "border": 1}),
        "number": book.add_format({**_PLAIN, "border": 1}),
        "day": book.add_format({**_PLAIN, "num_format": "yyyy-mm-dd", "border": 1}),
    }


def _write(sheet: Any, row: int, place: int, value: Cell, looks: dict[str, Any]) -> None:
    if value is None:
        sheet.write_blank(row, place, None, looks["text"])
    elif isinstance(value, str):
        sheet.write_string(row, place, defused(value), looks["text"])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, looks["day"])
    else:
        sheet.write_number(row, place, float(value), looks["number"])
