"""Somebody owes less in a year, or nothing, because the authority said so, and why.

No clause of the documents provides for it; a verdict that rests on one says so.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from sqlalchemy.orm import Mapped

from ce_tracker.extensions import Base
from ce_tracker.registry.dated import OfProfessional

LET_OFF = """
SELECT DISTINCT ON (coalesce(w.merged_into, w.id)) coalesce(w.merged_into, w.id) AS person,
    x.required_x100
FROM exemptions x JOIN professionals w ON w.id = x.professional_id
WHERE x.known_to IS NULL AND x.valid_from = make_date(:year, 1, 1)
ORDER BY 1, x.known_from DESC, x.id DESC
"""
"""SQL: what each person owes at most in a year. Of several records, what was granted last."""


class ExemptionKind(StrEnum):
    MATERNITY = "maternity"
    ILLNESS = "illness"
    POSTING = "posting"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "maternity": "生育",
            "illness": "长期病假",
            "posting": "外派、援派",
            "other": "其他",
        }[self]


class Exemption(OfProfessional, Base):
    """What a person owes at most in one calendar year: its `valid_from` is that year's first day
    and its `valid_to` the next one's."""

    __tablename__ = "exemptions"
    one_at_a_time: ClassVar = ("professional_id",)

    kind: Mapped[str]
    required_x100: Mapped[int]
    """0: nothing."""
    reason: Mapped[str]

    @property
    def year(self) -> int:
        return self.valid_from.year


def span(year: int) -> dict[str, date]:
    return {"valid_from": date(year, 1, 1), "valid_to": date(year + 1, 1, 1)}
