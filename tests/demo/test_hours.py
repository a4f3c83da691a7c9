"""The demo's sessions and hours: two full years and one under way, posted by the usual road, and
something of everything that the pages can show."""

from __future__ import annotations

from typing import Any

import pytest

from ce_tracker.demo import stories
from ce_tracker.demo.cast import CAST
from ce_tracker.demo.cast_hours import WENT
from ce_tracker.extensions import db
from ce_tracker.ledger.proving import PARTS
from ce_tracker.ledger.uploads import Mode, Outcome, UploadState
from ce_tracker.registry.models import Provider
from ce_tracker.training import accredited
from ce_tracker.training.models import Form, Purpose, SessionState, Subject, TrainingSession
from tests.demo.conftest import MOMENT, PEOPLE, Rows, one, values

pytestmark = pytest.mark.xdist_group("demo")

YEARS = {MOMENT.year - 2, MOMENT.year - 1, MOMENT.year}
TODAY = f"DATE '{MOMENT:%Y-%m-%d}'"
FIRST = "(t.starts_at AT TIME ZONE 'Asia/Shanghai')::date"
LAST = "(t.ends_at AT TIME ZONE 'Asia/Shanghai')::date"
OF_SESSIONS = "ledger_entries e JOIN training_sessions t ON t.id = e.session_id"
THE_CAST = "(SELECT professional_id FROM users WHERE professional_id IS NOT NULL)"


def _hours(ask: Rows, login: str, years_ago: int) -> tuple[int, int]:
    """General and specialty, in hundredths."""
    found = ask(
        "SELECT s.general_x100, s.specialty_x100 FROM standings s JOIN users u"
        f" ON u.professional_id = s.professional_id WHERE u.login = '{login}'"
        f" AND s.year = {MOMENT.year - years_ago}"
    )
    return found[0] if found else (0, 0)


# --- all of it agrees -----------------------------------------------------------------------


def test_every_standing_is_the_sum_of_its_entries(ask: Rows) -> None:
    sums = (
        "(SELECT professional_id, year,"
        " coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0) AS general_x100,"
        " coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0) AS specialty_x100"
        " FROM ledger_entries GROUP BY 1, 2)"
    )
    standings = "SELECT professional_id, year, general_x100, specialty_x100 FROM standings"
    # The night makes one of nothing for whoever has no hours.
    with_hours = f"{standings} WHERE (general_x100, specialty_x100) <> (0, 0)"
    assert ask(f"{with_hours} EXCEPT SELECT * FROM {sums} s") == []
    assert ask(f"SELECT * FROM {sums} s EXCEPT {standings}") == []
    assert one(ask("SELECT count(*) FROM standings")) > 0


@pytest.mark.usefixtures("in_the_demo")
def test_the_ledger_proves_itself() -> None:
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


def test_nobody_was_credited_more_than_a_session_gives_or_outside_its_days(ask: Rows) -> None:
    beyond = f"e.hours_x100 > t.hours_x100 OR e.finished_on NOT BETWEEN {FIRST} AND {LAST}"
    assert ask(f"SELECT e.session_id FROM {OF_SESSIONS} WHERE {beyond}") == []
    assert ask(f"SELECT session_id FROM ledger_entries WHERE finished_on > {TODAY}") == []


def test_people_went_where_they_worked(ask: Rows) -> None:
    elsewhere = ask(
        f"SELECT e.professional_id, t.title FROM {OF_SESSIONS}"
        " JOIN providers p ON p.id = t.provider_id"
        " JOIN employments m ON m.professional_id = e.professional_id AND m.known_to IS NULL"
        " AND daterange(m.valid_from, m.valid_to) @> e.finished_on"
        " JOIN employers f ON f.id = m.employer_id"
        " WHERE substr(f.region_path, 8, 2) <> substr(p.region_path, 8, 2)"
        f" AND extract(year FROM m.valid_from) < e.year AND {LAST} < {TODAY} - 61"
    )
    moved = one(ask("SELECT count(*) FROM ledger_entries"))
    assert len(elsewhere) < moved * 0.01, "only who moved in the middle of a year"


