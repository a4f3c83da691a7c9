"""What is believed of a person, as plain values that a plan can be made from, and the plan.

The rows of `dated` are for one person on a page; a roster has twenty thousand people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from ce_tracker.identity import hidden
from ce_tracker.registry.rosters import Change, Outcome

FOREVER = date.max


@dataclass(frozen=True, slots=True)
class Held:
    """A fact that is believed; without an id, one that would be."""

    id: int | None
    professional_id: int | None
    """Nothing: of the person that the plan is about."""
    start: date
    end: date | None

    @property
    def until(self) -> date:
        return self.end or FOREVER

    def holds_on(self, day: date) -> bool:
        return self.start <= day < self.until


@dataclass(frozen=True, slots=True)
class Employment(Held):
    employer_id: int
    department: str | None


@dataclass(frozen=True, slots=True)
class Title(Held):
    level: str
    track: str
    series_code: str
    field_code: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Appointment(Held):
    employer_id: int
    level: str
    track: str
    series_code: str


AnyHeld = TypeVar("AnyHeld", bound=Held)


@dataclass(frozen=True, slots=True)
class Person:
    id: int | None
    names: tuple[str, ...]
    """Of all records that are this person's."""
    employments: Sequence[Employment] = ()
    titles: Sequence[Title] = ()
    appointments: Sequence[Appointment] = ()

    def employed_by(self, employer_id: int, day: date) -> Employment | None:
        return next(
            (
                spell
                for spell in self.employments
                if spell.employer_id == employer_id and spell.holds_on(day)
            ),
            None,
        )


@dataclass
class Difference(Generic[AnyHeld]):
    """What to believe no longer, by id, and what to believe from now on."""

    ended: set[int] = field(default_factory=set)
    begun: list[AnyHeld] = field(default_factory=list)

    def become(self, before: Sequence[AnyHeld], after: Sequence[AnyHeld]) -> None:
        kept = {held.id for held in after}
        self.ended |= {held.id for held in before if held.id is not None and held.id not in kept}
        self.begun += [held for held in after if held.id is None and held not in self.begun]


@dataclass
class Plan:
    outcome: Outcome = Outcome.SAME
    changes: list[Change] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)
    warnings: list[list[str]] = field(default_factory=list)
    employments: Difference[Employment] = field(default_factory=Difference)
    titles: Difference[Title] = field(default_factory=Difference)
    appointments: Difference[Appointment] = field(default_factory=Difference)

    @property
    def does_something(self) -> bool:
        return any(
            difference.ended or difference.begun
            for difference in (self.employments, self.titles, self.appointments)
        )

    def wrong(self, title: str, message: str) -> None:
        self.problems.append([title, hidden(message)])
        self.outcome = Outcome.WRONG

    def warn(self, title: str, message: str) -> None:
        self.warnings.append([title, hidden(message)])

    def refused(self) -> Plan:
        """Nothing of a wrong line is done."""
        return Plan(Outcome.WRONG, problems=self.problems, warnings=self.warnings)
