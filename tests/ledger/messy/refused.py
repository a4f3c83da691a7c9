"""Files of which nothing can be read, and why."""

from __future__ import annotations

from typing import Any

from ce_tracker.sheets.refusals import (
    CellTooLong,
    ColumnsDoubled,
    ColumnsMissing,
    Damaged,
    Empty,
    Encrypted,
    HeaderNotFound,
    NotASpreadsheet,
    OtherFormat,
    Refusal,
    Suspicious,
    TooLargeInside,
    TooManyColumns,
    TooManyRows,
)
from tests.ledger.messy.case import HEADER, PLAIN, ZHANG, Refused, Z
from tests.registry.desk import as_csv
from tests.sheets.bombs import BOMBS
from tests.sheets.files import by_openpyxl, xls, xlsx, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def _only_hidden(book: Any, sheet: Any) -> None:
    book.add_worksheet("空").activate()
    sheet.hide()


HARMFUL: dict[str, type[Refusal]] = {
    "a cell at XFD1048576": TooManyRows,
    "a member that unpacks to 520 MB": TooLargeInside,
    "a billion laughs": Suspicious,
    "an entity that names a file": Suspicious,
    "an entity in UTF-16": Suspicious,
    "five thousand members": Suspicious,
    "one long text in a million cells": TooLargeInside,
}

REFUSED = [
    *(Refused(name, BOMBS[name], kind) for name, kind in HARMFUL.items()),
    Refused("a program renamed", lambda: b"MZ\x90\0" + b"\0\1" * 300, NotASpreadsheet, "程序"),
    Refused("a PDF renamed", lambda: b"%PDF-1.7\n1 0 obj\n", NotASpreadsheet, "PDF"),
    Refused("a docx renamed", lambda: zipped(word__document_xml=b"<w/>"), NotASpreadsheet, "Word"),
    Refused("a zip of lists", lambda: zipped(a_xlsx=b"x"), NotASpreadsheet, "请解压"),
    Refused("xlsb", lambda: zipped(xl__workbook_bin=b"x"), OtherFormat, "xlsb"),
    Refused("with a password", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), Encrypted),
    Refused("cut off", lambda: xlsx(PLAIN)[:-30], Damaged),
    Refused("an xls cut off", lambda: xls(PLAIN)[:1500], Damaged),
    Refused("an empty sheet", lambda: by_openpyxl(()), Empty, "都是空的"),
    Refused("only a hidden sheet", lambda: xlsx(PLAIN, change=_only_hidden), Empty, "隐藏"),
    Refused("titles and nobody", lambda: xlsx(PLAIN[:1]), Empty, "下面没有人员"),
    Refused("titles and a total", lambda: xlsx((HEADER, ("合计", "0人", 0))), Empty, "没有人员"),
    Refused("no titles", lambda: xlsx(PLAIN[1:]), HeaderNotFound, "“姓名”"),
    Refused(
        "titles in row 31", lambda: xlsx([("通知",)] * 30 + list(PLAIN)), HeaderNotFound, "30 行"
    ),
    Refused(
        "no column of numbers",
        lambda: xlsx((("姓名", "学时"), ("张三", 8))),
        ColumnsMissing,
        "“身份证号”",
    ),
    Refused(
        "hours twice",
        lambda: xlsx(((*HEADER, "认定学时"), (*Z, 6))),
        ColumnsDoubled,
        "第 3 列“学时”、第 4 列“认定学时”都是“学时”",
    ),
    Refused("16,384 columns", lambda: xlsx([["姓名"] * 16_384]), TooManyColumns, "16384 列"),
    Refused("200,001 lines", lambda: as_csv(HEADER) + b"a\n" * 200_001, TooManyRows, "200000 行"),
    Refused(
        "a cell of 20,000 characters",
        lambda: xlsx((HEADER, ("长" * 20_000, ZHANG, 8))),
        CellTooLong,
        "20000 个字符",
    ),
    Refused(
        "a csv with NUL",
        lambda: as_csv(HEADER, Z, encoding="utf-8").replace(b",8", b",\0"),
        NotASpreadsheet,
    ),
    Refused("half a character", lambda: as_csv(*PLAIN) + b"\xe5\xbc", Damaged, "编码"),
]
