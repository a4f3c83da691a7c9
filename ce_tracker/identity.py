"""The numbers of people and units: what is one, what it says, and that a person's never shows.

Of people four documents are accepted, all with a number that its holder keeps for life:

* the resident's ID card (GB 11643-1999): 6 digits of region, 8 of birth, 3 of sequence, a check
  character by ISO 7064 MOD 11-2. Cards before 1999 had 15 digits, without the century and the
  check character: the same person, so both are indexed by the 18-digit form;
* the residence permit of Hong Kong, Macao and Taiwan residents: the same, with the fixed regions
  810000, 820000 and 830000;
* the foreign permanent resident's ID card since December 2023 (rules of the National Immigration
  Administration): a 9, 2 digits of province, 3 of country, then as above;
* the same card before: 3 letters of country, 4 digits of place, 6 of birth, one of sequence, one
  check digit. The new number cannot be worked out of the old one (its sequence is new), so who
  comes with both has two records, which the authority merges.

An ID number stands in the database sealed and indexed only (`ce_tracker.sealing`). As a last
line of defence everything that leaves for a log or an error passes `hidden`, which blanks out
whatever looks like one, so that a careless message cannot publish a person. For the same reason
no message here repeats what was typed, and an `IdNumber` does not show itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from operator import mul

from ce_tracker import clock

PLACE = "professionals.id_number"

# 18 digits (the last may be X), the 15 digits of old cards, or 3 letters and 12 digits, with no
# other digit beside them. Better to hide some other number than to show a person's. Our own ids
# are written with dashes, so that they never hold so long a run of digits.
_LOOKS_LIKE_ONE = re.compile(
    r"(?<!\d)(?:\d{17}[\dXxＸｘ]|\d{15})(?!\d)|(?<![A-Za-z\d])[A-Za-z]{3}\d{12}(?!\d)"
)

EARLIEST_BIRTH_YEAR = 1900
YOUNGEST, OLDEST = 16, 100
TAIL = 4
LONGEST_NUMBER = 18

# GB/T 2260: the first two digits, and 81 to 83 as residence permits use them.
PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")


class IdKind(StrEnum):
    RESIDENT = "resident"
    FOREIGN_PERMANENT = "foreign_permanent"
    HONG_KONG = "hong_kong"
    MACAO = "macao"
    TAIWAN = "taiwan"

    @property
    def label(self) -> str:
        return {
            "resident": "居民身份证",
            "foreign_permanent": "外国人永久居留身份证",
            "hong_kong": "港澳居民居住证（香港）",
            "macao": "港澳居民居住证（澳门）",
            "taiwan": "台湾居民居住证",
        }[self]


_PERMITS = {"81": IdKind.HONG_KONG, "82": IdKind.MACAO, "83": IdKind.TAIWAN}


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"

    @property
    def label(self) -> str:
        return {"male": "男", "female": "女"}[self]


class WrongNumberError(ValueError):
    """What is wrong with a number, in words for whoever typed it; the number is not among them."""


@dataclass(frozen=True)
class IdNumber:
    kind: IdKind
    canonical: str = field(repr=False)
    """What is sealed and indexed: one form for one document, however it was typed."""
    born: date = field(repr=False)
    sex: Sex | None = field(repr=False)
    region_code: str = field(repr=False)
    """Where it was first given: six digits, or of a foreigner the two of the province or the four
    of the place."""
    warnings: tuple[str, ...] = ()
    maybe_rounded: bool = False
    """Ends in 000, as Excel leaves a number of more than 15 digits: to be believed only beside
    the matching name."""

    @property
    def tail(self) -> str:
        return self.canonical[-TAIL:]


def parse_id_number(text: str, today: date | None = None) -> IdNumber:
    today = today or clock.today()
    number = _plain(text)
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return _old_foreigner(number, today)
    if re.fullmatch(r"[0-9]{15}", number):
        body = f"{number[:6]}19{number[6:]}"
        return _of_18(body + check_character(body), today)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise WrongNumberError(_why_not_a_number(number))
    rounded = number.endswith("000")
    if check_character(number[:17]) != number[17]:
        raise WrongNumberError(
            "证件号码以 000 结尾，且校验不符，多半是表格把它存成了数字，后三位已丢失。"
            "请把该列设为文本，重新填写。"
            if rounded
            else "证件号码有误：校验不符，请对照证件核对每一位。"
        )
    return _of_18(number, today, maybe_rounded=rounded)


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""2 to the power of 17, 16 … 1, modulo 11."""
_REGION, _BORN = 6, 14
"""Where these end."""


def ordinary(text: str, today: date) -> bool:
    """Whether this is, letter for letter, a right number of 18 digits that no more need be said
    of. For very many in a row: each of its three parts is worked out once, and few are new. What
    is not ordinary goes to `parse_id_number`."""
    region, born = _region_sum(text[:_REGION]), _birth_sum(text[_REGION:_BORN], today)
    if region is None or born is None:
        return False
    return (region + born) % 11 == _wanted_before().get(text[_BORN:])


def _sum(digits: str, start: int) -> int:
    return sum(map(mul, map(int, digits), _WEIGHTS[start:]))


@lru_cache(maxsize=8192)
def _region_sum(region: str) -> int | None:
    right = len(region) == _REGION and region.isascii() and region.isdigit()
    return _sum(region, 0) if right and region[0] not in "09" else None


@lru_cache(maxsize=65_536)
def _birth_sum(born: str, today: date) -> int | None:
    if not (len(born) == _BORN - _REGION and born.isascii() and born.isdigit()):
        return None
    try:
        _birth(int(born[:4]), born[4:], today)
    except WrongNumberError:
        return None
    return _sum(born, _REGION)


