"""Shandong's directories in the demo: who is grassroots there, and what still waits."""

from __future__ import annotations

import pytest

from tests.demo.conftest import MOMENT, Rows, one, values

pytestmark = pytest.mark.xdist_group("demo")

YEAR = MOMENT.year
TODAY = f"DATE '{MOMENT:%Y-%m-%d}'"


def _listed(ask: Rows, login: str) -> bool | None:
    return one(  # type: ignore[no-any-return]
        ask(
            f"SELECT in_directory(e.id, e.region_path, {TODAY}, NULL) FROM users u"
            " LEFT JOIN professionals p ON p.id = u.professional_id"
            " JOIN employers e ON e.id = coalesce(u.employer_id, p.employer_id)"
            f" WHERE u.login = '{login}'"
        )
    )


def test_the_people_of_shandong_are_grassroots_where_they_are_meant_to_be(ask: Rows) -> None:
    found = {login: _listed(ask, login) for login in ("teacher", "school", "agronomist", "factory")}
    assert found == {"teacher": True, "school": True, "agronomist": True, "factory": False}
    assert _listed(ask, "heilongjiang-teacher") is None


def test_each_county_and_zone_of_shandong_has_a_list_of_last_year_and_this(ask: Rows) -> None:
    counties = values(
        ask(
            "SELECT DISTINCT r.path FROM employers e JOIN regions r ON r.path = e.region_path"
            " WHERE r.level IN ('county', 'zone') AND e.region_path LIKE '000000/370000/%'"
            " AND r.valid_to IS NULL"
        )
    )
    for year in (YEAR - 1, YEAR):
        assert values(ask(f"SELECT region_path FROM directories WHERE year = {year}")) == counties
    assert len(counties) >= 5


def test_one_list_came_back_with_a_reason_and_last_years_stays_in_force(ask: Rows) -> None:
    [(path, year)] = ask("SELECT region_path, year FROM directories WHERE state <> 'approved'")
    assert (path.rpartition("/")[2], year) == ("371072", YEAR)
    reasons = ask("SELECT reason FROM directory_steps WHERE what = 'returned'")
    assert len(reasons) == 1
    in_force = ask(
        "SELECT d.year FROM directories_in_force f JOIN directories d ON d.id = f.directory_id"
        f" WHERE f.region_path = '{path}' AND f.known_to IS NULL AND f.valid_to IS NULL"
    )
    assert in_force == [(YEAR - 1,)]


def test_lists_went_their_way_when_they_did_and_name_units_that_are_there(ask: Rows) -> None:
    year = "extract(year FROM at AT TIME ZONE 'Asia/Shanghai')"
    assert values(ask(f"SELECT {year} FROM directory_steps")) == {YEAR - 1, YEAR}
    unmatched = values(ask("SELECT name FROM directory_lines WHERE employer_id IS NULL"))
    assert unmatched
    assert all(name.endswith("老年大学") for name in unmatched)
