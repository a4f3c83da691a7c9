"""In the child: tables that are text, CSV and the web pages that portals export as .xls."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from ce_tracker.sheets.child import Opened
from ce_tracker.sheets.limits import MB, Limits
from ce_tracker.sheets.refusals import (
    CellTooLong,
    Damaged,
    Empty,
    NotASpreadsheet,
    OtherFormat,
    TooLargeInside,
    TooManyColumns,
    TooManyRows,
)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = ",\t;"
_SAMPLE_LINES = 30
_LARGEST_PAGE = 12 * MB
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def decoded(data: bytes) -> tuple[str, str]:
    """Text and encoding: by its mark, else UTF-8, else GB18030, which holds GBK and GB2312."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError:
                raise Damaged("文字编码有误，可能没有传完。") from None
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, encoding
    raise NotASpreadsheet


def from_csv(data: bytes, limits: Limits) -> Opened:
    text, encoding = decoded(data)
    if _CONTROL.search(text[:65536]) or "\x00" in text:
        raise NotASpreadsheet
    if not text.strip():
        raise Empty
    first, _, rest = text.partition("\n")
    delimiter = _delimiter(text)
    if re.fullmatch(r"sep=[,;\t]\r?", first):
        delimiter, text = first[4], rest
    height, width = _extent(text, delimiter, limits)
    rows = _csv_rows(text, delimiter, limits)
    return Opened(rows, "csv", height, width, encoding=encoding)


def _extent(text: str, delimiter: str, limits: Limits) -> tuple[int, int]:
    """Rows and columns. Where nothing is quoted, counting is much quicker than reading."""
    if '"' not in text:
        widths = [line.count(delimiter) + 1 for line in io.StringIO(text, newline="")]
        height, width = len(widths), max(widths)
        if height <= limits.rows and width <= limits.columns:
            return height, width
    height = width = 0
    for row in _csv_rows(text, delimiter, limits):
        height, width = height + 1, max(width, len(row))
    return height, width


def _csv_rows(text: str, delimiter: str, limits: Limits) -> Iterator[list[str | None]]:
    csv.field_size_limit(limits.cell_length)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    try:
        for row in reader:
            number += 1
            if len(row) > limits.columns and any(row[limits.columns :]):
                raise TooManyColumns.found("", len(row), limits.columns)
            if number > limits.rows and any(row):
                raise TooManyRows.found("", number, limits.rows)
            if number <= limits.rows:
                yield [value or None for value in row[: limits.columns]]
    except csv.Error:
        raise CellTooLong(
            f"第 {number + 1} 行有一格超过 {limits.cell_length} 个字符；"
            "可能是有一个双引号没有成对。"
        ) from None


def _delimiter(text: str) -> str:
    """Whichever parts most lines alike; quoted text does not count."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:65536].splitlines()[:_SAMPLE_LINES]]
    counts = {
        sign: sorted(line.count(sign) for line in lines if line.strip()) for sign in _DELIMITERS
    }
    return max(_DELIMITERS, key=lambda sign: (_middle(counts[sign]), sum(counts[sign])))


def _middle(counts: list[int]) -> int:
    return counts[len(counts) // 2] if counts else 0


def from_html(data: bytes, limits: Limits) -> Opened:
    if len(data) > _LARGEST_PAGE:
        raise OtherFormat(f"这是网页格式的表格，超过 {_LARGEST_PAGE // MB} MB。")
    parser = _Tables(limits)
    parser.feed(decoded(data)[0])  # what a page says of its encoding is often untrue
    parser.close()
    rows = next((table for table in parser.tables if any(any(row) for row in table)), None)
    if rows is None:
        raise OtherFormat("这是一个网页，里面没有表格内容。")
    return Opened(rows, "html", len(rows), max(map(len, rows)))


class _Tables(HTMLParser):
    """Rows of text; nothing is fetched or run. A cell that spans others is written once."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str | None]]] = []
        self._limits = limits
        self._depth = 0
        self._silent = 0
        self._row: list[str | None] | None = None
        self._cell: list[str] | None = None
        self._below: dict[int, int] = {}
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "title"}:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
                self._below = {}
        elif self._depth == 1 and tag == "tr":
            self._end_row()
            self._row = []
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()
            self._start_cell(dict(attrs))
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "title"}:
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            if self._depth == 1:
                self._end_row()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag == "tr":
            self._end_row()
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.append(data)

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        if self._row is None:
            self._row = []
        self._skip_spanned()
        across, down = (_span(attributes.get(name)) for name in ("colspan", "rowspan"))
        place = len(self._row)
        if place + across > self._limits.columns:
            raise TooManyColumns.found("", place + across, self._limits.columns)
        for column in range(place, place + across):
            if down > 1:
                self._below[column] = down
        self._cell = []
        self._across = across

    def _skip_spanned(self) -> None:
        """Where a cell from a row above reaches down, there is none of this row."""
        while self._row is not None and self._below.get(len(self._row), 0) > 0:
            self._row.append(None)

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        text = "".join(self._cell).replace("\xa0", " ").strip()
        if len(text) > self._limits.cell_length:
            raise CellTooLong(f"有一格有 {len(text)} 个字符，最多 {self._limits.cell_length} 个。")
        self._row += [text or None, *[None] * (self._across - 1)]
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        self._skip_spanned()
        table = self.tables[-1] if self.tables else []
        table.append(self._row)
        self._cells += len(self._row)
        if len(table) > self._limits.rows:
            raise TooManyRows.found("", len(table), self._limits.rows)
        if self._cells > _LARGEST_PAGE:
            raise TooLargeInside
        self._below = {column: left - 1 for column, left in self._below.items() if left > 1}
        self._row = None


def _span(text: str | None) -> int:
    return max(1, min(int(text), 65535)) if text and text.isascii() and text.isdigit() else 1
