"""Finding the titles that people gave their columns, and the lines below that are data.

Above the titles stand a heading, a note, merged cells; among them columns that nobody asked for;
below them blank lines, a total, who filled it in. Nothing is guessed: a column that is needed and
not there, or there twice, is an error that quotes what was found. Lines left out are listed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from typing import Self

from ce_tracker.sheets.refusals import ColumnsDoubled, ColumnsMissing, HeaderNotFound
from ce_tracker.sheets.values import Row, Value

DEEPEST_HEADER = 30
PROBLEM_TITLE = "问题"
_MOST_QUOTED = 12
_LONGEST_QUOTED = 20

_BRACKETED = re.compile(r"[(\[{【〔《<][^()\[\]{}【】〔〕《》<>]*[)\]}】〕》>]")
_NOISE = re.compile(r"[^\w]|_")
_MARKS = re.compile(r"^(?:必填项?|选填项?|非必填)|(?:必填项?|选填项?|非必填)$")
_TOTAL = re.compile(
    r"(?:本页|本表|全部|人数|学时)?(?:合计|总计|小计|共计|总数|总人数)"
    r"(?:人数|学时|人次|学时数)?[\d.]*(?:人|人次|学时|条|行)?"
)
_SIGNATURE = re.compile(
    r"(?:填表人|填报人|制表人?|审核人?|审批人|经办人|负责人|单位负责人|单位领导|主管领导|部门负责人|"
    r"联系人|联系电话|填表日期|填报日期|制表日期|填表时间|单位盖章|盖章|填表单位|填报单位|"
    r"填表说明|填写说明|填报说明|备注|说明|注)(?P<rest>.*)"
)
_HINT = re.compile("[计数填制审经负领联盖说备注]")
"""In each of the words above; spares most names the work."""
_ID_LIKE = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15})(?!\d)")


@dataclass(frozen=True)
class Column:
    key: str
    titles: tuple[str, ...]
    """As people write it; the first is how we call it."""
    required: bool = True
    read: bool = True
    """Else only known, so that nobody is told of a column unused; there may be several."""

    @property
    def title(self) -> str:
        return self.titles[0]


@dataclass(frozen=True)
class Header:
    row: int
    """Its number in the file; of two, the lower."""
    places: Mapping[str, int]
    """Key → the column, from 0."""
    titles: Mapping[str, str]
    """Key → as it is written there."""
    unknown: tuple[str, ...] = ()
    """Columns that nobody asked for, as written."""
    notes: int | None = None
    """The column that an earlier marking added; never read."""


class Line:
    """Not a dataclass: there are very many, and a frozen one takes its time."""

    __slots__ = ("_places", "number", "values")

    def __init__(self, number: int, values: Sequence[Value], places: Mapping[str, int]) -> None:
        self.number, self.values, self._places = number, values, places

    def __getitem__(self, key: str) -> Value:
        place = self._places.get(key)
        if place is None or place >= len(self.values):
            return None
        return self.values[place]


@dataclass
class Table:
    """Yields the lines that are data, once."""

    header: Header
    left_out: list[int] = field(default_factory=list)
    """Numbers of the lines below the titles that hold something, but no data: totals, notes."""
    _rows: Iterator[Row] = field(default_factory=lambda: iter(()), repr=False)
    _titles: Sequence[tuple[int, Value]] = ()

    def title(self, key: str) -> str:
        return self.header.titles.get(key, key)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Line:
        for number, every in self._rows:
            values = every if self.header.notes is None else self._own(every)
            numbered = _begins_with_number(values)
            if not numbered and is_blank(values):
                continue
            if self._repeats(values) or (not numbered and is_no_data(values)):
                self.left_out.append(number)
                continue
            return Line(number, every, self.header.places)
        raise StopIteration

    def _own(self, values: Sequence[Value]) -> Sequence[Value]:
        notes = self.header.notes
        if notes is None or notes >= len(values):
            return values
        return [*values[:notes], None, *values[notes + 1 :]]

    def _repeats(self, values: Sequence[Value]) -> bool:
        """The titles again, as on every printed page."""
        # Nearly always no at the first; a generator would take longer than that.
        place, title = self._titles[0]
        return _place(values, place) == title and all(
            _place(values, place) == title for place, title in self._titles[1:]
        )


def understood(sheet: Iterable[Row], columns: Sequence[Column]) -> Table:
    rows = iter(sheet)
    first = list(islice(rows, DEEPEST_HEADER + 1))
    header, used = _find(first, columns)
    titles = [(place, _place(first[used - 1].values, place)) for place in header.places.values()]
    return Table(header, _rows=chain(first[used:], rows), _titles=titles)


def plain_title(value: Value) -> str:
    """What is left of a title when width, spaces, marks, brackets and punctuation are gone."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFKC", value)
    bare = _NOISE.sub("", _BRACKETED.sub("", text))
    if not bare:  # it was all in brackets
        bare = _NOISE.sub("", text)
    return (_MARKS.sub("", bare) or bare).lower()


def _begins_with_number(values: Sequence[Value]) -> bool:
    """As most lines of most lists do: such a one is not blank, no total and no signature."""
    first = values[0] if values else None
    return isinstance(first, Decimal | int) or (isinstance(first, str) and first.isdigit())


def is_blank(values: Sequence[Value]) -> bool:
    return all(value is None or (isinstance(value, str) and not _seen(value)) for value in values)


