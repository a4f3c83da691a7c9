"""What people do to a list around its data: programs, encodings, titles, headings, totals."""

from __future__ import annotations

from functools import partial
from typing import Any

from ce_tracker.ledger.uploads import Mode
from tests.ledger.messy.case import (
    AYI,
    ENDS_IN_X,
    HEADER,
    NEWCOMER,
    OUYANG,
    PLAIN,
    SESSION,
    WU,
    ZHANG,
    ZHOU,
    Became,
    Case,
    L,
    W,
    Z,
    held,
    new,
    several,
    wrong,
)
from tests.registry.desk import as_csv
from tests.sheets.files import Grid, by_openpyxl, csv_text, html, xls, xlsx

BOTH = {2: new(8), 3: new(6.5)}
RARE: Grid = (*PLAIN, ("欧阳𬭎", OUYANG, 8), ("阿依古丽•买买提", AYI, 8))
ALL_FOUR = {**BOTH, 4: new(8), 5: new(8)}
NOTE = "没有当作人员。"


def _merged(book: Any) -> None:
    book.active.merge_cells("A1:C1")


def _two_merged(book: Any) -> None:
    for cells in ("A1:A2", "B1:B2", "C1:D1"):
        book.active.merge_cells(cells)


def _hidden_list(book: Any, sheet: Any) -> None:
    old = book.add_worksheet("去年")
    for row, line in enumerate((HEADER, ("王五", "看不清", "八"))):
        old.write_row(row, 0, line)
    old.hide()


def _first_hidden(book: Any, sheet: Any) -> None:
    book.add_worksheet("名单2").write_column(0, 0, ["姓名", "王五"])
    book.get_worksheet_by_name("名单2").write_column(0, 1, ["身份证号", W[1]])
    book.get_worksheet_by_name("名单2").activate()
    sheet.hide()


def _protected(book: Any, sheet: Any) -> None:
    sheet.protect("abc")
    sheet.autofilter(0, 0, 2, 2)
    sheet.filter_column(0, "x == 张三")
    sheet.set_row(2, None, None, {"hidden": True})


WRITERS = [
    Case("xlsx by openpyxl", partial(by_openpyxl, RARE), ALL_FOUR),
    Case("xlsx by xlsxwriter", partial(xlsx, RARE), ALL_FOUR),
    Case("xls", partial(xls, RARE), ALL_FOUR, file="签到表.xls"),
    Case("csv in UTF-8", partial(as_csv, *RARE, encoding="utf-8"), ALL_FOUR),
    Case("csv in UTF-8 with BOM", partial(as_csv, *RARE), ALL_FOUR),
    Case("csv in GB18030", partial(as_csv, *RARE, encoding="gb18030"), ALL_FOUR),
    Case("csv in UTF-16 by tabs", lambda: csv_text(RARE, "\t").encode("utf-16"), ALL_FOUR),
    Case("csv by semicolons, old Mac", lambda: csv_text(PLAIN, ";", "\r").encode(), BOTH),
    Case("a web page by the name of xls", partial(html, PLAIN), BOTH, file="导出.xls"),
    Case(
        "csv with line breaks within cells",
        lambda: ('"姓名","身份证号","学时\n（节）"\r\n"张\n三",' + f'"{ZHANG}\t","8"\r\n').encode(
            "gb18030"
        ),
        {2: new(8)},
    ),
]
"""𬭎 takes four bytes in GB18030, and no one-byte name of it is in GBK."""

TITLES = [
    several(
        "other titles in another order, with more columns",
        ("序号", "成绩", "所在单位", "学时数", "公民身份号码", "备注", "学员姓名", "结业日期"),
        ((1, 85, "一中", 8, ZHANG, "组长", "张三", "2026-03-05"), new(8)),
        ((2, "不合格", "二中", None, L[1], None, "李四", None), Became("not_credited")),
        notes=("这些列没有用到：序号。",),
    ),
    several(
        "titles with marks, spaces, line breaks and brackets",
        ("*姓　名（必填）", "证件\n号码【18位】", "获得 学 时：", "考核结果（合格/不合格）"),
        (("张三", ZHANG, 8, "合格"), new(8)),
    ),
    Case(
        "a merged heading and a remark above",
        lambda: by_openpyxl(
            (("2026年继续教育培训签到表", None, None), ("主办：某某基地",), *PLAIN), _merged
        ),
        {4: new(8), 5: new(6.5)},
    ),
    Case(
        "titles in two rows, merged",
        lambda: by_openpyxl(
            (
                ("姓名", "身份证号", "培训情况", None),
                (None, None, "学时", "考核结果"),
                ("张三", ZHANG, 8, "合格"),
                ("李四", L[1], None, "缺考"),
            ),
            _two_merged,
        ),
        {3: new(8), 4: Became("not_credited")},
    ),
    Case(
        "a merged heading in xls",
        lambda: xls(((), *PLAIN), lambda _, s: s.write_merge(0, 0, 0, 2, "签到表")),
        {3: new(8), 4: new(6.5)},
    ),
    Case(
        "data that begins at C5",
        lambda: xlsx([(), (), (), (), *((None, None, *row) for row in PLAIN)]),
        {6: new(8), 7: new(6.5)},
    ),
    Case(
        "the titles again on the second page",
        lambda: xlsx((HEADER, Z, HEADER, L)),
        {2: new(8), 4: new(6.5)},
        notes=(f"第 3 行是合计、签名一类，{NOTE}",),
    ),
    several(
        "columns that nobody reads, twice",
        ("姓名", "身份证号", "学时", "单位", "工作单位", "备注", "说明"),
        (("张三", ZHANG, 8, "一中", "市一中", None, "组长"), new(8)),
    ),
    several(
        "no column of hours",
        ("姓名", "身份证号"),
        (("张三", ZHANG), new(40)),
        notes=("文件中没有“学时”一列，合格的人员都按班次的学时计。",),
    ),
]

