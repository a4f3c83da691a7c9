"""A messy file, what is expected of it, and the people whom it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ce_tracker.ledger.uploads import Mode
from ce_tracker.sheets.refusals import Refusal
from tests.registry.desk import Cells, id_number, rounded_number
from tests.sheets.files import by_openpyxl, xlsx

SESSION = "PX-07"
"""Of five days in March 2026 and 40 hours: what every list here is of."""

ZHANG, LI, WANG, AYI, OUYANG, ZHOU, WU = (id_number(n) for n in (101, 103, 105, 107, 109, 111, 113))
ENDS_IN_X = next(number for n in range(200, 300) if (number := id_number(n)).endswith("X"))
ROUND = rounded_number()
OLD = id_number(301, born="19650312")
OLD_FORM = OLD[:6] + OLD[8:17]
REGISTERED = {
    "张三": ZHANG,
    "李四": LI,
    "王五": WANG,
    "阿依古丽·买买提": AYI,
    "欧阳𬭎": OUYANG,
    "孙晓": ENDS_IN_X,
    "赵圆": ROUND,
    "钱老": OLD,
    "周六": ZHOU,
    "吴七": WU,
}
CROWD = {f"学员{chr(0x4E00 + n)}": id_number(n, born="19760401") for n in range(601, 631)}
"""Registered too, for whoever needs many."""
CREDITED = {"周六": 8, "吴七": 8}
"""Whom an earlier list of this session has credited, with these hours, where a case says so."""
NEWCOMER, OTHER_ROUND = id_number(401), rounded_number("198604")
"""Nobody has registered these."""

HEADER = ("姓名", "身份证号", "学时")
Z, L, W = ("张三", ZHANG, 8), ("李四", LI, 6.5), ("王五", WANG, 40)
PLAIN: tuple[Cells, ...] = (HEADER, Z, L)


class Became(NamedTuple):
    outcome: str
    hours_x100: int | None = None
    """What the person would have."""
    remarks: tuple[tuple[str, str], ...] = ()


def new(hours: float) -> Became:
    return Became("new", round(hours * 100))


def held(hours: float) -> Became:
    return Became("held", round(hours * 100))


def wrong(*remarks: str) -> Became:
    """Each remark as a provider reads it: “column：what is wrong”."""
    parted = (remark.partition("：") for remark in remarks)
    return Became("wrong", None, tuple((column, said) for column, _, said in parted))


FAILED = Became("not_credited")
ALREADY = Became("already", 800)


def same_as(row: int, hours: float) -> Became:
    return Became("already", round(hours * 100), (("姓名", f"与第 {row} 行相同，只计一次。"),))


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], bytes]
    lines: dict[int, Became] = field(default_factory=dict)
    """Every line that is understood as a person, by its number in the file."""
    removed: int = 0
    mode: Mode = Mode.ADD
    of_many: bool = False
    notes: tuple[str, ...] = ()
    credited: bool = False
    file: str = "签到表.xlsx"


@dataclass(frozen=True)
class Refused:
    name: str
    make: Callable[[], bytes]
    kind: type[Refusal]
    says: str = ""


def one(name: str, became: Became, who: object, number: object) -> Case:
    """A list of one, for what is the matter with a name or a number."""
    return Case(name, lambda: xlsx((HEADER, (who, number, 8))), {2: became})


def column(title: str, *said: tuple[object, Became], name: str = "") -> Case:
    """A list by xlsxwriter in which each line says something else in this column."""
    beside = () if title == "学时" else ("学时",)
    rows: list[Cells] = [("姓名", "身份证号", title, *beside)]
    for (who, number), (value, _) in zip(CROWD.items(), said, strict=False):
        rows.append((who, number, value, *(8 for _ in beside)))
    lines = {row: became for row, (_, became) in enumerate(said, 2)}
    return Case(name or f"what stands under {title}", lambda: xlsx(rows), lines)


def several(name: str, header: Cells, *people: tuple[Cells, Became], **more: Any) -> Case:
    """A list by openpyxl, each line beside what becomes of it."""
    rows = [header, *(line for line, _ in people)]
    lines = {number: became for number, (_, became) in enumerate(people, 2)}
    return Case(name, lambda: by_openpyxl(rows), lines, **more)
