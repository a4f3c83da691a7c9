"""Title series and fields over the API."""

from __future__ import annotations

from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.registry.title_series import catalogue
from tests.api.asking import Asker
from tests.factories import Factory


def test_every_series_says_what_its_levels_are_called(web: Flask, make: Factory) -> None:
    asker = Asker(web, make.account(Role.PROVIDER))
    series = {row["code"]: row for row in asker.get("/title-series", limit=200)["items"]}
    assert set(series) == set(catalogue())
    assert series["health"]["name"] == "卫生技术"
    assert "主治医师" in series["health"]["title_names"]["intermediate"]


def test_fields_are_those_of_a_series_page_by_page(web: Flask, make: Factory) -> None:
    asker = Asker(web, make.account(Role.PROFESSIONAL))
    first = asker.get("/fields", series="school", limit=3)
    second = asker.get("/fields", series="school", limit=3, cursor=first["next_cursor"])
    codes = [row["code"] for page in (first, second) for row in page["items"]]
    assert codes == [f"school-0{number}" for number in range(1, 7)]
    assert {row["series"] for row in first["items"]} == {"school"}
    assert asker.get("/fields", series="wizardry")["items"] == []
