"""The case files of titles lived through: units, titles, posts, service, appraisals, exemptions and
entries in the ledger, read back as working lives. What each says on bare facts
(`tests.policy.test_promoting`), the database must say too, of one person and of all at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.policy.careers import Career
from ce_tracker.policy.loading import load
from ce_tracker.policy.promoting import judge_following, judge_wish
from ce_tracker.promotions import careers
from ce_tracker.promotions.models import Seat
from ce_tracker.registry import facts
from ce_tracker.registry.dated import (
    Appointment,
    Appraisal,
    ProviderFact,
    ProviderKind,
    ServiceSpell,
    Title,
)
from ce_tracker.registry.models import Employer
from ce_tracker.registry.title_series import load_title_series
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import HUANCUI, Account, Factory
from tests.ledger.world import Ledger, Move
from tests.policy.title_careers import pure_career
from tests.policy.title_case_files import LOCAL, Employed, TitleCase, Training, title_cases

LIVED = [case for case in title_cases() if not any(each.same_unit for each in case.life)]
"""A unit that itself becomes something else is lived through by the yearly cases."""
MOST_LEFT_OUT = 10
_A_DAY = timedelta(days=1)
Named = tuple[str, str]


def _named(case: TitleCase) -> Named:
    """A file never has two cases of one name."""
    return case.file, case.name


def test_few_cases_are_left_out() -> None:
    assert len(list(title_cases())) - len(LIVED) <= MOST_LEFT_OUT


@pytest.mark.parametrize("listed", [False, True])
def test_lived_through_a_title_case_ends_as_on_bare_facts(
    make: Factory,
    owner: Flask,
    worker: Flask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    listed: bool,
) -> None:
    """Who lives in a county without a list lives in another world than the others."""
    cases = [case for case in LIVED if _is_listed(case) is listed]
    for app in (owner, worker):
        monkeypatch.setitem(app.config, "CE_POLICIES", load(LOCAL))
    people = Lives(make, worker).laid_down(cases)
    at_once = _at_once(cases, people)
    wrong = []
    for case in cases:
        person = people[_named(case)]
        wanted = _told(case, pure_career(case))
        for way, career in (
            ("alone", careers.of_person(person, case.on, case.today)),
            ("with all others", at_once[person]),
        ):
            found = _told(case, career)
            if found != wanted:
                wrong.append((case.file, case.name, way, found, wanted))
    assert not wrong


def _is_listed(case: TitleCase) -> bool:
    return all(each.in_directory is not None for each in case.life)


def _at_once(cases: list[TitleCase], people: dict[Named, int]) -> dict[int, Career]:
    by_today = defaultdict(list)
    for case in cases:
        by_today[case.today].append(case)
    return {
        person: career
        for today, same in by_today.items()
        for person, career in careers.of_many(
            [people[_named(case)] for case in same], [case.on for case in same], today
        )
    }


def _told(case: TitleCase, career: Career) -> Any:
    """All but what names things, which a case leaves to chance."""
    if case.wish is None:
        verdict: Any = None
        findings = judge_following(case.packs, career, case.on)
    else:
        found = judge_wish(case.packs, career, case.wish, case.today)
        findings = found.findings
        verdict = (
            found.passes,
            sorted(each.rule.name for each in found.blocking),
            sorted(each.rule.name for each in found.needs_a_word),
        )
    return verdict, [
        (
            each.rule.name,
            each.outcome,
            each.weighed.by,
            each.weighed.ready_on,
            each.weighed.remedy,
            len(each.weighed.proof),
            each.inherited,
        )
        for each in findings
    ]


class Lives:
    """Cases as rows, each with a person and units of its own."""

    def __init__(self, make: Factory, worker: Flask) -> None:
        load_title_series()
        db.session.commit()
        self._make = make
        self._world = World(make, worker)
        self._ledger = Ledger(worker, make)
        self._bases = {kind.value: self._base(kind) for kind in ProviderKind}
        self._sessions: dict[Any, int] = {}
        self._moves: list[Move] = []

    def laid_down(self, cases: list[TitleCase]) -> dict[Named, int]:
        people = {_named(case): self._live(case) for case in cases}
        assert len(people) == len(cases)
        self._world.lists_come_into_force()
        db.session.commit()
        base = self._bases["base"]
        upload = self._ledger.upload(base)
        self._ledger.posts(*self._moves, upload_id=upload, posted_by=base.user.id)
        return people

    def _base(self, kind: ProviderKind) -> Account:
        account = self._make.account(Role.PROVIDER)
        facts.put(
            ProviderFact(
                provider_id=account.actor.provider_id,
                name=account.actor.place,
                kind=kind.value,
                region_path=self._make.path(HUANCUI),
                sector="health",
                valid_from=LONG_AGO,
            ),
            "test",
        )
        return account

    def _live(self, case: TitleCase) -> int:
        person = self._make.professional().id
        units = [self._works(person, each) for each in case.life]
        for title in case.titles:
            self._has(
                Title(
                    professional_id=person,
                    level=title.level,
                    track=title.track,
                    series_code=title.series,
                    field_code=title.field,
                    name="",
                    valid_from=title.obtained,
                    valid_to=_after(title.last),
                )
            )
        for post in case.posts:
            there = next(i for i, each in enumerate(case.life) if each.holds_on(post.first))
            self._has(
                Appointment(
                    professional_id=person,
                    employer_id=units[there].id,
                    level=post.level,
                    track=post.track,
                    series_code="health",
                    valid_from=post.first,
                    valid_to=_after(post.last),
                )
            )
        for spell in case.service:
            self._has(
                ServiceSpell(
                    professional_id=person,
                    region_path=self._make.path(HUANCUI),
                    unit="服务单位",
                    rural=spell.rural,
                    township=spell.township,
                    valid_from=spell.first,
                    valid_to=_after(spell.last),
                )
            )
        for year, grade in case.grades.items():
            whole = {"valid_from": date(year, 1, 1), "valid_to": date(year + 1, 1, 1)}
            self._has(Appraisal(professional_id=person, grade=grade, **whole))
        for number, training in enumerate(case.trainings):
            self._attends(person, number, training)
        self._earns(person, case)
        if case.other_application:
            track, on = case.other_application
            db.session.add(Seat(professional_id=person, year=on.year, track=track))
        return person

    def _works(self, person: int, there: Employed) -> Employer:
        place = Place(
            there.region,
            there.level,
            there.affiliation,
            there.sector,
            there.public_institution,
        )
        unit = self._world.unit(place, min(there.first, LONG_AGO))
        self._world.works(person, unit, there.first, _after(there.last))
        if there.in_directory is not None:
            self._world.is_listed(there.region, unit if there.in_directory else None)
        return unit

    def _has(self, fact: Any) -> None:
        facts.record(fact, "test")

    def _attends(self, person: int, number: int, training: Training) -> None:
        series = training.series or (training.field or "").rpartition("-")[0] or None
        session = self._session(
            self._bases[training.provider_kind],
            training.ended,
            number,
            subject=training.subject,
            field_code=training.field,
            series_code=series,
            purpose=training.purpose,
        )
        self._moves.append(Move(person, session, training.hours_x100, training.ended))
        if training.taken_back:
            back = Move(person, session, -training.hours_x100, training.ended, reason="名单有误")
            self._moves.append(back)

    def _earns(self, person: int, case: TitleCase) -> None:
        """A year's other hours, on a day in March; the day must have come."""
        for year in case.years:
            if year.required_x100 is not None:
                self._world.let_off(person, year.year, year.required_x100)
            day = date(year.year, 3, 6)
            for subject, x100 in (
                ("general", year.general_x100),
                ("specialty", year.specialty_x100),
            ):
                if x100:
                    session = self._session(
                        self._bases["base"],
                        day,
                        subject=subject,
                        field_code=None,
                        series_code=None,
                        purpose="ordinary",
                    )
                    self._moves.append(Move(person, session, x100, day))

    def _session(self, by: Account, ended: date, number: int = 0, **said: Any) -> int:
        key = (by.actor.provider_id, ended, number, *said.values())
        if key not in self._sessions:
            ends = datetime.combine(ended, time(17), clock.SHANGHAI)
            starts = ends - timedelta(hours=8)
            self._sessions[key] = self._make.session(by, starts_at=starts, ends_at=ends, **said).id
        return self._sessions[key]


def _after(last: date | None) -> date | None:
    return None if last is None else last + _A_DAY
