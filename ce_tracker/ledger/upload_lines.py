"""The lines of an upload as its provider reads them: a stretch at a time, out of sealed pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ce_tracker.extensions import db
from ce_tracker.ledger.uploads import Outcome, ShownLine, Upload, UploadPage, opened_page
from ce_tracker.sealing import Keyring


class Place(NamedTuple):
    """Of a line: its outcome by rank, its page, and where on that."""

    outcome: int
    page: int
    line: int


class Found(NamedTuple):
    outcome: Outcome
    line: ShownLine


_BEGINNING = Place(-1, -1, 0)
_ORDER = tuple(Outcome)
_RANK: ColumnElement[int] = case(
    {outcome.value: rank for rank, outcome in enumerate(_ORDER)}, value=UploadPage.outcome
)


def stretch(
    keyring: Keyring, upload: Upload, outcome: str | None, begin: Sequence[int] | None, limit: int
) -> tuple[list[Found], Place | None]:
    """So many lines from a place on, what wants attention first, and the place of the next."""
    place = Place(*begin) if begin else _BEGINNING
    found: list[Found] = []
    while (page := _page_from(upload, outcome, place)) is not None:
        rank, number, sealed = page
        first = place.line if (rank, number) == place[:2] else 0
        for at, line in enumerate(opened_page(keyring, sealed)[first:], first):
            if len(found) == limit:
                return found, Place(rank, number, at)
            found.append(Found(_ORDER[rank], line))
        place = Place(rank, number + 1, 0)
    return found, None


def only_change(keyring: Keyring, upload: Upload) -> tuple[int, int | None] | None:
    """What the hours of everybody who is corrected were and become, if that is one and the same."""
    lines, rest = stretch(keyring, upload, Outcome.CHANGED, None, 500)
    changes = {(found.line.was_x100 or 0, found.line.now_x100) for found in lines}
    return changes.pop() if rest is None and len(changes) == 1 else None


def _page_from(upload: Upload, outcome: str | None, place: Place) -> tuple[int, int, bytes] | None:
    column: InstrumentedAttribute[int] = UploadPage.page
    statement = select(_RANK, column, UploadPage.lines_sealed).where(
        UploadPage.upload_id == upload.id, tuple_(_RANK, column) >= tuple_(*place[:2])
    )
    if outcome is not None:
        statement = statement.where(UploadPage.outcome == outcome)
    row = db.session.execute(statement.order_by(_RANK, column).limit(1)).first()
    return None if row is None else (row[0], row[1], row[2])
