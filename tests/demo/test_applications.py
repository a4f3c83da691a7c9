"""Applications in the demo: every stage, every step, and none that went past the gate."""

from __future__ import annotations

import pytest

from ce_tracker.demo import applications, funds
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.promotions.models import ApplicationState, EventKind
from ce_tracker.promotions.proving import PARTS
from tests.demo.conftest import MOMENT, Rows, one, values

pytestmark = pytest.mark.xdist_group("demo")

OF = (
    "FROM applications a JOIN users u ON u.professional_id = a.professional_id"
    " WHERE u.login = '{login}'"
)
STEPS = (
    "SELECT e.what FROM application_events e JOIN applications a ON a.id = e.application_id"
    " JOIN users u ON u.professional_id = a.professional_id WHERE u.login = '{login}' ORDER BY e.id"
)


def _state(ask: Rows, login: str) -> str:
    return str(one(ask(f"SELECT a.state {OF.format(login=login)}")))


def _steps(ask: Rows, login: str) -> list[str]:
    return [row[0] for row in ask(STEPS.format(login=login))]


def test_every_stage_is_there_and_every_step_but_those_that_only_a_later_night_takes(
    ask: Rows,
) -> None:
    assert values(ask("SELECT DISTINCT state FROM applications")) == set(ApplicationState)
    steps = values(ask("SELECT DISTINCT what FROM application_events"))
    assert set(EventKind) - steps == {EventKind.MENDED, EventKind.WARNED}


def test_the_school_sees_every_stage_but_that_of_a_recommendation(ask: Rows) -> None:
    seen = values(
        ask(
            "SELECT a.state FROM applications a JOIN users u ON u.employer_id = a.employer_id"
            f" WHERE u.login = '{applications.SCHOOL}'"
        )
    )
    assert seen == set(ApplicationState) - {ApplicationState.RECOMMENDED}


def test_whom_a_rule_blocks_was_stopped_and_went_no_further(ask: Rows) -> None:
    for login in ("teacher", "doctor"):
        assert _state(ask, login) == "draft"
        assert _steps(ask, login) == ["drafted", "blocked"]


def test_one_was_let_by_in_writing_and_waits_for_the_authority(ask: Rows) -> None:
    login = "heilongjiang-teacher"
    assert _state(ask, login) == "submitted"
    assert _steps(ask, login) == ["drafted", "blocked", "overridden", "recommended", "submitted"]
    assert one(ask("SELECT reason FROM promotion_overrides")) == applications.LET_BY


def test_one_is_broken_since_its_training_was_taken_back(ask: Rows) -> None:
    login = "physics-teacher"
    assert _state(ask, login) == "submitted"
    assert _steps(ask, login) == ["drafted", "recommended", "submitted", "broken"]
    because = one(ask(f"SELECT a.broken_because {OF.format(login=login)}"))
    title = one(
        ask(
            "SELECT title FROM training_sessions"
            f" WHERE state = 'revoked' AND revoked_because = '{applications.TAKEN_BACK}'"
        )
    )
    assert because.startswith("凡晋必学")
    assert title in because
    assert one(ask("SELECT count(*) FROM applications WHERE broken_at IS NOT NULL")) == 1


def test_each_step_was_taken_on_its_day_by_whose_it_was(ask: Rows) -> None:
    """Its days follow each other; nobody steps out of the future."""
    assert (
        ask(
            "SELECT e.id FROM application_events e JOIN application_events f"
            " ON f.application_id = e.application_id AND f.id < e.id AND f.at >= e.at"
        )
        == []
    )
    assert ask(f"SELECT id FROM application_events WHERE at > '{MOMENT.isoformat()}'") == []
    by = ask(
        "SELECT DISTINCT e.what, u.role FROM application_events e JOIN users u ON u.id = e.actor_id"
    )
    assert {role for what, role in by if what in ("recommended", "blocked")} == {"employer"}
    decided = ("to_board", "returned", "refused", "overridden")
    assert {role for what, role in by if what in decided} == {"authority"}


@pytest.mark.usefixtures("in_the_demo")
def test_every_application_stands_where_it_should() -> None:
    findings = []
    for part in PARTS.values():
        after = None
        while True:
            piece = part.look(after)
            findings += piece.findings
            after = piece.after
            if after is None:
                break
    assert findings == []


def test_one_employer_paid_too_little_for_training_one_has_not_said_and_the_others_enough(
    ask: Rows,
) -> None:
    last = f"SELECT e.name FROM employer_funds f JOIN employers e ON e.id = f.employer_id \
WHERE f.valid_from = '{MOMENT.year - 1}-01-01' AND f.training_cents * 1000"
    named = {account.login: account.place for account in DEMO_ACCOUNTS}
    assert values(ask(f"{last} < f.wages_cents * 15")) == {named[funds.TOO_LITTLE]}
    enough = values(ask(f"{last} >= f.wages_cents * 15"))
    assert len(enough) > 20
    assert named[funds.NOT_ENTERED] not in enough
