"""Lists come in pages, by cursor: new rows neither shift nor repeat what is being read.

A cursor is the last row's sort key, signed, so that it can be neither guessed nor bent.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ce_tracker.errors import Invalid
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring

Row = TypeVar("Row")
_SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class Page(Generic[Row]):
    items: Sequence[Row]
    next_cursor: str | None


def page(
    keyring: Keyring,
    statement: Select[Row],
    key: Sequence[InstrumentedAttribute[Any]],
    key_of: Callable[[Row], Sequence[str]],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> Page[Row]:
    if cursor:
        after = tuple_(*_read(keyring, cursor, len(key)))
        place = tuple_(*key)
        statement = statement.where(place < after if newest_first else place > after)
    order = [column.desc() if newest_first else column for column in key]
    rows = db.session.scalars(statement.order_by(*order).limit(limit + 1)).all()
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, _write(keyring, key_of(items[-1])) if more else None)


def _write(keyring: Keyring, key: Sequence[str]) -> str:
    text = json.dumps(list(key)).encode()
    signature = keyring.sign(text, "cursor")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(signature + text).decode().rstrip("=")


def _read(keyring: Keyring, cursor: str, columns: int) -> list[str]:
    wrong = Invalid(
        "翻页位置无效。",
        errors=[{"field": "cursor", "message": "请原样使用上一页答复中的 next_cursor。"}],
    )
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    signature, text = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not keyring.signed_by_us(text, signature, "cursor"):
        raise wrong
    key: list[str] = json.loads(text)
    if len(key) != columns:
        raise wrong
    return key
