"""The policies over the API, and "what if"."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.policy import telling
from ce_tracker.policy.judge import judge
from ce_tracker.policy.loading import load
from tests.api.asking import Asker
from tests.factories import Factory
from tests.policy.case_files import all_cases

ASKED = {"region": "370000", "year": 2025, "on": "2026-01-15", "general": "30", "specialty": "60"}


@pytest.mark.parametrize("role", list(Role))
def test_everybody_reads_every_version_and_quote(web: Flask, make: Factory, role: Role) -> None:
    found = Asker(web, make.account(role)).get("/policies")["items"]
    packs = {pack["regime"]: pack for pack in found}
    assert set(packs) == set(load())
    (version,) = packs["shandong"]["versions"]
    assert version["in_force_from"] == "2020-04-22"
    assert version["grassroots"]["by"] == "directory"
    first = version["rules"][0]
    assert first["rule"] == "training_before_promotion"
    assert first["quote"] == "基层专业技术人员在申报高级职称前，要有接受本专业学习培训的经历"
    assert first["scope"]["titles"] == ["associate_senior", "full_senior"]
    assert first["parameters"] == {"after_present_title": True}
    assert packs["national"]["versions"][0]["rules"][1]["parameters"] == {
        "share": "2/3",
        "of": "earned",
    }


def test_what_if_answers_as_the_judge_does(web: Flask, make: Factory) -> None:
    asker = Asker(web, make.account(Role.PROFESSIONAL))
    told = asker.post("/policies/judge", ASKED | {"grassroots": True, "general": "41"})
    assert (told["regime"], told["outcome"]) == ("shandong", "failed")
    assert [rule["missing"] for rule in told["rules"]] == ["0", "22"]
    assert told["plan"] == "还需 22 学时，其中专业科目至少 22 学时"
    case = next(case for case in all_cases() if case.name == "没有地方规定的省，同一条")
    asked = {"region": "110000", "year": 2025, "on": "2026-01-15", "general": "41"}
    expected = telling.verdict(judge(load(), case.unit, case.year, date(2026, 1, 15)))
    assert asker.post("/policies/judge", asked | {"specialty": "60"}) == expected


def test_what_if_takes_a_reduced_year_and_today(web: Flask, make: Factory) -> None:
    asker = Asker(web, make.account(Role.EMPLOYER))
    asked = {key: value for key, value in ASKED.items() if key != "on"}
    told = asker.post("/policies/judge", asked | {"required": "0", "general": "0"})
    assert told["outcome"] == "exempt"
    assert told["plan"] is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("region", "999999", "没有这个代码"),
        ("region", "Shandong", "六位区划代码"),
        ("general", 30, "字符串"),
        ("general", "30.125", "两位小数"),
        ("specialty", "-1", "两位小数"),
        ("specialty", "NaN", "两位小数"),
        ("on", "2025-02-30", "日期"),
        ("year", 1, "2000 到 2100"),
        ("sector", "trade", "只能是"),
        ("name", "王晓岚", "没有这一项"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    web: Flask, make: Factory, field: str, value: object, said: str
) -> None:
    asker = Asker(web, make.account(Role.PROVIDER))
    assert said in asker.refused("POST", "/policies/judge", ASKED | {field: value})[field]
