"""The seat of a year, and the verdict that stopped somebody: neither is left lying about."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import applications
from ce_tracker.promotions.models import ApplicationState, PromotionVerdict, Seat
from ce_tracker.registry import people
from config import DatabaseRole, Settings
from tests.api.asking import Asker
from tests.factories import HUANCUI, Account, Factory
from tests.http.visitor import signed_in
from tests.promotions.applicants import Applicant
from tests.promotions.rivals import ready
from tests.promotions.roads import connected, fails

State = ApplicationState
SUBMITTED = (
    "UPDATE applications SET state = 'submitted', submitted_on = %(today)s, year = %(year)s,"
    " verdict_id = %(verdict)s WHERE id = %(id)s"
)
SEATED = "INSERT INTO application_seats VALUES (%(person)s, %(year)s, %(track)s)"


@pytest.fixture
def applicant(make: Factory, web: Flask, worker: Flask) -> Applicant:
    return Applicant.comes(make, web, worker)


def submitted(applicant: Applicant, **wanted: Any) -> int:
    application = applicant.drafts(**wanted)
    applicant.is_recommended(application)
    applicant.submits(application)
    return application


def withdrawn(applicant: Applicant, application: int, by: Account) -> None:
    with applicant.acting(by):
        applications.withdraw(by.actor, applications.visible(by.actor, application))


def seats() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Seat.track)))


def values(applicant: Applicant, application: int, track: str) -> dict[str, Any]:
    """For the statements above, with the last verdict that there is."""
    today = clock.today()
    return {
        "id": application,
        "person": applicant.person_id,
        "track": track,
        "today": today,
        "year": today.year,
        "verdict": db.session.scalar(
            select(PromotionVerdict.id)
            .where(PromotionVerdict.application_id == application)
            .order_by(PromotionVerdict.id.desc())
            .limit(1)
        ),
    }


def test_a_former_employer_that_withdraws_leaves_no_seat_behind(applicant: Applicant) -> None:
    application = submitted(ready(applicant))
    elsewhere = applicant.make.account(Role.EMPLOYER, HUANCUI).actor.employer_id
    assert elsewhere is not None
    people.employ(applicant.person, elsewhere, "语文组", clock.today(), "test")
    db.session.commit()
    withdrawn(applicant, application, applicant.school)
    assert applicant.of(application).state == State.WITHDRAWN
    assert seats() == []


def test_a_seat_is_kept_for_as_long_as_one_application_sits_in_it(applicant: Applicant) -> None:
    ready(applicant)
    both = [submitted(applicant, target=level) for level in ("associate_senior", "full_senior")]
    withdrawn(applicant, both[0], applicant.own)
    assert seats() == ["grassroots"]
    withdrawn(applicant, both[1], applicant.school)
    assert seats() == []


def test_a_verdict_that_stopped_somebody_passes_nothing_after_an_override(
    applicant: Applicant, settings: Settings
) -> None:
    """What was set aside has to be set aside when the gate judges."""
    applicant.is_listed()
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.is_reversed(session_id)
    with pytest.raises(PromotionBlocked):
        applicant.submits(application)
    with applicant.acting(applicant.authority):
        who = applicant.authority.actor
        applications.override(who, applications.visible(who, application), "援藏三年，已核实")
    told = values(applicant, application, "grassroots")
    with connected(settings, DatabaseRole.WEB, applicant.own.actor) as connection:
        assert not fails(connection, SEATED, told)
        assert fails(connection, SUBMITTED, told)
    applicant.submits(application)
    assert applicant.of(application).state == State.SUBMITTED


def override_page(applicant: Applicant, application: int) -> str:
    visitor = signed_in(applicant.web, applicant.authority)
    return visitor.get(f"/promotions/{application}/override").text


def test_no_override_gives_the_other_track_of_a_year(applicant: Applicant) -> None:
    first = submitted(ready(applicant))
    second = applicant.drafts(track="unified")
    authority = Asker(applicant.web, applicant.authority)
    reason = {"reason": "援藏三年，已核实"}
    refused = authority.post(f"/promotions/{second}/override", reason, 409)
    for said in (refused["detail"], override_page(applicant, second)):
        assert "先撤回本年度提交的全部基层职称申报" in said
    assert "确认特批" not in override_page(applicant, second)
    withdrawn(applicant, first, applicant.own)
    assert "不需要特批" in override_page(applicant, second)
    applicant.is_recommended(second)
    applicant.submits(second)
    assert applicant.of(second).state == State.SUBMITTED


def test_what_else_stops_somebody_is_set_aside_without_the_seat(applicant: Applicant) -> None:
    applicant.is_listed()
    session_id, _ = applicant.attends()
    first = submitted(applicant)
    second = applicant.drafts(track="unified")
    applicant.is_reversed(session_id)
    page = override_page(applicant, second)
    assert "此刻没有满足、可以特批的规定：<strong>凡晋必学</strong>" in page
    assert "先撤回" in page
    authority = Asker(applicant.web, applicant.authority)
    reason = {"reason": "援藏三年，已核实"}
    [granted] = authority.post(f"/promotions/{second}/override", reason)["overrides"]
    assert granted["rules"] == ["training_before_promotion"]
    with pytest.raises(PromotionBlocked, match="年度已申报"):
        applicant.is_recommended(second)
    withdrawn(applicant, first, applicant.own)
    applicant.is_recommended(second)


def test_who_was_stopped_by_the_seat_alone_is_judged_again(
    applicant: Applicant, settings: Settings
) -> None:
    """Where no rule speaks of the other track, the verdict itself lets through."""
    applicant.is_listed()
    applicant.attends()
    first, second = applicant.drafts(), applicant.drafts(track="unified")
    applicant.is_recommended(second)
    applicant.is_recommended(first)
    applicant.submits(first)
    applicant.is_listed(others=True)
    with pytest.raises(PromotionBlocked, match="同年度不能"):
        applicant.submits(second)
    withdrawn(applicant, first, applicant.own)
    told = values(applicant, second, "unified")
    assert db.session.get_one(PromotionVerdict, told["verdict"]).blocking == []
    db.session.rollback()
    with connected(settings, DatabaseRole.WEB, applicant.own.actor) as connection:
        assert not fails(connection, SEATED, told)
        assert fails(connection, SUBMITTED, told)
    applicant.submits(second)
    assert applicant.of(second).state == State.SUBMITTED
