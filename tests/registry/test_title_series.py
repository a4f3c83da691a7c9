"""The title series: what the file holds, what the tables hold, and what a title's name says."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker.extensions import db
from ce_tracker.registry import title_series
from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.models import Field, TitleSeries
from ce_tracker.registry.title_series import catalogue, field_of, series_of, title_of

J, I, A, F = TitleLevel  # noqa: E741


def _meant(text: str, series: str | None = None) -> set[tuple[str | None, TitleLevel]]:
    return {(reading.series_code, reading.level) for reading in title_of(text, series)}


def test_there_are_27_series_each_with_names_for_all_four_levels_and_fields() -> None:
    assert len(catalogue()) == 27
    for series in catalogue().values():
        assert list(series.title_names) == list(TitleLevel)
        assert all(series.title_names.values())
        assert series.fields


def test_every_series_that_the_policies_name_has_sister_fields() -> None:
    for code in ("health", "school", "agriculture", "engineering", "vocational", "statistics"):
        assert len(catalogue()[code].fields) > 1


def test_no_name_stands_at_two_levels_of_one_series() -> None:
    for series in catalogue().values():
        names = [name for level in series.title_names.values() for name in level]
        assert len(names) == len(set(names)), series.name


def test_loading_again_changes_nothing_and_mends_what_was_changed(owner: Flask) -> None:
    with owner.app_context():
        count = db.session.scalar(select(func.count()).select_from(Field))
        db.session.get_one(TitleSeries, "school").name = "教师"
        db.session.flush()
        title_series.load_title_series()
        db.session.expire_all()
        assert db.session.get_one(TitleSeries, "school").name == "中小学教师"
        assert db.session.scalar(select(func.count()).select_from(Field)) == count
        assert count == sum(len(series.fields) for series in catalogue().values())
        db.session.rollback()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("一级教师", {("school", I)}),
        ("正高级教师", {("school", F)}),
        ("小学高级教师", {("school", I)}),
        ("中学高级教师", {("school", A)}),
        ("主治（主管）医师", {("health", I)}),
        ("主任（中）药师", {("health", F)}),
        (" 主管 护师 ", {("health", I)}),
        ("农业技术推广研究员", {("agriculture", F)}),
        ("高级工程师(副高级)", {("engineering", A)}),
        ("讲师", {("university", I), ("technician", I), ("vocational", I)}),
        ("研究员", {("philosophy", F), ("science", F)}),
        ("副高级", {(None, A)}),
        ("正高", {(None, F)}),
        ("高级", {(None, A), (None, F)}),
        ("高级（正高）", {(None, F)}),
        ("局长", set()),
    ],
)
def test_a_title_as_people_write_it_is_read(
    text: str, meant: set[tuple[str | None, TitleLevel]]
) -> None:
    assert _meant(text) == meant


def test_a_series_tells_apart_what_a_name_leaves_open() -> None:
    assert _meant("讲师", "中等职业学校教师") == {("vocational", I)}
    assert _meant("高级", "卫生系列") == {("health", A), ("health", F)}


def test_a_grassroots_title_says_so_in_its_name() -> None:
    (reading,) = title_of("基层高级教师")
    assert (reading.track, reading.level) == (Track.GRASSROOTS, A)
    assert reading.name == "高级教师"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("卫生专业技术人员", "health"),
        ("工程系列", "engineering"),
        ("高校教师", "university"),
        ("中小学教师系列", "school"),
        ("律师", "law"),
        ("魔法", None),
    ],
)
def test_a_series_is_found_by_what_lists_call_it(text: str, code: str | None) -> None:
    assert series_of(text) == code


def test_a_field_is_found_within_its_series_alone() -> None:
    assert field_of("语文", "school") != field_of("语文", "vocational")
    assert field_of("语文", "health") is None


@pytest.mark.parametrize("text", ["", "无", "暂无", "/"])
def test_a_cell_may_say_that_there_is_no_title(text: str) -> None:
    assert title_series.is_no_title(text)
