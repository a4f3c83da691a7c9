"""The people behind the sign-ins: each stands where a rule of their regime bites or just does not.

Written out, where everybody else is invented by chance; years and days count back from today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ce_tracker.demo import branches
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DemoAccount
from ce_tracker.demo.branches import Branch
from ce_tracker.demo.careers import (
    ASSOCIATE,
    INTERMEDIATE,
    JUNIOR,
    YEAR,
    Career,
    Job,
    Spell,
    TitleHeld,
    World,
    grades,
    posts,
)
from ce_tracker.demo.units import Unit
from ce_tracker.registry.title_series import field_of


@dataclass(frozen=True, slots=True)
class Part:
    born: date
    female: bool
    branch: Branch
    field: str
    department: str
    hired: float
    """Years ago."""
    titles: tuple[tuple[int, str, float], ...] = ()
    """Level, track, years ago."""
    served: tuple[tuple[int, int], ...] = ()
    """Spells in a township of the county: begun so many days ago, lasted so many days."""
    township: bool = False
    """Works in a township."""
    came_from: tuple[str, float] | None = None
    """A kind of unit in a township that it was, and how many years ago that ended."""
    excellent: int = 0
    """Appraised so in each of so many years, the last ones."""


CAST: dict[str, Part] = {
    # 凡晋必学: may apply for 高级教师 as soon as training in 语文 is on record.
    "teacher": Part(
        date(1988, 5, 16), True, branches.TEACHER, "语文", "语文教研组", 14,
        ((JUNIOR, "unified", 13), (INTERMEDIATE, "unified", 6.2)),
    ),
    # The same rule holds by one training alone, which is taken back after she has applied.
    "physics-teacher": Part(
        date(1986, 10, 9), False, branches.TEACHER, "物理", "物理教研组", 15,
        ((JUNIOR, "unified", 14), (INTERMEDIATE, "unified", 7.4)),
    ),
    # 同级别: a grassroots title three years old closes the unified one of its level for two more;
    # over twenty years in the township, so no quota of posts holds her back.
    "agronomist": Part(
        date(1982, 9, 3), True, branches.AGRONOMIST, "园艺", "园艺股", 21.5,
        ((JUNIOR, "unified", 20), (INTERMEDIATE, "grassroots", 3)), township=True,
    ),
    # 离开无效: from a water station in a township to an enterprise that no directory names.
    "engineer": Part(
        date(1987, 1, 17), False, branches.MECHANIC, "电气工程", "电气部", 14,
        ((JUNIOR, "unified", 13), (INTERMEDIATE, "grassroots", 4.2)), came_from=("water", 0.9),
    ),
    # 晋升高级须有 1 年以上农村工作服务经历: 200 and 164 days, one too few.
    "heilongjiang-teacher": Part(
        date(1985, 2, 27), True, branches.TEACHER, "数学", "数学教研组", 17,
        ((JUNIOR, "unified", 16), (INTERMEDIATE, "unified", 8.5)), ((2500, 200), (1900, 164)),
    ),
    # 在乡村基层一线工作累计满 30 年.
    "heilongjiang-agronomist": Part(
        date(1971, 6, 11), False, branches.AGRONOMIST, "农学", "粮油股", 31.5,
        ((JUNIOR, "unified", 29), (INTERMEDIATE, "unified", 8)), township=True,
    ),
    # The same rule, met by exactly 365 days.
    "hunan-doctor": Part(
        date(1986, 11, 8), False, branches.DOCTOR, "内科学", "内科", 14,
        ((JUNIOR, "unified", 13), (INTERMEDIATE, "unified", 7.5)), ((1500, 365),),
    ),
    # The same rule in a city: 全省, not only the grassroots.
    "changsha-doctor": Part(
        date(1985, 4, 2), False, branches.DOCTOR, "外科学", "外科", 15,
        ((JUNIOR, "unified", 14), (INTERMEDIATE, "unified", 6.5)),
    ),
    # 在乡镇基层连续工作满 30 年且具有中级资格.
    "hunan-hydraulic": Part(
        date(1970, 3, 21), False, branches.HYDRAULIC, "水利工程", "工程股", 31,
        ((JUNIOR, "unified", 29), (INTERMEDIATE, "unified", 18)), township=True,
    ),
    # Joined in the middle of this year, inside the sixteen districts and counties.
    "newcomer": Part(date(2002, 7, 19), False, branches.TEACHER, "物理", "物理教研组", 0.3),
    # Inside them, with a title that is new since the document.
    "yunyang-teacher": Part(
        date(1989, 9, 27), True, branches.TEACHER, "化学", "化学教研组", 13,
        ((JUNIOR, "unified", 12), (INTERMEDIATE, "unified", 6.1)),
    ),
    # Outside them: the national rules alone.
    "beibei-nurse": Part(
        date(1990, 12, 1), True, branches.NURSE, "护理学", "急诊科", 12,
        ((JUNIOR, "unified", 11), (INTERMEDIATE, "unified", 5.5)),
    ),
    # 凡晋必下: two spells that overlap, 365 days only if days are counted twice.
    "doctor": Part(
        date(1989, 6, 25), True, branches.DOCTOR, "妇产科学", "妇产科", 12,
        ((JUNIOR, "unified", 11), (INTERMEDIATE, "unified", 6)), ((1600, 200), (1500, 165)),
    ),
    # 职业院校教师 5 年一周期的全员轮训.
    "ningxia-teacher": Part(
        date(1983, 4, 12), True, branches.VOCATIONAL, "农林牧渔", "农林牧渔教研室", 19,
        ((JUNIOR, "unified", 18), (INTERMEDIATE, "unified", 12), (ASSOCIATE, "unified", 0.7)),
    ),
    # 在乡镇事业单位累计工作满 20 年; 每有 3 个优秀, a year less.
    "ningxia-township": Part(
        date(1981, 12, 5), False, branches.PRIMARY, "数学", "数学教研组", 22,
        ((JUNIOR, "unified", 20), (INTERMEDIATE, "unified", 9)), township=True, excellent=3,
    ),
    "jiangsu-pharmacist": Part(
        date(1984, 8, 30), True, branches.PHARMACIST, "临床药学", "药剂科", 16,
        ((JUNIOR, "unified", 15), (INTERMEDIATE, "unified", 9)),
    ),
}  # fmt: skip

ACTORS = tuple(account for account in DEMO_ACCOUNTS if account.login in CAST)


def career(world: World, units: Sequence[Unit], account: DemoAccount) -> Career:
    part = CAST[account.login]
    unit = _workplace(units, account, township=part.township)
    code = field_of(part.field, part.branch.series)
    if code is None:
        raise LookupError(part.field)
    begun = world.today - int(part.hired * YEAR)
    played = Career(part.branch, code, list(_jobs(world, units, unit, part)))
    played.titles = [
        TitleHeld(level, track, world.today - int(years * YEAR))
        for level, track, years in part.titles
    ]
    played.posts = list(posts(world, played))
    if part.township:
        played.spells = [Spell(unit.place.path, unit.name, True, True, begun, None)]
    elif part.served:
        host = next(u for u in units if u.level == "township" and u.place is _near(units, unit))
        played.spells = [
            Spell(
                host.place.path, host.name, True, True, world.today - ago, world.today - ago + days
            )
            for ago, days in part.served
        ]
    played.grades = [
        (year, _graded(part, world.year - year) or grade) for year, grade in grades(world, played)
    ]
    return played


def _graded(part: Part, years_ago: int) -> str | None:
    if not part.excellent:
        return None
    return "excellent" if years_ago <= part.excellent else "competent"


def _jobs(world: World, units: Sequence[Unit], unit: Unit, part: Part) -> Iterator[Job]:
    begun = world.today - int(part.hired * YEAR)
    if part.came_from is not None:
        kind, years = part.came_from
        city = unit.place.path.rpartition("/")[0]
        former = next(
            each
            for each in units
            if each.kind == kind and each.level == "township" and each.place.path.startswith(city)
        )
        left = world.today - int(years * YEAR)
        yield Job(former, "机电股", begun, left)
        begun = left
    yield Job(unit, part.department, begun, None)


def _workplace(units: Sequence[Unit], account: DemoAccount, *, township: bool) -> Unit:
    for unit in units:
        if (unit.place.code, unit.kind) == (account.region_code, account.unit) and (
            unit.level == "township"
        ) == township:
            return unit
    raise LookupError(account.login)


def _near(units: Sequence[Unit], unit: Unit) -> object:
    """The unit's county, or one of its province that has townships."""
    places = [u.place for u in units if u.level == "township"]
    same = [place for place in places if place is unit.place]
    return (same or [place for place in places if place.province == unit.place.province])[0]
