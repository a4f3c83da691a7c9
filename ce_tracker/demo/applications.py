"""Applications for titles at every stage, made by those who would make them, through the gate.

Whoever signs in stands where a rule of theirs bites; colleagues of one school stand for the stages
that are left. Days count back from today.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta
from random import Random
from typing import NamedTuple

from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor
from ce_tracker.demo.acting import Actors, at
from ce_tracker.demo.desk import Desks, the_night_comes
from ce_tracker.demo.trainings import Training
from ce_tracker.errors import PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import applications, gate
from ce_tracker.promotions.models import Application
from ce_tracker.registry.dated import Title
from ce_tracker.registry.models import Professional
from ce_tracker.sealing import Keyring

TAKEN_BACK = "经核查，跟岗单位没有安排实验教学，研修记录不实，本期学时予以撤销。"
LET_BY = (
    "经核查，该教师驻村帮扶期间因抗洪抢险延后一天离岗，有驻地乡政府证明，"
    "实际服务满一年，同意其申报。"
)
RETURNED = "教学业绩材料缺近两学年的公开课记录，请补充后重新推荐。"
REFUSED = "经审核，近五年承担的教学工作量未达到申报条件，本次不予通过。"
_READY = "任现职以来的业绩和继续教育情况已在单位公示五个工作日，无异议，同意推荐。"
_CHECKED = (
    "早先年度的继续教育在原平台登记，已核对纸质登记册；继续教育情况已作为推荐的重要条件，同意推荐。"
)
_TEN = time(10, 20)


class Step(NamedTuple):
    what: str
    days_ago: int
    words: str = ""


class Way(NamedTuple):
    """How far somebody's application has come."""

    steps: tuple[Step, ...]
    examined_by: str = ""
    """A sign-in."""
    track: str = "unified"


def _up_to_submitted(first: int, word: str, *more: Step) -> tuple[Step, ...]:
    return (
        Step("draft", first),
        Step("recommend", first - 2, word),
        Step("submit", first - 3),
        *more,
    )


OF_THE_CAST: dict[str, Way] = {
    "teacher": Way((Step("draft", 12), Step("stopped", 9, _READY)), track="grassroots"),
    "physics-teacher": Way(_up_to_submitted(36, _CHECKED), track="grassroots"),
    "agronomist": Way(
        _up_to_submitted(75, _READY, Step("to_board", 50, "材料齐全，符合申报条件。")), "weihai"
    ),
    "heilongjiang-teacher": Way(
        (
            Step("draft", 34),
            Step("stopped", 31, _CHECKED),
            Step("override", 15, LET_BY),
            Step("recommend", 13, _CHECKED),
            Step("submit", 12),
        ),
        "heilongjiang",
    ),
    "hunan-doctor": Way((Step("draft", 8), Step("recommend", 5, _CHECKED))),
    "doctor": Way((Step("draft", 11), Step("stopped", 7, _CHECKED))),
    "jiangsu-pharmacist": Way(_up_to_submitted(20, _CHECKED)),
}
SCHOOL = "school"
OF_COLLEAGUES = (
    Way(_up_to_submitted(9, _CHECKED)),
    Way(_up_to_submitted(32, _CHECKED, Step("returned", 6, RETURNED)), "huancui"),
    Way(_up_to_submitted(60, _CHECKED, Step("refused", 44, REFUSED)), "huancui"),
    Way(_up_to_submitted(27, _CHECKED, Step("withdraw", 22))),
    Way(_up_to_submitted(70, _CHECKED, Step("to_board", 52)), "huancui"),
    Way((Step("draft", 2),)),
)
"""In this order, as far as there are colleagues who may apply."""
_EARLIEST = 70


def lived_through(
    keyring: Keyring, desks: Desks, taken_back: Training, seed: int
) -> Iterator[None]:
    """Stops wherever what is done is whole. At last a training is revoked that an application
    rests on, and a night comes to find it."""
    desk = _Desk(keyring, Actors(Random(f"applications {seed}")))
    for login, way in OF_THE_CAST.items():
        person = desk.actors.signed_in(login)
        yield from desk.goes(way, person.professional_id or 0, person)
    school = desk.actors.signed_in(SCHOOL)
    colleagues = list(_who_may_apply(school, len(OF_COLLEAGUES)))
    for way, colleague in zip(OF_COLLEAGUES, colleagues, strict=False):
        yield from desk.goes(way, colleague, school)
    desks.revoke(taken_back, TAKEN_BACK)
    yield
    the_night_comes()
    yield


def _who_may_apply(school: Actor, count: int) -> Iterator[int]:
    """Those of the school who might have gone all the way from the first day on."""
    people = db.session.scalars(
        select(Professional.id)
        .join(Title, Title.professional_id == Professional.id)
        .where(
            Professional.employer_id == school.employer_id,
            Professional.id.not_in(
                select(User.professional_id).where(User.professional_id.is_not(None))
            ),
            Title.known_at(),
            Title.level == "intermediate",
            Title.track == "unified",
        )
        .order_by(Professional.id)
        .distinct()
    ).all()
    found = 0
    for person_id in people:
        with clock.pinned(_moment(_EARLIEST)):
            wish = gate.wish_of_person(person_id, "associate_senior", "unified")
            may = wish.series is not None and gate.check(person_id, wish).passes
        if may:
            yield person_id
            found += 1
        if found == count:
            return


class _Desk:
    def __init__(self, keyring: Keyring, actors: Actors) -> None:
        self._keyring = keyring
        self.actors = actors

    def goes(self, way: Way, person_id: int, applicant: Actor) -> Iterator[None]:
        """`applicant`: who fills it in and hands it in, the person or the employer."""
        application_id = 0
        for step in way.steps:
            clerk = self._clerk(person_id)
            if step.what == "draft":
                with at(_moment(step.days_ago), applicant):
                    application_id = self._drafted(applicant, person_id, way)
            else:
                who = {
                    "recommend": clerk, "stopped": clerk, "submit": applicant,
                    "withdraw": applicant,
                }.get(step.what) or self.actors.signed_in(way.examined_by)  # fmt: skip
                with at(_moment(step.days_ago), who):
                    self._takes(who, step, db.session.get_one(Application, application_id))
            yield

    def _clerk(self, person_id: int) -> Actor:
        return self.actors.clerk(db.session.get_one(Professional, person_id).employer_id or 0)

    def _drafted(self, applicant: Actor, person_id: int, way: Way) -> int:
        person = db.session.get_one(Professional, person_id)
        wanted = {"target": "associate_senior", "track": way.track}
        return applications.draft(applicant, person, wanted).id

    def _takes(self, who: Actor, step: Step, application: Application) -> None:
        match step.what:
            case "recommend":
                applications.recommend(self._keyring, who, application, step.words)
            case "stopped":
                with suppress(PromotionBlocked):
                    applications.recommend(self._keyring, who, application, step.words)
            case "submit":
                applications.submit(self._keyring, who, application)
            case "withdraw":
                applications.withdraw(who, application)
            case "override":
                applications.override(who, application, step.words)
            case decision:
                applications.examine(who, application, decision, step.words or None)


def _moment(days_ago: int) -> datetime:
    return datetime.combine(clock.today() - timedelta(days=days_ago), _TEN, clock.SHANGHAI)
