"""Changing keys while the service runs.

1. A new key is put beside the old ones (`ce-tracker keys rotate`, or CE_KEYS on one's own
   servers); from then on it seals, the old ones still open.
2. The job `reseal` seals and indexes anew, a few rows a step, all that an older key made. A worker
   that does not know the new key yet leaves it for later; what web processes that do not know it
   made meanwhile is found by the next night's.
3. `ce-tracker keys status` counts what is left; an old key with nothing left may go.

Which columns are sealed the models say themselves (`info={"sealed": …}`, `info={"index_of": …}`),
so a new one is found without a list here. An index of what stands in clear beside it is made anew
from that (`info={"indexed": …, "made_from": …}`); one of what is kept nowhere (`info={"indexed":
…}`) cannot be; it is waited for until it expires.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    func,
    literal_column,
    select,
    text,
    update,
)

from ce_tracker.extensions import db
from ce_tracker.jobs import Job, NotYet
from ce_tracker.sealing import VERSION_BYTES, Keyring

ROWS_A_STEP = 500
BEFORE_ALL = "(0,0)"
UNTIL_RESTARTED = timedelta(seconds=20)


@dataclass(frozen=True)
class Sealed:
    table: Table
    column: Column[bytes]
    index: Column[bytes] | None

    @property
    def place(self) -> str:
        place: str = self.column.info.get("sealed") or self.column.info["indexed"]
        return place

    @property
    def source(self) -> Column[Any]:
        """What the value is made of: itself, opened; or a text beside it."""
        return self.table.columns[self.column.info.get("made_from", self.column.name)]

    def made_anew(self, keyring: Keyring, source: Any) -> dict[Column[bytes], bytes]:
        if self.source is not self.column:
            return {self.column: keyring.index(source.encode(), self.place)}
        plain = keyring.open(source, self.place)
        values = {self.column: keyring.seal(plain, self.place)}
        if self.index is not None:
            values[self.index] = keyring.index(plain, self.place)
        return values


def sealed_columns() -> list[Sealed]:
    return [
        Sealed(table, column, _index_of(table, column))
        for table in db.metadata.sorted_tables
        for column in table.columns
        if {"sealed", "made_from"} & set(column.info)
    ]


def _index_of(table: Table, sealed: Column[bytes]) -> Column[bytes] | None:
    return next(
        (column for column in table.columns if column.info.get("index_of") == sealed.name), None
    )


def values_by_version() -> dict[str, dict[int, int]]:
    """For each column that needs a key how many values each key's version made."""
    counts: dict[str, dict[int, int]] = {}
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if not {"sealed", "indexed"} & set(column.info):
                continue
            head = func.substr(column, 1, VERSION_BYTES)
            rows = db.session.execute(
                select(head, func.count()).where(column.is_not(None)).group_by(head)
            )
            counts[f"{table.name}.{column.name}"] = {
                int.from_bytes(version): count for version, count in rows
            }
    return counts


def reseal(job: Job) -> bool:
    """One step: the next rows of the next column that an older key made.

    The walk goes through each table once, by the rows' places in it. A row that was written behind
    it with an older key (by a process that was not restarted yet) is found when the end is
    reached; then the walk begins again.
    """
    keyring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    if keyring.current < job.payload.get("version", 0):
        raise NotYet(UNTIL_RESTARTED)
    columns = sealed_columns()
    number, after = job.place.get("column", 0), job.place.get("after", BEFORE_ALL)
    if number == len(columns):
        if not any(_older_left(sealed, keyring) for sealed in columns):
            return True
        number, after = 0, BEFORE_ALL
    sealed = columns[number]
    rows = _older_rows(sealed, keyring, after)
    for row in rows:
        _reseal_row(sealed, keyring, row)
    job.steps_done += len(rows)
    job.steps_total = max(job.steps_total or 0, job.steps_done)
    if len(rows) < ROWS_A_STEP:
        job.place = {"column": number + 1}
    else:
        last = max(tuple(int(n) for n in row.place.strip("()").split(",")) for row in rows)
        job.place = {"column": number, "after": f"({last[0]},{last[1]})"}
    return False


def _older(sealed: Sealed, keyring: Keyring) -> ColumnElement[bool]:
    return func.substr(sealed.column, 1, VERSION_BYTES) < keyring.current.to_bytes(VERSION_BYTES)


def _older_left(sealed: Sealed, keyring: Keyring) -> bool:
    left = select(1).select_from(sealed.table).where(_older(sealed, keyring)).exists()
    return bool(db.session.scalar(select(left)))


def _older_rows(sealed: Sealed, keyring: Keyring, after: str) -> Sequence[Any]:
    return db.session.execute(
        select(
            *sealed.table.primary_key.columns,
            sealed.source.label("source"),
            literal_column("ctid::text").label("place"),
        )
        .where(text("ctid > CAST(:after AS tid)").bindparams(after=after), _older(sealed, keyring))
        .limit(ROWS_A_STEP)
        .with_for_update()
    ).all()


def _reseal_row(sealed: Sealed, keyring: Keyring, row: Any) -> None:
    key = sealed.table.primary_key.columns
    db.session.execute(
        update(sealed.table)
        .where(*(column == getattr(row, column.name) for column in key))
        .values(sealed.made_anew(keyring, row.source))
    )
