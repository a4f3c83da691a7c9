"""A unit of the registry as the rules see it."""

from __future__ import annotations

from typing import Any

from ce_tracker.policy.facts import Unit
from ce_tracker.registry.dated import UnitLevel


def unit(
    region_path: str,
    level: str | None,
    affiliation: str | None,
    sector: str | None,
    public_institution: bool | None,  # noqa: FBT001  a column
    in_directory: bool | None,  # noqa: FBT001  another
) -> Unit:
    """Where nothing is known of the day, its place is, and the rest is missing."""
    return Unit(
        tuple(region_path.split("/")),
        level,
        affiliation,
        sector,
        public_institution,
        None if level is None else level == UnitLevel.TOWNSHIP,
        in_directory,
    )


COLUMNS: tuple[str, ...] = (
    "region_path",
    "level",
    "affiliation",
    "sector",
    "public_institution",
    "in_directory",
)


def from_json(facts: dict[str, Any]) -> Unit:
    return unit(*(facts[name] for name in COLUMNS))


NOWHERE = Unit(("000000",))
"""Of whoever works nowhere: only the rules of the whole country are named."""
