"""What a cell may hold, and how it crosses the pipe between child and parent.

JSON, since the child may have been taken over by the file that it read: whatever comes out of it
is parsed, never unpickled. Numbers arrive as the digits that the child wrote (`Decimal`), so that
no float is ever compared; what JSON has no word for is an object with one letter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Fault:
    """An error value in a cell, such as #N/A."""

    text: str


Value = str | int | Decimal | bool | date | datetime | time | timedelta | Fault | None


class Row(NamedTuple):
    number: int
    """As the user's spreadsheet program counts, from 1."""
    values: Sequence[Value]


def _outgoing(value: object) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"m": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, time):
        return {"t": value.isoformat()}
    if isinstance(value, timedelta):
        return {"s": value.days * 86400 + value.seconds}
    if isinstance(value, Fault):
        return {"f": value.text}
    raise TypeError(type(value).__name__)


def _incoming(thing: dict[str, Any]) -> Any:  # noqa: PLR0911  a return per letter
    if len(thing) != 1:
        return thing
    ((letter, said),) = thing.items()
    if letter == "d":
        return date.fromisoformat(said)
    if letter == "m":
        return datetime.fromisoformat(said)
    if letter == "t":
        return time.fromisoformat(said)
    if letter == "s":
        return timedelta(seconds=int(said))
    if letter == "f":
        return Fault(str(said))
    return thing


_write = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_outgoing, check_circular=False
).encode
_read = json.JSONDecoder(
    object_hook=_incoming, parse_float=Decimal, parse_constant=lambda _: Fault("#NUM!")
).decode


def to_line(thing: object) -> bytes:
    return _write(thing).encode("utf-8", "replace") + b"\n"


def from_line(line: bytes) -> Any:
    """May raise ValueError (and its kin) on garbage."""
    return _read(line.decode())
