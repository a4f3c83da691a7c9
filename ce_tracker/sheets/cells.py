"""What a cell means, or what is wrong with it, in the words of who must mend it.

Each conversion gives the value, `None` for an empty cell, or a `Problem`: a bad cell is data, not
an exception. Nothing is guessed. No float is ever compared: numbers arrive as digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from ce_tracker.sheets.values import Fault, Value

T = TypeVar("T")

LONGEST_TEXT = 200
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)
_MOST_DIGITS = 9
_FIRST_SERIAL, _LAST_SERIAL = 3654, 73415  # 1910 to 2100
_EXACT_DIGITS = 15
_QUOTED = 30
_MOST_OFFERED = 12


@dataclass(frozen=True, slots=True)
class Problem:
    title: str
    """The column, as the user wrote it."""
    message: str

    def __str__(self) -> str:
        return f"{self.title}：{self.message}"


def required(value: T | Problem | None, title: str) -> T | Problem:
    return Problem(title, "没有填写，请补上。") if value is None else value


# --- text ----------------------------------------------------------------------------------

_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]")
_ERROR_VALUE = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")
_SPACES = re.compile(r"[\s\u3000\xa0]+")
_FULL_WIDTH = {0x3000: " "} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_LETTERS = {
    code: half for code, half in _FULL_WIDTH.items() if half.isalnum() or half in " -./_#+@&*"
}


def text(
    value: Value, title: str, *, longest: int = LONGEST_TEXT, lines: bool = False
) -> str | Problem | None:
    """Trimmed, invisible signs gone, letters and digits half-width; Chinese punctuation stays."""
    raw = _raw(value, title)
    if not isinstance(raw, str):
        return raw
    raw = unicodedata.normalize("NFC", raw.translate(_LETTERS))
    if lines:
        raw = "\n".join(_SPACES.sub(" ", line).strip() for line in raw.splitlines()).strip()
    else:
        raw = _SPACES.sub(" ", raw).strip()
    if _CONTROL.search(raw):
        return Problem(title, "含有无法显示的字符，请重新填写。")
    if len(raw) > longest:
        return Problem(title, f"有 {len(raw)} 个字，最多 {longest} 个。")
    return raw or None


def _raw(value: Value, title: str) -> str | Problem | None:  # noqa: PLR0911  a return per kind
    """What stands in the cell, as one would read it."""
    if value is None:
        return None
    if isinstance(value, str):
        said = _unwrapped(_INVISIBLE.sub("", value))
        if said is None or not _ERROR_VALUE.fullmatch(said):
            return said
        value = Fault(said)  # a CSV file has no other way to write one
    if isinstance(value, Fault):
        return Problem(title, f"单元格里是错误值 {value.text}，请改为实际的内容。")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    return str(value)


def _unwrapped(said: str) -> str | None:
    """Without what people and programs put around a text to keep it a text: ' or ="…"."""
    said = said.strip()
    formula = re.fullmatch(r'="([^"]*)"', said)
    if formula:
        said = formula[1].strip()
    if said[:1] in {"'", "\u2018", "\u2019", "`", "＇"}:
        said = said[1:].strip()
    return said or None