def test_distance_courses_are_taken_in_ones_own_field(ask: Rows) -> None:
    assert (
        ask(
            f"SELECT e.professional_id, t.title FROM {OF_SESSIONS}"
            " WHERE t.field_code IS NOT NULL AND t.form = 'distance'"
            f" AND e.professional_id NOT IN {THE_CAST} AND EXISTS (SELECT FROM titles h"
            " WHERE h.professional_id = e.professional_id AND h.known_to IS NULL) AND NOT EXISTS"
            " (SELECT FROM titles h WHERE h.professional_id = e.professional_id"
            " AND h.known_to IS NULL AND h.field_code = t.field_code)"
        )
        == []
    )


@pytest.mark.usefixtures("in_the_demo")
def test_no_base_announced_what_its_accreditation_does_not_cover() -> None:
    announced = db.session.execute(
        db.select(TrainingSession, Provider)
        .join(Provider, Provider.id == TrainingSession.provider_id)
        .where(TrainingSession.published_at.is_not(None), Provider.name.contains("基地"))
    ).all()
    assert announced
    assert {accredited.obstacle(session, provider) for session, provider in announced} == {None}


# --- everything is there --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column", "kinds"),
    [
        ("training_sessions", "subject", Subject),
        ("training_sessions", "form", Form),
        ("training_sessions", "purpose", Purpose),
        ("training_sessions", "state", SessionState),
        ("training_sessions", "online", {True, False}),
        ("uploads", "mode", Mode),
        ("uploads", "state", set(UploadState) - {UploadState.READING, UploadState.POSTING}),
        ("postings", "kind", {"upload", "revocation"}),
        ("held_rows", "state", {"held"}),
        ("jobs", "state", {"done", "waiting"}),
    ],
)
def test_every_kind_is_there(ask: Rows, table: str, column: str, kinds: Any) -> None:
    assert values(ask(f"SELECT DISTINCT {column} FROM {table}")) == set(kinds)


def test_every_regime_has_sessions_and_hours_of_both_subjects_in_all_three_years(
    ask: Rows,
) -> None:
    there = ask(
        f"SELECT DISTINCT substr(p.region_path, 8, 2), e.year, e.subject FROM {OF_SESSIONS}"
        " JOIN providers p ON p.id = t.provider_id"
    )
    assert set(there) == {
        (province, year, subject)
        for province in ("23", "32", "37", "43", "50", "64")
        for year in YEARS
        for subject in Subject
    }


def test_each_who_signs_in_for_a_provider_has_something_of_every_state_and_to_do(ask: Rows) -> None:
    found = ask(
        "SELECT u.login, bool_or(t.state = 'draft'), bool_or(t.state = 'closed'),"
        f" bool_or(t.state = 'published' AND {FIRST} > {TODAY}),"
        f" bool_or(t.state = 'published' AND {TODAY} BETWEEN {FIRST} AND {LAST}),"
        f" bool_or(t.state = 'published' AND {LAST} < {TODAY} AND t.first_posted_at IS NULL)"
        " FROM users u JOIN training_sessions t USING (provider_id)"
        " WHERE u.disabled_at IS NULL GROUP BY 1"
    )
    assert len(found) == 6
    assert {row[1:] for row in found} == {(True, True, True, True, True)}


def test_one_list_of_the_base_waits_for_its_yes_and_shows_every_outcome(ask: Rows) -> None:
    counts = one(
        ask(
            "SELECT n.counts FROM uploads n JOIN users u USING (provider_id)"
            " WHERE u.login = 'base' AND n.state = 'previewed'"
        )
    )
    assert {name for name, lines in counts.items() if lines} == set(Outcome)


def test_special_induction_and_rotation_are_held_where_a_regime_asks_for_them(ask: Rows) -> None:
    where = ask(
        "SELECT DISTINCT t.purpose, substr(p.region_path, 8, 2) FROM training_sessions t"
        " JOIN providers p ON p.id = t.provider_id WHERE t.purpose <> 'ordinary'"
    )
    assert set(where) == {
        ("induction", "37"), ("special", "23"), ("special", "50"), ("rotation", "64"),
    }  # fmt: skip