@cache
def _wanted_before() -> dict[str, int]:
    """The last four → what the sum of all before must come to, modulo 11. None ends in 000."""
    found = {}
    for number in range(1000):
        sequence = f"{number:03d}"
        total = _sum(sequence, _BORN)
        for rest, check in enumerate("10X98765432"):
            if f"{sequence}{check}"[-3:] != "000":
                found[sequence + check] = (rest - total) % 11
    return found


def check_character(body: str) -> str:
    """ISO 7064 MOD 11-2. Written out, since it is three lines; python-stdnum, whose checks of
    whole numbers are too narrow for us, would be a dependency for nothing else."""
    remainder = 0
    for digit in body:
        remainder = (remainder + int(digit)) * 2 % 11
    return "0123456789X"[(12 - remainder) % 11]


def _plain(text: str) -> str:
    """Without what keyboards and spreadsheets add: full width, spaces, Excel's leading quote."""
    narrow = unicodedata.normalize("NFKC", text)
    seen = (ch for ch in narrow if not ch.isspace() and unicodedata.category(ch) != "Cf")
    return "".join(seen).lstrip("'`‘’").upper()


def _why_not_a_number(number: str) -> str:
    if not number:
        return "没有填写证件号码。"
    if re.fullmatch(r"[0-9](?:\.[0-9]*)?E\+?[0-9]+|[0-9]{15,18}\.0*", number):
        return "证件号码被表格存成了数字，后几位已丢失。请把该列设为文本，重新填写。"
    if re.fullmatch(r"[0-9]*X?", number):
        return f"证件号码应为 18 位（旧证 15 位），这里有 {len(number)} 位。"
    return (
        "证件号码的格式不对：居民身份证和港澳台居民居住证是 18 位，"
        "外国人永久居留身份证是 18 位或 3 个字母加 12 位数字。"
    )


def _of_18(number: str, today: date, *, maybe_rounded: bool = False) -> IdNumber:
    if number.startswith("9"):
        kind, region = IdKind.FOREIGN_PERMANENT, number[1:3]
    else:
        region = number[:6]
        kind = _PERMITS.get(region[:2], IdKind.RESIDENT)
    born = _birth(int(number[6:10]), number[10:14], today)
    return IdNumber(
        kind=kind,
        canonical=number,
        born=born,
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        region_code=region,
        warnings=_warnings(region, born, today),
        maybe_rounded=maybe_rounded,
    )


def _old_foreigner(number: str, today: date) -> IdNumber:
    """The check digit is that of machine-readable passports (ICAO 9303). A wrong one is said but
    not refused: we know the rule from specimens, and no such card is issued any more."""
    year = 2000 + int(number[7:9])
    born = _birth(year if year <= today.year else year - 100, number[9:13], today)
    region = number[3:7]
    warnings = _warnings(region, born, today)
    if _passport_check(number[:14]) != int(number[14]):
        warnings += ("末位校验不符，请对照证件核对每一位。",)
    return IdNumber(
        kind=IdKind.FOREIGN_PERMANENT,
        canonical=number,
        born=born,
        sex=None,
        region_code=region,
        warnings=warnings,
    )


def _passport_check(body: str) -> int:
    return sum(int(ch, 36) * (7, 3, 1)[i % 3] for i, ch in enumerate(body)) % 10


def _birth(year: int, month_and_day: str, today: date) -> date:
    try:
        born = date(year, int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError:
        raise WrongNumberError("证件号码中的出生日期不存在，请对照证件核对。") from None
    if born > today:
        raise WrongNumberError("证件号码中的出生日期在今天之后，请对照证件核对。")
    if born.year < EARLIEST_BIRTH_YEAR:
        raise WrongNumberError(
            f"证件号码中的出生年份早于 {EARLIEST_BIRTH_YEAR} 年，请对照证件核对。"
        )
    return born


def _warnings(region: str, born: date, today: date) -> tuple[str, ...]:
    found = []
    if not PROVINCES.fullmatch(region[:2]):
        found.append(f"没有以 {region[:2]} 开头的行政区划代码，请核对证件号码。")
    if not YOUNGEST <= today.year - born.year <= OLDEST:
        found.append(f"按证件号码，年龄不在 {YOUNGEST} 到 {OLDEST} 岁之间，请核对。")
    return tuple(found)


# --- units ---------------------------------------------------------------------------------

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_LENGTH = 18


def parse_credit_code(text: str) -> str:
    """A unified social credit code (GB 32100-2015) in its one form."""
    code = _plain(text)
    if not code:
        raise WrongNumberError("没有填写统一社会信用代码。")
    if len(code) != _CREDIT_LENGTH:
        raise WrongNumberError(f"统一社会信用代码应为 18 位，这里有 {len(code)} 位。")
    if strange := sorted(set(code) - set(_CREDIT_ALPHABET)):
        raise WrongNumberError(
            f"统一社会信用代码中不会有 {'、'.join(strange)}"
            "（只用数字和除 I、O、S、V、Z 以外的大写字母），请核对。"
        )
    if not re.fullmatch(r"..[0-9]{6}.{10}", code):
        raise WrongNumberError("统一社会信用代码的第 3 到 8 位应为数字，请核对。")
    if credit_check_character(code[:-1]) != code[-1]:
        raise WrongNumberError("统一社会信用代码有误：校验不符，请对照证书核对每一位。")
    return code


def credit_check_character(body: str) -> str:
    weighted = sum(_CREDIT_ALPHABET.index(ch) * pow(3, i, 31) for i, ch in enumerate(body))
    return _CREDIT_ALPHABET[-weighted % 31]


# --- never to be seen ----------------------------------------------------------------------


def hidden(text: str) -> str:
    return _LOOKS_LIKE_ONE.sub("[证件号码已隐去]", text)