def is_no_data(values: Sequence[Value]) -> bool:
    """A total or a signature below the data: said by its first words, and no ID number in it."""
    first = next(
        (v for v in values if v is not None and not (isinstance(v, str) and not _seen(v))), ""
    )
    if not isinstance(first, str) or not _HINT.search(first):
        return False
    text = unicodedata.normalize("NFKC", first)
    bare = _NOISE.sub("", _BRACKETED.sub("", text)) or _NOISE.sub("", text)
    if _MARKS.fullmatch(bare):
        return all(_is_mark(value) for value in values)
    signature = _SIGNATURE.match(bare)
    spoken = signature is not None and (
        not signature["rest"] or re.search(r"[::]", text) is not None
    )
    if not (spoken or _TOTAL.fullmatch(bare)):
        return False
    return not any(isinstance(v, str) and _ID_LIKE.search(v) for v in values[1:])


def _is_mark(value: Value) -> bool:
    if not isinstance(value, str):
        return value is None
    bare = _NOISE.sub("", unicodedata.normalize("NFKC", value))
    return not bare or _MARKS.fullmatch(bare) is not None


def _seen(text: str) -> str:
    return text.strip(" \t\r\n\xa0\u3000\u200b\u200c\u200d\ufeff")


def _place(values: Sequence[Value], place: int) -> Value:
    return values[place] if place < len(values) else None


@dataclass
class _Match:
    row: Row
    used: int
    found: dict[str, list[int]]
    cells: list[Value]


def _find(rows: list[Row], columns: Sequence[Column]) -> tuple[Header, int]:
    """The header, and how many rows it and what stands above take up."""
    keys = {plain_title(title): column.key for column in columns for title in column.titles}
    best: _Match | None = None
    for index, row in enumerate(rows[:DEEPEST_HEADER]):
        for match in _matches(rows, index, row, keys):
            if best is None or len(match.found) > len(best.found):
                best = match
    needed = [column for column in columns if column.required]
    enough = min(2, len(columns))
    if best is None or len(best.found) < enough:
        raise HeaderNotFound(_not_found(rows, needed or list(columns)))
    _check(best, columns)
    places = {key: spots[0] for key, spots in best.found.items()}
    titles = {key: _quoted(best.cells[place]) for key, place in places.items()}
    known = {place for spots in best.found.values() for place in spots}
    unknown = tuple(
        _quoted(cell)
        for place, cell in enumerate(best.cells)
        if place not in known and plain_title(cell) and plain_title(cell) != PROBLEM_TITLE
    )
    notes = next((p for p, v in enumerate(best.cells) if plain_title(v) == PROBLEM_TITLE), None)
    return Header(best.row.number, places, titles, unknown, notes), best.used


def _matches(rows: list[Row], index: int, row: Row, keys: Mapping[str, str]) -> Iterator[_Match]:
    """This row alone; and together with the next, where a wide title has narrower ones below."""
    alone = _found(row.values, keys)
    if not alone:
        return
    yield _Match(row, index + 1, alone, list(row.values))
    if index + 1 >= len(rows):
        return
    lower = rows[index + 1]
    if _found(lower.values, keys):
        width = max(len(row.values), len(lower.values))
        both = [_place(lower.values, p) or _place(row.values, p) for p in range(width)]
        yield _Match(lower, index + 2, _found(both, keys), both)


def _found(cells: Sequence[Value], keys: Mapping[str, str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        key = keys.get(plain_title(cell))
        if key is not None:
            found.setdefault(key, []).append(place)
    return found


def _check(match: _Match, columns: Sequence[Column]) -> None:
    number = match.row.number
    for column in columns:
        places = match.found.get(column.key, [])
        if len(places) > 1 and column.read:
            said = "、".join(f"第 {p + 1} 列“{_quoted(match.cells[p])}”" for p in places)
            raise ColumnsDoubled(f"第 {number} 行中{said}都是“{column.title}”。", row=number)
    missing = [c for c in columns if c.required and c.key not in match.found]
    if missing:
        wanted = "；".join(_expected(column) for column in missing)
        raise ColumnsMissing(
            f"第 {number} 行是标题行，其中没有：{wanted}。"
            f"该行的列名是：{_all_quoted(match.cells)}。",
            row=number,
        )


def _not_found(rows: list[Row], columns: Sequence[Column]) -> str:
    wanted = "；".join(_expected(column) for column in columns)
    fullest = max(rows, key=lambda row: sum(bool(plain_title(v)) for v in row.values), default=None)
    seen = (
        "" if fullest is None else f"第 {fullest.number} 行写的是：{_all_quoted(fullest.values)}。"
    )
    return f"前 {DEEPEST_HEADER} 行中没有找到标题行。应有的列：{wanted}。{seen}"


def _expected(column: Column) -> str:
    others = "”“".join(column.titles[1:4])
    return f"“{column.title}”" + (f"（也可写“{others}”）" if others else "")


def _all_quoted(cells: Sequence[Value]) -> str:
    named = [_quoted(cell) for cell in cells if plain_title(cell)]
    more = f"等 {len(named)} 列" if len(named) > _MOST_QUOTED else ""
    return "、".join(f"“{name}”" for name in named[:_MOST_QUOTED]) + more or "（空）"


def _quoted(cell: Value) -> str:
    text = " ".join(str(cell).split())
    return text if len(text) <= _LONGEST_QUOTED else text[: _LONGEST_QUOTED - 1] + "…"
