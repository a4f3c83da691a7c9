"""What a file is by its first bytes. Names are not believed: an .xls may be a web page."""

from __future__ import annotations

import re
from typing import Literal

from ce_tracker.sheets.refusals import Encrypted, NotASpreadsheet, OtherFormat

Kind = Literal["xlsx", "xls", "html", "csv"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF 文件"),
    (b"MZ", "Windows 程序"),
    (b"\x7fELF", "程序"),
    (b"{\\rtf", "RTF 文档"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"BM", "图片"),
    (b"RIFF", "图片或影音文件"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"BZh", "压缩包"),
    (b"\xfd7zXZ", "压缩包"),
    (b"SQLite format 3", "数据库文件"),
)
_IN_OLE: tuple[tuple[str, str], ...] = (
    ("WordDocument", "Word 文档"),
    ("PowerPoint Document", "PowerPoint 演示文稿"),
    ("__substg1.0_", "Outlook 邮件"),
)
_HEAD = 4096


def kind_of(data: bytes) -> Kind:
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if data.startswith(_OLE):
        return _in_ole(data)
    if data.startswith(_BARE_BIFF):
        raise OtherFormat("这是很早的 Excel（4.0 或更早）格式。")
    for magic, what in _OTHERS:
        if data.startswith(magic) and not _is_text(data[:_HEAD]):
            raise NotASpreadsheet(f"这是{what}，不是表格文件。", what=what)
    if data.startswith((b"%PDF", b"{\\rtf")):
        what = "PDF 文件" if data.startswith(b"%") else "RTF 文档"
        raise NotASpreadsheet(f"这是{what}，不是表格文件。", what=what)
    return _in_text(data)


def _in_ole(data: bytes) -> Kind:
    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage") or holds("EncryptionInfo"):
        raise Encrypted
    for name, what in _IN_OLE:
        if holds(name):
            raise NotASpreadsheet(f"这是{what}，不是表格文件。", what=what)
    return "xls"


def _in_text(data: bytes) -> Kind:
    head = _readable(data[:_HEAD])
    if re.match(
        r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|style|table|div)\b",
        head,
        re.IGNORECASE | re.DOTALL,
    ):
        return "html"
    if re.match(r"\s*<\?xml|\s*<\w+:?Workbook\b", head):
        if "<html" in head.lower():
            return "html"
        if "urn:schemas-microsoft-com:office:spreadsheet" in head:
            raise OtherFormat("这是“XML 电子表格 2003”格式。")
        raise NotASpreadsheet("这是 XML 文件，不是表格文件。", what="XML 文件")
    if re.match(r"MIME-Version:", head, re.IGNORECASE):
        raise OtherFormat("这是“单个文件网页”（mht）格式。")
    return "csv"


def _readable(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _is_text(head: bytes) -> bool:
    """`BM` and `MZ` may also begin a heading."""
    return not re.search(rb"[\x00-\x08\x0e-\x1f]", head)
