"""Changing keys while the service runs.

1. A new key is put beside the old ones (`ce-tracker keys rotate`, or CE_KEYS on one's own
   servers); from then on it seals, the old ones still open.
2. The job `reseal` seals and indexes anew, a few rows a step, all that an older key made. A worker
   that does not know the new key yet leaves it for later; what web processes that do not know it
   made meanwhile is found by the next night's.
3. `ce-tracker keys status` counts what is left; an old key with nothing left may go.

Which columns are sealed the models say themselves (`info={"sealed": …}`, `info={"index_of": …}`),
so a new one is found without a list here. An index of what is kept nowhere (`info={"indexed": …}`)
cannot be made anew; it is waited for until it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import Column, Table, func, select, update

from ce_tracker.extensions import db
from ce_tracker.jobs import Job, NotYet
from ce_tracker.sealing import VERSION_BYTES, Keyring

ROWS_A_STEP = 500
UNTIL_RESTARTED = timedelta(seconds=20)


@dataclass(frozen=True)
class Sealed:
    table: Table
    column: Column[bytes]
    index: Column[bytes] | None

    @property
    def place(self) -> str:
        place: str = self.column.info["sealed"]
        return place


def sealed_columns() -> list[Sealed]:
    return [
        Sealed(table, column, _index_of(table, column))
        for table in db.metadata.sorted_tables
        for column in table.columns
        if "sealed" in column.info
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
    """One step: the next rows of the next column that an older key made."""
    keyring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    if keyring.current < job.payload.get("version", 0):
        raise NotYet(UNTIL_RESTARTED)
    current = keyring.current.to_bytes(VERSION_BYTES)
    for sealed in sealed_columns():
        key = list(sealed.table.primary_key.columns)
        older = func.substr(sealed.column, 1, VERSION_BYTES) < current
        rows = db.session.execute(
            select(*key, sealed.column)
            .where(older)
            .order_by(*key)
            .limit(ROWS_A_STEP)
            .with_for_update()
        ).all()
        for row in rows:
            plain = keyring.open(row[-1], sealed.place)
            values = {sealed.column: keyring.seal(plain, sealed.place)}
            if sealed.index is not None:
                values[sealed.index] = keyring.index(plain, sealed.place)
            db.session.execute(
                update(sealed.table)
                .where(*(column == value for column, value in zip(key, row[:-1], strict=True)))
                .values(values)
            )
        if rows:
            job.steps_done += len(rows)
            job.steps_total = max(job.steps_total or 0, job.steps_done)
            return False
    return True
