"""The case files in `cases/`: lives in words, and what is expected of them. How they are written
stands in `cases/README.md`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ce_tracker.clock import SHANGHAI
from ce_tracker.hours import parsed
from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.loading import load
from ce_tracker.policy.packs import Packs
from tests.policy.regions import trail

HERE = Path(__file__).parent
LOCAL = HERE / "local"
BEFORE_ALL = date(2010, 1, 1)
SUBJECTS = ("general", "specialty")
_OF_UNIT = ("level", "affiliation", "sector", "public_institution")
_A_SCHOOL: dict[str, Any] = {
    "level": "county",
    "affiliation": "county",
    "sector": "education",
    "public_institution": True,
}


@dataclass(frozen=True)
class Spell:
    """A unit and what it is, for as long as somebody is there and it is that."""

    first: date
    last: date | None
    region: str
    said: dict[str, Any]
    """Level, affiliation, sector and whether it is a public institution."""
    same_unit: bool
    """That of the spell before, which is something else from now on."""
    in_directory: bool | None = None
    """Whether the list of its county names it; nothing: there is none."""

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Hours:
    on: date
    subject: str
    x100: int
    taken_back: bool = False
    other_record: bool = False
    """Of a second record of the same person, merged into the first."""


@dataclass(frozen=True)
class Case:
    file: str
    name: str
    unit: Unit
    year: Year
    required_x100: int | None
    required_on_other_record_x100: int | None
    """Granted before, under a second record of the same person."""
    on: date
    moment: datetime | None
    """Where the second matters, that which `on` is the day of."""
    life: tuple[Spell, ...]
    hours: tuple[Hours, ...]
    local: bool
    not_in_registry: str
    """Why this is judged on facts alone; empty: it is lived through."""
    expected: dict[str, Any]

    @property
    def in_directory(self) -> bool:
        """Whether its counties have lists: no other case of these counties may have none then."""
        return any(spell.in_directory is not None for spell in self.life)

    @property
    def packs(self) -> Packs:
        return load(LOCAL) if self.local else load()


def x100(text: str) -> int:
    found = parsed(text)
    assert found is not None, text
    return found


def all_cases() -> Iterator[Case]:
    for file in sorted((HERE / "cases").glob("*.toml")):
        for said in tomllib.loads(file.read_text())["case"]:
            yield _case(file.stem, dict(said))


def _case(file: str, said: dict[str, Any]) -> Case:
    name, year, why = said.pop("name"), said.pop("year"), said.pop("not_in_registry", "")
    moment = said.pop("on")
    on = moment.astimezone(SHANGHAI).date() if isinstance(moment, datetime) else moment
    day = min(on, date(year, 12, 31))
    hours = tuple(_hours(said, year))
    required, on_other_record = (
        x100(said.pop(key)) if key in said else None
        for key in ("required", "required_on_other_record")
    )
    asked_of_nobody = _asked_of_nobody(said) if why else None
    life = () if why else tuple(_life(said))
    there = [spell for spell in life if spell.holds_on(day)]
    assert len(there) <= 1, f"{name}: at two units on {day}"
    case = Case(
        file,
        name,
        asked_of_nobody or _unit(there),
        _year(
            year,
            hours,
            on_other_record if required is None else required,
            life,
            employed=bool(there) or asked_of_nobody is not None,
        ),
        required,
        on_other_record,
        on,
        moment if isinstance(moment, datetime) else None,
        life,
        hours,
        said.pop("local", False),
        why,
        said.pop("expect"),
    )
    assert not said, f"{name}: {sorted(said)} means nothing"
    return case


def _asked_of_nobody(said: dict[str, Any]) -> Unit:
    """Only what is written is known."""
    known = (*_OF_UNIT, "township", "in_directory", "grassroots")
    return Unit(trail(said.pop("region")), **{key: said.pop(key) for key in known if key in said})


def _life(said: dict[str, Any]) -> Iterator[Spell]:
    spells = said.pop("life", None)
    if spells is None:
        kept = ("region", "in_directory", *_OF_UNIT)
        spells = [{key: said.pop(key) for key in kept if key in said}]
    for spell in spells:
        yield Spell(
            spell.pop("from", BEFORE_ALL),
            spell.pop("until", None),
            spell.pop("region"),
            _A_SCHOOL | {key: spell.pop(key) for key in _OF_UNIT if key in spell},
            spell.pop("same_unit", False),
            spell.pop("in_directory", None),
        )
        assert not spell, f"{sorted(spell)} means nothing"


def _hours(said: dict[str, Any], year: int) -> Iterator[Hours]:
    in_spring = {"on": date(year, 3, 6)} | {
        subject: said.pop(subject) for subject in SUBJECTS if subject in said
    }
    for each in [in_spring, *said.pop("earned", [])]:
        on, taken_back = each.pop("on"), each.pop("taken_back", False)
        other_record = each.pop("other_record", False)
        for subject in SUBJECTS:
            earned = x100(each.pop(subject, "0"))
            if earned:
                yield Hours(on, subject, earned, taken_back, other_record)
        assert not each, f"{sorted(each)} means nothing"


def _unit(there: list[Spell]) -> Unit:
    if not there:
        return Unit(trail("000000"))
    [spell] = there
    township = spell.said["level"] == "township"
    return Unit(
        trail(spell.region), **spell.said, township=township, in_directory=spell.in_directory
    )


def _year(
    year: int,
    hours: tuple[Hours, ...],
    required: int | None,
    life: tuple[Spell, ...],
    *,
    employed: bool,
) -> Year:
    begins, ends = date(year, 1, 1), date(year, 12, 31)
    in_it = [s for s in life if s.first <= ends and (s.last is None or s.last >= begins)]
    first = min((spell.first for spell in in_it), default=begins)
    last = max((spell.last or ends for spell in in_it), default=ends)
    earned = {
        subject: sum(
            each.x100
            for each in hours
            if each.subject == subject and each.on.year == year and not each.taken_back
        )
        for subject in SUBJECTS
    }
    return Year(
        year,
        earned["general"],
        earned["specialty"],
        required,
        employed=employed,
        employed_from=first if first > begins else None,
        employed_to=last if last < ends else None,
    )
