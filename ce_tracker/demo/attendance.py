"""Who went to what: year by year, in their own field and region, and not everybody enough.

Most people earn their 90 hours with two thirds of them in their specialty, a good part is short of
the whole, some of the specialty alone, and some did nothing. The people of the sign-ins went where
`cast_hours.py` sends them.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from ce_tracker.demo import cast, cast_hours
from ce_tracker.demo.careers import INTERMEDIATE, Career, Job, World
from ce_tracker.demo.cast_hours import Went
from ce_tracker.demo.offers import Offers, Wish
from ce_tracker.demo.people import Person
from ce_tracker.demo.places import Place
from ce_tracker.demo.providers import Provider, signs_in
from ce_tracker.demo.trainings import (
    COURSE,
    DISTANCE,
    GATHERING,
    GENERAL,
    PROMOTED,
    TALK,
    Training,
)
from ce_tracker.registry.title_series import field_of

FULL_YEARS = 2
MOST_COLLEAGUES = 40
_SOONEST = 14
"""Days that nobody takes less than for a distance course."""
_ENOUGH = (
    (GENERAL, DISTANCE, COURSE),
    (GENERAL, DISTANCE, COURSE, GATHERING),
    (GENERAL, DISTANCE, COURSE, GATHERING),
    (TALK, DISTANCE, COURSE, GATHERING),
)
_TOO_FEW = (
    (GENERAL, DISTANCE),
    (GENERAL, COURSE),
    (GENERAL, COURSE, GATHERING),
    (DISTANCE, GATHERING),
    (GENERAL,),
    (COURSE,),
)
_TOO_GENERAL = ((GENERAL, TALK, DISTANCE), (GENERAL, TALK, COURSE, GATHERING))
_SHARES = ((0.06, ((),)), (0.19, _TOO_FEW), (0.26, _TOO_GENERAL), (1.0, _ENOUGH))
_FEWER_HOURS = 0.03
_TRAINED_ONCE_PROMOTED = 0.8
_WAITED = 8


@dataclass(slots=True)
class Roll:
    """Everybody, as a list that goes to a provider knows them."""

    names: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)


class Attendance:
    def __init__(self, world: World, providers: Sequence[Provider], seed: int) -> None:
        # Of its own, so that who there is does not depend on where they went.
        self._random = Random(f"training {seed}")
        self._world = world
        self._years = range(world.year - FULL_YEARS, world.year + 1)
        self.offers = Offers(providers, self._random)
        self.roll = Roll()
        self._desks = [provider for provider in providers if signs_in(provider)]
        self.colleagues: dict[int, array[int]] = defaultdict(lambda: array("q"))
        """Provider → some who would come to it; the cast is not among them."""

    def note(self, person: Person) -> None:
        """Everybody in turn, the cast first."""
        who, career = len(self.roll.names), person.career
        self.roll.names.append(person.name)
        self.roll.numbers.append(person.id_number)
        self.roll.units.append(career.jobs[-1].unit.name)
        if who < len(cast.ACTORS):
            for went in cast_hours.WENT[cast.ACTORS[who].login]:
                self._play(who, career, went)
            return
        self._note_colleague(who, career)
        for year in self._years:
            dice = self._random.random()
            ways = next(ways for below, ways in _SHARES if dice < below)
            self._go(who, career, year, ways[int(self._random.random() * len(ways))])

    def _through(self, training: Training, hired: int) -> int | None:
        """The day on which somebody might have been through with it, if that has come."""
        day = training.ends
        if training.online:
            first = training.begins + _SOONEST
            day = first + int(self._random.random() * (training.ends - first))
        return day if hired <= day <= self._world.today else None

    def _go(self, who: int, career: Career, year: int, ways: tuple[int, ...]) -> None:
        job = self._job(career, year)
        if job is None:
            return
        if ways and self._newly_promoted(career, job, year):
            ways = (*ways, PROMOTED)
        series, code = career.branch.series, career.field_code
        for what in ways:
            if what == PROMOTED and self._random.random() > _TRAINED_ONCE_PROMOTED:
                continue
            training = self.offers.find(Wish(what, job.unit.place, series, code, year))
            if training is None:
                continue
            day = self._through(training, job.begins)
            if day is not None:
                training.attend(who, day, self._fewer(training))

    def _newly_promoted(self, career: Career, job: Job, year: int) -> bool:
        """The year before; in the first year, whoever had waited for it as well."""
        waited = year - 1 if year > self._years[0] else year - _WAITED
        return job.unit.grassroots and any(
            title.level >= INTERMEDIATE and waited <= date.fromordinal(title.obtained).year < year
            for title in career.titles
        )

    def _fewer(self, training: Training) -> int | None:
        if self._random.random() > _FEWER_HOURS:
            return None
        if training.online:  # counted by the minute
            return training.hours_x100 - 50 * self._random.randint(1, 30)
        return training.hours_x100 - 800

    def _play(self, who: int, career: Career, went: Went) -> None:
        year = self._world.year - went.years_ago
        job = self._job(career, year)
        if job is None:
            return
        series = career.branch.series
        other = field_of(went.field, series) if went.field else None
        wish = Wish(went.what, job.unit.place, series, other or career.field_code, year)
        training = self.offers.find(wish)
        if training is None:
            return
        day, first = training.ends, max(training.begins, job.begins)
        if training.online:
            day, first = min(day, self._world.today), first + _SOONEST
        if first <= day <= self._world.today:
            training.attend(who, day, went.hours_x100)

    def _job(self, career: Career, year: int) -> Job | None:
        for day in (date(year, 7, 1), date(year, 11, 30)):
            when = min(day.toordinal(), self._world.today)
            for job in career.jobs:
                if job.begins <= when and (job.ends is None or when < job.ends):
                    return job
        return None

    def _note_colleague(self, who: int, career: Career) -> None:
        unit = career.jobs[-1].unit
        if career.jobs[-1].ends is not None:
            return
        for provider in self._desks:
            if provider.sector in ("other", unit.sector) or provider.kind == "university":
                some = self.colleagues[provider.id]
                if len(some) < MOST_COLLEAGUES and _lies_in(unit.place, provider.place):
                    some.append(who)


def _lies_in(place: Place, around: Place) -> bool:
    return f"{place.path}/".startswith(f"{around.path}/")
