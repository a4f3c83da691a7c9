"""The trail of a region, from the file and not from the database: policy needs none."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FILE = Path(__file__).parents[2] / "ce_tracker/registry/regions.csv"


@cache
def _parents() -> dict[str, str]:
    return {row["code"]: row["parent"] for row in csv.DictReader(FILE.read_text().splitlines())}


def trail(code: str) -> tuple[str, ...]:
    parent = _parents()[code]
    return (*trail(parent), code) if parent else (code,)