def plain_number(number: int | Decimal) -> str:
    """8.0 → 8, 3.7E+17 → 370000000000000000: as a spreadsheet would show it, in full."""
    digits = format(Decimal(number), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _folded(said: str) -> str:
    return _SPACES.sub("", unicodedata.normalize("NFKC", said))


def _quote(said: str) -> str:
    said = " ".join(said.split())
    return f"“{said if len(said) <= _QUOTED else said[:_QUOTED] + '…'}”"


# --- ID numbers ----------------------------------------------------------------------------

_DESTROYED = (
    "是数值格式，Excel 只保留 15 位有效数字，后面几位已经变成 0，无法恢复。"
    "请先把这一列的单元格格式设为“文本”，再重新填写完整的号码。"
)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+", re.ASCII)


def id_number(value: Value, title: str) -> str | Problem | None:  # noqa: PLR0911  a return per kind
    """Whether it is a right one is for others to say; here, that it is what was typed."""
    if isinstance(value, bool | date | time | timedelta):
        return Problem(title, "应填写证件号码，这里是日期、时间或是否。")
    if isinstance(value, int | Decimal):
        digits = plain_number(value)
        if len(digits.lstrip("-")) > _EXACT_DIGITS and "." not in digits:
            return Problem(title, _DESTROYED)
        return digits if digits.isdigit() else Problem(title, f"{_quote(digits)}不是证件号码。")
    raw = _raw(value, title)
    if not isinstance(raw, str):
        return raw
    folded = _folded(raw).strip("'\"").upper()
    if _SCIENTIFIC.fullmatch(folded):
        return Problem(title, _DESTROYED)
    if not folded:
        return None
    if not re.fullmatch(r"[A-Z0-9()\-]{1,30}", folded):
        return Problem(title, "含有证件号码中不会有的字符，请检查。")
    return folded


# --- dates ---------------------------------------------------------------------------------

_DAY = re.compile(
    r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?号?(?:T?\d{1,2}:\d{2}(?::\d{2}(?:\.0+)?)?)?",
    re.ASCII,
)
_RUN_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})月?份?", re.ASCII)
_RUN_MONTH = re.compile(r"(\d{4})(\d{2})", re.ASCII)
_DASHES = str.maketrans("—–―‐‑−。、", "------..")
_HOW = "请写成 2026-03-05 或 2026年3月5日。"
_HOW_MONTH = "请写成 2026-03-05、2026年3月5日或 2026年3月。"


def day(
    value: Value, title: str, *, months: bool = False, epoch_1904: bool = False
) -> date | Problem | None:
    """`months`: a month alone will do, and means its first day."""
    if isinstance(value, date):
        return _plausible(value.date() if isinstance(value, datetime) else value, title)
    if isinstance(value, bool | time | timedelta):
        return Problem(title, f"应填写日期。{_how(months=months)}")
    if isinstance(value, int | Decimal):
        return _day_from_number(Decimal(value), title, months=months, epoch_1904=epoch_1904)
    raw = _raw(value, title)
    return _day_from_text(raw, title, months=months) if isinstance(raw, str) else raw


def _day_from_text(raw: str, title: str, *, months: bool) -> date | Problem | None:
    folded = _folded(raw).translate(_DASHES)
    if not folded:
        return None
    match = _DAY.fullmatch(folded) or _RUN_DAY.fullmatch(folded)
    if match:
        return _made(int(match[1]), int(match[2]), int(match[3]), title, raw)
    match = _MONTH.fullmatch(folded) or _RUN_MONTH.fullmatch(folded)
    if match and months:
        return _made(int(match[1]), int(match[2]), 1, title, raw)
    if match and 1 <= int(match[2]) <= 12:  # noqa: PLR2004
        return Problem(title, f"{_quote(raw)}只有年月，没有写到日。{_HOW}")
    return Problem(title, f"{_quote(raw)}不是日期。{_how(months=months)}")


def _how(*, months: bool) -> str:
    return _HOW_MONTH if months else _HOW


def _day_from_number(
    number: Decimal, title: str, *, months: bool, epoch_1904: bool
) -> date | Problem | None:
    said = plain_number(number)
    match = _RUN_DAY.fullmatch(said)
    if match:
        return _made(int(match[1]), int(match[2]), int(match[3]), title, said)
    if re.fullmatch(r"(?:19|20|21)\d\d\.\d{1,2}|(?:19|20|21)\d{4}", said):
        return _month_from_number(said, title, months=months)
    if _FIRST_SERIAL <= number <= _LAST_SERIAL:
        start = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)
        return start + timedelta(days=int(number))
    return Problem(title, f"{_quote(said)}不是日期。{_how(months=months)}")


