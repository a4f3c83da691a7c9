"""Each file as somebody might send it, with exactly what comes of it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ce_tracker.errors import UnreadableFile
from ce_tracker.sheets.headers import understood
from ce_tracker.sheets.reading import read
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
from ce_tracker.sheets.values import Fault, Value
from tests.sheets.files import (
    COLUMNS,
    GOOD_ROWS,
    LI,
    TITLES,
    ZHANG,
    by_hand,
    by_openpyxl,
    cell,
    csv_text,
    html,
    plain_rows,
    sheet_xml,
    xls,
    xlsx,
    zipped,
)

GRID: list[list[Any]] = [TITLES, ZHANG, LI]
BOTH: list[tuple[Any, ...]] = [(2, *ZHANG), (3, *LI)]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


@dataclass(frozen=True)
class Good:
    """Lines (number, name, ID number, hours) as they are read, and what else is known."""

    lines: list[tuple[Any, ...]]
    left_out: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    sheet: str = "名单"


@dataclass(frozen=True)
class Bad:
    kind: type[Refusal]
    says: str


def _merged(book: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 2, "2026年专业技术人员继续教育学时登记表")


def _second(grid: list[list[Any]], *, hide: bool = False) -> Callable[[Any, Any], None]:
    def change(book: Any, sheet: Any) -> None:
        second = book.add_worksheet("第二页")
        for row, values in enumerate(grid):
            second.write_row(row, 0, values)
        if hide:
            second.activate()
            sheet.hide()

    return change


def _far_format(book: Any, sheet: Any) -> None:
    sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bg_color": "red"}))


def _hidden_row(book: Any, sheet: Any) -> None:
    sheet.set_row(1, None, None, {"hidden": True})


def _error_value(book: Any, sheet: Any) -> None:
    sheet.write_formula(2, 2, "=VLOOKUP(A3,X:Y,2,0)", None, "#N/A")


def _formula(book: Any, sheet: Any) -> None:
    sheet.write_formula(1, 2, "=4+4", None, 8)


def _duplicate(archive: zipfile.ZipFile) -> None:
    archive.writestr("XL/Workbook.xml", b"<workbook/>")


TITLED: list[list[Any]] = [["2026年度登记表"], [], ["制表单位：某某中学", None, "2026年3月"], *GRID]
BELOW: list[list[Any]] = [
    *GRID,
    [],
    ["合 计", "2人", "14.5"],
    ["填表人：王五", None, "审核人：赵六"],
    ["注：以上属实"],
]

FILES: dict[str, tuple[Callable[[], bytes], Good | Bad]] = {
    # --- as it should be, by every writer and in every encoding
    "xlsx by xlsxwriter": (lambda: xlsx(GRID), Good(BOTH)),
    "xlsx by openpyxl": (lambda: by_openpyxl(GRID), Good(BOTH)),
    "xlsx by hand": (lambda: by_hand(sheet_xml(plain_rows(GRID))), Good(BOTH, sheet="表")),
    "xls": (lambda: xls(GRID), Good(BOTH)),
    "csv in utf-8": (lambda: csv_text(GRID).encode(), Good(BOTH, sheet="")),
    "csv in utf-8 with its mark": (
        lambda: csv_text(GRID).encode("utf-8-sig"),
        Good(BOTH, sheet=""),
    ),
    "csv in gb18030": (lambda: csv_text(GRID).encode("gb18030"), Good(BOTH, sheet="")),
    "csv in gb18030 with a rare sign": (
        lambda: csv_text([TITLES, ["王\U00020bb7", *ZHANG[1:]]]).encode("gb18030"),
        Good([(2, "王\U00020bb7", *ZHANG[1:])], sheet=""),
    ),
    "unicode text as Excel saves it": (
        lambda: csv_text(GRID, "\t").encode("utf-16"),
        Good(BOTH, sheet=""),
    ),
    "utf-16 the other way round": (
        lambda: b"\xfe\xff" + csv_text(GRID, "\t").encode("utf-16-be"),
        Good(BOTH, sheet=""),
    ),
    "csv parted by semicolons": (lambda: csv_text(GRID, ";").encode(), Good(BOTH, sheet="")),
    "csv parted by tabs": (lambda: csv_text(GRID, "\t").encode(), Good(BOTH, sheet="")),
    "csv that names its sign": (
        lambda: b"sep=;\r\n" + csv_text(GRID, ";").encode(),
        Good(BOTH, sheet=""),
    ),
    "csv with quotes, commas and line breaks inside": (
        '姓名,身份证号,"学时,\n（必填）"\n"张,三",370602199001011234,"8"\n'.encode,
        Good([(2, "张,三", *ZHANG[1:])], sheet=""),
    ),
    "csv with old Mac line ends": (
        lambda: csv_text(GRID, end="\r").encode(),
        Good(BOTH, sheet=""),
    ),
    "csv named xls": (lambda: csv_text(GRID, "\t").encode("gb18030"), Good(BOTH, sheet="")),
    "a web page named xls": (lambda: html(GRID), Good(BOTH, sheet="")),
    "a web page that says gb2312 and is utf-8": (
        lambda: html(GRID, "utf-8").replace(b'"utf-8"', b'"gb2312"'),
        Good(BOTH, sheet=""),
    ),
    "a web page with spanning titles and scripts": (
        (
            "<!DOCTYPE html><html><script>document.write('<td>假')</script><style>td{}</style>"
            "<table><tr><th colspan=3>登记表</th></tr><tr><td rowspan='2'>姓名<td rowspan=2>"
            "身份证号<td>学时</tr><tr><td>（必填）</tr><tr><td>张三<td>370602199001011234<td>8&nbsp;</table>"
        ).encode,
        Good([(4, *ZHANG)], sheet="", left_out=(3,)),
    ),
    # --- around the data
    "title rows above": (
        lambda: xlsx(TITLED),
        Good([(5, *ZHANG), (6, *LI)]),
    ),
    "a merged title": (lambda: xlsx([[], *GRID], change=_merged), Good([(3, *ZHANG), (4, *LI)])),
    "a merged title in xls": (
        lambda: xls([[], *GRID], lambda _, sheet: sheet.write_merge(0, 0, 0, 2, "登记表")),
        Good([(3, *ZHANG), (4, *LI)]),
    ),
    "a total, a signature and a note below": (
        lambda: xlsx(BELOW),
        Good(BOTH, left_out=(5, 6, 7)),
    ),
    "blank lines between": (
        lambda: xlsx([TITLES, [], ZHANG, [" ", "\u3000"], LI]),
        Good([(3, *ZHANG), (5, *LI)]),
    ),
    "data that begins at C5": (
        lambda: xlsx([[], [], [], [], *[[None, None, *row] for row in GRID]]),
        Good([(6, *ZHANG), (7, *LI)]),
    ),
    "the titles again on the second page": (
        lambda: xlsx([TITLES, ZHANG, TITLES, LI]),
        Good([(2, *ZHANG), (4, *LI)], left_out=(3,)),
    ),
    "titles with marks, spaces and line breaks": (
        lambda: xlsx([["*姓　名（必填）", "公民身份\n号码【18位】", "学 时 数："], ZHANG]),
        Good([(2, *ZHANG)]),
    ),
    "titles in another order, with more": (
        lambda: xlsx(
            [["序号", "学时", "单位", "证件号码", "学员姓名"], [1, "8", "一中", ZHANG[1], "张三"]]
        ),
        Good([(2, *ZHANG)], unknown=("序号", "单位")),
    ),
    "titles in two rows": (
        lambda: xlsx(
            [["姓名", "身份证号", "培训情况", None], [None, None, "学时", "完成日期"], ZHANG]
        ),
        Good([(3, *ZHANG)]),
    ),
    "a hidden row": (lambda: xlsx(GRID, change=_hidden_row), Good(BOTH)),
    "formats out to XFD1048576": (lambda: xlsx(GRID, change=_far_format), Good(BOTH)),
    # --- several sheets
    "two sheets": (lambda: xlsx(GRID, change=_second([["别的"]])), Good(BOTH)),
    "the first sheet empty": (
        lambda: xlsx([], change=_second(GRID)),
        Good(BOTH, sheet="第二页"),
    ),
    "the first sheet hidden": (
        lambda: xlsx([["旧"]], change=_second(GRID, hide=True)),
        Good(BOTH, sheet="第二页"),
    ),
    # --- values
    "numbers, a date, an error value": (
        lambda: xlsx(
            [TITLES, ["张三", 370602199001011, 8.5], ["李四", LI[1], 0]], change=_error_value
        ),
        Good([(2, "张三", Decimal(370602199001011), Decimal("8.5")), (3, *LI[:2], Fault("#N/A"))]),
    ),
    "a formula with its result": (
        lambda: xlsx([TITLES, ZHANG], change=_formula),
        Good([(2, *ZHANG[:2], Decimal(8))]),
    ),
    "an ID number in a numeric cell": (
        lambda: xlsx([TITLES, ["张三", 370602199001011234, True]]),
        Good([(2, "张三", Decimal("3.706021990010113E+17"), True)]),
    ),
    # --- refused
    "nothing": (lambda: b"", Bad(Empty, "文件是空的")),
    "white space": (lambda: b"\xef\xbb\xbf \r\n\r\n", Bad(Empty, "没有内容")),
    "an empty workbook": (lambda: xlsx([]), Bad(Empty, "都是空的")),
    "an empty xls": (lambda: xls([]), Bad(Empty, "都是空的")),
    "only a hidden sheet has data": (
        lambda: xlsx(GRID, change=_second([], hide=True)),
        Bad(Empty, "隐藏的工作表（名单）"),
    ),
    "a program renamed": (
        lambda: b"MZ\x90\x00" + b"\0\1" * 300,
        Bad(NotASpreadsheet, "Windows 程序"),
    ),
    "a PDF renamed": (lambda: b"%PDF-1.7\n1 0 obj\n", Bad(NotASpreadsheet, "PDF")),
    "a picture renamed": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\r", Bad(NotASpreadsheet, "图片")),
    "a docx renamed": (
        lambda: zipped(word__document_xml=b"<w/>"),
        Bad(NotASpreadsheet, "Word 文档"),
    ),
    "a doc renamed": (
        lambda: OLE + "WordDocument".encode("utf-16-le"),
        Bad(NotASpreadsheet, "Word 文档"),
    ),
    "a zip of spreadsheets": (lambda: zipped(a_xlsx=b"x"), Bad(NotASpreadsheet, "请解压")),
    "an rar": (lambda: b"Rar!\x1a\x07\x01\0", Bad(NotASpreadsheet, "压缩包")),
    "encrypted by the office's own software": (
        lambda: b"b\x14#e\x01\0" + bytes(range(128, 256)) * 9,
        Bad(NotASpreadsheet, "不是表格文件"),
    ),
    "a binary workbook": (lambda: zipped(xl__workbook_bin=b"x"), Bad(OtherFormat, "xlsb")),
    "an ods": (
        lambda: zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
        Bad(OtherFormat, "OpenDocument"),
    ),
    "an XML spreadsheet of 2003": (
        lambda: (
            b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
            b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
        ),
        Bad(OtherFormat, "XML 电子表格 2003"),
    ),
    "a web page without a table": (
        "<html><body>请先登录</body></html>".encode,
        Bad(OtherFormat, "没有表格"),
    ),
    "protected by a password": (
        lambda: OLE + "EncryptedPackage".encode("utf-16-le"),
        Bad(Encrypted, "加了密码"),
    ),
    "cut off in the middle": (lambda: xlsx(GRID)[:2000], Bad(Damaged, "不完整")),
    "cut off at the end": (lambda: xlsx(GRID)[:-30], Bad(Damaged, "不完整")),
    "xls cut off": (lambda: xls(GRID)[:1500], Bad(Damaged, "不完整")),
    "a byte changed": (
        lambda: (data := xlsx(GRID))[:1200] + bytes([data[1200] ^ 1]) + data[1201:],
        Bad(Damaged, "损坏"),
    ),
    "a member missing": (
        lambda: by_hand(without=("xl/worksheets/sheet1.xml",)),
        Bad(Damaged, "读不出来"),
    ),
    "XML that ends early": (
        lambda: by_hand(b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</"),
        Bad(Damaged, "读不出来"),
    ),
    "names that lead elsewhere": (
        lambda: by_hand(more={"../../etc/cron.d/x": b"x"}),
        Bad(Suspicious, "指向了别处"),
    ),
    "an absolute name": (lambda: by_hand(more={"/etc/x": b"x"}), Bad(Suspicious, "指向了别处")),
    "the same name twice": (lambda: by_hand(change=_duplicate), Bad(Suspicious, "重名")),
    "a cell of 20,000 characters": (
        lambda: xlsx([TITLES, ["长" * 20_000, *ZHANG[1:]]]),
        Bad(CellTooLong, "第 2 行第 1 列有 20000 个字符，最多 10000 个"),
    ),
    "a csv cell that never ends": (
        (csv_text(GRID) + '"王' + "五" * 20_000).encode,
        Bad(CellTooLong, "双引号没有成对"),
    ),
    "16,384 columns": (
        lambda: xlsx([["姓名"] * 16_384]),
        Bad(TooManyColumns, "第 16384 列还有内容，最多可读 100 列"),
    ),
    "a csv of 101 columns": (
        lambda: ",".join(["姓名"] * 101).encode(),
        Bad(TooManyColumns, "第 101 列还有内容"),
    ),
    "a cell in row 200,001": (
        lambda: by_hand(sheet_xml(GOOD_ROWS + f'<row r="200001">{cell("A200001", "远")}</row>')),
        Bad(TooManyRows, "第 200001 行还有内容，最多可读 200000 行"),
    ),
    "a csv of 200,001 rows": (lambda: b"a\n" * 200_001, Bad(TooManyRows, "第 200001 行")),
    "more than 20 MB": (lambda: b"a" * (20 * 2**20 + 1), Bad(TooLargeInside, "最多 20 MB")),
    # --- columns
    "no titles": (
        lambda: xlsx([ZHANG, LI]),
        Bad(HeaderNotFound, "前 30 行中没有找到标题行。应有的列：“姓名”（也可写“学员姓名”）"),
    ),
    "titles in row 31": (lambda: xlsx([["说明"]] * 30 + GRID), Bad(HeaderNotFound, "前 30 行")),
    "a needed column missing": (
        lambda: xlsx([["姓名", "学时", "单位"], ["张三", 8, "一中"]]),
        Bad(
            ColumnsMissing,
            "其中没有：“身份证号”（也可写“证件号码”“公民身份号码”“身份证号码”）。"
            "该行的列名是：“姓名”、“学时”、“单位”。",
        ),
    ),
    "a column twice": (
        lambda: xlsx([["姓名", "身份证号", "学时", "学时数"], [*ZHANG, 8]]),
        Bad(ColumnsDoubled, "第 1 行中第 3 列“学时”、第 4 列“学时数”都是“学时”"),
    ),
}


@pytest.mark.parametrize("name", [n for n, (_, e) in FILES.items() if isinstance(e, Good)])
def test_a_messy_file_is_read_for_what_it_holds(name: str) -> None:
    make, expected = FILES[name]
    assert isinstance(expected, Good)
    with read(make(), name) as sheet:
        table = understood(sheet, COLUMNS)
        lines = [(line.number, line["name"], line["id_number"], line["hours"]) for line in table]
        assert lines == expected.lines
        assert tuple(table.left_out) == expected.left_out
        assert table.header.unknown == expected.unknown
        assert sheet.name == expected.sheet


@pytest.mark.parametrize("name", [n for n, (_, e) in FILES.items() if isinstance(e, Bad)])
def test_what_cannot_be_read_is_refused_and_says_why(name: str) -> None:
    make, expected = FILES[name]
    assert isinstance(expected, Bad)
    with pytest.raises(UnreadableFile) as refused:
        list(understood(read(make(), name), COLUMNS))
    assert type(refused.value) is expected.kind
    assert expected.says in str(refused.value)
    assert refused.value.facts["reason"] == expected.kind.reason
    assert (refused.value.status, refused.value.code) == (422, "unreadable_file")
    assert refused.value.remedy


def test_there_are_at_least_forty_of_them() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("epoch_1904", [False, True])
@pytest.mark.parametrize("write", [xlsx, xls])
def test_dates_are_the_days_that_the_spreadsheet_shows(
    write: Callable[..., bytes], epoch_1904: bool
) -> None:
    with read(write([[date(2026, 3, 5)]], date_1904=epoch_1904)) as sheet:
        assert sheet.epoch_1904 is epoch_1904
        assert [list(row.values) for row in sheet] == [[date(2026, 3, 5)]]


def test_a_sheet_knows_its_epoch_its_neighbours_and_its_size() -> None:
    def change(book: Any, sheet: Any) -> None:
        book.add_worksheet("乙").write(0, 0, "x")
        book.add_worksheet("丙").hide()

    with read(xlsx(GRID, change=change, date_1904=True)) as sheet:
        assert sheet.epoch_1904
        assert (sheet.other_sheets, sheet.hidden_sheets) == (["乙"], ["丙"])
        assert (sheet.height, sheet.width, sheet.kind) == (3, 3, "xlsx")


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("utf-16", "utf-16-le")],
)
def test_a_sheet_names_the_encoding_that_it_was_read_in(encoding: str, named: str) -> None:
    with read(csv_text(GRID).encode(encoding)) as sheet:
        assert sheet.encoding == named


def test_values_keep_their_kinds() -> None:
    moment = datetime(2026, 3, 5, 14, 30)

    def change(book: Any, sheet: Any) -> None:
        sheet.write_datetime(0, 5, moment, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))

    row: list[Any] = ["文字", 0.1, 8, True, None]
    with read(xlsx([row], change=change)) as sheet:
        values: list[Value] = list(next(sheet).values)
    assert values == ["文字", Decimal("0.1"), 8, True, None, moment]
    assert [type(value) for value in values[1:4]] == [Decimal, int, bool]
