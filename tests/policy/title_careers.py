"""Of a case of `title_case_files.py`, what the rules on titles read: by hand and without a
database, so that the database can be held against it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ce_tracker.policy.careers import Appointed, Attended, Career, Held, Spell
from ce_tracker.policy.facts import Unit, Year
from tests.policy.regions import trail
from tests.policy.title_case_files import FIRST_YEAR, Employed, TitleCase, Training

NOWHERE = Unit(trail("000000"))
_A_DAY = timedelta(days=1)
_IN_SPRING = (3, 6)


def pure_career(case: TitleCase) -> Career:
    there = _at(case, case.on)
    other = case.other_application
    return Career(
        unit(there) if there else NOWHERE,
        there is not None,
        tuple(
            Held(t.level, t.track, t.series, t.field, t.obtained, _after(t.last))
            for t in case.titles
            if t.obtained <= case.on
        ),
        tuple(
            Appointed(p.level, p.track, p.first, _after(p.last), _grassroots(case, p.first, p.last))
            for p in case.posts
            if p.first <= case.on
        ),
        tuple(_attended(case)),
        tuple(_spells(case)),
        case.grades,
        tuple(_years(case)),
        other[0] if other and other[1].year == case.on.year else None,
    )


def unit(there: Employed) -> Unit:
    return Unit(
        trail(there.region),
        there.level,
        there.affiliation,
        there.sector,
        there.public_institution,
        there.level == "township",
        there.in_directory,
    )


def _at(case: TitleCase, day: date) -> Employed | None:
    found = [each for each in case.life if each.holds_on(day)]
    assert len(found) <= 1, f"{case.name}: at two units on {day}"
    return found[0] if found else None


def _after(last: date | None) -> date | None:
    return None if last is None else last + _A_DAY


def _grassroots(case: TitleCase, first: date, last: date | None) -> bool | None:
    """As the unit of the post was on its last day, or is; somebody may have left it since."""
    begun_at = next(i for i, each in enumerate(case.life) if each.holds_on(first))
    day = min(last or case.on, case.on)
    there = case.life[begun_at]
    for later in case.life[begun_at + 1 :]:
        if not later.same_unit:
            break
        if later.first <= day:
            there = later
    return there.in_directory


def _attended(case: TitleCase) -> Iterator[Attended]:
    for number, each in enumerate(case.trainings):
        if each.taken_back or each.ended > case.on:
            continue
        if each.subject == "specialty" or each.purpose != "ordinary":
            yield Attended(
                f"training {number}",
                "业务培训",
                each.subject,
                each.purpose,
                each.series or (each.field or "").rpartition("-")[0] or None,
                each.field,
                each.ended,
                each.hours_x100,
                "培训单位",
                each.provider_kind,
            )
    for year in case.years:
        if year.specialty_x100 and date(year.year, *_IN_SPRING) <= case.on:
            day = date(year.year, *_IN_SPRING)
            yield Attended(
                f"spring {year.year}", "业务培训", "specialty", "ordinary", None, None, day,
                year.specialty_x100,
            )  # fmt: skip


def _spells(case: TitleCase) -> Iterator[Spell]:
    """Served there; or employed by a unit of a county or below, of which only a township's is in
    the countryside."""
    for each in case.service:
        if each.first <= case.on:
            yield Spell(each.first, _after(each.last), each.rural, each.township, "服务单位")
    for there in case.life:
        township = there.level == "township"
        if there.first <= case.on and (township or there.level == "county"):
            yield Spell(
                there.first, _after(there.last), township, township, "任职单位", employed=True,
                public_institution=there.public_institution,
            )  # fmt: skip


def _years(case: TitleCase) -> Iterator[tuple[Unit, Year]]:
    written = {each.year: each for each in case.years}
    for year in range(FIRST_YEAR, case.on.year):
        begins, ends = date(year, 1, 1), date(year, 12, 31)
        there = _at(case, min(case.today, ends))
        first, last = _at_work(case, begins, ends)
        own = written.get(year)
        yield (
            unit(there) if there else NOWHERE,
            Year(
                year,
                (own.general_x100 if own else 0) + _earned(case, year, "general"),
                (own.specialty_x100 if own else 0) + _earned(case, year, "specialty"),
                own.required_x100 if own else None,
                employed=there is not None,
                employed_from=first if first > begins else None,
                employed_to=last if last < ends else None,
            ),
        )


def _at_work(case: TitleCase, begins: date, ends: date) -> tuple[date, date]:
    in_it = [e for e in case.life if e.first <= ends and (e.last is None or e.last >= begins)]
    return (
        min((each.first for each in in_it), default=begins),
        max((each.last or ends for each in in_it), default=ends),
    )


def _earned(case: TitleCase, year: int, subject: str) -> int:
    def counts(each: Training) -> bool:
        return each.ended.year == year and each.subject == subject and not each.taken_back

    return sum(each.hours_x100 for each in case.trainings if counts(each))
