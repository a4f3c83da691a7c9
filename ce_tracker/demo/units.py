"""The demo's employers: what a county, a zone, a city and a province have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from ce_tracker.actor import Role
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.places import NATIONAL_ALONE, Place

_MEDICAL = ("康宁", "仁和", "博爱", "德济", "安泰", "惠民", "济世", "普爱")
_LEARNING = ("明德", "致远", "启明", "文澜", "崇实", "弘毅", "求是", "育英")
_FIRMS = ("恒远", "宏基", "华筑", "金禾", "绿源", "鼎泰", "博联", "瑞丰")
_SOIL = ("丰禾", "金穗", "沃野", "绿野")


@dataclass(frozen=True, slots=True)
class Template:
    kind: str
    pattern: str
    level: str
    affiliation: str
    sector: str
    weight: float
    words: tuple[str, ...] = ()
    public: bool = True


def _town(kind: str, pattern: str, sector: str, weight: float) -> Template:
    return Template(kind, pattern, "township", "county", sector, weight)


_COUNTY = (
    Template("hospital", "{place}{word}中心医院", "county", "county", "health", 5, _MEDICAL),
    Template("tcm", "{place}{word}中医医院", "county", "county", "health", 2, _MEDICAL),
    Template("school", "{place}{word}中学", "county", "county", "education", 4, _LEARNING),
    Template("primary", "{place}{word}小学", "county", "county", "education", 3, _LEARNING),
    Template(
        "vocational", "{place}{word}职业教育中心", "county", "county", "education", 2, _LEARNING
    ),
    Template("agriculture", "{place}农业技术推广中心", "county", "county", "agriculture", 1.5),
    Template("forestry", "{place}林业技术推广站", "county", "county", "forestry", 0.8),
    Template("water", "{place}水利工程服务站", "county", "county", "water", 0.8),
    Template("statistics", "{place}普查中心", "county", "county", "statistics", 0.5),
    Template("library", "{place}图书馆", "county", "county", "other", 0.5),
    Template(
        "builder",
        "{place}{word}建筑工程有限公司",
        "county",
        "county",
        "industry",
        1.2,
        _FIRMS,
        public=False,
    ),
    Template(
        "accountants",
        "{place}{word}会计师事务所有限公司",
        "county",
        "county",
        "other",
        0.4,
        _FIRMS,
        public=False,
    ),
    _town("health_centre", "{place}{town}卫生院", "health", 2),
    _town("town_school", "{place}{town}中心学校", "education", 2.5),
    _town("agriculture", "{place}{town}农业综合服务中心", "agriculture", 1.2),
    _town("forestry", "{place}{town}林业工作站", "forestry", 0.5),
    _town("water", "{place}{town}水利站", "water", 0.5),
)
_ZONE = (
    Template("hospital", "{place}{word}医院", "county", "county", "health", 2, _MEDICAL),
    Template("school", "{place}{word}中学", "county", "county", "education", 2, _LEARNING),
    Template(
        "factory",
        "{place}{word}装备制造有限公司",
        "county",
        "county",
        "industry",
        2,
        _FIRMS,
        public=False,
    ),
    Template(
        "builder",
        "{place}{word}建设集团有限公司",
        "county",
        "county",
        "industry",
        1,
        _FIRMS,
        public=False,
    ),
)
_CITY = (
    Template("hospital", "{place}{word}医院", "city", "city", "health", 5, _MEDICAL),
    Template("university", "{place}{word}职业技术学院", "city", "city", "education", 3, _LEARNING),
    Template("technician", "{place}{word}技师学院", "city", "city", "education", 2, _LEARNING),
    Template("science", "{place}{word}农业科学研究所", "city", "city", "agriculture", 1, _SOIL),
    Template("museum", "{place}博物馆", "city", "city", "other", 0.7),
    Template("news", "{place}融媒体中心", "city", "city", "other", 0.7),
    Template(
        "factory",
        "{place}{word}食品股份有限公司",
        "city",
        "city",
        "industry",
        1.5,
        _FIRMS,
        public=False,
    ),
)
_PROVINCE = (
    Template("hospital", "{place}{word}医院", "province", "province", "health", 6, _MEDICAL),
    Template("school", "{place}{word}实验学校", "province", "province", "education", 2, _LEARNING),
    Template(
        "vocational", "{place}{word}中等专业学校", "province", "province", "education", 2, _LEARNING
    ),
    Template("university", "{place}{word}学院", "province", "province", "education", 4, _LEARNING),
    Template("science", "{place}{word}农业科学院", "province", "province", "agriculture", 2, _SOIL),
    Template("forestry", "{place}林业规划院", "province", "province", "forestry", 1),
    Template("water", "{place}水利勘测院", "province", "province", "water", 1),
    Template("statistics", "{place}统计科学研究院", "province", "province", "statistics", 0.5),
    Template(
        "builder",
        "{place}{word}设计集团有限公司",
        "province",
        "province",
        "industry",
        2,
        _FIRMS,
        public=False,
    ),
)
# Of another's in a county: by place they are grassroots, by affiliation they are not.
_PROVINCES_OWN = Template(
    "hospital", "{above}{word}医院{place}院区", "province", "province", "health", 4, _MEDICAL
)
_CITYS_OWN = Template(
    "school", "{above}{word}外国语学校{place}校区", "county", "city", "education", 2, _LEARNING
)
_OF_LEVEL = {"county": _COUNTY, "zone": _ZONE, "city": _CITY, "province": _PROVINCE}
_SHARE_OF_THE_NATIONAL = 0.06
_MORE_TO_SEE = 4  # where one signs in

_SIGN_INS = {
    (account.region_code, account.unit): account.place
    for account in DEMO_ACCOUNTS
    if account.role is Role.EMPLOYER
}


@dataclass(eq=False, slots=True)
class Unit:
    id: int
    kind: str
    place: Place
    level: str
    affiliation: str
    sector: str
    public: bool
    weight: float
    history: list[tuple[int, int | None, str, str]]
    """From, to (ordinals of days), name, region."""

    @property
    def name(self) -> str:
        return self.history[-1][2]

    @property
    def grassroots(self) -> bool:
        return self.level in ("county", "township")


def invented(places: Sequence[Place], today: date, random: Random, first_id: int) -> list[Unit]:
    found = []
    for number, (place, template, name) in enumerate(_wanted(places, random)):
        found.append(
            Unit(
                id=first_id + number,
                kind=template.kind,
                place=place,
                level=template.level,
                affiliation=template.affiliation,
                sector=template.sector,
                public=template.public,
                weight=template.weight * (_MORE_TO_SEE if name in _SIGN_INS.values() else 1),
                history=_history(place, template, name, today, random),
            )
        )
    _balance(found)
    return found


def _wanted(places: Sequence[Place], random: Random) -> Iterator[tuple[Place, Template, str]]:
    above = {place.path: place for place in places}
    served: set[Place] = set()
    for place in places:
        for template in _OF_LEVEL[place.level]:
            for town in place.towns if template.level == "township" else ("",):
                yield place, template, _name(place, template, random, town=town)
        if place.level == "county" and place.name.endswith("县"):
            for template, depth in ((_CITYS_OWN, 3), (_PROVINCES_OWN, 2)):
                owner = above.get("/".join(place.path.split("/")[:depth]))
                if owner is not None and owner is not place and owner not in served:
                    served.add(owner)
                    yield place, template, _name(place, template, random, above=owner.name)


def _name(
    place: Place, template: Template, random: Random, *, town: str = "", above: str = ""
) -> str:
    word = random.choice(template.words) if template.words else ""
    name = template.pattern.format(place=place.name, word=word, town=town, above=above)
    own = not town and not above
    return _SIGN_INS.get((place.code, template.kind), name) if own else name


def _history(
    place: Place, template: Template, name: str, today: date, random: Random
) -> list[tuple[int, int | None, str, str]]:
    founded = date(random.randint(1952, 1984), random.randint(1, 12), 1).toordinal()
    if place.former is not None:
        until = place.former.until.toordinal()
        before = name.replace(place.name, place.former.name)
        return [(founded, until, before, place.former.path), (until, None, name, place.path)]
    if template.kind == "town_school" and random.random() < 0.25:
        renamed = date(today.year - random.randint(1, 4), 9, 1).toordinal()
        before = name.replace("中心学校", "中心小学")
        return [(founded, renamed, before, place.path), (renamed, None, name, place.path)]
    return [(founded, None, name, place.path)]


def _balance(units: Sequence[Unit]) -> None:
    """The province without a policy has few units; let them be large."""
    national = [unit for unit in units if unit.place.code == NATIONAL_ALONE]
    others = sum(unit.weight for unit in units) - sum(unit.weight for unit in national)
    factor = _SHARE_OF_THE_NATIONAL * others / sum(unit.weight for unit in national)
    for unit in national:
        unit.weight *= factor
