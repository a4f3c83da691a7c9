"""Two applications of one person, one in each track, submitted in the same instant."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Thread
from time import monotonic

from sqlalchemy import select

from ce_tracker.errors import PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import applications
from ce_tracker.promotions.models import Application, ApplicationState, Seat
from ce_tracker.registry.dated import Track
from tests.faults.promises import Outcome
from tests.ledger.seeded import own_servers
from tests.promotions.applicants import Applicant

LONGEST_WAIT_SECONDS = 30


def ready(applicant: Applicant) -> Applicant:
    """Whom nothing stops but another application."""
    applicant.is_listed()
    applicant.attends()
    return applicant


def rounds(applicant: Applicant, how_many: int) -> int:
    """In how many of them one of the two won, and the other was told why not."""
    won = 0
    for _ in range(how_many):
        both = [applicant.drafts(track=track.value) for track in Track]
        for application in both:
            applicant.is_recommended(application)
        won += _one_wins(applicant, both)
        for application in both:
            with applicant.acting(applicant.own):
                who = applicant.own.actor
                applications.withdraw(who, applications.visible(who, application))
    return won


def _one_wins(applicant: Applicant, both: Sequence[int]) -> bool:
    answers = _submitted_at_once(applicant, both)
    db.session.expire_all()
    states = db.session.scalars(select(Application.state).where(Application.id.in_(both))).all()
    seats = db.session.scalars(
        select(Seat.track).where(Seat.professional_id == applicant.person_id)
    ).all()
    db.session.rollback()
    return (
        sorted(answers) == ["blocked", "submitted"]
        and sorted(states) == [ApplicationState.RECOMMENDED, ApplicationState.SUBMITTED]
        and len(seats) == 1
    )


def _submitted_at_once(applicant: Applicant, both: Sequence[int]) -> list[str]:
    """Each over a connection of its own."""
    together, answers = Barrier(len(both)), []

    def submit(application: int) -> None:
        try:
            together.wait(LONGEST_WAIT_SECONDS)
            applicant.submits(application)
        except PromotionBlocked as error:
            answers.append("blocked" if "申报" in error.detail else error.detail)
        else:
            answers.append("submitted")

    threads = [Thread(target=submit, args=(application,)) for application in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT_SECONDS)
    return answers


def one_track_a_year(dose: int) -> Outcome:
    """Ten rounds for each of the dose."""
    began, asked = monotonic(), dose * 10
    with own_servers() as apps:
        won = rounds(ready(Applicant.comes(apps.make, apps.web, apps.worker)), asked)
    return Outcome(
        "both tracks of a person submitted in the same instant: one wins, the other is told",
        dose,
        kept=won == asked,
        figures={"rounds": asked, "won_by_one": won, "seconds": round(monotonic() - began)},
    )
