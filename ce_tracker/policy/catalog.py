"""Which rules cover a unit on a day: regimes nest by region, and what an inner one does not set is
inherited from the one around it.

Answers have three values where a fact may be missing: yes, no, and nothing for "not known".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ce_tracker.policy.duties import Bridge
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.packs import Grassroots, GrassrootsText, Pack, Packs, Rule, Settings, Version
from ce_tracker.policy.words import Who

GRASSROOTS_LEVELS = frozenset({"county", "township"})
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Beginnings of the codes of 直辖市, whose counties say it in their third and fourth digits."""
_COUNTIES_OF_A_MUNICIPALITY = "02"
_PREFECTURES = range(21, 71)
"""Third and fourth digits of 地区, 自治州 and 盟: what lies in them are counties and county-level
cities, also where their last two digits are those that districts have elsewhere (漠河市 232701)."""
_UNDER_THE_PROVINCE = "90"
_FIRST_COUNTY = 21
"""GB/T 2260: the last two digits of a district are below, of a county or county-level city not."""
_ZONES = range(71, 80)
"""The statistics' codes of development zones, which GB/T 2260 leaves free."""
_CODE_LENGTH = 6
_DAILY_LIMIT_X100 = 800


@dataclass(frozen=True)
class InForce:
    pack: Pack
    version: Version


@dataclass(frozen=True)
class Whose:
    """Of a rule on titles: the series of the person's, and the level applied for."""

    series: str | None
    level: str | None
    """Nothing: nobody applies, and the rule itself looks at the levels."""


@dataclass(frozen=True)
class Candidate:
    """A rule that covers the unit, or may."""

    rule: Rule
    pack: Pack
    version: Version
    certain: bool
    """Not, where the fact that decides is not known."""

    @property
    def asked_since(self) -> date:
        """Since when the document has been in force that asks this: a version that repeats what an
        earlier one asked asks nothing new."""
        number = self.rule.citation.document.number
        return min(
            version.in_force_from
            for version in self.pack.versions
            if version is self.version
            or any(
                (rule.name, rule.citation.document.number) == (self.rule.name, number)
                for rule in version.rules
            )
        )


def covering(packs: Packs, unit: Unit) -> list[Pack]:
    """The regimes of the place, from the innermost outward."""
    depth = {code: place for place, code in enumerate(unit.regions)}
    found = [pack for pack in packs.values() if pack.region in depth]
    return sorted(found, key=lambda pack: -depth[pack.region])


def in_force(packs: Packs, unit: Unit, day: date) -> list[InForce]:
    return [
        InForce(pack, version)
        for pack in covering(packs, unit)
        if (version := pack.on(day)) is not None
    ]


def candidates(
    regimes: list[InForce], unit: Unit, kind: str, whose: Whose | None = None
) -> list[Candidate]:
    """The rules of a kind, from the innermost outward: the first certain one ends the search."""
    found: list[Candidate] = []
    for regime in regimes:
        for rule in regime.version.rules:
            if rule.name != kind:
                continue
            covers = covered(rule, regime.version, unit, whose)
            if covers is not False:
                found.append(Candidate(rule, regime.pack, regime.version, covers is True))
            if covers is True:
                return found
    return found


def bridges(regimes: list[InForce], unit: Unit, kind: str) -> list[Rule]:
    """The rules that say of this kind that it is inherited, as far as they cover the unit."""
    return [
        rule
        for regime in regimes
        for rule in regime.version.rules
        if isinstance(rule.kind, Bridge)
        and kind in rule.kind.inherits
        and covered(rule, regime.version, unit) is True
    ]


def settings(regimes: list[InForce]) -> Settings:
    """Each item as the innermost regime that sets it has it."""
    found = [regime.version.settings for regime in regimes]
    daily = [each.daily_limit_x100 for each in found if each.daily_limit_x100 is not None]
    part = [each.part_year for each in found if each.part_year is not None]
    make_up = [each.make_up_years for each in found if each.make_up_years is not None]
    conversions = [each.conversions for each in found if each.conversions]
    return Settings(
        daily[0] if daily else _DAILY_LIMIT_X100,
        part[0] if part else "whole",
        make_up[0] if make_up else 0,
        conversions[0] if conversions else (),
    )


