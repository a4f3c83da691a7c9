"""Where the demo plays: places of all six regimes that show their differences, and as many more
counties as the number of people asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from random import Random

from sqlalchemy import select

from ce_tracker.extensions import db
from ce_tracker.registry.models import Region

# In Chongqing the first four lie in the sixteen districts and counties of its policy, the others
# outside; 两江新区 was 渝北区 and 江北区 until 2025.
CHOSEN = (
    "371002", "371082", "371003", "371072", "370724",
    "230125", "230102", "230281", "232722",
    "430181", "430121", "431027", "433130", "Z43011",
    "500235", "500101", "500240", "500154", "500109", "500157",
    "640104", "640121", "640422", "640324", "Z64011",
)  # fmt: skip
PROVINCES = ("37", "23", "43", "50", "64")
NATIONAL_ALONE = "320000"
"""A province without rules of its own here: 江苏."""
A_BASE_EVERYWHERE = "640000"
"""A province whose rules ask for one in each county."""
PEOPLE_A_COUNTY = 500

_TOWNS = (
    "柳林镇", "石桥镇", "双河镇", "青山乡", "龙泉镇", "白云乡", "东风镇", "清水镇", "杨家镇",
    "马店镇", "红旗乡", "松岭镇", "大湾镇", "桃园乡", "新兴镇", "凤凰镇", "黄土镇", "七里镇",
    "太平镇", "长岭乡", "沙河镇", "三合镇", "永安乡", "金坪镇", "高桥镇", "南坪乡",
)  # fmt: skip
_NOT_OF_A_COUNTY = {"zone", "city", "province"}


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    code: str
    name: str
    path: str
    level: str
    towns: tuple[str, ...]
    former: Former | None

    @property
    def province(self) -> str:
        return self.path.split("/")[1][:2]


@dataclass(frozen=True, slots=True)
class Former:
    """What a county was before it became what it is."""

    name: str
    path: str
    until: date


def chosen(people: int, today: date, random: Random) -> list[Place]:
    """Counties and zones, then their cities and provinces, each once."""
    regions = _all_regions()
    now = _today(regions, today)
    codes = [code for code in CHOSEN if code in now]
    codes += _more(now.values(), set(codes), max(0, people // PEOPLE_A_COUNTY - len(codes)))
    above = {code for own in codes for code in now[own].path.split("/")[1:-1]}
    wanted = [*codes, *sorted(above - set(codes)), NATIONAL_ALONE]
    return [_place(now[code], regions, random) for code in wanted]


def with_bases_alone(places: Sequence[Place], today: date, random: Random) -> list[Place]:
    """The counties and zones of 宁夏 where nobody of the demo works: each is to have a base."""
    regions, taken = _all_regions(), {place.code for place in places}
    return [
        _place(region, regions, random)
        for region in _today(regions, today).values()
        if region.level in {"county", "zone"}
        and region.path.split("/")[1] == A_BASE_EVERYWHERE
        and region.code not in taken
    ]


def _all_regions() -> Sequence[Region]:
    return db.session.scalars(select(Region).order_by(Region.code)).all()


def _today(regions: Sequence[Region], today: date) -> dict[str, Region]:
    return {
        region.code: region
        for region in regions
        if (region.valid_from is None or region.valid_from <= today)
        and (region.valid_to is None or region.valid_to > today)
    }


def _more(regions: Iterable[Region], taken: set[str], count: int) -> list[str]:
    """Further counties, from one province after the other."""
    waiting: dict[str, list[str]] = {province: [] for province in PROVINCES}
    for region in regions:
        if region.level == "county" and region.code not in taken:
            waiting[region.code[:2]].append(region.code)
    rounds = zip_longest(*waiting.values())
    return [code for codes in rounds for code in codes if code is not None][:count]


def _place(region: Region, regions: Sequence[Region], random: Random) -> Place:
    return Place(
        code=region.code,
        name=region.name,
        path=region.path,
        level=region.level,
        towns=() if region.level in _NOT_OF_A_COUNTY else tuple(random.sample(_TOWNS, 2)),
        former=_former(region, regions),
    )


def _former(region: Region, regions: Sequence[Region]) -> Former | None:
    if region.level != "county" or region.valid_from is None:
        return None
    for other in regions:
        if other.valid_to == region.valid_from and other.parent_path == region.parent_path:
            return Former(other.name, other.path, region.valid_from)
    return None
