"""Every road to *submitted*, tried for somebody whom a rule stops; and none leads there."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.cli import commands
from ce_tracker.errors import PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import applications
from ce_tracker.promotions.models import Application, ApplicationState, PromotionVerdict
from config import DatabaseRole, Settings
from tests.factories import Account, Factory
from tests.http.visitor import signed_in
from tests.promotions.applicants import Applicant
from tests.promotions.rivals import ready, rounds
from tests.promotions.roads import Road, connected, everybody, fails, found_by_the_proof, run
from tests.promotions.rows import verdict_columns
from workers.tasks import KINDS, NIGHTLY

State = ApplicationState
STEPS = ("submit", "recommend", "examine", "override")
BODIES: dict[str, Any] = {
    "submit": None,
    "recommend": {"word": "情况已核实"},
    "examine": {"decision": "to_board"},
    "override": {"reason": "单位同意"},
}


@pytest.fixture
def road(make: Factory, web: Flask, worker: Flask) -> Road:
    return Road.of(make, web, worker)


def may_set_aside(road: Road, asker: Account) -> bool:
    """The one way that there is, in writing and for ever."""
    return asker is road.applicant.authority


def test_no_token_of_anybody_leads_there(road: Road) -> None:
    client = road.applicant.web.test_client()
    refused = 0
    for asker in road.askers:
        for step in STEPS:
            if step == "override" and may_set_aside(road, asker):
                continue
            answer = client.post(
                f"/api/v1/promotions/{road.application}/{step}",
                headers=asker.bearer,
                json=BODIES[step],
            )
            assert answer.status_code in {403, 404, 409}, (asker.actor.role, step, answer.text)
            refused += 1
    assert refused == len(road.askers) * len(STEPS) - 1
    assert road.leads_nowhere


def test_no_page_leads_there(road: Road) -> None:
    for asker in road.askers:
        visitor = signed_in(road.applicant.web, asker)
        for step in STEPS:
            if step == "override" and may_set_aside(road, asker):
                continue
            answer = visitor.post(f"/promotions/{road.application}/{step}", BODIES[step])
            assert answer.status_code in {303, 403, 404, 409}, (asker.actor.role, step)
    assert road.leads_nowhere


def test_no_command_submits(road: Road, settings: Settings) -> None:
    wanted = ("--target", "associate_senior", "--track", "grassroots")
    person = str(road.applicant.person_id)
    asked = run(settings, "check", "--person", person, *wanted)
    assert asked.exit_code == 0, asked.output
    assert "不能申报" in asked.output
    assert "凡晋必学" in asked.output
    assert set(commands.commands["promotion"].commands) == {"check", "verify"}  # type: ignore[attr-defined]
    assert road.leads_nowhere


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in NIGHTLY])
def test_no_job_of_the_night_submits(road: Road, worker: Flask, kind: str) -> None:
    job = road.applicant.make.job(kind, payload={"day": clock.today().isoformat()})
    with worker.app_context():
        here = db.session.merge(job)
        with suppress(Exception):
            for _ in range(50):
                if KINDS[kind](here):
                    break
            db.session.commit()
        db.session.remove()
    assert road.leads_nowhere


def test_whoever_has_no_actor_submits_nothing_even_past_the_gate(road: Road, worker: Flask) -> None:
    """A job that called the gate itself: for somebody who may submit, too."""
    free = ready(Applicant.comes(road.applicant.make, road.applicant.web, worker))
    application = free.drafts(track="unified")
    free.is_recommended(application)
    with worker.app_context():
        found = db.session.get_one(Application, application)
        with pytest.raises(ProgrammingError, match="permission denied"):
            applications.submit(free.make.settings.keyring(), free.own.actor, found)
    assert free.of(application).state == State.RECOMMENDED


SUBMITTED = (
    "UPDATE applications SET state = 'submitted', submitted_on = %(today)s, year = %(year)s,"
    " verdict_id = %(verdict)s WHERE id = %(id)s"
)
_PUT = (
    "INSERT INTO promotion_verdicts (application_id, professional_id, occasion, day, judged_at,"
    " blocking, says, seal, stamp) "
)
NEVER = (
    "UPDATE applications SET state = 'to_board' WHERE id = %(id)s",
    "UPDATE applications SET verdict_id = %(others)s WHERE id = %(id)s",
    "UPDATE applications SET professional_id = %(other_person)s WHERE id = %(id)s",
    "UPDATE applications SET id = 999999 WHERE id = %(id)s",
    "DELETE FROM applications WHERE id = %(id)s",
    "TRUNCATE applications CASCADE",
    "TRUNCATE promotion_verdicts CASCADE",
    "DELETE FROM promotion_verdicts",
    "UPDATE promotion_verdicts SET blocking = '{}'",
    "UPDATE promotion_verdicts SET says = '{}'",
    "UPDATE promotion_verdicts SET application_id = %(id)s WHERE id = %(others)s",
    "DELETE FROM promotion_overrides",
    "UPDATE promotion_overrides SET rules = '{6}'",
    "DELETE FROM application_events",
    "UPDATE application_events SET what = 'submitted'",
    "UPDATE application_seats SET track = 'unified'",
    "SELECT outer_pad FROM gate_keys",
    "DELETE FROM gate_keys",
    "INSERT INTO gate_keys VALUES (9, decode(repeat('00', 64), 'hex'), decode('00', 'hex'))",
    "ALTER TABLE applications DISABLE TRIGGER ALL",
    "DROP TRIGGER goes_its_way ON applications",
    "SET session_replication_role = replica",
    (
        "CREATE OR REPLACE FUNCTION verdict_is_stamped() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'"
    ),
    # A verdict made up; one that was given, once more; somebody else's, put in for this one.
    _PUT + "SELECT %(id)s, %(person)s, 'submission', %(today)s, now(), '{}', %(text)s,"
    " '\\x00', '\\x0001' || sha256('x')",
    _PUT + "SELECT application_id, professional_id, occasion, day, judged_at, blocking, says, seal,"
    " stamp FROM promotion_verdicts WHERE id = %(own)s",
    _PUT + "SELECT %(id)s, %(person)s, 'submission', day, judged_at, '{}', says, seal, stamp"
    " FROM promotion_verdicts WHERE id = %(others)s",
    # A stamp of ours on another text; and a text of ours with other columns beside it.
    _PUT + "SELECT application_id, professional_id, 'submission', day, judged_at, '{}', %(text)s,"
    " seal, stamp FROM promotion_verdicts WHERE id = %(own)s",
    _PUT + "SELECT application_id, professional_id, 'submission', day, judged_at, '{}', says, seal,"
    " stamp FROM promotion_verdicts WHERE id = %(own)s",
    (
        "INSERT INTO applications (professional_id, employer_id, region_path, sector, level, track,"
        " series_code, field_code, drafted_at, state, submitted_on, year, verdict_id)"
        " SELECT professional_id, employer_id, region_path, sector, level, track, series_code,"
        " field_code, drafted_at, 'submitted', %(today)s, %(year)s, %(others)s FROM applications"
        " WHERE id = %(id)s"
    ),
)
"""What nobody may, whoever they are."""


def test_no_statement_of_either_role_leads_there(road: Road, settings: Settings) -> None:
    with suppress(PromotionBlocked):
        road.applicant.submits(road.application)
    own, others = road.verdicts(road.application), road.verdicts(road.passed)
    assert [kept.blocking for kept in own] == [[], [6]]
    values: dict[str, Any] = {
        "id": road.application,
        "person": road.applicant.person_id,
        "other_person": others[-1].professional_id,
        "today": clock.today(),
        "year": clock.today().year,
        "own": own[0].id,
        "others": others[-1].id,
        "text": json.dumps({"blocking": []}),
    }
    for role, actor in everybody(road):
        with connected(settings, role, actor) as connection:
            for verdict in (None, own[0].id, own[1].id, others[-1].id, 999_999):
                assert fails(connection, SUBMITTED, values | {"verdict": verdict}), (actor, verdict)
            for statement in NEVER:
                assert fails(connection, statement, values), (role, actor, statement)
    assert road.leads_nowhere
    assert found_by_the_proof() == []


def test_the_same_statement_submits_what_the_gate_let_pass(
    make: Factory, web: Flask, worker: Flask, settings: Settings
) -> None:
    """Or all that fails here would fail for another reason."""
    free = ready(Applicant.comes(make, web, worker))
    application = free.drafts()
    free.is_recommended(application)
    verdict = PromotionVerdict(**verdict_columns(settings.keyring(), free.of(application)))
    db.session.add(verdict)
    db.session.commit()
    seat = "INSERT INTO application_seats VALUES (%(person)s, %(year)s, 'grassroots')"
    values = {
        "id": application,
        "person": free.person_id,
        "today": clock.today(),
        "year": clock.today().year,
        "verdict": verdict.id,
    }
    with connected(settings, DatabaseRole.WEB, free.own.actor) as connection:
        assert fails(connection, SUBMITTED, values), "without a seat"
        assert not fails(connection, seat, values)
        assert not fails(connection, SUBMITTED, values)
    assert free.of(application).state == State.SUBMITTED


def test_nobody_but_the_authority_in_charge_sets_a_rule_aside(
    road: Road, settings: Settings
) -> None:
    statement = (
        "INSERT INTO promotion_overrides (application_id, rules, reason, granted_at, granted_by,"
        " granted_by_name) VALUES (%(id)s, '{6}', '情况特殊', now(), %(who)s, '某人')"
    )
    for role, actor in everybody(road):
        if actor == road.applicant.authority.actor and role is DatabaseRole.WEB:
            continue
        who = actor.user_id if actor else road.applicant.authority.user.id
        with connected(settings, role, actor) as connection:
            assert fails(connection, statement, {"id": road.application, "who": who}), (role, actor)


def test_nobody_writes_down_a_step_that_was_not_taken(road: Road, settings: Settings) -> None:
    statement = (
        "INSERT INTO application_events (application_id, at, what, actor_id, actor_name)"
        " VALUES (%(id)s, now(), %(what)s, %(who)s, '某人')"
    )
    for asker in road.askers:
        values = {"id": road.application, "who": asker.user.id}
        with connected(settings, DatabaseRole.WEB, asker.actor) as connection:
            for what in ("submitted", "to_board", "returned", "withdrawn", "broken", "mended"):
                assert fails(connection, statement, values | {"what": what}), (asker.actor, what)


def test_a_verdict_lets_an_application_through_once(
    make: Factory, web: Flask, worker: Flask, settings: Settings
) -> None:
    """Sent back, and what it rested on reversed: the old verdict is of no use to anybody."""
    applicant = Applicant.comes(make, web, worker)
    applicant.is_listed()
    session_id, _ = applicant.attends()
    application = applicant.drafts()
    applicant.is_recommended(application)
    applicant.submits(application)
    with applicant.acting(applicant.authority):
        who = applicant.authority.actor
        applications.examine(who, applications.visible(who, application), "returned", "补充材料")
    applicant.is_reversed(session_id)
    passed = applicant.of(application).verdict_id
    values = {
        "id": application,
        "today": clock.today(),
        "year": clock.today().year,
        "verdict": passed,
    }
    with connected(settings, DatabaseRole.WEB, applicant.school.actor) as connection:
        back = "UPDATE applications SET state = 'recommended'{} WHERE id = %(id)s"
        assert fails(connection, back.format(", verdict_id = NULL, submitted_on = NULL"), values)
        assert not fails(connection, back.format(""), values)
        assert fails(connection, SUBMITTED, values)
    assert applicant.of(application).state == State.RECOMMENDED


def test_a_seat_that_is_taken_is_neither_given_away_nor_taken_twice(
    road: Road, settings: Settings
) -> None:
    whose = db.session.get_one(Application, road.passed)
    values = {"person": whose.professional_id, "year": whose.year}
    employer = db.session.execute(
        text("SELECT id FROM users WHERE employer_id = :unit"), {"unit": whose.employer_id}
    ).scalar_one()
    [school] = [
        Actor.from_facts(facts)
        for facts in db.session.execute(
            text("SELECT enter_as(CAST(:user AS uuid))"), {"user": employer}
        ).scalars()
    ]
    db.session.rollback()
    with connected(settings, DatabaseRole.WEB, school) as connection:
        for statement in (
            "DELETE FROM application_seats WHERE professional_id = %(person)s",
            "INSERT INTO application_seats VALUES (%(person)s, %(year)s, 'grassroots')",
            "UPDATE application_seats SET track = 'grassroots'",
        ):
            assert fails(connection, statement, values), statement


def test_of_two_tracks_submitted_in_the_same_instant_one_wins(
    make: Factory, web: Flask, worker: Flask
) -> None:
    """Two hundred times under `make torture`."""
    assert rounds(ready(Applicant.comes(make, web, worker)), 10) == 10
