"""The demo's providers, one of each kind at every level, and the accreditation of the bases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from ce_tracker.actor import Role
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.places import A_BASE_EVERYWHERE, Place
from ce_tracker.registry.title_series import catalogue

# Kind, name, sector and, of bases, the series whose fields they may teach ("": all).
_COUNTY = (
    ("base", "{place}专业技术人员继续教育基地", "other", ""),
    ("superior_unit", "{place}教师发展中心", "education", None),
    ("superior_unit", "{place}卫生健康人才服务中心", "health", None),
)
_CITY = (
    ("base", "{place}卫生健康继续教育基地", "health", "health"),
    ("base", "{place}农业技术人员培训基地", "agriculture", "agriculture"),
    ("university", "{place}文澜职业学院继续教育学院", "education", None),
    ("association", "{place}会计学会", "other", None),
)
_PROVINCE = (
    ("base", "{place}专业技术人员继续教育基地", "other", ""),
    ("university", "{place}文澜学院继续教育学院", "education", None),
    ("association", "{place}卫生健康协会", "health", None),
    ("superior_unit", "{place}教育事业发展中心", "education", None),
)
_OF_LEVEL = {"county": _COUNTY, "zone": _COUNTY[:1], "city": _CITY, "province": _PROVINCE}
_YEARS = 5
WITHOUT_A_BASE = "640324"
"""A county of 宁夏 whose base let its accreditation lapse; each is to have one."""

_SIGN_INS = {
    (account.region_code, account.unit): account.place
    for account in DEMO_ACCOUNTS
    if account.role is Role.PROVIDER
}


@dataclass(frozen=True, slots=True)
class Period:
    """Of an accreditation; days as ordinals."""

    begins: int
    ends: int
    level: str
    document: str
    field_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    id: int
    kind: str
    name: str
    place: Place
    sector: str
    since: int
    periods: tuple[Period, ...]


def invented(
    places: Sequence[Place],
    with_bases_alone: Sequence[Place],
    today: date,
    random: Random,
    first_id: int,
) -> list[Provider]:
    found: list[Provider] = []
    for place in (*places, *with_bases_alone):
        alone = place in with_bases_alone
        for kind, pattern, sector, series in _COUNTY[:1] if alone else _OF_LEVEL[place.level]:
            since = date(random.randint(1985, 2012), random.randint(1, 12), 1)
            found.append(
                Provider(
                    id=first_id + len(found),
                    kind=kind,
                    name=pattern.format(place=place.name),
                    place=place,
                    sector=sector,
                    since=since.toordinal(),
                    periods=()
                    if series is None
                    else tuple(_periods(place, series, today, random, _lasts(place, kind))),
                )
            )
    return found


def _periods(
    place: Place, series: str, today: date, random: Random, always: bool
) -> Iterator[Period]:
    """Five years and, of most bases, five more; some let it lapse, some began this year."""
    level = {"zone": "county"}.get(place.level, place.level)
    fields = tuple(catalogue()[series].fields) if series else ()
    lapses = place.code == WITHOUT_A_BASE
    offset = 3 if lapses else random.randint(0, 3) if always else random.randint(-1, 5)
    first = date(today.year - _YEARS - offset, random.randint(1, 9), 1)
    while first <= today:
        end = date(first.year + _YEARS, first.month, 1)
        document = f"{place.name}人社发〔{first.year}〕{random.randint(10, 199)}号"
        yield Period(first.toordinal(), end.toordinal(), level, document, fields)
        if lapses or (not always and random.random() < 0.15):
            return
        first = end


def signs_in(provider: Provider) -> bool:
    return provider.name == _SIGN_INS.get((provider.place.code, provider.kind))


def _lasts(place: Place, kind: str) -> bool:
    """Its accreditation, up to this day: of who signs in, and where each county is to have one."""
    return (place.code, kind) in _SIGN_INS or place.path.split("/")[1] == A_BASE_EVERYWHERE
