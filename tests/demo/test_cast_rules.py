"""In each regime there is a sign-in for whom each rule bites: blocked, flagged, advised, told of a
right. The same table says whom README sends its readers to."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from sqlalchemy import select

from ce_tracker.accounts.models import User
from ce_tracker.actor import Role
from ce_tracker.compliance import policies
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.policy.duties import KINDS, Bridge
from ce_tracker.policy.findings import DutyFinding
from ce_tracker.policy.judge import Finding
from ce_tracker.policy.promoting import judge_following
from ce_tracker.policy.words import Outcome, Strength
from ce_tracker.promotions import careers, gate
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.promotions.following import follow
from tests.demo.conftest import MOMENT

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("in_the_demo")]

MET, SHORT, FAILED = Outcome.MET, Outcome.SHORT, Outcome.FAILED
EXEMPT, UNDETERMINED = Outcome.EXEMPT, Outcome.UNDETERMINED
BLOCKS, FLAGS, ADVISES = Strength.BLOCKS, Strength.FLAGS, Strength.ADVISES


class Bite(NamedTuple):
    regime: str
    kind: str
    login: str
    strength: Strength
    outcome: Outcome
    years_ago: int = 0
    target: str = "associate_senior"


YEARS = (
    Bite("national", "annual_hours", "jiangsu-pharmacist", FLAGS, SHORT),
    Bite("national", "specialty_share", "jiangsu-pharmacist", FLAGS, SHORT),
    Bite("shandong", "annual_hours", "teacher", FLAGS, SHORT),
    Bite("heilongjiang", "annual_hours", "heilongjiang-agronomist", FLAGS, SHORT),
    Bite("heilongjiang", "specialty_share", "heilongjiang-teacher", FLAGS, FAILED, 1),
    Bite("chongqing", "annual_hours", "newcomer", FLAGS, SHORT),
)
BRIDGES = (
    Bite("hunan", "annual_hours", "hunan-doctor", FLAGS, FAILED, 2),
    Bite("hunan", "specialty_share", "hunan-doctor", FLAGS, FAILED, 1),
    Bite("chongqing", "specialty_share", "newcomer", FLAGS, SHORT),
)
"""What is inherited, because the regime says so."""
PROMOTIONS = (
    Bite("national", "hours_before_promotion", "jiangsu-pharmacist", FLAGS, FAILED),
    Bite("shandong", "training_before_promotion", "teacher", BLOCKS, FAILED),
    Bite("shandong", "training_before_promotion", "physics-teacher", BLOCKS, FAILED),
    Bite("shandong", "track_exclusive", "agronomist", BLOCKS, FAILED, target="intermediate"),
    Bite("heilongjiang", "hours_before_promotion", "heilongjiang-teacher", FLAGS, FAILED),
    Bite("heilongjiang", "service_before_promotion", "heilongjiang-teacher", BLOCKS, FAILED),
    Bite("hunan", "service_before_promotion", "changsha-doctor", BLOCKS, FAILED),
    Bite("hunan", "service_before_promotion", "hunan-doctor", BLOCKS, MET),
    Bite("chongqing", "hours_before_promotion", "yunyang-teacher", ADVISES, FAILED),
    Bite("chongqing", "service_before_promotion", "yunyang-teacher", ADVISES, FAILED),
    Bite("ningxia", "service_before_promotion", "doctor", BLOCKS, FAILED),
)
FLAGGED = (
    Bite("shandong", "training_after_promotion", "agronomist", FLAGS, FAILED),
    Bite("shandong", "track_conversion", "engineer", ADVISES, FAILED),
    Bite("shandong", "right_by_service", "agronomist", ADVISES, MET),
    Bite("heilongjiang", "training_after_promotion", "heilongjiang-agronomist", ADVISES, FAILED),
    Bite("heilongjiang", "right_by_service", "heilongjiang-agronomist", ADVISES, MET),
    Bite("hunan", "right_by_service", "hunan-hydraulic", ADVISES, MET),
    Bite("chongqing", "training_after_promotion", "yunyang-teacher", ADVISES, FAILED),
    Bite("chongqing", "employer_fund", "yunyang-school", ADVISES, FAILED),
    Bite("chongqing", "employer_fund", "yunyang-hospital", ADVISES, UNDETERMINED),
    Bite("ningxia", "rotation", "ningxia-teacher", ADVISES, SHORT),
    Bite("ningxia", "right_by_service", "ningxia-township", ADVISES, MET),
    Bite("ningxia", "right_by_appraisal", "ningxia-township", ADVISES, MET),
    Bite("ningxia", "bases_per_county", "tongxin", ADVISES, FAILED),
)
"""What the night finds, whether anybody applies or not."""
OVER = Bite("chongqing", "rotation", "yunyang-teacher", ADVISES, EXEMPT)
"""Its one round ended in 2022: whom it covers is told so, and nobody is flagged any more."""


def _account(login: str) -> User:
    return db.session.scalars(select(User).where(User.login == login)).one()


def _person(login: str) -> int:
    person_id = _account(login).professional_id
    assert person_id is not None
    return person_id


def _says(found: Finding | DutyFinding) -> tuple[str, Strength, Outcome]:
    return found.regime, found.strength, found.outcome


def _of_the_year(bite: Bite) -> Finding:
    found = verdict(_person(bite.login), MOMENT.year - bite.years_ago).findings
    return next(each for each in found if each.rule.name == bite.kind)


@pytest.mark.parametrize("bite", YEARS, ids=lambda bite: f"{bite.regime} {bite.kind}")
def test_somebodys_year_is_short_of_what_each_regime_asks(bite: Bite) -> None:
    assert _says(_of_the_year(bite)) == (bite.regime, bite.strength, bite.outcome)


@pytest.mark.parametrize("bite", BRIDGES, ids=lambda bite: f"{bite.regime} {bite.kind}")
def test_somebody_is_short_of_what_a_regime_takes_over_from_the_nation(bite: Bite) -> None:
    found = _of_the_year(bite)
    assert _says(found) == ("national", bite.strength, bite.outcome)
    document = policies.current()[bite.regime].versions[0].documents[0].number
    assert any(document in note for note in found.notes)


@pytest.mark.parametrize("bite", PROMOTIONS, ids=lambda bite: f"{bite.login} {bite.kind}")
def test_somebody_who_would_apply_meets_each_rule_on_promotions(bite: Bite) -> None:
    person_id = _person(bite.login)
    track = "grassroots" if bite.login == "physics-teacher" else "unified"
    found = gate.check(person_id, gate.wish_of_person(person_id, bite.target, track))
    finding = next(each for each in found.findings if each.rule.name == bite.kind)
    assert _says(finding) == (bite.regime, bite.strength, bite.outcome)
    assert finding.blocks == (bite.strength is BLOCKS and bite.outcome is FAILED)


def test_the_first_night_opens_a_flag_for_everybody_whom_a_rule_finds() -> None:
    job = Job(payload={"day": MOMENT.date().isoformat()}, place={}, steps_done=0, steps_total=None)
    while not follow(job):
        db.session.flush()
    found = {bite: _flag(bite) for bite in FLAGGED}
    db.session.rollback()
    assert found == {
        bite: (bite.regime, bite.strength.value, bite.outcome.value) for bite in FLAGGED
    }


def _flag(bite: Bite) -> tuple[str, str, str] | None:
    account = _account(bite.login)
    whose = (
        DutyFlag.region_path == account.region_path
        if account.role == Role.AUTHORITY
        else DutyFlag.employer_id == account.employer_id
        if account.role == Role.EMPLOYER
        else DutyFlag.professional_id == account.professional_id
    )
    flag = db.session.scalars(
        select(DutyFlag).where(
            whose, DutyFlag.rule == KINDS[bite.kind].number, DutyFlag.closed_at.is_(None)
        )
    ).one_or_none()
    return None if flag is None else (flag.regime, flag.strength, flag.outcome)


def test_a_round_of_training_that_is_over_asks_nothing_of_anybody() -> None:
    today = MOMENT.date()
    career = careers.of_person(_person(OVER.login), today, today)
    finding = next(
        each
        for each in judge_following(policies.current(), career, today)
        if each.rule.name == OVER.kind
    )
    assert _says(finding) == (OVER.regime, OVER.strength, OVER.outcome)


def test_no_rule_of_any_regime_is_without_somebody_for_whom_it_bites() -> None:
    shown = {(bite.regime, bite.kind) for bite in (*YEARS, *PROMOTIONS, *FLAGGED, OVER)}
    shown |= {(bite.regime, Bridge.name) for bite in BRIDGES}
    asked = {
        (pack.regime, rule.name)
        for pack in policies.current().values()
        for version in pack.versions
        for rule in version.rules
        if rule.strength is not Strength.FEATURE
    }
    assert asked - shown == set()
    assert shown - asked == set()
