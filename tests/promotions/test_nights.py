"""What an application rests on may be reversed: the night finds it, says it once, and says when it
is mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.promotions import applications, rejudging, verdicts
from ce_tracker.promotions.models import (
    Application,
    ApplicationEvent,
    ApplicationState,
    PromotionVerdict,
)
from ce_tracker.registry import people
from tests.compliance.world import LONG_AGO
from tests.factories import HUANCUI, Factory
from tests.promotions.applicants import Applicant
from tests.promotions.nights import at_once, night
from tests.registry.lists import in_force
from workers.tasks import NIGHTLY

State = ApplicationState


@pytest.fixture
def applicant(make: Factory, web: Flask, worker: Flask) -> Applicant:
    found = Applicant.comes(make, web, worker)
    found.is_listed()
    return found


@pytest.fixture
def tonight(worker: Flask) -> Callable[[], None]:
    return lambda: night(worker, "rejudge")


def _submitted(applicant: Applicant, session_id: int | None = None) -> tuple[int, int]:
    """The application, and the session that it rests on."""
    session_id = session_id or applicant.attends()[0]
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.submits(application)
    return application, session_id


def _events(application_id: int) -> list[str]:
    return list(
        db.session.scalars(
            select(ApplicationEvent.what)
            .where(ApplicationEvent.application_id == application_id)
            .order_by(ApplicationEvent.id)
        )
    )


def _examines(applicant: Applicant, application_id: int, decision: str) -> None:
    who = applicant.authority
    with applicant.acting(who):
        found = applications.visible(who.actor, application_id)
        applications.examine(who.actor, found, decision, "请核对培训记录")


def test_a_reversed_training_breaks_the_application_that_rests_on_it(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    tonight()
    found = applicant.of(application)
    assert found.state == State.SUBMITTED
    assert found.broken_because is not None
    assert found.broken_because.startswith("凡晋必学：")
    assert "2026-03-06 结束的“培训班" in found.broken_because
    [kept] = db.session.scalars(
        select(PromotionVerdict).where(PromotionVerdict.occasion == "night")
    )
    assert kept.blocking == [6]
    assert verdicts.is_ours(applicant.make.settings.keyring(), kept)
    assert _events(application)[-1] == "broken"


def test_an_employer_is_not_told_what_was_learnt_before_somebody_came(
    make: Factory, web: Flask, worker: Flask, tonight: Callable[[], None]
) -> None:
    found, other = (Applicant.comes(make, web, worker) for _ in range(2))
    session_id, _ = found.attends()
    people.employ(found.person, other.employer_id, "语文组", date(2026, 6, 1), "test")
    other.is_listed()
    found.school = other.school
    application = found.drafts()
    found.is_recommended(application)
    found.submits(application)
    found.is_reversed(session_id)
    tonight()
    because = found.of(application).broken_because
    assert because is not None
    assert because.endswith("通过时依据的培训已冲销：2026-03-06 结束的培训。")


def test_a_broken_application_does_not_go_to_the_board(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    tonight()
    with pytest.raises(Conflict, match="凡晋必学"):
        _examines(applicant, application, "to_board")


def test_one_that_is_before_the_board_breaks_as_well(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    _examines(applicant, application, "to_board")
    applicant.is_reversed(session_id)
    tonight()
    found = applicant.of(application)
    assert (found.state, found.broken_at is not None) == (State.TO_BOARD, True)


def test_it_is_said_once_however_many_nights_find_it(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    for _ in range(3):
        tonight()
    assert _events(application).count("broken") == 1
    assert db.session.scalar(select(func.count(PromotionVerdict.id))) == 3


def test_two_nights_at_once_say_it_once(applicant: Applicant, worker: Flask) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    at_once(worker, "rejudge")
    assert _events(application).count("broken") == 1
    kept = select(PromotionVerdict).where(PromotionVerdict.occasion == "night")
    assert len(db.session.scalars(kept).all()) == 1


def test_another_training_mends_it(applicant: Applicant, tonight: Callable[[], None]) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    tonight()
    applicant.attends(date(2026, 4, 3))
    tonight()
    found = applicant.of(application)
    assert (found.broken_at, found.broken_because) == (None, None)
    assert _events(application)[-2:] == ["broken", "mended"]


def test_what_the_authority_set_aside_breaks_nothing(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application = applicant.drafts()
    who = applicant.authority
    with applicant.acting(who):
        applications.override(who.actor, applications.visible(who.actor, application), "援藏三年")
    applicant.is_recommended(application)
    applicant.submits(application)
    tonight()
    assert applicant.of(application).broken_at is None
    assert _events(application)[-1] == "submitted"


def test_a_recommendation_that_would_be_stopped_by_now_is_warned_of_once(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.is_reversed(session_id)
    tonight()
    tonight()
    assert _events(application) == ["drafted", "recommended", "warned"]
    assert applicant.of(application).broken_at is None


def test_one_that_is_submitted_anew_rests_on_its_new_verdict(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    tonight()
    _examines(applicant, application, "returned")
    applicant.attends(date(2026, 4, 3))
    applicant.is_recommended(application)
    applicant.submits(application)
    assert applicant.of(application).broken_at is None
    _examines(applicant, application, "to_board")


def test_nights_come_to_the_same_however_small_their_steps(
    make: Factory, web: Flask, worker: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "AT_ONCE", 1)
    everybody = [Applicant.comes(make, web, worker) for _ in range(3)]
    in_force(make, HUANCUI, [each.employer_id for each in everybody], LONG_AGO)
    made = [_submitted(each) for each in everybody]
    everybody[1].is_reversed(made[1][1])
    night(worker, "rejudge")
    broken = db.session.scalars(select(Application.id).where(Application.broken_at.is_not(None)))
    assert broken.all() == [made[1][0]]
    job = db.session.scalars(select(Job).where(Job.kind == "rejudge")).one()
    assert (job.steps_done, job.steps_total) == (3, 3)


def test_a_night_that_was_missed_is_made_good_by_the_next(
    applicant: Applicant, worker: Flask, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    applicant.is_reversed(session_id)
    with worker.app_context():
        job = Job(kind="rejudge", payload={"day": "2020-01-01"}, steps_done=0, place={})
        assert rejudging.rejudge(job)
        db.session.rollback()
    assert applicant.of(application).broken_at is None
    tonight()
    assert applicant.of(application).broken_at is not None


def test_two_titles_of_one_person_are_judged_each_on_its_own_day(
    applicant: Applicant, tonight: Callable[[], None]
) -> None:
    application, session_id = _submitted(applicant)
    second = applicant.drafts(target="full_senior")
    applicant.is_recommended(second)
    applicant.is_reversed(session_id)
    tonight()
    assert _events(application)[-1] == "broken"
    assert _events(second)[-1] == "warned"


def test_jobs_of_the_night_come_after_the_sweep_and_before_the_notices() -> None:
    assert NIGHTLY["sweep"] < NIGHTLY["rejudge"] < NIGHTLY["follow"] < NIGHTLY["notices"]
