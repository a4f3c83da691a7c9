"""The day is that of Shanghai, wherever the server stands."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ce_tracker import clock


def test_the_year_ends_when_it_ends_in_shanghai() -> None:
    with clock.pinned(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)):
        assert clock.today() == date(2026, 12, 31)
        assert clock.days_left_in_year(clock.today()) == 0
    with clock.pinned(datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC)):
        assert clock.today() == date(2027, 1, 1)
        assert clock.days_left_in_year(clock.today()) == 364


def test_a_leap_year_has_a_day_more() -> None:
    assert clock.days_left_in_year(date(2028, 1, 1)) == 365


def test_a_pinned_clock_is_let_go_again() -> None:
    with clock.pinned(datetime(2020, 1, 1, tzinfo=UTC)):
        assert clock.today().year == 2020
    assert clock.today().year > 2020
