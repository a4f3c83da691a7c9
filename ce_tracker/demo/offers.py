"""What the demo's providers offer, year by year, and to whom.

A session comes into being when the first person needs it, so none stands there without people.
Providers offer what they are made for: a province's base the general subject for everybody, its
other providers distance courses field by field, those of cities and counties what people come
together for. A base holds nothing that its accreditation does not cover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from ce_tracker.demo import courses
from ce_tracker.demo.places import Place
from ce_tracker.demo.providers import Provider
from ce_tracker.demo.trainings import (
    COURSE,
    DISTANCE,
    GENERAL,
    PROMOTED,
    TALK,
    Training,
    may_hold,
    platform_of,
    room_of,
)
from ce_tracker.registry.title_series import catalogue

_GROUPS = {
    "health": "health",
    "school": "school",
    "vocational": "vocational",
    "technician": "vocational",
    "university": "university",
    "laboratory": "university",
    "agriculture": "agriculture",
    "accounting": "accounting",
}
Kinds = tuple[tuple[str, str], ...]
"""Kinds of provider with their sectors, in the order in which they are asked."""

_BASE, _UNIVERSITY = ("base", "other"), ("university", "education")
_EVERYBODY: Kinds = (_BASE, _UNIVERSITY)
_NEAR: dict[str, Kinds] = {
    "health": (("superior_unit", "health"), ("base", "health"), ("association", "health")),
    "school": (("superior_unit", "education"), _UNIVERSITY),
    "vocational": (_UNIVERSITY, ("superior_unit", "education")),
    "university": (_UNIVERSITY,),
    "agriculture": (("base", "agriculture"), _BASE, _UNIVERSITY),
    "accounting": (("association", "other"), _BASE, _UNIVERSITY),
    "other": _EVERYBODY,
}
_FAR: dict[str, Kinds] = {
    "health": (("association", "health"),),
    "school": (("superior_unit", "education"),),
    "vocational": (("superior_unit", "education"),),
    "university": (_UNIVERSITY,),
    "agriculture": (_UNIVERSITY,),
}
_TOO_FEW_IN_A_COUNTY = ("other", "vocational", "university")
_INDUCTION, _SPECIAL = {"37"}, {"23", "50"}
"""Provinces that want one of the newly promoted."""
_ROTATION = {"64"}
_SPRING, _EARLY_SUMMER, _SUMMER, _AUTUMN = (3, 4), (5, 6), (7, 8), (9, 10)
"""Months of their own for what people come together for: nobody can be in two rooms at once."""
_ROOMS = ("报告厅", "第一教室", "培训楼 301 教室", "学术交流中心", "多功能厅")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody of this field at this place would like to go to."""

    what: int
    place: Place
    series: str
    field_code: str
    year: int

    @property
    def group(self) -> str:
        return _GROUPS.get(self.series, "other")

    @property
    def key(self) -> tuple[object, ...]:
        """The same for all who would go to the same."""
        if self.what == GENERAL:
            return (self.what, self.place.province, self.year)
        if self.what == TALK:
            return (self.what, self.place.path, self.year)
        if self.what == DISTANCE:
            return (self.what, self.place.province, self.field_code, self.year)
        return (self.what, self.place.path, self.series, self.year)


