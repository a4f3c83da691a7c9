"""A base may hold what it is accredited for, on the days for which it is; others need nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry import facts
from ce_tracker.registry.models import Field, Provider
from ce_tracker.training import accredited
from tests.factories import Account, Factory
from tests.training import office
from tests.training.office import FIRST, LAST

Period = tuple[date, date, *tuple[str, ...]]
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
WHOLE_SERIES: dict[str, Any] = {"field_code": None}
NO_FIELD: dict[str, Any] = {"field_code": None, "series_code": None}
GENERAL: dict[str, Any] = {"subject": "general", **NO_FIELD}


@pytest.fixture
def base(make: Factory) -> Account:
    account = make.account(Role.PROVIDER)
    office.known_as(account, "base")
    return account


def obstacle(make: Factory, account: Account, **columns: Any) -> str | None:
    session = make.session(account, state="draft", **columns)
    return accredited.obstacle(session, db.session.get_one(Provider, account.actor.provider_id))


@pytest.mark.parametrize("kind", ["university", "superior_unit", "association"])
def test_who_is_no_base_needs_no_accreditation(make: Factory, kind: str) -> None:
    account = make.account(Role.PROVIDER)
    office.known_as(account, kind)
    assert obstacle(make, account) is None


def test_what_a_provider_is_must_be_known(make: Factory) -> None:
    said = obstacle(make, make.account(Role.PROVIDER))
    assert said is not None
    assert "类别还没有登记" in said


def test_what_it_was_on_the_first_day_counts(make: Factory) -> None:
    """And of a day before all that is known of it, what is known of the first day after."""
    account = make.account(Role.PROVIDER)
    office.known_as(account, "university", date(2024, 1, 1))
    office.known_as(account, "base", date(2026, 3, 3))
    assert obstacle(make, account) is None
    early = {
        "starts_at": office.at(date(2020, 5, 1), 9),
        "ends_at": office.at(date(2020, 5, 1), 17),
    }
    assert obstacle(make, account, **early) is None
    late = {"starts_at": office.at(date(2026, 3, 3), 9)}
    assert "没有登记过认定" in (obstacle(make, account, **late) or "")


@pytest.mark.parametrize(
    ("granted", "columns"),
    [
        ([YEAR], {}),
        ([(FIRST, LAST)], {}),
        ([(*YEAR, "school-01")], {}),
        ([(*YEAR, "school-02", "school-01")], {}),
        ([(FIRST, date(2026, 3, 3)), (date(2026, 3, 4), LAST)], {}),
        ([(FIRST, date(2026, 3, 4), "school-01"), (date(2026, 3, 3), LAST)], {}),
        ([(*YEAR, "school-02")], GENERAL),
        ([(*YEAR, "school-02")], NO_FIELD),
        ([YEAR], WHOLE_SERIES),
    ],
)
def test_a_base_may_hold_what_its_accreditations_cover_together(
    make: Factory, base: Account, granted: list[Period], columns: dict[str, Any]
) -> None:
    for period in granted:
        office.accredited(base, *period)
    assert obstacle(make, base, **columns) is None


@pytest.mark.parametrize(
    ("granted", "columns", "said"),
    [
        ([], {}, "没有登记过认定"),
        ([], GENERAL, "没有登记过认定"),
        ([(date(2026, 3, 3), LAST)], {}, "2026-03-02 没有有效的"),
        ([(FIRST, date(2026, 3, 5))], {}, "2026-03-06 没有有效的"),
        ([(FIRST, date(2026, 3, 5))], NO_FIELD, "2026-03-05，所有专业"),
        ([(FIRST, date(2026, 3, 3)), (date(2026, 3, 5), LAST)], {}, "2026-03-04 没有有效的"),
        ([(date(2024, 1, 1), date(2024, 12, 31))], GENERAL, "2026-03-02 没有有效的"),
        ([(*YEAR, "school-02", "school-03")], {}, "不包括“语文”"),
        ([(*YEAR, "school-02", "school-03")], {}, "“数学”、“英语”"),
        ([(FIRST, date(2026, 3, 4), "school-01"), (*YEAR, "school-02")], {}, "不包括“语文”"),
        ([(*YEAR, "school-01")], WHOLE_SERIES, "不包括“数学”"),
    ],
)
def test_a_base_is_told_what_its_accreditations_lack_and_what_they_cover(
    make: Factory, base: Account, granted: list[Period], columns: dict[str, Any], said: str
) -> None:
    for period in granted:
        office.accredited(base, *period)
    assert said in (obstacle(make, base, **columns) or "")


def test_a_list_of_every_field_of_a_series_covers_the_series(make: Factory, base: Account) -> None:
    codes = [f.code for f in db.session.query(Field).filter_by(series_code="school")]
    office.accredited(base, *YEAR, *codes)
    assert obstacle(make, base, **WHOLE_SERIES) is None


def test_a_withdrawn_accreditation_covers_nothing(make: Factory, base: Account, web: Flask) -> None:
    facts.withdraw(office.accredited(base))
    db.session.commit()
    assert "没有登记过认定" in (obstacle(make, base) or "")