@pytest.mark.parametrize("years_ago", [1, 2])
def test_most_people_have_enough_and_others_are_short_in_every_way(
    ask: Rows, years_ago: int
) -> None:
    found = ask(
        "SELECT CASE WHEN s.professional_id IS NULL THEN 'nothing'"
        " WHEN general_x100 + specialty_x100 < 9000 THEN 'short'"
        " WHEN specialty_x100 * 3 < (general_x100 + specialty_x100) * 2 THEN 'specialty'"
        " ELSE 'enough' END, count(*) FROM professionals p LEFT JOIN standings s"
        f" ON s.professional_id = p.id AND s.year = {MOMENT.year - years_ago} GROUP BY 1"
    )
    share = {what: people / PEOPLE for what, people in found}
    assert share["enough"] > 0.55
    assert 0.1 < share["short"] < 0.35
    assert 0.03 < share["specialty"] < 0.2
    assert 0.03 < share["nothing"] < 0.2


# --- the people of the sign-ins -------------------------------------------------------------


def test_all_of_the_cast_has_a_part() -> None:
    assert set(WENT) == set(CAST)


def test_some_of_the_cast_stand_exactly_at_the_edge(ask: Rows) -> None:
    assert _hours(ask, "teacher", 2) == (3000, 6000), "exactly two thirds of 90"
    assert _hours(ask, "doctor", 2) == (3000, 6000)
    assert _hours(ask, "heilongjiang-teacher", 1) == (3001, 5999), "a hundredth too few"
    assert _hours(ask, "doctor", 1) == (2950, 6000), "half an hour short of the whole"
    assert _hours(ask, "hunan-doctor", 1) == (5400, 4000), "short of the specialty alone"
    assert _hours(ask, "hunan-doctor", 2) == (0, 0)
    assert [_hours(ask, "hunan-hydraulic", ago) for ago in (0, 1, 2)] == [(0, 0)] * 3


def _fields_of(ask: Rows, login: str) -> tuple[set[Any], Any]:
    """Fields in which somebody was trained, and the own one."""
    trained = ask(
        f"SELECT DISTINCT t.field_code FROM {OF_SESSIONS} JOIN users u"
        " ON u.professional_id = e.professional_id"
        f" WHERE u.login = '{login}' AND t.subject = 'specialty'"
    )
    own = ask(
        "SELECT DISTINCT h.field_code FROM titles h JOIN users u USING (professional_id)"
        f" WHERE u.login = '{login}' AND h.known_to IS NULL"
    )
    return values(trained), one(own)


def test_one_was_trained_in_her_own_field_and_one_only_in_sister_fields(ask: Rows) -> None:
    trained, own = _fields_of(ask, "agronomist")
    assert own in trained
    trained, own = _fields_of(ask, "teacher")
    assert own is not None
    assert trained
    assert own not in trained
    assert None not in trained, "nothing for the whole series either"


def test_one_had_8_hours_that_were_corrected_to_6(ask: Rows) -> None:
    entries = ask(
        "SELECT e.revision, e.hours_x100, e.reason FROM ledger_entries e JOIN users u USING"
        " (professional_id) WHERE u.login = 'jiangsu-pharmacist' AND e.session_id IN"
        " (SELECT session_id FROM ledger_entries WHERE revision = 3) ORDER BY 1"
    )
    assert entries == [(1, 800, None), (2, -800, stories.CORRECTED), (3, 600, None)]


def test_one_lost_all_hours_of_a_year_with_their_session(ask: Rows) -> None:
    entries = ask(
        "SELECT e.revision, e.hours_x100, t.state, t.revoked_because FROM"
        f" {OF_SESSIONS} JOIN users u ON u.professional_id = e.professional_id"
        f" WHERE u.login = 'beibei-nurse' AND e.year = {MOMENT.year - 1} ORDER BY 1"
    )
    assert entries == [
        (1, 4000, "revoked", stories.REVOKED),
        (2, -4000, "revoked", stories.REVOKED),
    ]
    assert _hours(ask, "beibei-nurse", 1) == (0, 0)


def test_the_base_has_held_rows_and_lines_that_stayed_behind(ask: Rows) -> None:
    of_base = "JOIN users u USING (provider_id) WHERE u.login = 'base'"
    assert one(ask(f"SELECT count(*) FROM held_rows h {of_base}")) >= 3
    assert one(
        ask(
            f"SELECT count(*) FROM uploads n {of_base} AND n.state = 'posted'"
            " AND (n.counts ->> 'wrong')::int > 0"
        )
    )
