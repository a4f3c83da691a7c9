"""The proof of the gate: what somebody changed past every guard is named."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.errors import PromotionBlocked
from ce_tracker.extensions import db
from ce_tracker.promotions import proving
from ce_tracker.promotions.models import Application, PromotionVerdict
from ce_tracker.promotions.proving import GateDoesNotAgree, prove
from config import Settings
from tests.factories import Factory
from tests.promotions.roads import Road, found_by_the_proof, run
from tests.promotions.rows import verdict_columns
from workers.tasks import NIGHTLY


@pytest.fixture
def road(make: Factory, web: Flask, worker: Flask) -> Road:
    return Road.of(make, web, worker)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE promotion_verdicts SET says = replace(says, '凡晋', '几晋')", "被改动过"),
        ("UPDATE promotion_verdicts SET blocking = '{}' WHERE blocking <> '{}'", "被改动过"),
        ("UPDATE promotion_verdicts SET seal = stamp", "被改动过"),
        ("UPDATE applications SET level = 'full_senior' WHERE state = 'submitted'", "不一致"),
        (
            # In another month of the year, whatever the day of the test.
            (
                "UPDATE applications SET submitted_on = make_date(year,"
                " 13 - CAST(extract(month FROM submitted_on) AS integer), 1)"
                " WHERE state = 'submitted'"
            ),
            "不一致",
        ),
        ("UPDATE applications SET state = 'to_board' WHERE state = 'submitted'", "办理经过"),
        (
            (
                "UPDATE applications SET state = 'submitted', submitted_on = CURRENT_DATE,"
                " year = extract(year FROM CURRENT_DATE), verdict_id = (SELECT max(v.id) FROM"
                " promotion_verdicts v WHERE v.application_id = applications.id)"
                " WHERE state = 'recommended'"
            ),
            "办理经过",
        ),
    ],
)
def test_what_a_superuser_changed_is_named(
    road: Road, settings: Settings, statement: str, said: str
) -> None:
    with suppress(PromotionBlocked):
        road.applicant.submits(road.application)
    assert run(settings, "verify").exit_code == 0
    past_every_guard(statement)
    named = run(settings, "verify")
    assert named.exit_code == 1
    assert said in named.output
    with pytest.raises(GateDoesNotAgree):
        nightly(road.applicant.make)


def test_a_verdict_that_a_superuser_forged_is_named_with_all_that_rests_on_it(
    road: Road, settings: Settings
) -> None:
    """With a stamp, since a superuser reads the key of those; an override; and an event."""
    application = db.session.get_one(Application, road.application)
    columns = verdict_columns(settings.keyring(), application)
    forged = PromotionVerdict(**columns | {"seal": b"\0\1" + bytes(32)})
    db.session.add(forged)
    db.session.commit()
    past_every_guard(
        "UPDATE applications SET state = 'submitted', submitted_on = :today, year = :year,"
        f" verdict_id = {forged.id} WHERE id = {road.application};",
    )
    past_every_guard(
        "INSERT INTO application_events (application_id, at, what, actor_name)"
        f" VALUES ({road.application}, now(), 'submitted', 'x')"
    )
    findings = found_by_the_proof()
    assert any(f"判定 {forged.id}" in finding for finding in findings)
    assert any(f"申报 {road.application}（已提交" in finding for finding in findings)


def test_an_override_added_afterwards_justifies_nothing(road: Road, settings: Settings) -> None:
    with suppress(PromotionBlocked):
        road.applicant.submits(road.application)
    blocked = road.verdicts(road.application)[-1]
    past_every_guard(
        "INSERT INTO promotion_overrides (application_id, rules, reason, granted_at, granted_by,"
        f" granted_by_name) SELECT {road.application}, '{{6}}', 'x', now(), id, 'x' FROM users"
        " LIMIT 1"
    )
    past_every_guard(
        "UPDATE applications SET state = 'submitted', submitted_on = :today, year = :year,"
        f" verdict_id = {blocked.id} WHERE id = {road.application}"
    )
    past_every_guard(
        "INSERT INTO application_events (application_id, at, what, actor_name)"
        f" VALUES ({road.application}, now(), 'submitted', 'x')"
    )
    assert found_by_the_proof() == [
        f"申报 {road.application}（已提交，待审核）所依据的判定并未放行。"
    ]


def test_the_nightly_proof_passes_where_nothing_was_touched(road: Road) -> None:
    assert nightly(road.applicant.make) is True
    assert "gate-proof" in NIGHTLY


def test_many_verdicts_are_looked_at_piece_by_piece(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "A_PIECE", 1)
    past_every_guard("UPDATE promotion_verdicts SET says = '{}'")
    assert len(found_by_the_proof()) >= len(road.verdicts(road.passed))


def past_every_guard(statement: str) -> None:
    """As a superuser who has switched off triggers and foreign keys."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    today = clock.today()
    values = {"today": today, "year": today.year} if ":today" in statement else {}
    db.session.execute(text(statement), values)
    db.session.commit()


def nightly(make: Factory) -> bool:
    job = make.job("gate-proof")
    db.session.expire_all()
    return any(prove(job) for _ in range(20))
