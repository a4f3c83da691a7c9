"""Before rules come into force: whose verdict they would change, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from ce_tracker.cli import commands
from ce_tracker.compliance.differing import differing
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.policy.loading import load
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Professional
from config import Settings
from tests.compliance.crowds import YEAR, Crowd
from tests.compliance.world import BROKEN, LONG_AGO, Place, World
from tests.policy.case_files import LOCAL

HUANCUI, JIANGSU, ZHEJIANG = "371002", "320000", "330000"
REGIONS = (HUANCUI, JIANGSU, JIANGSU, ZHEJIANG, ZHEJIANG)
SUMMER, AFTER = date(2025, 8, 1), date(2026, 1, 15)
CHANGES = {
    "a lower threshold": ("jiangsu", '"90"\nscope', '"60"\nscope'),
    "a higher threshold": ("zhejiang", 'hours = "100"\nscope', 'hours = "101.5"\nscope'),
    "no more parts of a year": ("jiangsu", '"by_month"', '"whole"'),
    "another share": ("jiangsu", 'share = "2/3"', 'share = "1/2"'),
    "a rule for everybody": ("zhejiang", ', sectors = ["education"]', ""),
    "another day": ("zhejiang", "in_force_from = 2025-07-01", "in_force_from = 2025-08-02"),
}


def _amended(folder: Path, regime: str, was: str, becomes: str) -> Path:
    for file in LOCAL.glob("*.toml"):
        said = file.read_text()
        if file.stem == regime:
            assert was in said
            said = said.replace(was, becomes)
        (folder / file.name).write_text(said)
    return folder


def _judged(
    people: Iterable[int], packs: Packs, on: date, owner: Flask
) -> dict[int, dict[str, Outcome]]:
    """What breaks, or may, of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(owner.config, "CE_POLICIES", packs)
        return {
            person: {
                each.rule.name: each.outcome
                for each in verdict(person, YEAR, on=on).findings
                if each.outcome in BROKEN | {Outcome.UNDETERMINED}
            }
            for person in people
        }


@pytest.mark.parametrize("on", [SUMMER, AFTER])
def test_those_whose_verdict_changes_are_named_and_nobody_else(
    world: World, owner: Flask, tmp_path: Path, on: date
) -> None:
    Crowd(world, Random(on.isoformat()), 300, REGIONS)
    db.session.commit()
    people = db.session.scalars(
        select(Professional.id).where(Professional.merged_into.is_(None))
    ).all()
    before = load(LOCAL)
    now = _judged(people, before, on, owner)
    named = 0
    for name, change in CHANGES.items():
        (folder := tmp_path / name).mkdir()
        after = load(_amended(folder, *change))
        then = _judged(people, after, on, owner)
        found = {each.professional_id: each for each in differing(before, after, YEAR, on)}
        assert found.keys() == {person for person in people if now[person] != then[person]}, name
        for person, each in found.items():
            rules = {**now[person], **then[person]}
            assert {(c.rule, c.before, c.after) for c in each.changes} == {
                (rule, now[person].get(rule), then[person].get(rule))
                for rule in rules
                if now[person].get(rule) != then[person].get(rule)
            }
        named += len(found)
    assert named > 10


def test_the_same_rules_in_other_words_change_nobody(world: World, tmp_path: Path) -> None:
    world.person((world.unit(Place(JIANGSU)), LONG_AGO, None))
    after = load(_amended(tmp_path, "jiangsu", "每年不少于90学时", "每年应当不少于90学时"))
    assert list(differing(load(LOCAL), after, YEAR, AFTER)) == []


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def told(world: World, settings: Settings, tmp_path: Path) -> Any:
    """Of two people with 95 and 105 hours, where 100 are asked and 110 would be."""
    unit = world.unit(Place(ZHEJIANG))
    for hours in (9500, 10_500):
        world.has(world.person((unit, LONG_AGO, None)), YEAR, 3000, hours - 3000)
    db.session.commit()
    (folder := tmp_path / "new").mkdir()
    _amended(folder, "zhejiang", 'hours = "100"\nscope', 'hours = "110"\nscope')

    def run(*words: str) -> Result:
        asked = ["policy", "diff", str(folder), "--year", str(YEAR), *words]
        environ = settings.environment() | {"CE_POLICY_DIR": str(LOCAL)}
        return CliRunner().invoke(commands, asked, env=environ)

    return run


def test_the_command_counts_and_with_an_option_names(told: Any) -> None:
    done = told("--on", "2026-01-15")
    assert done.exit_code == 0, done.output
    assert "2025 年度，2026-01-15 判定：1 人的判定会改变。" in done.output
    assert "全年学时：不欠 → 未达标，1 人" in done.output
    assert "王晓岚" not in done.output
    assert "王晓岚（尾号 " in told("--on", "2026-01-15", "--people").output


def test_the_command_answers_programs_and_writes_a_sheet(told: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "会改变的人员.xlsx"
    done = told("--on", "2025-12-01", "--json", "--people", "--xlsx", str(sheet))
    answer = json.loads(done.output)
    assert (answer["people"], answer["rules"]) == (
        1,
        [{"rule": "annual_hours", "before": None, "after": "short", "people": 1}],
    )
    [person] = answer["differing"]
    assert set(person) == {"professional_id", "name", "id_tail", "employer", "rules"}
    [_, titles, row] = openpyxl.load_workbook(BytesIO(sheet.read_bytes()))["会改变的人员"].values
    assert titles[:3] == ("单位", "姓名", "证件号后四位")
    assert row[3:] == ("全年学时", "不欠", "尚有差额")


def test_what_is_not_in_force_on_the_day_is_said_not_to_count(told: Any) -> None:
    done = told("--on", "2025-06-30")
    assert "0 人的判定会改变" in done.output
    assert "2025-07-01 才施行，没有算在内" in done.output
