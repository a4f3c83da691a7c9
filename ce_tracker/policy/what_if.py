"""What if: a year of nobody's, judged without touching any record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.judge import Verdict, judge
from ce_tracker.policy.packs import Packs

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


@dataclass(frozen=True)
class Question:
    regions: tuple[str, ...]
    """From the country down."""
    year: int
    on: date
    general_x100: int
    specialty_x100: int
    required_x100: int | None = None
    grassroots: bool | None = None
    """Nothing: found out from the place as far as that goes."""
    sector: str | None = None

    def answer(self, packs: Packs) -> Verdict:
        unit = Unit(self.regions, sector=self.sector, grassroots=self.grassroots)
        year = Year(self.year, self.general_x100, self.specialty_x100, self.required_x100)
        return judge(packs, unit, year, self.on)
