"""What people and spreadsheets do to the contents of a cell."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.ledger.messy.case import (
    ALREADY,
    AYI,
    ENDS_IN_X,
    FAILED,
    HEADER,
    LI,
    NEWCOMER,
    OLD,
    OLD_FORM,
    OTHER_ROUND,
    OUYANG,
    PLAIN,
    ROUND,
    WANG,
    ZHANG,
    ZHOU,
    Case,
    L,
    Z,
    column,
    held,
    new,
    one,
    same_as,
    several,
    wrong,
)
from tests.registry.desk import as_csv
from tests.sheets.files import by_openpyxl, xls, xlsx

DESTROYED = (
    "身份证号：是数值格式，Excel 只保留 15 位有效数字，后面几位已经变成 0，无法恢复。"
    "请先把这一列的单元格格式设为“文本”，再重新填写完整的号码。"
)
OTHER_NAME = "姓名：这个证件号码登记的是另一个姓名，请核对姓名和证件号码。"
LOST = (
    "证件号码：以 000 结尾，可能被表格改动过，又查不到这个人，"
    "请对照证件核对，把该列改为文本后重填。"
)
ROUNDED = (
    "身份证号：证件号码以 000 结尾，且校验不符，多半是表格把它存成了数字，后三位已丢失。"
    "请把该列设为文本，重新填写。"
)
CHECK = "身份证号：证件号码有误：校验不符，请对照证件核对每一位。"
SHORT = "身份证号：证件号码应为 18 位（旧证 15 位），这里有 {} 位。"
NO_NUMBER = "身份证号：应填写证件号码，这里是日期、时间或是否。"
STRANGE = "身份证号：含有证件号码中不会有的字符，请检查。"
FIGURES = "姓名：姓名中有数字，请检查是否填错了列。"
EMPTY = "没有填写，请补上。"


def wide(text: str) -> str:
    return "".join(chr(ord(ch) + 0xFEE0) for ch in text)


NUMBERS = [
    one("18 digits in a numeric cell", wrong(DESTROYED), "张三", int(ZHANG[:17]) * 10),
    one("six digits of it and an exponent", wrong(DESTROYED), "张三", 3.70602e17),
    one("the same as text", wrong(DESTROYED), "张三", "3.70602E+17"),
    one("…000 and its owner", new(8), "赵圆", ROUND),
    one("…000 and another name", wrong(OTHER_NAME), "赵方", ROUND),
    one("…000 of somebody unknown", wrong(LOST), "赵圆", OTHER_ROUND),
    one("…000 that cannot be", wrong(ROUNDED), "张三", ZHANG[:15] + "000"),
    one("the 15 digits of before", new(8), "钱老", OLD_FORM),
    one("15 digits in a numeric cell", new(8), "钱老", int(OLD_FORM)),
    one("a wrong check character", wrong(CHECK), "张三", ZHANG[:17] + "0"),
    one("too short a number", wrong(SHORT.format(17)), "张三", ZHANG[:17]),
    one("no number", wrong(f"身份证号：{EMPTY}"), "张三", None),
    one("a date for a number", wrong(NO_NUMBER), "张三", date(2026, 3, 5)),
    one("somebody unknown", held(8), "新人", NEWCOMER),
    several(
        "right numbers in strange clothes",
        HEADER,
        (("孙晓", ENDS_IN_X.lower(), 8), new(8)),
        (("李四", wide(LI), 8), new(8)),
        (("张三", f"'{ZHANG}", 8), new(8)),
        (("钱老", f"{OLD[:6]} {OLD[6:14]}\u3000{OLD[14:]}\u200b", 8), new(8)),
    ),
]

NAMES = [
    several(
        "right names in strange clothes",
        HEADER,
        (("张\u3000三 ", ZHANG, 8), new(8)),
        (("阿依古丽．买买提", AYI, 8), new(8)),
        (("\u200b欧阳 𬭎", OUYANG, 8), new(8)),
    ),
    one("no interpunct at all", new(8), "阿依古丽买买提", AYI),
    one("the right number and another name", wrong(OTHER_NAME), "张山", ZHANG),
    one("no name", wrong(f"姓名：{EMPTY}"), None, ZHANG),
    one("a name with a figure", wrong(FIGURES), "张3", ZHANG),
    one("name and number exchanged", wrong(FIGURES, STRANGE), ZHANG, "张三"),
]

HOURS = column(
    "学时",
    *((said, new(8)) for said in (8, 8.0, "8", "８", " 8.00 ", "8学时", "8 课时", "'8")),
    ("８．２５", new(8.25)),
    (40, new(40)),
    (0, FAILED),
    ("0.00", FAILED),
    (40.01, wrong("学时：40.01 学时超过了班次的 40 学时，请检查。")),
    (8.125, wrong("学时：“8.125”的小数超过两位，最多写两位小数。")),
    (-8, wrong("学时：“-8”是负数，不能小于 0。")),
    ("八", wrong("学时：“八”不是数字，请只填数字，如 8 或 8.5。")),
    (None, wrong(f"学时：{EMPTY}")),
    (date(1900, 1, 8), wrong("学时：应填写数字，这里是日期、时间或是否。")),
    (True, wrong("学时：应填写数字，这里是日期、时间或是否。")),
)

UNCLEAR = "成绩：“{}”看不出是否合格，请填“合格”“不合格”或 0 到 100 的成绩。"
RESULTS = column(
    "成绩",
    *((said, new(8)) for said in (60, "100", "85.5分", "优秀", "合 格", "Ａ", "√", True)),
    *((said, FAILED) for said in (59.99, 0, "0分", "不合格", "缺考", "未通过", "×", False)),
    (101, wrong("成绩：成绩“101”超过 100 分，请检查。")),
    (-5, wrong(UNCLEAR.format("-5"))),
    ("补考合格", wrong(UNCLEAR.format("补考合格"))),
    (None, wrong("考核结果：没有填写，请填“合格”“不合格”或成绩。")),
)

DAY = (date(2026, 3, 5), "2026.3.5", "2026年3月5日", "２０２６／３／５", 20260305, 46086)
HOW = "请写成 2026-03-05 或 2026年3月5日。"
DAYS = column("完成日期", *((said, new(8)) for said in DAY), name="one day in many forms")
OTHER_DAYS = column(
    "完成日期",
    ("2026-03-02", new(8)),
    (None, new(8)),
    ("2026-03-01", wrong("完成日期：早于班次的开始日期，请检查。")),
    ("2026-03-07", wrong("完成日期：晚于班次的结束日期，请检查。")),
    ("2026-02-30", wrong("完成日期：没有“2026-02-30”这一天，请检查年月日。")),
    ("2026年3月", wrong(f"完成日期：“2026年3月”只有年月，没有写到日。{HOW}")),
    ("46086", wrong(f"完成日期：“46086”不是日期。{HOW}")),
    ("上周五", wrong(f"完成日期：“上周五”不是日期。{HOW}")),
    (True, wrong(f"完成日期：应填写日期。{HOW}")),
)


def _formulas(_: Any, sheet: Any) -> None:
    sheet.write_formula(1, 2, "=4+4", None, 8)
    sheet.write_formula(2, 0, "=VLOOKUP(B3,X:Y,2,0)", None, "李四")
    sheet.write_formula(3, 2, "=VLOOKUP(B4,X:Y,3,0)", None, "#N/A")


DOUBLE = "证件号码：与第 {} 行是同一个人，内容却不同，请只保留正确的一行。"
WHOLE_LISTS = [
    Case(
        "formulas with their results, and an error",
        lambda: xlsx((HEADER, Z, L, ("王五", WANG, 8)), change=_formulas),
        {
            2: new(8),
            3: new(6.5),
            4: wrong("学时：单元格里是错误值 #N/A，请改为实际的内容。"),
        },
    ),
    Case(
        "formulas that no program has worked out",
        lambda: by_openpyxl((HEADER, ("张三", ZHANG, "=4+4"), L)),
        {2: wrong(f"学时：{EMPTY}"), 3: new(6.5)},
    ),
    Case(
        "error values in a csv",
        f"姓名,身份证号,学时\n#N/A,{ZHANG},8\n李四,#REF!,8\n王五,{WANG},#VALUE!\n".encode,
        {
            2: wrong("姓名：单元格里是错误值 #N/A，请改为实际的内容。"),
            3: wrong("身份证号：单元格里是错误值 #REF!，请改为实际的内容。"),
            4: wrong("学时：单元格里是错误值 #VALUE!，请改为实际的内容。"),
        },
    ),
    several(
        "the same people twice, alike and not",
        HEADER,
        (Z, new(8)),
        (L, wrong(DOUBLE.format(5))),
        (Z, same_as(2, 8)),
        (
            ("李四", L[1], 8),
            wrong(DOUBLE.format(3)),
        ),
        (("张 三", f"{ZHANG} ", "8"), same_as(2, 8)),
        (("周六", ZHOU, 8), ALREADY),
        credited=True,
    ),
    several(
        "one person by the old number and the new",
        HEADER,
        (("钱老", OLD_FORM, 8), new(8)),
        (("钱老", OLD, 8), same_as(2, 8)),
    ),
    several(
        "somebody unknown twice",
        HEADER,
        (("新人", NEWCOMER, 8), held(8)),
        (("新人", NEWCOMER, 8), same_as(2, 8)),
    ),
    Case(
        "everything wrong in one line",
        lambda: xls(
            (("姓名", "身份证号", "学时", "成绩", "完成日期"), *[("9", "1", "a", "b级", "c")])
        ),
        {
            2: wrong(
                FIGURES,
                SHORT.format(1),
                "学时：“a”不是数字，请只填数字，如 8 或 8.5。",
                "成绩：“b级”看不出是否合格，请填“合格”“不合格”或 0 到 100 的成绩。",
                "完成日期：“c”不是日期。请写成 2026-03-05 或 2026年3月5日。",
            )
        },
    ),
    Case(
        "an xls of dates since 1904",
        lambda: xls(((*HEADER, "完成日期"), (*Z, date(2026, 3, 5)), (*L, 44624)), date_1904=True),
        {2: new(8), 3: new(6.5)},
    ),
    Case(
        "texts that a program has put in formulas",
        lambda: as_csv(HEADER, ("张三", f'="{ZHANG}"', '="8"')),
        {2: new(8)},
    ),
    Case("a list of one", lambda: xlsx(PLAIN[:2]), {2: new(8)}),
]

WITHIN_CELLS = [*NUMBERS, *NAMES, HOURS, RESULTS, DAYS, OTHER_DAYS, *WHOLE_LISTS]