def covered(rule: Rule, version: Version, unit: Unit, whose: Whose | None = None) -> bool | None:
    scope = rule.scope
    series = whose.series if whose else None
    named = [
        *([_one_of(unit.sector, scope.sectors)] if scope.sectors else []),
        *([_one_of(series, scope.series)] if scope.series else []),
    ]
    answers = [
        _who(scope.who, version.grassroots, unit),
        _lies_in(scope.regions, unit) if scope.regions else True,
        _any(named) if named else True,
        whose.level in scope.titles if whose and whose.level and scope.titles else True,
    ]
    return _all(answers)


def _who(who: Who, text: GrassrootsText | None, unit: Unit) -> bool | None:
    match who:
        case Who.EVERYBODY:
            return True
        case Who.GRASSROOTS:
            return is_grassroots(text, unit) if text else None
        case Who.TOWNSHIP_INSTITUTIONS:
            return _all([unit.township, unit.public_institution])
        case Who.EMPLOYERS:
            return is_grassroots(text, unit) if text else True
        case Who.COUNTIES:
            return _county_code(unit) is not None


def is_grassroots(text: GrassrootsText, unit: Unit) -> bool | None:
    """By this document's own words. What a what-if says stands in for what the unit is, but not
    for where it lies: outside the named places nobody is grassroots."""
    named = _lies_in(text.regions, unit) if text.by is Grassroots.NAMED_PLACES else True
    if named is False:
        return False
    if unit.grassroots is not None:
        return unit.grassroots
    match text.by:
        case Grassroots.PLACE:
            return _any([_one_of(unit.level, GRASSROOTS_LEVELS), in_a_county(unit)])
        case Grassroots.AFFILIATION:
            return _one_of(unit.affiliation, GRASSROOTS_LEVELS)
        case Grassroots.NAMED_PLACES:
            return _all([named, _one_of(unit.level, GRASSROOTS_LEVELS)])
        case Grassroots.DIRECTORY:
            return unit.in_directory


def in_a_county(unit: Unit) -> bool | None:
    """Whether it lies in a county or a county-level city (县域), not in a district."""
    code = _county_code(unit)
    if code is None:
        return None
    if not code.isdigit() or int(code[4:]) in _ZONES:
        return False
    if code[:2] in MUNICIPALITIES:
        return code[2:4] == _COUNTIES_OF_A_MUNICIPALITY
    if int(code[2:4]) in _PREFECTURES or code[2:4] == _UNDER_THE_PROVINCE:
        return True
    return int(code[4:]) >= _FIRST_COUNTY


def missing_fact(rule: Rule, version: Version, unit: Unit, whose: Whose | None = None) -> str:
    """What would decide whether the rule covers the unit, and who can supply it."""
    if rule.scope.sectors and unit.sector is None:
        return "单位的行业没有登记，请用人单位补充"
    if rule.scope.series and whose and whose.series is None:
        return "本人的职称系列没有登记，请用人单位补充"
    if rule.scope.who is Who.TOWNSHIP_INSTITUTIONS:
        return "单位是否为乡镇事业单位没有登记，请用人单位补充"
    text = version.grassroots
    if rule.scope.who in {Who.GRASSROOTS, Who.EMPLOYERS} and text is not None:
        return {
            Grassroots.PLACE: "单位的所在地或层级没有登记，请用人单位补充",
            Grassroots.AFFILIATION: "单位的隶属关系没有登记，请用人单位补充",
            Grassroots.NAMED_PLACES: "单位的所在地或层级没有登记，请用人单位补充",
            Grassroots.DIRECTORY: "单位是否列入目录清单没有登记，请县（市、区）人社部门确认",
        }[text.by]
    return "单位的所在地没有登记到区县，请用人单位补充"


def _county_code(unit: Unit) -> str | None:
    """The code of the county, district or zone, if the place is known so far."""
    code = unit.regions[-1] if unit.regions else ""
    return code if len(code) == _CODE_LENGTH and not code.endswith("00") else None


def _lies_in(regions: tuple[str, ...], unit: Unit) -> bool | None:
    if set(regions) & set(unit.regions):
        return True
    return False if _county_code(unit) else None


def _one_of(value: str | None, allowed: frozenset[str] | tuple[str, ...]) -> bool | None:
    return None if value is None else value in allowed


def _all(answers: list[bool | None]) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _any(answers: list[bool | None]) -> bool | None:
    if any(answer is True for answer in answers):
        return True
    return None if any(answer is None for answer in answers) else False
