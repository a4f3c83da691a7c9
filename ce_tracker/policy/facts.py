"""What is known of a person's unit and year: all that a verdict on a year follows from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

NOTHING_REDUCED = 1_000_000
"""As `required_x100`: more than a year has hours, so that what a rule asks is always the less."""


@dataclass(frozen=True)
class Unit:
    """The unit of the main employment on the day of the judgement. Nothing: not known."""

    regions: tuple[str, ...]
    """Codes from the country down, as far as is known."""
    level: str | None = None
    """Where the unit stands: province, city, county, township."""
    affiliation: str | None = None
    """Whose it is, in the same words."""
    sector: str | None = None
    public_institution: bool | None = None
    township: bool | None = None
    in_directory: bool | None = None
    """Whether the grassroots directory that holds on the day names it."""
    grassroots: bool | None = None
    """Set in a what-if: said, instead of found out."""


@dataclass(frozen=True)
class Year:
    year: int
    general_x100: int
    specialty_x100: int
    required_x100: int | None = None
    """What the person owes at most, where the authority reduced it; nothing: it did not."""
    employed: bool = True
    """On the day of the judgement."""
    employed_from: date | None = None
    employed_to: date | None = None
    """Its first and last day at work in the year, where these are not the year's own."""


@dataclass(frozen=True)
class Standing:
    """What a yearly rule reads; the columns of a table can stand in its place."""

    general_x100: int
    specialty_x100: int
    required_x100: int = NOTHING_REDUCED
