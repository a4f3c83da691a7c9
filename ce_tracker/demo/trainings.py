"""What a training session of the demo is, and whether a provider may hold it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import date

from ce_tracker.demo.providers import Provider
from ce_tracker.registry.title_series import catalogue

GENERAL, TALK, DISTANCE, COURSE, GATHERING, PROMOTED = range(6)
"""What somebody may go to in a year."""


@dataclass(eq=False, slots=True, kw_only=True)
class Training:
    provider: Provider
    title: str
    course: str
    place: str
    begins: int
    ends: int
    """Days, as ordinals; the first and the last."""
    hours_x100: int
    subject: str = "specialty"
    purpose: str = "ordinary"
    form: str = "class"
    online: bool = False
    series_code: str | None = None
    field_code: str | None = None
    state: str = "published"
    id: int = 0
    code: str = ""
    people: array[int] = field(default_factory=lambda: array("q"))
    """Who came, by their place on the roll."""
    days: array[int] = field(default_factory=lambda: array("l"))
    """Each one's last day."""
    hours: dict[int, int] = field(default_factory=dict)
    """In hundredths, of those who got fewer."""

    @property
    def year(self) -> int:
        return date.fromordinal(self.ends).year

    def attend(self, somebody: int, day: int, hours_x100: int | None = None) -> None:
        if hours_x100 is not None:
            self.hours[len(self.people)] = hours_x100
        self.people.append(somebody)
        self.days.append(day)


def room_of(provider: Provider, room: str = "报告厅") -> str:
    return f"{provider.name}{room}"


def platform_of(provider: Provider) -> str:
    return f"{provider.place.name}继续教育在线学习平台"


def may_hold(provider: Provider, begins: int, ends: int, what: str | None) -> bool:
    """`what`: a field's code or a whole series'."""
    if provider.kind != "base":
        return True
    wanted = () if what is None else tuple(catalogue()[what].fields) if "-" not in what else (what,)
    day = begins
    for period in sorted(provider.periods, key=lambda period: period.begins):
        fits = not period.field_codes or set(wanted) <= set(period.field_codes)
        if fits and period.begins <= day < period.ends:
            day = period.ends
    return day > ends
