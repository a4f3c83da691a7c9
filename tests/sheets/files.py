"""Spreadsheets for the tests: by several writers, and by hand where none would do such a thing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl
import xlsxwriter
import xlwt

from ce_tracker.sheets.headers import Column

COLUMNS = (
    Column("name", ("姓名", "学员姓名")),
    Column("id_number", ("身份证号", "证件号码", "公民身份号码", "身份证号码")),
    Column("hours", ("学时", "学时数")),
    Column("finished_on", ("完成日期",), required=False),
)
TITLES = ["姓名", "身份证号", "学时"]
ZHANG = ["张三", "370602199001011234", "8"]
LI = ["李四", "37060219850505432X", "6.5"]
Grid = Sequence[Sequence[Any]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(
    grid: Grid,
    name: str = "名单",
    change: Callable[[xlsxwriter.Workbook, Any], None] | None = None,
    **options: Any,
) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    sheet = book.add_worksheet(name)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(row, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(row, column, value)
            elif value is not None:
                sheet.write(row, column, value)
    if change is not None:
        change(book, sheet)
    book.close()
    return out.getvalue()


def by_openpyxl(grid: Grid, change: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名单"
    for values in grid:
        sheet.append(list(values))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(
    grid: Grid,
    change: Callable[[Any, Any], None] | None = None,
    *,
    date_1904: bool = False,
) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date_1904
    sheet = book.add_sheet("名单")
    day = xlwt.XFStyle()
    day.num_format_str = "yyyy-mm-dd"
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write(row, column, value, day)
            elif value is not None:
                sheet.write(row, column, value)
    if change is not None:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_text(grid: Grid, delimiter: str = ",", end: str = "\r\n") -> str:
    return "".join(delimiter.join(map(str, row)) + end for row in grid)


def html(grid: Grid, charset: str = "gb2312") -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{v}</td>" for v in row) + "</tr>" for row in grid)
    page = f'<html><head><meta charset="{charset}"></head><body><table>{rows}</table></body></html>'
    return page.encode("gb18030" if charset.startswith("gb") else charset)


# --- by hand -------------------------------------------------------------------------------


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet_xml(rows: str) -> bytes:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def plain_rows(grid: Grid) -> str:
    """As `plain_rows([["a", "b"]])` → two inline strings in row 1."""
    return "".join(
        f'<row r="{r}">'
        + "".join(cell(f"{chr(65 + c)}{r}", v) for c, v in enumerate(row))
        + "</row>"
        for r, row in enumerate(grid, 1)
    )


GOOD_ROWS = plain_rows([TITLES, ZHANG])


def by_hand(
    sheet: bytes | Iterable[bytes] = b"",
    strings: bytes | None = None,
    more: Mapping[str, bytes] | None = None,
    without: Sequence[str] = (),
    change: Callable[[zipfile.ZipFile], None] | None = None,
    sheet_name: str = "表",
) -> bytes:
    parts: dict[str, bytes | Iterable[bytes]] = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": (
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            f'<sheets><sheet name="{sheet_name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>"
        ).encode(),
        "xl/worksheets/sheet1.xml": sheet or sheet_xml(GOOD_ROWS),
        "xl/sharedStrings.xml": strings or f'<sst xmlns="{_MAIN}"/>'.encode(),
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, text in parts.items():
            if name in without:
                continue
            with archive.open(name, "w", force_zip64=False) as member:
                for piece in [text] if isinstance(text, bytes) else text:
                    member.write(piece)
        if change is not None:
            change(archive)
    return out.getvalue()


def zipped(**members: bytes) -> bytes:
    """`zipped(word__document_xml=b"…")`: two underscores are a slash, one the last dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            folder, _, file = name.rpartition("__")
            archive.writestr(f"{folder}/{file.replace('_', '.')}".lstrip("/"), text)
    return out.getvalue()


def lying(data: bytes, member: str) -> bytes:
    """The directory says that this member is but a few bytes long."""
    changed = bytearray(data)
    for signature, size_at, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        start = data.find(signature)
        while start >= 0:
            if data[start + name_at :].startswith(member.encode()):
                changed[start + size_at : start + size_at + 4] = (10).to_bytes(4, "little")
            start = data.find(signature, start + 4)
    return bytes(changed)