def _month_from_number(said: str, title: str, *, months: bool) -> date | Problem:
    """2026.1 in a numeric cell is January or October: Excel drops the last 0."""
    if not months:
        return Problem(title, f"{_quote(said)}只有年月，没有写到日。{_HOW}")
    if re.fullmatch(r"\d{4}\.1", said):
        return Problem(
            title,
            "2026.1 这样的数值分不清是 1 月还是 10 月，".replace("2026", said[:4])
            + f"请写成 {said[:4]}年1月或 {said[:4]}年10月。",
        )
    year, month = said.split(".") if "." in said else (said[:4], said[4:])
    return _made(int(year), int(month), 1, title, said)


def _made(year: int, month: int, number: int, title: str, said: str) -> date | Problem:
    try:
        return _plausible(date(year, month, number), title)
    except ValueError:
        return Problem(title, f"没有{_quote(said)}这一天，请检查年月日。")


def _plausible(on: date, title: str) -> date | Problem:
    if EARLIEST <= on < LATEST:
        return on
    return Problem(title, f"{on.isoformat()} 不像是真实的日期，请检查年份。")


# --- choices -------------------------------------------------------------------------------

_YES = frozenset({"是", "有", "对", "√", "✓", "✔", "☑", "y", "yes", "t", "true", "1", "v"})
_NO = frozenset(
    {"否", "无", "不是", "没有", "错", "×", "✗", "✘", "✕", "x", "n", "no", "f", "false", "0"}
)


def yes_no(value: Value, title: str) -> bool | Problem | None:
    if isinstance(value, bool):
        return value
    raw = _raw(value, title)
    if not isinstance(raw, str):
        return raw
    said = _folded(raw).lower()
    if said in _YES:
        return True
    if said in _NO:
        return False
    return Problem(title, f"{_quote(raw)}看不出是还是否，请填“是”或“否”。") if said else None


def choice(value: Value, title: str, aliases: Mapping[str, T]) -> T | Problem | None:
    """`aliases`: what people write → what it means. Compared without width, space or case."""
    raw = _raw(value, title)
    if not isinstance(raw, str):
        return raw
    said = _folded(raw).lower()
    if not said:
        return None
    for alias, meaning in aliases.items():
        if _folded(alias).lower() == said:
            return meaning
    firsts: dict[T, str] = {}
    for alias, meaning in aliases.items():
        firsts.setdefault(meaning, alias)
    offered = "、".join(f"“{alias}”" for alias in list(firsts.values())[:_MOST_OFFERED])
    return Problem(title, f"{_quote(raw)}不在可填的内容之中，请填{offered}。")


# --- numbers -------------------------------------------------------------------------------

_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?", re.ASCII)


def hundredths(
    value: Value,
    title: str,
    *,
    units: tuple[str, ...] = ("学时", "课时", "小时"),
    negative: bool = False,
) -> int | Problem | None:
    """8, "8.5", "８学时" → 800, 850, 800. More than two decimals are refused, never rounded."""
    if isinstance(value, bool | date | time | timedelta):
        return Problem(title, "应填写数字，这里是日期、时间或是否。")
    raw = _raw(value, title)
    if not isinstance(raw, str):
        return raw
    result = _hundredths(raw, title, units)
    if isinstance(result, int) and result < 0 and not negative:
        return Problem(title, f"{_quote(raw)}是负数，不能小于 0。")
    return result


def _hundredths(raw: str, title: str, units: tuple[str, ...]) -> int | Problem:
    folded = _folded(raw)
    for unit in units:
        folded = folded.removesuffix(unit)
    match = _NUMBER.fullmatch(folded)
    if match is None:
        return Problem(title, f"{_quote(raw)}不是数字，请只填数字，如 8 或 8.5。")
    decimals = (match[3] or "").rstrip("0")
    if len(decimals) > 2:  # noqa: PLR2004
        return Problem(title, f"{_quote(raw)}的小数超过两位，最多写两位小数。")
    whole = match[2].replace(",", "").lstrip("0")
    if len(whole) > _MOST_DIGITS:
        return Problem(title, f"{_quote(raw)}过大，请检查。")
    result = int(f"{whole or 0}{decimals:0<2}")
    return -result if match[1] == "-" else result
