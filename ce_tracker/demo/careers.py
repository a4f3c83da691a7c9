"""Careers: where somebody worked and when, the titles that came with the years, appointments,
service at the grassroots, appraisals. Days are ordinals here (`date.toordinal`), for speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import NamedTuple

from ce_tracker.demo.branches import Branch
from ce_tracker.demo.units import Unit

YEAR = 365.25
YEARS_KEPT = 5
LEVELS = ("junior", "intermediate", "associate_senior", "full_senior")
JUNIOR, INTERMEDIATE, ASSOCIATE, FULL = range(4)
# From one level to the next: share of those who get there, years it takes at least and at most.
_RISE = ((0.96, 0.6, 1.6), (0.9, 4.0, 8.0), (0.62, 5.0, 11.0), (0.22, 5.0, 12.0))
# 山东 has had grassroots titles for health and schools first, for the others since 2020.
_GRASSROOTS_SINCE = {
    "health": date(2018, 1, 1),
    "school": date(2018, 1, 1),
    "agriculture": date(2020, 7, 1),
    "engineering": date(2020, 7, 1),
    "statistics": date(2020, 7, 1),
}
_CALLED_TO_THE_COUNTRY = {"health", "education", "agriculture", "forestry", "water"}
_GRADES = ("excellent", "competent", "basically_competent", "incompetent")
_GRADE_SHARES = (0.16, 0.965, 0.993)


class Job(NamedTuple):
    unit: Unit
    department: str
    begins: int
    ends: int | None


class TitleHeld(NamedTuple):
    level: int
    track: str
    obtained: int


class Post(NamedTuple):
    unit: Unit
    level: int
    track: str
    begins: int
    ends: int | None


class Spell(NamedTuple):
    region_path: str
    unit: str
    rural: bool
    township: bool
    begins: int
    ends: int | None


@dataclass(slots=True)
class Career:
    branch: Branch
    field_code: str
    jobs: list[Job]
    titles: list[TitleHeld] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    grades: list[tuple[int, str]] = field(default_factory=list)


class World:
    """The units that careers lead through, and the day on which the demo is made."""

    def __init__(self, units: Sequence[Unit], today: date, random: Random) -> None:
        self.random = random
        self.today = today.toordinal()
        self.year = today.year
        self.begins = date(today.year - YEARS_KEPT, 1, 1).toordinal()
        """Since when the service is kept: the five full years that rules look back on."""
        self.new_year = date(today.year + 1, 1, 1).toordinal()
        self._by_kind: dict[str, list[Unit]] = defaultdict(list)
        self._by_kind_and_province: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        self.townships: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            self._by_kind[unit.kind].append(unit)
            self._by_kind_and_province[unit.kind, unit.place.province].append(unit)
            if unit.level == "township":
                self.townships[unit.place.province].append(unit)

    def another(self, unit: Unit) -> Unit:
        """Another unit of the kind to come from or go to, mostly in the same province."""
        pool = self._by_kind_and_province[unit.kind, unit.place.province]
        if len(pool) == 1 or self.random.random() < 0.15:
            pool = self._by_kind[unit.kind]
        found = self.random.choice(pool)
        return found if found is not unit else pool[pool.index(unit) - 1]


def invented(world: World, unit: Unit, branch: Branch, born: int, *, female: bool) -> Career:
    random = world.random
    which = int(random.random() * len(branch.fields))
    departments = branch.departments
    own = len(departments) == len(branch.fields)
    department = departments[which] if own else random.choice(departments)
    hired = min(born + int((22 + 4.5 * random.random()) * YEAR), world.today - 30)
    retired = born + int((55 if female and random.random() < 0.5 else 60) * YEAR)
    career = Career(branch, branch.fields[which], _jobs(world, unit, department, hired, retired))
    career.titles = list(_titles(world, career, hired))
    career.posts = list(posts(world, career))
    career.spells = list(_spells(world, career, hired))
    career.grades = list(grades(world, career))
    return career


def _jobs(world: World, unit: Unit, department: str, hired: int, retired: int) -> list[Job]:
    """All of it up to today, at most one at a time; some have left, some move on at New Year."""
    random, today = world.random, world.today
    if retired < today:
        return [Job(unit, department, hired, retired)]
    moves = _moves(world, hired)
    begun = [hired, *(day + pause for day, pause in moves)]
    where = [unit]
    for _ in moves:
        where.insert(0, world.another(where[0]))
    found = [Job(where[n], department, begun[n], day) for n, (day, _) in enumerate(moves)]
    begins = begun[-1]
    dice = random.random()
    if dice < 0.02 and begins < today - 400:
        return [*found, Job(unit, department, begins, today - random.randint(10, 390))]
    if dice < 0.024:
        found.append(Job(unit, department, begins, world.new_year))
        return [*found, Job(world.another(unit), department, world.new_year, None)]
    return [*found, Job(unit, department, begins, None)]


def _moves(world: World, hired: int) -> list[tuple[int, int]]:
    """Days on which a job ended, and how many days passed before the next."""
    random = world.random
    dice = random.random()
    count = 0 if dice < 0.7 else 1 if dice < 0.94 else 2
    if not count:
        return []
    earliest = hired + 200 if random.random() < 0.3 else max(hired + 200, world.begins)
    latest = world.today - 250
    if latest <= earliest + 800:
        return []
    found: list[tuple[int, int]] = []
    for day in sorted(random.randint(earliest, latest) for _ in range(count)):
        if not found or day > found[-1][0] + 300:
            found.append((day, random.randint(20, 200) if random.random() < 0.12 else 0))
    return found


def _titles(world: World, career: Career, hired: int) -> Iterator[TitleHeld]:
    random = world.random
    day: float = hired
    for level, (share, least, most) in enumerate(_RISE):
        day += (least + (most - least) * random.random()) * YEAR
        if day > world.today - 10 or random.random() > share:
            return
        obtained = int(day)
        track = _track(world, career, level, obtained)
        yield TitleHeld(level, track, obtained)
        if track == "grassroots" and random.random() < 0.3:
            converted = obtained + int(5.2 * YEAR) + random.randint(0, 300)
            if converted < world.today - 10:
                day = converted
                yield TitleHeld(level, "unified", converted)


def _track(world: World, career: Career, level: int, day: int) -> str:
    since = _GRASSROOTS_SINCE.get(career.branch.series)
    if level == JUNIOR or since is None or day < since.toordinal():
        return "unified"
    unit = _unit_on(career.jobs, day)
    if unit is None or unit.place.province != "37" or not unit.grassroots or not unit.public:
        return "unified"
    return "grassroots" if world.random.random() < 0.45 else "unified"


def _unit_on(jobs: Sequence[Job], day: int) -> Unit | None:
    for job in jobs:
        if job.begins <= day and (job.ends is None or day < job.ends):
            return job.unit
    return None


def posts(world: World, career: Career) -> Iterator[Post]:
    """One follows the other; a grassroots title is good for grassroots units of 山东 alone."""
    random = world.random
    taken_up = [
        (title, title.obtained + random.randint(0, 240))
        for title in career.titles
        if random.random() > 0.07  # of the others no post is free
    ]
    for number, (title, day) in enumerate(taken_up):
        until = taken_up[number + 1][1] if number + 1 < len(taken_up) else None
        for job in career.jobs:
            if title.track == "grassroots" and not (
                job.unit.grassroots and job.unit.place.province == "37"
            ):
                continue
            wait = random.randint(0, 60) if job.begins > day else 0
            begins = max(day, job.begins + wait)
            ends = _earlier(until, job.ends)
            if begins < world.today and (ends is None or begins < ends):
                yield Post(job.unit, title.level, title.track, begins, ends)


def _earlier(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _spells(world: World, career: Career, hired: int) -> Iterator[Spell]:
    """Who works in a township serves there; others are sent for a while, not always long enough:
    broken, a day short, counted twice, or to a place that is not the countryside."""
    random = world.random
    for job in career.jobs:
        unit = job.unit
        if unit.level == "township" and job.begins < world.today:
            yield Spell(unit.place.path, unit.name, True, True, job.begins, job.ends)
    last = career.jobs[-1].unit
    hosts = world.townships[last.place.province]
    if last.level == "township" or not hosts:
        return
    if random.random() > (0.4 if last.sector in _CALLED_TO_THE_COUNTRY else 0.05):
        return
    host = random.choice(hosts)
    latest = (career.jobs[-1].ends or world.today) - 30
    rural = random.random() > 0.08
    day = random.randint(hired, max(hired, latest - 900))
    for wait, days in _service(random):
        begins = day + wait
        day = begins + days
        if day >= latest:
            return
        yield Spell(host.place.path, host.name, rural, rural, begins, day)


def _service(random: Random) -> tuple[tuple[int, int], ...]:
    """Spells, each as days since the one before (fewer than none: overlapping it) and its own."""
    dice = random.random()
    if dice < 0.45:
        return ((0, random.randint(365, 730)),)
    if dice < 0.6:
        return ((0, 364 if dice < 0.52 else 365),)
    if dice < 0.8:
        return (
            (0, random.randint(120, 240)),
            (random.randint(100, 400), random.randint(90, 240)),
        )
    if dice < 0.9:
        return ((0, 200), (-100, 165))
    return ((0, random.randint(60, 300)),)


def grades(world: World, career: Career) -> Iterator[tuple[int, str]]:
    """Of full years of work among the five before this one."""
    random = world.random
    for year in range(world.year - YEARS_KEPT, world.year):
        half, end = date(year, 7, 1).toordinal(), date(year, 12, 31).toordinal()
        for job in career.jobs:
            if job.begins < half and (job.ends is None or job.ends > end):
                dice = random.random()
                if job.unit.level == "township":
                    dice *= 0.55
                yield year, _GRADES[sum(dice >= share for share in _GRADE_SHARES)]
                break
