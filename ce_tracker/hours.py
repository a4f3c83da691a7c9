"""Hours (学时), exactly: an integer of hundredths inside, a decimal string at the edges.

Never a float: 0.1 of one is not a tenth, and somebody's year may hang on 59.99.
"""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma

_DECIMAL = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?", re.ASCII)


def parsed(text: str) -> int | None:
    """In hundredths: "8", "8.5", "8.25". Nothing for anything else: signs, more decimals, NaN."""
    match = _DECIMAL.fullmatch(text)
    return int(match[1]) * 100 + int(f"{match[2] or '':0<2}") if match else None


def shown(x100: int) -> str:
    """As people write it: 800 → 8, 850 → 8.5, -825 → -8.25."""
    sign, size = ("-" if x100 < 0 else ""), abs(x100)
    whole, rest = divmod(size, 100)
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


class Hours(ma.fields.Field[int]):
    """In JSON a decimal string, since a JSON number may pass through a float; in Python
    hundredths. Documented by hand: a library would call it a number."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "type": "string",
            "pattern": r"^\d{1,7}(\.\d{1,2})?$",
            "examples": ["8", "8.5"],
            **kwargs.pop("metadata", {}),
        }
        super().__init__(metadata=described, **kwargs)

    def _serialize(self, value: int | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else shown(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        found = parsed(value) if isinstance(value, str) else None
        if found is None:
            raise ma.ValidationError('应是用字符串表示的学时，最多两位小数，如 "8" 或 "8.5"。')
        return found
