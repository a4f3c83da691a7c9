"""The regions: complete today, right on every day, and never lost."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from ce_tracker.extensions import db
from ce_tracker.registry import regions
from ce_tracker.registry.models import Region

TODAY = date(2026, 11, 20)


def _counties(code: str, day: date) -> int:
    province = regions.by_code(code)
    assert province is not None
    count = db.session.scalar(
        select(func.count()).where(
            func.starts_with(Region.path, province.path),
            Region.level == "county",
            Region.holds_on(day),
        )
    )
    assert count is not None
    return count


@pytest.mark.parametrize(
    ("province", "counties"),
    [("230000", 121), ("430000", 122), ("500000", 37), ("370000", 136), ("640000", 22)],
)
def test_the_five_provinces_are_complete_down_to_the_county(
    owner: Flask, province: str, counties: int
) -> None:
    with owner.app_context():
        assert _counties(province, TODAY) == counties


@pytest.mark.parametrize(
    ("province", "day", "counties"),
    [
        ("370000", date(2012, 1, 1), 140),
        ("370000", date(2019, 1, 1), 137),
        ("370000", date(2020, 6, 4), 137),
        ("370000", date(2020, 6, 5), 136),
        ("230000", date(2019, 6, 28), 128),
        ("500000", date(2025, 11, 6), 38),
    ],
)
def test_an_earlier_day_has_its_own_counties(
    owner: Flask, province: str, day: date, counties: int
) -> None:
    with owner.app_context():
        assert _counties(province, day) == counties


def test_all_provinces_are_there(owner: Flask) -> None:
    with owner.app_context():
        nation = regions.by_code(regions.NATION)
        assert nation is not None
        assert len(regions.children(nation, TODAY)) == 34


def test_weihais_three_national_zones_are_regions_of_their_own(owner: Flask) -> None:
    with owner.app_context():
        weihai = regions.by_code("371000")
        assert weihai is not None
        zones = {r.name for r in regions.children(weihai, TODAY) if r.level == "zone"}
        assert zones == {
            "威海火炬高技术产业开发区",
            "威海经济技术开发区",
            "威海临港经济技术开发区",
        }


def test_a_county_that_became_a_district_ended_the_day_its_successor_began(owner: Flask) -> None:
    with owner.app_context():
        before, after = regions.by_code("370181"), regions.by_code("370114")
        assert before is not None
        assert after is not None
        assert before.valid_to == after.valid_from == date(2016, 9, 14)


def test_every_region_lies_in_one_that_was_there_as_long(owner: Flask) -> None:
    with owner.app_context():
        orphans = db.session.execute(
            text(
                "SELECT c.path FROM regions c JOIN regions p ON p.path = c.parent_path"
                " WHERE NOT starts_with(c.path, p.path || '/')"
                " OR coalesce(p.valid_to, 'infinity') < coalesce(c.valid_to, 'infinity')"
            )
        ).all()
        assert not orphans


def test_a_corrected_name_reaches_the_table_and_nothing_is_removed(owner: Flask) -> None:
    with owner.app_context():
        before = db.session.scalar(select(func.count()).select_from(Region))
        db.session.execute(text("UPDATE regions SET name = '错' WHERE code = '371000'"))
        regions.load_regions()
        db.session.commit()
        weihai = regions.by_code("371000")
        assert weihai is not None
        assert weihai.name == "威海市"
        assert db.session.scalar(select(func.count()).select_from(Region)) == before
