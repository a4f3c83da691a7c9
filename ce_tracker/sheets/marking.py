"""The user's own rows back, with a column that says what is wrong: mend it and upload it again.

Rows stay where they were, so that "row 17" means the same in both files. Texts are written as
texts, and what a spreadsheet program could take for a formula gets an apostrophe in front, which
reading takes off again. The added column is ignored when the file comes back.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import (
    DEEPEST_HEADER,
    PROBLEM_TITLE,
    Column,
    Header,
    understood,
)
from ce_tracker.sheets.reading import Sheet
from ce_tracker.sheets.values import Fault, Row, Value

DANGEROUS = "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫"
"""A text that begins so may be run, here or after it has been saved as CSV."""
_MOST_CELLS_IN_MEMORY = 300_000
_FIRST_EXCEL_DAY = date(1900, 3, 1)
_LONGEST_NOTE = 1_000
_PROBLEM_WIDTH, _USUAL_WIDTH = 60, 16
_PLAIN = {"font_name": "宋体", "font_size": 11}
_WRONG = {**_PLAIN, "bg_color": "#FFC7CE"}


def marked_file(
    sheet: Sheet,
    problems: Mapping[int, Sequence[Problem | str]],
    columns: Sequence[Column],
) -> bytes:
    """As xlsx. `problems`: row number → what is wrong there. The sheet is read to its end."""
    with sheet:
        first = list(islice(sheet, DEEPEST_HEADER + 1))
        header = understood(first, columns).header
        in_memory = sheet.height * (sheet.width + 1) <= _MOST_CELLS_IN_MEMORY
        out = io.BytesIO()
        with tempfile.TemporaryDirectory(prefix="ce-marked-") as folder:
            book = xlsxwriter.Workbook(
                out,
                {
                    "in_memory": in_memory,
                    "constant_memory": not in_memory,
                    "tmpdir": folder,
                    "date_1904": sheet.epoch_1904,
                },
            )
            _Marked(book, sheet, header, columns).write(chain(first, sheet), problems)
            book.close()
    return out.getvalue()


def defused(text: str) -> str:
    return f"'{text}" if text.startswith(tuple(DANGEROUS)) else text


@dataclass
class _Formats:
    """Of one look (plain, or wrong), by what is in the cell."""

    text: Any
    number: Any
    day: Any
    moment: Any
    clock: Any

    @classmethod
    def made(cls, book: xlsxwriter.Workbook, look: Mapping[str, Any]) -> _Formats:
        return cls(
            *(
                book.add_format({**look, "num_format": shown})
                for shown in ("@", "General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "[h]:mm:ss")
            )
        )


class _Marked:
    def __init__(
        self, book: xlsxwriter.Workbook, sheet: Sheet, header: Header, columns: Sequence[Column]
    ) -> None:
        self._out = _worksheet(book, sheet.name)
        self._header = header
        self._plain = _Formats.made(book, _PLAIN)
        self._wrong = _Formats.made(book, _WRONG)
        self._title = _Formats.made(book, {**_PLAIN, "bold": True, "bg_color": "#D9E1F2"})
        self._note = book.add_format(
            {**_PLAIN, "num_format": "@", "font_color": "#9C0006", "text_wrap": True}
        )
        self._place_of = {
            title: header.places[column.key]
            for column in columns
            if column.key in header.places
            for title in (*column.titles, header.titles[column.key])
        }
        self._width = sheet.width

    def write(self, rows: Iterator[Row], problems: Mapping[int, Sequence[Problem | str]]) -> None:
        header = self._header
        notes = header.notes if header.notes is not None else self._width
        self._out.set_column(0, self._width, _USUAL_WIDTH)
        self._out.set_column(notes, notes, _PROBLEM_WIDTH)
        self._out.freeze_panes(header.row, 0)
        for row in rows:
            said = problems.get(row.number, ())
            wrong = {self._place_of.get(p.title, -1) for p in said if isinstance(p, Problem)} - {-1}
            usual = self._title if row.number == header.row else self._plain
            width = max(len(row.values), *(place + 1 for place in wrong), 0)
            for place in range(width):
                value = row.values[place] if place < len(row.values) else None
                if place == notes and row.number >= header.row:
                    continue
                if value is not None or place in wrong:
                    looks = self._wrong if place in wrong else usual
                    self._cell(row.number - 1, place, value, looks)
            if row.number == header.row:
                self._cell(row.number - 1, notes, PROBLEM_TITLE, self._title)
            elif said:
                text = "；".join(str(problem).rstrip("。；") for problem in said) + "。"
                text = defused(text[:_LONGEST_NOTE])
                self._out.write_string(row.number - 1, notes, text, self._note)

    def _cell(self, row: int, place: int, value: Value, looks: _Formats) -> None:
        out = self._out
        if value is None:
            out.write_blank(row, place, None, looks.text)
        elif isinstance(value, str):
            out.write_string(row, place, defused(value), looks.text)
        elif isinstance(value, bool):
            out.write_boolean(row, place, value, looks.number)
        elif isinstance(value, int | Decimal):
            out.write_number(row, place, float(value), looks.number)
        elif isinstance(value, datetime):
            self._date(row, place, value, looks.moment, looks)
        elif isinstance(value, date):
            self._date(row, place, value, looks.day, looks)
        elif isinstance(value, time | timedelta):
            out.write_datetime(row, place, value, looks.clock)
        elif isinstance(value, Fault):
            out.write_string(row, place, value.text, looks.text)

    def _date(self, row: int, place: int, value: date, shown: Any, looks: _Formats) -> None:
        day = value.date() if isinstance(value, datetime) else value
        if day < _FIRST_EXCEL_DAY:
            self._out.write_string(row, place, value.isoformat(), looks.text)
        else:
            self._out.write_datetime(row, place, value, shown)


def _worksheet(book: xlsxwriter.Workbook, name: str) -> Any:
    """Under the name that the user gave it, if the writer allows it."""
    with contextlib.suppress(XlsxWriterException, ValueError):
        return book.add_worksheet(name or None)
    return book.add_worksheet("Sheet1")