AROUND = [
    Case(
        "blank lines",
        lambda: xlsx((HEADER, (), Z, (" ", "\u3000", None), (), L)),
        {3: new(8), 6: new(6.5)},
    ),
    Case(
        "a total, signatures and a note below",
        lambda: xlsx(
            (
                *PLAIN,
                (),
                ("合 计", "2人", "14.5"),
                ("填表人：钱某", None, "审核人：赵某"),
                ("注：以上属实",),
            )
        ),
        BOTH,
        notes=(f"第 5、6、7 行是合计、签名一类，{NOTE}",),
    ),
    Case(
        "a total of numbers",
        lambda: xlsx((*PLAIN, ("总计", None, 14.5))),
        BOTH,
        notes=(f"第 4 行是合计、签名一类，{NOTE}",),
    ),
    Case(
        "another sheet beside it",
        lambda: xlsx(PLAIN, change=lambda book, _: book.add_worksheet("须知").write(0, 0, "x")),
        BOTH,
        notes=("读取的是工作表“名单”，另有 1 张没有读取：须知。",),
    ),
    Case("an old list in a hidden sheet", lambda: xlsx(PLAIN, change=_hidden_list), BOTH),
    Case(
        "the first sheet hidden",
        lambda: xlsx(PLAIN, change=_first_hidden),
        {2: new(40)},
        notes=("文件中没有“学时”一列，合格的人员都按班次的学时计。",),
    ),
    Case("protected, filtered, a row hidden", lambda: xlsx(PLAIN, change=_protected), BOTH),
]

SENSE = [
    several(
        "of everything something",
        ("姓名", "身份证号", "学时", "考核结果"),
        (("张三", ZHANG, 8, "合格"), new(8)),
        (("周六", ZHOU, 8, None), wrong("考核结果：没有填写，请填“合格”“不合格”或成绩。")),
        (("吴七", WU, 6, "合格"), Became("changed", 600)),
        (("新人", NEWCOMER, 8, "合格"), held(8)),
        (("李四", L[1], 8, "不合格"), Became("not_credited")),
        (
            ("王五", L[1], 8, "合格"),
            wrong("姓名：这个证件号码登记的是另一个姓名，请核对姓名和证件号码。"),
        ),
        credited=True,
    ),
    several(
        "a complete list without who was credited",
        HEADER,
        (Z, new(8)),
        (("周六", ZHOU, 8), Became("already", 800)),
        removed=1,
        credited=True,
        mode=Mode.REPLACE,
    ),
    several(
        "who was credited has failed",
        ("姓名", "身份证号", "学时", "成绩"),
        (("周六", ZHOU, None, "缺考"), Became("changed", None)),
        (("吴七", WU, 0, None), Became("changed", None)),
        credited=True,
    ),
    several(
        "a list of many sessions",
        ("班次编号", "姓名", "身份证号", "学时"),
        ((SESSION, *Z), new(8)),
        ((f" {SESSION} ", *L), new(6.5)),
        (("ＰＸ-07", *W), new(40)),
        (
            ("PX-08", "孙晓", ENDS_IN_X, 8),
            wrong("班次编号：“PX-08”不是这次可以登记的班次的编号，请对照班次列表检查。"),
        ),
        ((None, "孙晓", ENDS_IN_X, 8), wrong("班次编号：没有填写，请填班次列表中的编号。")),
        of_many=True,
    ),
    several(
        "a list of one session that names another",
        ("期次编号", "姓名", "身份证号", "学时"),
        ((SESSION, *Z), new(8)),
        ((None, *L), new(6.5)),
        (
            ("PX-08", *W),
            wrong("班次编号：“PX-08”不是这次可以登记的班次的编号，请对照班次列表检查。"),
        ),
    ),
]

LAYOUTS = [*WRITERS, *TITLES, *AROUND, *SENSE]
