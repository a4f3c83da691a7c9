"""Lists of who attended, as different providers keep them: in Excel under a heading, or as CSV in
the encoding of their office; columns in their own words and order, marks or words for results,
days with points or dashes. Now and then a line is wrong, or of somebody nobody has registered.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from random import Random
from typing import NamedTuple

import xlsxwriter

from ce_tracker.demo import names
from ce_tracker.demo.attendance import Roll
from ce_tracker.demo.careers import YEAR
from ce_tracker.demo.numbers import IdNumbers
from ce_tracker.demo.sheets import iso
from ce_tracker.demo.trainings import Training
from ce_tracker.hours import shown

LONGEST_LIST = 100_000
_NOT_YET_REGISTERED = (21.3, 22.0)
"""Younger than anybody who is."""
_FAILED, _MISTYPED, _UNKNOWN = 0.012, 0.002, 0.004


class Row(NamedTuple):
    name: str
    id_number: str
    unit: str
    code: str
    hours_x100: int
    result: str
    finished: int
    """A day, as ordinal."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    data: bytes
    rows: int


class Lists:
    """Makes the lines; the same ones every time."""

    def __init__(self, roll: Roll, certain: int, today: int, seed: int) -> None:
        self._roll = roll
        self._certain = certain
        """So many of the roll's first have passed, and are spelt right."""
        self._random = Random(f"lists {seed}")
        self._numbers = IdNumbers(self._random)
        self._today = today

    def row(self, training: Training, place: int) -> Row:
        who = training.people[place]
        return Row(
            self._roll.names[who],
            self._roll.numbers[who],
            self._roll.units[who],
            training.code,
            training.hours.get(place, training.hours_x100),
            "合格",
            training.days[place],
        )

    def of(self, trainings: Iterable[Training]) -> Iterator[Row]:
        random = self._random
        for training in trainings:
            for place, who in enumerate(training.people):
                row = self.row(training, place)
                if who < self._certain:
                    yield row
                    continue
                dice = random.random()
                if dice < _FAILED:
                    row = row._replace(result="不合格")
                elif dice < _FAILED + _MISTYPED:
                    row = mistyped(row)
                elif dice < _FAILED + _MISTYPED + _UNKNOWN:
                    yield self.stranger(row)
                elif dice > 0.85:
                    row = row._replace(result="优秀")
                yield row

    def stranger(self, beside: Row) -> Row:
        """A young colleague whose employer has not yet put them on its roster."""
        random, (least, most) = self._random, _NOT_YET_REGISTERED
        born = iso(self._today - int(random.uniform(least, most) * YEAR)).replace("-", "")
        female, province = random.random() < 0.5, beside.id_number[:2]
        return beside._replace(
            name=names.invented(random, female, int(born[:4]), province),
            id_number=self._numbers.next("resident", province, born, female=female),
        )


def mistyped(row: Row) -> Row:
    """Another name: whoever typed it heard wrong."""
    if row.name.isascii():
        return row
    ending = "伟" if row.name[-1] != "伟" else "玮"
    return row._replace(name=row.name[:-1] + ending)


def misread(row: Row) -> Row:
    """Two digits of the number changed places, so that it is no number any more."""
    number = row.id_number
    for place in range(6, 16):
        if number[place] != number[place + 1]:
            swapped = number[place + 1] + number[place]
            return row._replace(id_number=number[:place] + swapped + number[place + 2 :])
    raise ValueError("all digits alike")


# --- files ---------------------------------------------------------------------------------

_DASHES = ("姓名", "身份证号", "工作单位", "班次编号", "学时", "考核结果", "完成日期")
_POINTS = ("学员姓名", "单位", "公民身份号码", "期次编号", "学时数", "成绩", "结业日期")


def as_csv(name: str, rows: Iterable[Row]) -> File:
    """UTF-8 as Excel writes it."""
    lines = [
        (row.name, row.id_number, row.unit, row.code, shown(row.hours_x100), row.result, iso(day))
        for row in rows
        for day in (row.finished,)
    ]
    return File(f"{name}.csv", _written(_DASHES, lines).encode("utf-8-sig"), len(lines))


def as_old_csv(name: str, rows: Iterable[Row], random: Random) -> File:
    """As the software of many an office still writes it."""
    lines = [
        (
            row.name,
            row.unit,
            row.id_number,
            row.code,
            shown(row.hours_x100),
            _mark(row.result, random),
            _with_points(row.finished),
        )
        for row in rows
    ]
    return File(f"{name}.csv", _written(_POINTS, lines).encode("gb18030"), len(lines))


def as_xlsx(name: str, heading: str, rows: Sequence[Row]) -> File:
    """With a heading over all columns, and who made it below."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("学时名单")
    large = book.add_format({"bold": True, "font_size": 16, "align": "center"})
    bold = book.add_format({"bold": True, "border": 1, "align": "center"})
    titles = ("序号", *_DASHES)
    sheet.merge_range(0, 0, 0, len(titles) - 1, heading, large)
    sheet.write_row(1, 0, titles, bold)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 3, 26)
    for number, row in enumerate(rows, start=1):
        sheet.write_number(number + 1, 0, number)
        sheet.write_string(number + 1, 1, row.name)
        sheet.write_string(number + 1, 2, row.id_number)
        sheet.write_string(number + 1, 3, row.unit)
        sheet.write_string(number + 1, 4, row.code)
        sheet.write_number(number + 1, 5, row.hours_x100 / 100)
        sheet.write_string(number + 1, 6, row.result)
        sheet.write_string(number + 1, 7, iso(row.finished))
    sheet.write_string(len(rows) + 2, 0, "合计")
    sheet.write_number(len(rows) + 2, 5, sum(row.hours_x100 for row in rows) / 100)
    book.close()
    return File(f"{name}.xlsx", out.getvalue(), len(rows))


def _written(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(titles)
    writer.writerows(lines)
    return out.getvalue()


def _mark(result: str, random: Random) -> str:
    least, most = {"不合格": (35, 58), "优秀": (90, 99)}.get(result, (66, 89))
    return str(random.randint(least, most))


def _with_points(day: int) -> str:
    when = date.fromordinal(day)
    return f"{when.year}.{when.month}.{when.day}"


def year_by_year(
    lists: Lists, provider: str, trainings: Sequence[Training], *, in_excel: bool
) -> Iterator[File]:
    """All that a provider held: in Excel a file a year, else whatever its software put out."""
    random = Random(provider)
    years: dict[int, list[Training]] = {}
    for training in trainings:
        years.setdefault(training.year if in_excel else 0, []).append(training)
    for year, held in sorted(years.items()):
        called = f"{year}年度学时名单" if in_excel else f"{held[0].year}—{held[-1].year}年学时名单"
        rows = lists.of(held)
        number = 0
        while some := list(islice(rows, LONGEST_LIST)):
            number += 1
            part = called if number == 1 else f"{called}（{number}）"
            if in_excel:
                yield as_xlsx(part, f"{provider}{year}年度继续教育学时登记表", some)
            elif random.random() < 0.5:
                yield as_csv(part, some)
            else:
                yield as_old_csv(part, some, random)
