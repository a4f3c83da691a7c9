"""The regions of the country, from `regions.csv`, and how to find one's way among them.

The file is the truth and `docs/regions.md` says where it comes from; every start brings the table
in line with it. Rows are never removed: what once was a region is pointed to by old rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from ce_tracker.extensions import db
from ce_tracker.registry.models import Region

NATION = "000000"


def load_regions() -> None:
    source = files(__package__).joinpath("regions.csv").read_text(encoding="utf-8")
    paths: dict[str, str] = {}
    rows = []
    waiting = list(csv.DictReader(source.splitlines()))
    while waiting:
        ready = [row for row in waiting if not row["parent"] or row["parent"] in paths]
        if not ready:
            raise ValueError(
                f"regions.csv: no such parent: {sorted({r['parent'] for r in waiting})}"
            )
        for row in ready:
            parent = paths.get(row["parent"])
            paths[row["code"]] = f"{parent}/{row['code']}" if parent else row["code"]
            rows.append(
                {
                    "path": paths[row["code"]],
                    "name": row["name"],
                    "level": row["level"],
                    "parent_path": parent,
                    "valid_from": _day(row["valid_from"]),
                    "valid_to": _day(row["valid_to"]),
                }
            )
        waiting = [row for row in waiting if row["code"] not in paths]
    statement = insert(Region).values(rows)
    new = statement.excluded
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["path"],
            set_={"name": new.name, "valid_from": new.valid_from, "valid_to": new.valid_to},
            where=(
                func.row(Region.name, Region.valid_from, Region.valid_to).is_distinct_from(
                    func.row(new.name, new.valid_from, new.valid_to)
                )
            ),
        )
    )


@cache
def _parents() -> dict[str, str]:
    source = files(__package__).joinpath("regions.csv").read_text(encoding="utf-8")
    return {row["code"]: row["parent"] for row in csv.DictReader(source.splitlines())}


def all_codes() -> frozenset[str]:
    """Of the file: also where there is no database to ask."""
    return frozenset(_parents())


def way_to(code: str) -> tuple[str, ...] | None:
    """The codes from the country down to this one, out of the file; nothing for no region."""
    parents = _parents()
    if code not in parents:
        return None
    above = way_to(parents[code]) if parents[code] else ()
    return (*(above or ()), code)


def by_code(code: str) -> Region | None:
    return db.session.scalars(select(Region).where(Region.code == code)).one_or_none()


def trail(path: str) -> list[Region]:
    """From the country down to the region at `path`."""
    codes = path.split("/")
    found = db.session.scalars(select(Region).where(Region.code.in_(codes)).order_by(Region.path))
    return list(found)


def names(paths: Iterable[str]) -> dict[str, str]:
    """The names of all regions on these paths, by code."""
    codes = {code for path in paths for code in path.split("/")}
    found = db.session.execute(select(Region.code, Region.name).where(Region.code.in_(codes)))
    return {code: name for code, name in found}  # noqa: C416  rows, not pairs


def children(parent: Region, day: date) -> list[Region]:
    return list(
        db.session.scalars(
            select(Region)
            .where(Region.parent_path == parent.path, Region.holds_on(day))
            .order_by(Region.code)
        )
    )


def having_children(paths: list[str], day: date) -> set[str]:
    """Which of these regions have others in them on this day."""
    found = db.session.scalars(
        select(Region.parent_path)
        .where(Region.parent_path.in_(paths), Region.holds_on(day))
        .distinct()
    )
    return {path for path in found if path is not None}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
