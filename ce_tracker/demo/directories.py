"""The counties and zones of Shandong with their directories of last year and this one, by the road
that every list takes; one of this year's was returned and still waits to be mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from random import Random

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.demo.acting import Actors, at
from ce_tracker.demo.places import Place
from ce_tracker.demo.units import Unit
from ce_tracker.promotions import directory, directory_drafting, directory_lines
from ce_tracker.promotions.directory_lines import Content
from ce_tracker.registry.directories import Directory

SHANDONG = "37"
RETURNED = "371072"
"""Whose sign-in is told why its list came back."""
_REASON = "第 2 行的单位与辖区内登记的名称不一致，请核对；新设的单位请附批准文件"
_ONLY_SINCE_THIS_YEAR = frozenset({"library", "statistics"})
_DRAFTED, _FILED, _DECIDED = ((5, 12), (6, 5), (6, 16))
"""Month and day."""


def approved(places: Sequence[Place], units: Sequence[Unit], today: date, random: Random) -> None:
    actors = Actors(random)
    for place in places:
        if place.province == SHANDONG and place.level in {"county", "zone"}:
            own = [unit for unit in units if unit.place is place and _is_listed(unit)]
            _two_years(actors, place, own, today)


def _two_years(actors: Actors, place: Place, units: Sequence[Unit], today: date) -> None:
    author = actors.official(place.path)
    above = actors.official(place.path.rpartition("/")[0])
    last = today.year - 1
    with _on(last, _DRAFTED, author):
        found = directory_drafting.begin(author, last, directory_drafting.EMPTY)
        directory_lines.replace_with(found, list(_lines(place, units, this_year=False)))
    _handed_in(found, author)
    with _on(last, _DECIDED, above):
        directory.approve(above, found.id, date(last, 1, 1), "demo")
    with _on(today.year, _DRAFTED, author):
        found = directory_drafting.begin(author, today.year, directory_drafting.LAST)
        listed = set(_lines(place, units, this_year=False))
        for content in _lines(place, units, this_year=True):
            if content not in listed:
                directory_lines.add(found, content)
    _handed_in(found, author)
    with _on(today.year, _DECIDED, above):
        if place.code == RETURNED:
            directory.send_back(above, found.id, _REASON)
        else:
            directory.approve(above, found.id, None, "demo")


def _handed_in(found: Directory, author: Actor) -> None:
    with _on(found.year, _FILED, author):
        directory.file(author, found.id)


def _is_listed(unit: Unit) -> bool:
    """Public institutions of the county and its townships; no companies, none of the city's or the
    province's own."""
    return unit.public and unit.grassroots and unit.affiliation == "county"


def _lines(place: Place, units: Sequence[Unit], *, this_year: bool) -> Iterator[Content]:
    for unit in units:
        if this_year or unit.kind not in _ONLY_SINCE_THIS_YEAR:
            township = unit.level == "township"
            town = next((town for town in place.towns if town in unit.name), "")
            yield Content(unit.name, f"{place.name}{town}", township)
    yield Content(f"{place.name}老年大学", place.name, subsidy=False, remark="尚未开通单位账号")


def _on(year: int, day: tuple[int, int], who: Actor) -> AbstractContextManager[None]:
    return at(datetime.combine(date(year, *day), time(10), clock.SHANGHAI), who)
