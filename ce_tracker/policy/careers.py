"""What is known of a person's working life: all that a rule on titles follows from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from ce_tracker.policy.facts import Unit, Year

LEVELS = ("junior", "intermediate", "associate_senior", "full_senior")
"""From the lowest up."""
DAYS_OF_A_YEAR = 365
"""Of time that is summed over broken spells, leap year or not."""


@dataclass(frozen=True)
class Held:
    """A title."""

    level: str
    track: str
    series: str
    field: str | None
    obtained: date
    until: date | None = None
    """The first day on which it no longer counts."""
    name: str = ""

    def counts_on(self, day: date) -> bool:
        return self.obtained <= day and (self.until is None or self.until > day)


@dataclass(frozen=True)
class Appointed:
    """Time in a post of a title's level; the last day not included."""

    level: str
    track: str
    begins: date
    ends: date | None
    grassroots: bool | None = None
    """Whether the unit was one of the grassroots on the day that is judged, or on its last."""


@dataclass(frozen=True)
class Attended:
    """A standing entry of the ledger: what was reversed is not here."""

    entry: str
    """By which the ledger finds it: person, year, session and revision."""
    title: str
    subject: str
    purpose: str
    series: str | None
    field: str | None
    """Nothing: it is meant for the whole series; and without a series, for nobody's own field."""
    ended: date
    hours_x100: int
    provider: str = ""
    provider_kind: str | None = None


@dataclass(frozen=True)
class Spell:
    """Time below: served there, or employed by a unit of a county or below. The last day not
    included."""

    begins: date
    ends: date | None
    rural: bool
    township: bool
    where: str
    employed: bool = False
    """As one's main employment, so that nobody had to send one there."""
    public_institution: bool | None = None


@dataclass(frozen=True)
class Career:
    unit: Unit
    """Of the main employment on the day."""
    employed: bool = True
    titles: tuple[Held, ...] = ()
    appointments: tuple[Appointed, ...] = ()
    attended: tuple[Attended, ...] = ()
    spells: tuple[Spell, ...] = ()
    grades: Mapping[int, str] = field(default_factory=dict)
    """Of the yearly appraisals."""
    years: tuple[tuple[Unit, Year], ...] = ()
    """As each year is judged, with the unit of its last day."""
    seat: str | None = None
    """The track of another application of this person's, submitted in the same year."""

    def held(self, day: date) -> list[Held]:
        """The titles that count on a day."""
        return [each for each in self.titles if each.counts_on(day)]

    def present(self, day: date) -> Held | None:
        """The highest of them; of several, the one obtained first."""
        return max(
            self.held(day),
            key=lambda each: (LEVELS.index(each.level), -each.obtained.toordinal()),
            default=None,
        )


@dataclass(frozen=True)
class Wish:
    """What somebody applies for, or might."""

    level: str
    track: str
    series: str | None
    field: str | None
    on: date
    """The day of the application."""
    field_name: str = ""


def anniversary(day: date, years: int) -> date:
    """The same day so many years later; of 29 February, in other years the month's last."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


Span = tuple[date, date | None]


def union(spans: Iterable[Span], until: date) -> list[tuple[date, date]]:
    """The same time without overlaps, in order, as far as the day before `until`."""
    whole: list[tuple[date, date]] = []
    for begins, ends in sorted((begins, min(ends or until, until)) for begins, ends in spans):
        if begins >= ends:
            continue
        if whole and begins <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], ends))
        else:
            whole.append((begins, ends))
    return whole


def days_in(spans: Iterable[Span], until: date) -> int:
    """Each day counted once, however many spans cover it."""
    return sum((ends - begins).days for begins, ends in union(spans, until))


def on_end_since(spans: Iterable[Span], until: date) -> date | None:
    """The first day of the stretch without a break that lasts until then."""
    whole = union(spans, until)
    return whole[-1][0] if whole and whole[-1][1] == until else None


def day_reached(spans: Iterable[Span], days: int) -> date | None:
    """The first day that so many days lie before, if what has no end goes on."""
    left = days
    for begins, ends in union(spans, date.max):
        if (ends - begins).days >= left:
            return begins + timedelta(left)
        left -= (ends - begins).days
    return None
