"""The gate: who passes, who does not, and that there is no way around it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.errors import Conflict, Invalid, NotAllowed, PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import applications, careers, verdicts
from ce_tracker.promotions.models import ApplicationEvent, ApplicationState, PromotionVerdict, Seat
from ce_tracker.registry import facts
from ce_tracker.registry.dated import Appraisal
from tests.factories import Factory
from tests.promotions.applicants import SISTER, Applicant

State = ApplicationState


@pytest.fixture
def applicant(make: Factory, web: Flask, worker: Flask) -> Applicant:
    found = Applicant.comes(make, web, worker)
    found.is_listed()
    return found


def events(application_id: int) -> list[str]:
    return list(
        db.session.scalars(
            select(ApplicationEvent.what)
            .where(ApplicationEvent.application_id == application_id)
            .order_by(ApplicationEvent.id)
        )
    )


def test_whoever_learnt_their_own_field_passes_with_the_entry_as_proof(
    applicant: Applicant,
) -> None:
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.submits(application)
    found = applicant.of(application)
    assert (found.state, found.year) == (State.SUBMITTED, found.submitted_on.year)  # type: ignore[union-attr]
    kept = db.session.get_one(PromotionVerdict, found.verdict_id)
    rules = {rule["rule"]: rule for rule in verdicts.read(kept)["verdict"]["rules"]}
    entry = f"{applicant.person_id}/2026/{session_id}/1"
    assert rules["training_before_promotion"]["entries"] == [entry]
    assert rules["training_before_promotion"]["document"] == "鲁人社字〔2020〕42号"
    assert verdicts.is_ours(applicant.make.settings.keyring(), kept)
    assert events(application) == ["drafted", "recommended", "submitted"]


def test_whoever_did_not_is_stopped_and_the_attempt_is_recorded(applicant: Applicant) -> None:
    applicant.attends(field_code=SISTER)
    application = applicant.drafts()
    with pytest.raises(PromotionBlocked) as stopped:
        applicant.is_recommended(application)
    [rule] = stopped.value.facts["rules"]
    assert rule["rule"] == "training_before_promotion"
    assert applicant.of(application).state == State.DRAFT
    assert events(application) == ["drafted", "blocked"]


def test_what_was_recommended_is_judged_again_when_it_is_submitted(applicant: Applicant) -> None:
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.is_reversed(session_id)
    with pytest.raises(PromotionBlocked, match="凡晋必学"):
        applicant.submits(application)
    assert applicant.of(application).state == State.RECOMMENDED
    assert events(application)[-1] == "blocked"


def test_the_authority_sets_a_rule_aside_in_writing(applicant: Applicant) -> None:
    application = applicant.drafts()
    with applicant.acting(applicant.authority):
        applications.override(
            applicant.authority.actor,
            applications.visible(applicant.authority.actor, application),
            "援藏三年，已由厅里核实",
        )
    applicant.is_recommended(application)
    applicant.submits(application)
    assert applicant.of(application).state == State.SUBMITTED
    assert "overridden" in events(application)


def test_an_employer_cannot_set_a_rule_aside(applicant: Applicant) -> None:
    application = applicant.drafts()
    with pytest.raises(NotAllowed), applicant.acting(applicant.school):
        applications.override(
            applicant.school.actor,
            applications.visible(applicant.school.actor, application),
            "单位同意",
        )


def test_the_other_track_of_the_same_year_is_refused(applicant: Applicant) -> None:
    applicant.attends()
    first = applicant.drafts()
    applicant.is_recommended(first)
    applicant.submits(first)
    second = applicant.drafts(track="unified")
    with pytest.raises(PromotionBlocked, match=r"同年度|年度已申报"):
        applicant.is_recommended(second)
    with applicant.acting(applicant.own):
        applications.withdraw(applicant.own.actor, applications.visible(applicant.own.actor, first))
    assert db.session.scalars(select(Seat)).all() == []
    applicant.is_recommended(second)
    applicant.submits(second)
    assert applicant.of(second).state == State.SUBMITTED


def test_where_hours_were_missed_the_employer_has_to_write_why(applicant: Applicant) -> None:
    applicant.attends()
    application = applicant.drafts()
    with pytest.raises(Invalid, match="书面说明"):
        applicant.is_recommended(application, word=" ")
    applicant.is_recommended(application, word="2024 年长期支教，已核实。")
    assert applicant.of(application).employers_word == "2024 年长期支教，已核实。"


def test_an_application_is_examined_by_the_authority_of_its_place(applicant: Applicant) -> None:
    applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.submits(application)
    who = applicant.authority
    with applicant.acting(who):
        applications.examine(
            who.actor, applications.visible(who.actor, application), "returned", "请补充课题证明"
        )
    assert applicant.of(application).state == State.RETURNED
    with pytest.raises(Conflict), applicant.acting(who):
        applications.examine(
            who.actor, applications.visible(who.actor, application), "to_board", None
        )
    applicant.is_recommended(application)
    applicant.submits(application)
    with applicant.acting(who):
        applications.examine(
            who.actor, applications.visible(who.actor, application), "to_board", None
        )
    assert applicant.of(application).state == State.TO_BOARD
    assert db.session.scalars(select(Seat.year)).all() == [clock.today().year]


def test_nobody_is_grassroots_where_the_directory_names_others(
    make: Factory, web: Flask, worker: Flask
) -> None:
    found = Applicant.comes(make, web, worker)
    found.is_listed(others=True)
    with pytest.raises(Conflict, match="任职单位不属于基层"):
        found.drafts(track="grassroots")
    application = found.drafts(track="unified")
    found.is_recommended(application)
    found.submits(application)
    assert found.of(application).state == State.SUBMITTED


def test_where_no_directory_is_known_nobody_passes(
    make: Factory, web: Flask, worker: Flask
) -> None:
    found = Applicant.comes(make, web, worker)
    with pytest.raises(Conflict, match="是否属于基层没有登记"):
        found.drafts(track="grassroots")
    application = found.drafts(track="unified")
    with pytest.raises(PromotionBlocked):
        found.is_recommended(application)


def test_of_two_grades_of_a_year_that_a_merger_brought_together_the_later_told_counts(
    applicant: Applicant,
) -> None:
    double = applicant.make.professional()
    double.merged_into = applicant.person_id
    for person, grade, month in (
        (applicant.person_id, "competent", 6),
        (double.id, "excellent", 5),
    ):
        with clock.pinned(datetime(2021, month, 1, 9, tzinfo=clock.SHANGHAI)):
            facts.put(
                Appraisal(
                    professional_id=person,
                    grade=grade,
                    valid_from=date(2020, 1, 1),
                    valid_to=date(2021, 1, 1),
                ),
                "test",
            )
            db.session.flush()
    assert careers.of_person(applicant.person_id, date(2026, 3, 1), date(2026, 3, 1)).grades == {
        2020: "competent"
    }
