"""The case files in `title_cases/`: working lives in words, what somebody applies for, and what is
expected. How they are written stands in `title_cases/README.md`.

What is read here is a life as it was lived; `title_careers.py` makes of it what the rules read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ce_tracker.policy.careers import Wish
from ce_tracker.policy.duties import KINDS
from ce_tracker.policy.loading import load
from ce_tracker.policy.packs import Packs
from ce_tracker.registry.title_series import catalogue
from tests.policy.case_files import x100

HERE = Path(__file__).parent
LOCAL = HERE / "title_local"
BEFORE_ALL = date(2010, 1, 1)
FIRST_YEAR = 2015
"""Of the ledger."""
FULL = {"general": "30", "specialty": "60"}
_OF_UNIT = {
    "level": "county",
    "affiliation": "county",
    "sector": "health",
    "public_institution": True,
    "in_directory": None,
}


@dataclass(frozen=True)
class Employed:
    """At a unit, and what it is, from a first to a last day."""

    first: date
    last: date | None
    region: str
    level: str
    affiliation: str
    sector: str
    public_institution: bool
    in_directory: bool | None
    """Of the list that is in force in its county; nothing: there is none."""
    same_unit: bool
    """That of the row before, which is something else from now on."""

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class TitleHeld:
    level: str
    track: str
    series: str
    field: str | None
    obtained: date
    last: date | None


@dataclass(frozen=True)
class Post:
    """At the unit where somebody worked on its first day."""

    level: str
    track: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Training:
    ended: date
    hours_x100: int
    subject: str
    field: str | None
    series: str | None
    purpose: str
    provider_kind: str
    taken_back: bool


@dataclass(frozen=True)
class Service:
    first: date
    last: date | None
    rural: bool
    township: bool


@dataclass(frozen=True)
class YearOf:
    """Hours without a field, earned on 6 March beside the trainings; and what is owed."""

    year: int
    general_x100: int
    specialty_x100: int
    required_x100: int | None


@dataclass(frozen=True)
class TitleCase:
    file: str
    name: str
    life: tuple[Employed, ...]
    titles: tuple[TitleHeld, ...]
    posts: tuple[Post, ...]
    trainings: tuple[Training, ...]
    service: tuple[Service, ...]
    years: tuple[YearOf, ...]
    grades: dict[int, str]
    wish: Wish | None
    """Nothing: nobody applies, and the night looks."""
    on: date
    today: date
    other_application: tuple[str, date] | None
    """The track of one that was submitted, and when."""
    local: bool
    expected: dict[str, Any]

    @property
    def packs(self) -> Packs:
        return load(LOCAL) if self.local else load()

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """What is expected of each rule that the case names."""
        return {
            name: said if isinstance(said, dict) else {"outcome": said}
            for name, said in self.expected.items()
            if name in KINDS
        }


@dataclass(frozen=True)
class FundCase:
    file: str
    name: str
    unit: Employed
    year: int
    wages_cents: int | None
    training_cents: int | None
    today: date
    expected: dict[str, Any]


@dataclass(frozen=True)
class CountyCase:
    file: str
    name: str
    region: str
    bases: tuple[tuple[str, date, date | None], ...]
    """Name, first and last day of the accreditation."""
    on: date
    expected: dict[str, Any]


def _files(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((HERE / "title_cases").glob("*.toml")):
        found = tomllib.loads(file.read_text())
        everybody = found.get("everybody", {})
        for said in found.get(kind, []):
            both = {k: v for k, v in everybody.items() if not ("life" in said and k in _AT_A_UNIT)}
            merged = both | said
            for key in ("wish", "years", "grades"):
                if key in said and key in everybody:
                    merged[key] = everybody[key] | said[key]
            yield file.stem, merged


_AT_A_UNIT = frozenset({*_OF_UNIT, "region"})


def title_cases() -> Iterator[TitleCase]:
    for file, said in _files("case"):
        yield _title_case(file, said)


def _title_case(file: str, said: dict[str, Any]) -> TitleCase:
    name = said.pop("name")
    wish = _wish(said.pop("wish")) if "wish" in said else None
    on = wish.on if wish else said.pop("on")
    today = said.pop("today", on)
    other = said.pop("other_application", None)
    case = TitleCase(
        file,
        name,
        tuple(_life(said)),
        tuple(_title(dict(each)) for each in said.pop("titles", [])),
        tuple(_post(dict(each)) for each in said.pop("posts", [])),
        tuple(_training(dict(each)) for each in said.pop("trainings", [])),
        tuple(_service(dict(each)) for each in said.pop("service", [])),
        tuple(_years(said.pop("years", {}), today)),
        {int(y): grade for y, grade in said.pop("grades", {}).items() if grade != "not_known"},
        wish,
        on,
        today,
        (other["track"], other["on"]) if other else None,
        said.pop("local", False),
        said.pop("expect"),
    )
    assert not said, f"{file}, {name}: {sorted(said)} means nothing"
    return case


def _wish(said: dict[str, Any]) -> Wish:
    series, field = said["series"], said.get("field") or None
    named = catalogue()[series].fields[field] if field else ""
    assert set(said) <= {"level", "track", "series", "field", "on"}, said
    return Wish(said["level"], said.get("track", "unified"), series, field, said["on"], named)


def _life(said: dict[str, Any]) -> Iterator[Employed]:
    rows = said.pop("life", None)
    if rows is None:
        rows = [{key: said.pop(key) for key in _AT_A_UNIT if key in said}]
    for each in rows:
        row = _OF_UNIT | each
        row["in_directory"] = None if row["in_directory"] == "not_known" else row["in_directory"]
        if "affiliation" not in each and row["level"] != "township":
            row["affiliation"] = row["level"]
        yield Employed(
            row.pop("from", BEFORE_ALL),
            row.pop("until", None),
            row.pop("region"),
            same_unit=row.pop("same_unit", False),
            **row,
        )


def _title(said: dict[str, Any]) -> TitleHeld:
    return TitleHeld(
        said.pop("level"),
        said.pop("track", "unified"),
        said.pop("series"),
        said.pop("field", None),
        last=said.pop("until", None),
        **said,
    )


def _post(said: dict[str, Any]) -> Post:
    return Post(
        said.pop("level"),
        said.pop("track", "grassroots"),
        said.pop("from"),
        last=said.pop("until", None),
        **said,
    )


def _training(said: dict[str, Any]) -> Training:
    return Training(
        said.pop("ended"),
        x100(said.pop("hours", "8")),
        said.pop("subject", "specialty"),
        said.pop("field", None),
        said.pop("series", None),
        said.pop("purpose", "ordinary"),
        said.pop("by", "base"),
        taken_back=said.pop("taken_back", False),
        **said,
    )


def _service(said: dict[str, Any]) -> Service:
    return Service(
        said.pop("from"),
        said.pop("until", None),
        rural=said.pop("rural", True),
        township=said.pop("township", True),
        **said,
    )


def _years(said: dict[str, dict[str, str]], today: date) -> Iterator[YearOf]:
    """A year that is over and not written is full."""
    written = {int(year): hours for year, hours in said.items()}
    full: dict[int, dict[str, str]] = dict.fromkeys(range(FIRST_YEAR, today.year), FULL)
    for year, hours in sorted((full | written).items()):
        required = hours.get("required")
        yield YearOf(
            year,
            x100(hours.get("general", "0")),
            x100(hours.get("specialty", "0")),
            None if required is None else x100(required),
        )


def fund_cases() -> Iterator[FundCase]:
    for file, said in _files("fund"):
        name, year, today = said.pop("name"), said.pop("year"), said.pop("today")
        wages, training = (_cents(said.pop(key, None)) for key in ("wages", "training"))
        expected = said.pop("expect")
        [unit] = _life(said)
        assert not said, f"{file}, {name}: {sorted(said)} means nothing"
        yield FundCase(file, name, unit, year, wages, training, today, expected)


def county_cases() -> Iterator[CountyCase]:
    for file, said in _files("county"):
        bases = tuple(
            (each["name"], each["from"], each.get("until")) for each in said.pop("bases", [])
        )
        yield CountyCase(file, bases=bases, expected=said.pop("expect"), **said)


def _cents(yuan: str | None) -> int | None:
    return None if yuan is None else x100(yuan)
