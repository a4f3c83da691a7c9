"""In the child: an xlsx is a zip of XML; it is looked through before a parser is let near it.

What a zip says of itself is not believed: every member is unpacked, piece by piece, and counted.
The parser lays a sheet out as a full rectangle, so that one cell far out costs all that lies
between; it also forgets error values, and both are found here on the way.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from xml.etree import ElementTree as ET

from ce_tracker.sheets.limits import MB, Limits
from ce_tracker.sheets.refusals import (
    Damaged,
    Encrypted,
    NotASpreadsheet,
    OtherFormat,
    Suspicious,
    TooLargeInside,
    TooManyColumns,
    TooManyRows,
)

_PIECE = MB
_PACKED_PIECE = 64 * 1024
_SEAM = 32
_ENDS = (b"</c>", b"/>")
_SMALL = 10 * MB
_MOST_FAULTS = 300_000
_MOST_SHEETS = 500
_LONGEST_SMALL_PART = 4 * MB
_CENTRAL = b"PK\x01\x02"
_ENCRYPTED_FLAG = 0x1

_INSIDE: tuple[tuple[str, str], ...] = (
    ("word/", "Word 文档"),
    ("ppt/", "PowerPoint 演示文稿"),
    ("META-INF/MANIFEST.MF", "Java 程序"),
    ("AndroidManifest.xml", "安卓程序"),
)
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0[DE]\0|\0<\0!\0[DE]", re.IGNORECASE)
_FAULTY = re.compile(
    rb"<(?:\w+:)?c\s([^>]*\bt=[\"']e[\"'][^>]*)>\s*"
    rb"(?:<(?:\w+:)?f\b[^>]*/>|<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>)?\s*"
    rb"<(?:\w+:)?v>([^<]{1,40})</"
)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")


@dataclass
class Part:
    """One worksheet, and what was seen in it."""

    name: str
    member: str = ""
    hidden: bool = False
    last_row: int = 0
    """The furthest beyond the limit, from 1; 0 if none is."""
    last_column: int = 0
    faults: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """Row, from 0 → its error values with their columns, from 0."""

    def check(self, limits: Limits) -> None:
        if self.last_row > limits.rows:
            raise TooManyRows.found(self.name, self.last_row, limits.rows)
        if self.last_column > limits.columns:
            raise TooManyColumns.found(self.name, self.last_column, limits.columns)


@dataclass
class Look:
    parts: list[Part]
    epoch_1904: bool


def look_into(data: bytes, limits: Limits) -> Look:
    if data.count(_CENTRAL) > limits.members:
        raise Suspicious(f"压缩包里的文件超过 {limits.members} 个。")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        _check_members(members, data, limits)
        look = _plan(archive)
        by_member = {part.member: part for part in look.parts}
        left = limits.unpacked_bytes
        for member in members:
            left = _look_through(data, member, by_member.get(member.filename), left, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, KeyError):
        raise Damaged from None
    except NotImplementedError:
        raise Suspicious("压缩方式不常见。") from None
    return look


def _check_members(members: list[zipfile.ZipInfo], data: bytes, limits: Limits) -> None:
    names = [member.filename for member in members]
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise Encrypted("压缩包加了密码。")
    _check_kind(names, data)
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name:
            raise Suspicious("压缩包里的文件名指向了别处。")
    if len({name.lower() for name in names}) < len(names):
        raise Suspicious("压缩包里有重名的文件。")
    if sum(member.compress_size for member in members) > len(data):
        raise Suspicious("压缩包里的文件互相重叠。")
    for member in members:
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Suspicious("压缩方式不常见。")
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise _too_large(limits)


def _check_kind(names: list[str], data: bytes) -> None:
    lower = {name.lower() for name in names}
    if any(name.startswith("xl/") and name.endswith("workbook.bin") for name in lower):
        raise OtherFormat("这是二进制工作簿（*.xlsb）。")
    if any(name.startswith("xl/") for name in lower):
        return
    for start, what in _INSIDE:
        if any(name.startswith(start) for name in names):
            raise NotASpreadsheet(f"这是{what}，不是表格文件。", what=what)
    if b"application/vnd.oasis.opendocument.spreadsheet" in data[:200]:
        raise OtherFormat("这是 OpenDocument 表格（*.ods）。")
    if any(name.endswith(".iwa") for name in lower):
        raise OtherFormat("这是 Numbers 表格。")
    raise NotASpreadsheet("这是压缩包，不是表格文件；请解压后上传其中的表格。", what="压缩包")


def _plan(archive: zipfile.ZipFile) -> Look:
    """Which sheets there are, in the order of their tabs, and where each of them is kept."""
    top = _small(archive, "_rels/.rels")
    book_name = next(
        (
            element.get("Target", "").lstrip("/")
            for element in top
            if element.get("Type", "").endswith("/officeDocument")
        ),
        "xl/workbook.xml",
    )
    book = _small(archive, book_name)
    folder, _, file = book_name.rpartition("/")
    targets = {}
    for element in _small(archive, f"{folder}/_rels/{file}.rels"):
        if element.get("Type", "").endswith("/worksheet"):
            target = element.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else join(folder, target)
            targets[element.get("Id", "")] = normpath(path)
    parts = []
    epoch_1904 = False
    for element in book.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "workbookPr":
            epoch_1904 = element.get("date1904", "0") in {"1", "true"}
        elif tag == "sheet":
            key = next((v for k, v in element.items() if k.endswith("}id")), "")
            hidden = element.get("state", "visible") != "visible"
            if key in targets:
                parts.append(Part(element.get("name", ""), targets[key], hidden))
    if not parts or len(parts) > _MOST_SHEETS:
        raise Damaged("工作簿里找不到工作表。" if not parts else "工作表过多。")
    return Look(parts, epoch_1904)


def _small(archive: zipfile.ZipFile, name: str) -> ET.Element:
    with archive.open(name) as stream:
        text = stream.read(_LONGEST_SMALL_PART + 1)
    if len(text) > _LONGEST_SMALL_PART:
        raise Suspicious("工作簿的目录过长。")
    _refuse_dtd(text)
    try:
        return ET.fromstring(text)  # noqa: S314  no DTD, no entities: just looked
    except (ET.ParseError, LookupError):
        raise Damaged from None


def _refuse_dtd(text: bytes) -> None:
    # Two plain searches first: the pattern takes as long as all the rest.
    if (b"<!" in text or b"\0" in text) and _DTD.search(text):
        raise Suspicious("XML 里带有 DTD 或实体定义。")


def _look_through(
    data: bytes, member: zipfile.ZipInfo, part: Part | None, left: int, limits: Limits
) -> int:
    """The bytes that the next members may still unpack to."""
    seen = 0
    for piece in _pieces(data, member, whole_tags=part is not None):
        seen += piece.fresh
        if seen > left:
            raise _too_large(limits)
        if seen > _SMALL and seen > limits.ratio * max(member.compress_size, 1):
            raise TooLargeInside(f"内容解压后是原来的 {limits.ratio} 倍以上，不像正常的表格。")
        _refuse_dtd(piece.text)
        if part is not None:
            _look_for_far_cells(piece.text, part, limits)
            _look_for_faults(piece.text, part)
    return left - seen


@dataclass
class _Piece:
    text: bytes
    fresh: int


def _pieces(data: bytes, member: zipfile.ZipInfo, *, whole_tags: bool) -> Iterator[_Piece]:
    """With a little of the one before, or cut between cells, so that nothing hides in a seam."""
    rest = b""
    for fresh in _unpacked(data, member):
        text = rest + fresh
        cut = len(text)
        if whole_tags and len(rest) < _PIECE:
            ends = [text.rfind(end) + len(end) for end in _ENDS if end in text]
            cut = max(ends, default=len(text))
        yield _Piece(text[:cut], len(fresh))
        rest = text[cut:] if whole_tags else text[-_SEAM:]
    if rest:
        yield _Piece(rest, 0)


def _unpacked(data: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """To the true end, not to where the directory says it ends."""
    start = member.header_offset
    name, extra = struct.unpack_from("<HH", data, start + 26)
    start += 30 + name + extra
    packed = memoryview(data)[start : start + member.compress_size]
    size = checksum = 0
    for piece in _inflated(packed, stored=member.compress_type == zipfile.ZIP_STORED):
        size += len(piece)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if size != member.file_size or checksum != member.CRC:
        raise zipfile.BadZipFile


def _inflated(packed: memoryview, *, stored: bool) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(packed), _PACKED_PIECE):
        piece = bytes(packed[start : start + _PACKED_PIECE])
        if stored:
            yield piece
            continue
        while piece:
            yield inflate.decompress(piece, _PIECE)
            piece = inflate.unconsumed_tail
    while not stored and (piece := inflate.decompress(b"", _PIECE)):
        yield piece
    if not stored and not inflate.eof:
        raise zipfile.BadZipFile


def _look_for_far_cells(text: bytes, part: Part, limits: Limits) -> None:
    for match in _beyond(limits).finditer(text):
        end = text.find(b">", match.end())
        if end > 0 and text[end - 1 : end] == b"/":
            continue  # formatted, but empty
        part.last_row = max(part.last_row, int(match[2]))
        part.last_column = max(part.last_column, column_number(match[1].decode()))


def _look_for_faults(text: bytes, part: Part) -> None:
    if b't="e"' not in text and b"t='e'" not in text:
        return
    for match in _FAULTY.finditer(text):
        place = _REFERENCE.search(match[1])
        if place is None:
            continue
        row, column = int(place[2]) - 1, column_number(place[1].decode()) - 1
        part.faults.setdefault(row, []).append((column, match[2].decode("utf-8", "replace")))
    if len(part.faults) > _MOST_FAULTS:
        raise Suspicious(f"错误值（如 #N/A）超过 {_MOST_FAULTS} 行。")


_compiled: dict[Limits, re.Pattern[bytes]] = {}


def _beyond(limits: Limits) -> re.Pattern[bytes]:
    """Finds the cells outside the limits, at the speed of a plain search for all others."""
    if limits not in _compiled:
        columns = _greater(column_letters(limits.columns), "A", "Z")
        rows = _greater(str(limits.rows), "0", "9")
        _compiled[limits] = re.compile(
            rf" r=\"(?:(?=(?:{columns})[0-9])|(?=[A-Z]+(?:{rows})\"))"
            rf"([A-Z]{{1,6}})([0-9]{{1,9}})\"".encode()
        )
    return _compiled[limits]


def _greater(limit: str, low: str, high: str) -> str:
    """A pattern for whatever counts beyond `limit`, in letters or digits of that range."""
    choices = [f"[{low}-{high}]{{{len(limit) + 1},}}"]
    for place, sign in enumerate(limit):
        if sign < high:
            tail = f"[{low}-{high}]{{{len(limit) - place - 1}}}"
            choices.append(f"{limit[:place]}[{chr(ord(sign) + 1)}-{high}]{tail}")
    return "|".join(choices)


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _too_large(limits: Limits) -> TooLargeInside:
    return TooLargeInside(
        f"内容解压后超过 {limits.unpacked_bytes // MB} MB。", limit=limits.unpacked_bytes
    )
