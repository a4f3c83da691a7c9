"""Lists come in pages, by cursor: new rows neither shift nor repeat what is being read.

A cursor is the last row's sort key, signed for this list and this reader, so that it can be
neither guessed nor bent nor carried elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Text, cast, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ce_tracker.errors import Invalid
from ce_tracker.extensions import current_actor, db
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
    use = _use("+".join(map(str, key)))
    if cursor:
        last = _read(keyring, cursor, use)
        after = tuple_(*(cast(literal(v, Text), c.type) for v, c in zip(last, key, strict=True)))
        place = tuple_(*key)
        statement = statement.where(place < after if newest_first else place > after)
    order = [column.desc() if newest_first else column for column in key]
    rows = db.session.scalars(statement.order_by(*order).limit(limit + 1)).all()
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, _write(keyring, key_of(items[-1]), use) if more else None)


def newest(
    keyring: Keyring,
    statement: Select[Row],
    number: InstrumentedAttribute[Any],
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    """What is numbered as it comes, the latest first."""
    return page(
        keyring,
        statement,
        [number],
        lambda row: [str(getattr(row, number.key))],
        cursor,
        limit,
        newest_first=True,
    )


def walk(
    keyring: Keyring,
    name: str,
    read: Callable[[list[Any] | None, int], tuple[Sequence[Row], Sequence[Any] | None]],
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    """The same of what is no plain query. `read`: from a place on so many, and the next place."""
    use = _use(name)
    items, onward = read(_read(keyring, cursor, use) if cursor else None, limit)
    return Page(items, None if onward is None else _write(keyring, onward, use))


def _use(name: str) -> bytes:
    """Which list, and whose."""
    actor = current_actor()
    return f"{name} {actor.user_id if actor else ''}".encode()


def _write(keyring: Keyring, key: Sequence[Any], use: bytes) -> str:
    text = json.dumps(list(key)).encode()
    signature = keyring.sign(use + text, "cursor")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(signature + text).decode().rstrip("=")


def _read(keyring: Keyring, cursor: str, use: bytes) -> list[Any]:
    wrong = Invalid(
        "翻页位置无效。",
        errors=[{"field": "cursor", "message": "请原样使用上一页答复中的 next_cursor。"}],
    )
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    signature, text = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not keyring.signed_by_us(use + text, signature, "cursor"):
        raise wrong
    key: list[Any] = json.loads(text)
    return key