class Offers:
    def __init__(self, providers: Iterable[Provider], random: Random) -> None:
        self._random = random
        self._at: dict[str, list[Provider]] = defaultdict(list)
        self._found: dict[tuple[object, ...], Training | None] = {}
        self._held: dict[tuple[object, ...], Training] = {}
        for provider in providers:
            self._at[provider.place.path].append(provider)

    @property
    def trainings(self) -> list[Training]:
        return list(self._held.values())

    def find(self, wish: Wish) -> Training | None:
        key = wish.key
        if key not in self._found:
            self._found[key] = self._offered(wish)
        return self._found[key]

    def _offered(self, wish: Wish) -> Training | None:
        training = self._training(wish)
        if training is None:
            return None
        # Places share what a provider above them holds.
        same = (
            *(wish.what, training.provider.id, wish.year),
            *(training.series_code, training.field_code),
        )
        return self._held.setdefault(same, training)

    def _training(self, wish: Wish) -> Training | None:
        if wish.what == GENERAL:
            return self._general(wish)
        if wish.what == TALK:
            return self._talk(wish)
        if wish.what == DISTANCE:
            return self._distance(wish)
        if wish.what == PROMOTED:
            return self._promoted(wish)
        return self._together(wish)

    # --- what they hold ----------------------------------------------------------------------

    def _general(self, wish: Wish) -> Training | None:
        begins, ends = _day(wish.year, 3, 1), _day(wish.year, 12, 10)
        for provider in self._in_province(wish.place, _EVERYBODY):
            if may_hold(provider, begins, ends, None):
                return Training(
                    provider=provider,
                    title=f"{wish.year}年{provider.place.name}专业技术人员公需科目培训",
                    course=courses.of_everybody(wish.year),
                    place=f"{provider.place.name}专业技术人员继续教育网",
                    begins=begins,
                    ends=ends,
                    hours_x100=3000,
                    subject="general",
                    form="distance",
                    online=True,
                )
        return None

    def _talk(self, wish: Wish) -> Training | None:
        begins = self._some_day(wish.year, *_SPRING)
        for provider in self._nearest(wish.place, _EVERYBODY):
            if may_hold(provider, begins, begins + 2, None):
                return Training(
                    provider=provider,
                    title=f"{wish.year}年{provider.place.name}公需科目专题讲座",
                    course=courses.of_a_talk(wish.year + provider.id),
                    place=self._room(provider),
                    begins=begins,
                    ends=begins + 2,
                    hours_x100=2400,
                    subject="general",
                )
        return None

    def _distance(self, wish: Wish) -> Training | None:
        begins, ends = _day(wish.year, 2, 20), _day(wish.year, 10, 31)
        name = catalogue()[wish.series].fields[wish.field_code]
        for provider in self._in_province(wish.place, _FAR.get(wish.group, _EVERYBODY)):
            if may_hold(provider, begins, ends, wish.field_code):
                return Training(
                    provider=provider,
                    title=f"{wish.year}年“{name}”专业知识更新远程培训",
                    course=courses.of_field(wish.field_code, wish.year),
                    place=platform_of(provider),
                    begins=begins,
                    ends=ends,
                    hours_x100=4000,
                    form="distance",
                    online=True,
                    series_code=wish.series,
                    field_code=wish.field_code,
                )
        return None

    def _together(self, wish: Wish) -> Training | None:
        course = wish.what == COURSE
        begins = self._some_day(wish.year, *(_SUMMER if course else _EARLY_SUMMER))
        ends = begins + (2 if course else 1)
        far = wish.group in _TOO_FEW_IN_A_COUNTY and wish.place.level != "city"
        search = self._in_province if far else self._nearest
        form, called, content = courses.together(wish.series, wish.group, course=course)
        rotates = wish.group == "vocational" and wish.place.province in _ROTATION
        for provider in search(wish.place, _NEAR[wish.group]):
            if may_hold(provider, begins, ends, wish.series):
                return Training(
                    provider=provider,
                    title=f"{wish.year}年{provider.place.name}{called}",
                    course=content,
                    place=self._room(provider),
                    begins=begins,
                    ends=ends,
                    hours_x100=2400 if course else 1600,
                    purpose="rotation" if rotates else "ordinary",
                    form=form,
                    series_code=wish.series,
                )
        return None

    def _promoted(self, wish: Wish) -> Training | None:
        if wish.place.province not in _INDUCTION | _SPECIAL:
            return None
        begins = self._some_day(wish.year, *_AUTUMN)
        induction = wish.place.province in _INDUCTION
        called = "新取得中高级职称人员岗前培训" if induction else "新晋中高级职称基层人员专项培训"
        for provider in self._in_province(wish.place, _FAR.get(wish.group, _EVERYBODY)):
            if may_hold(provider, begins, begins + 1, wish.series):
                return Training(
                    provider=provider,
                    title=f"{wish.year}年{catalogue()[wish.series].name}系列{called}",
                    course="岗位职责、职业规范与专业能力",
                    place=self._room(provider),
                    begins=begins,
                    ends=begins + 1,
                    hours_x100=1600,
                    purpose="induction" if induction else "special",
                    series_code=wish.series,
                )
        return None

    # --- who and when ------------------------------------------------------------------------

    def _nearest(self, place: Place, kinds: Kinds) -> Iterator[Provider]:
        for path in _upwards(place):
            yield from self._of(path, kinds)

    def _in_province(self, place: Place, kinds: Kinds) -> Iterator[Provider]:
        *_, province = _upwards(place)
        yield from self._of(province, kinds)

    def _of(self, path: str, kinds: Kinds) -> Iterator[Provider]:
        for wanted in kinds:
            for provider in self._at.get(path, ()):
                if (provider.kind, provider.sector) == wanted:
                    yield provider

    def _some_day(self, year: int, first_month: int, last_month: int) -> int:
        """A Monday, and the days after it are of the same month."""
        day = _day(year, self._random.randint(first_month, last_month), self._random.randint(1, 20))
        return day + (7 - date.fromordinal(day).weekday()) % 7

    def _room(self, provider: Provider) -> str:
        return room_of(provider, self._random.choice(_ROOMS))


def _upwards(place: Place) -> Sequence[str]:
    """Its path and those above it, up to the province."""
    parts = place.path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 1, -1)]


def _day(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal()
