"""In the child: what kind of file it really is, whatever its name says, and how to open it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import python_calamine as calamine

from ce_tracker.sheets.child import Opened
from ce_tracker.sheets.kinds import kind_of
from ce_tracker.sheets.limits import Limits
from ce_tracker.sheets.looking import Look, Part, look_into
from ce_tracker.sheets.refusals import (
    Damaged,
    Empty,
    Encrypted,
    Refusal,
    TooManyColumns,
    TooManyRows,
)
from ce_tracker.sheets.texts import from_csv, from_html
from ce_tracker.sheets.values import Fault

_DATES_1904 = b"\x22\x00\x02\x00\x01\x00"
_GLOBALS = 8192
_EXACT = 10**15
"""Where an xls says from when it counts its days: one record, near the beginning."""

Opener = Callable[[], Opened]


def opened(data: bytes, limits: Limits) -> Opener:
    """Looks the file through, and says how to go on; refuses what is no sheet, or a bomb."""
    if not data.strip(b"\0\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise Empty
    kind = kind_of(data)
    if kind == "xlsx":
        look = look_into(data, limits)
        return lambda: _xlsx(data, look, limits)
    if kind == "xls":
        return lambda: _xls(data, limits)
    # Read while we look: here the work itself is what could be made endless.
    sheet = from_html(data, limits) if kind == "html" else from_csv(data, limits)
    return lambda: sheet


def _xlsx(data: bytes, look: Look, limits: Limits) -> Opened:
    book = _book(data)
    hidden = [part.name for part in look.parts if part.hidden]
    shown = [part for part in look.parts if not part.hidden]
    for part in shown:
        part.check(limits)
        sheet = _sheet(book, part.name)
        if sheet is None:
            continue
        _check_size(sheet, limits)
        others = [other.name for other in shown if other is not part]
        return Opened(
            _rows(sheet, part),
            "xlsx",
            *_extent(sheet),
            part.name,
            others,
            hidden,
            epoch_1904=look.epoch_1904,
        )
    raise _nothing(hidden)


def _xls(data: bytes, limits: Limits) -> Opened:
    book = _book(data)
    visible = calamine.SheetVisibleEnum.Visible
    sheets = [
        meta
        for meta in book.sheets_metadata
        if meta.typ in (calamine.SheetTypeEnum.WorkSheet, calamine.SheetTypeEnum.MacroSheet)
    ]
    hidden = [meta.name for meta in sheets if meta.visible != visible]
    shown = [meta.name for meta in sheets if meta.visible == visible]
    for name in shown:
        sheet = _sheet(book, name)
        if sheet is None:
            continue
        _check_size(sheet, limits)
        others = [other for other in shown if other != name]
        return Opened(
            _rows(sheet, Part(name)),
            "xls",
            *_extent(sheet),
            name,
            others,
            hidden,
            epoch_1904=_DATES_1904 in data[:_GLOBALS],
        )
    raise _nothing(hidden)


def _nothing(hidden: list[str]) -> Refusal:
    if hidden:
        return Empty(f"没有隐藏的工作表都是空的；隐藏的工作表（{'、'.join(hidden[:5])}）不会读取。")
    return Empty("所有工作表都是空的。")


def _book(data: bytes) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise Encrypted from None
    except calamine.CalamineError:
        raise Damaged from None


def _sheet(book: calamine.CalamineWorkbook, name: str) -> calamine.CalamineSheet | None:
    """Nothing if there is nothing on it."""
    try:
        sheet = book.get_sheet_by_name(name)
    except calamine.CalamineError:
        raise Damaged(f"工作表“{name}”读不出来。") from None
    return None if sheet.end is None else sheet


def _extent(sheet: calamine.CalamineSheet) -> tuple[int, int]:
    """Rows and columns, from the first; `total_height` counts one too few."""
    last_row, last_column = sheet.end or (-1, -1)
    return last_row + 1, last_column + 1


def _check_size(sheet: calamine.CalamineSheet, limits: Limits) -> None:
    height, width = _extent(sheet)
    if height > limits.rows:
        raise TooManyRows.found(sheet.name, height, limits.rows)
    if width > limits.columns:
        raise TooManyColumns.found(sheet.name, width, limits.columns)


def _rows(sheet: calamine.CalamineSheet, part: Part) -> Iterator[Sequence[Any]]:
    for index, row in enumerate(sheet.iter_rows()):
        values = [_plain(value) for value in row]
        for place, text in part.faults.get(index, ()):
            values[place] = Fault(text)
        yield values


def _plain(value: Any) -> Any:
    """Nothing for an empty cell; 8 for 8.0, which is shorter and quicker to read."""
    if value == "":
        return None
    if isinstance(value, float) and -_EXACT < value < _EXACT and value == int(value):
        return int(value)
    return value
