"""policy: asking "what if", checking an official's packs, and whom they would concern. Only the
last needs the database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from ce_tracker import clock
from ce_tracker.cli.context import owner_app
from ce_tracker.compliance import differing
from ce_tracker.hours import parsed
from ce_tracker.policy import telling
from ce_tracker.policy.loading import load
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.what_if import EARLIEST_YEAR, LATEST_YEAR, Question
from ce_tracker.policy.words import SECTORS
from ce_tracker.registry.regions import all_codes, way_to
from config import Settings


class Hours(click.ParamType[int]):
    name = "学时"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = parsed(value)
        if found is None:
            self.fail(
                f"“{value}”不是学时数：应是不带正负号的数字，最多两位小数，如 90 或 7.5", param, ctx
            )
        return found


class Day(click.ParamType[date]):
    name = "日期"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            self.fail(f"“{value}”不是日期：应写成 2026-01-15 这样", param, ctx)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"没有 {value} 这一天", param, ctx)


class Place(click.ParamType[tuple[str, ...]]):
    name = "区划代码"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        found = way_to(value)
        if found is None:
            self.fail(f"没有代码为“{value}”的行政区划，如山东省是 370000", param, ctx)
        return found


def register(group: click.Group) -> None:
    group.add_command(policy)


@click.group()
def policy() -> None:
    """政策规则：试算一个年度，检查地方规则文件。"""


@policy.command()
@click.option("--region", "regions", type=Place(), required=True, help="单位所在地的六位代码。")
@click.option(
    "--grassroots/--no-grassroots",
    default=None,
    help="是不是基层；不写时按所在地判断，判断不了的会说明。",
)
@click.option("--sector", type=click.Choice(list(SECTORS)), help="单位所属行业。")
@click.option(
    "--year", type=click.IntRange(EARLIEST_YEAR, LATEST_YEAR), required=True, help="哪个年度。"
)
@click.option("--on", type=Day(), help="在哪一天判定；默认今天。")
@click.option("--general", "general_x100", type=Hours(), required=True, help="公需科目学时。")
@click.option("--specialty", "specialty_x100", type=Hours(), required=True, help="专业科目学时。")
@click.option(
    "--required", "required_x100", type=Hours(), help="经批准减少后应完成的学时；不写为不减少。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON，供程序读取。")
def judge(*, on: date | None, as_json: bool, **asked: Any) -> None:
    """试算：这样的学时达不达标，差多少，依据哪一条。不读也不改任何数据。"""
    packs = load(Settings.from_env().policy_dir, all_codes())
    verdict = Question(on=on or clock.today(), **asked).answer(packs)
    if as_json:
        click.echo(json.dumps(telling.verdict(verdict), ensure_ascii=False))
    else:
        click.echo("\n".join(telling.in_words(verdict)))


@policy.command()
@click.argument("folder", metavar="文件夹", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """检查文件夹中的地方规则文件；有误的逐条列出，说明应当怎样写。"""
    for pack in load(folder.resolve(), all_codes()).values():
        for version in pack.versions:
            click.echo(
                f"{pack.name}（{pack.regime}）：{version.in_force_from} 起施行，"
                f"{len(version.rules)} 条，{version.file}"
            )
    click.echo("没有发现问题。")


@policy.command()
@click.argument("folder", metavar="文件夹", type=click.Path(path_type=Path))
@click.option(
    "--year",
    type=click.IntRange(EARLIEST_YEAR, LATEST_YEAR),
    help="哪个年度；默认判定日所在的年度。",
)
@click.option("--on", type=Day(), help="在哪一天判定；默认今天。")
@click.option("--people", is_flag=True, help="逐人列出。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON，供程序读取。")
@click.option(
    "--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="逐人写入这个电子表格文件。"
)
def diff(
    folder: Path,
    year: int | None,
    on: date | None,
    xlsx: Path | None,
    *,
    people: bool,
    as_json: bool,
) -> None:
    """比较现行规则和文件夹中的规则：施行后，谁的判定会改变。不改任何数据。"""
    day = on or clock.today()
    after = load(folder.resolve(), all_codes())
    with owner_app() as app:
        before: Packs = app.config["CE_POLICIES"]
        found = list(differing.differing(before, after, year or day.year, day))
    if xlsx is not None:
        xlsx.write_bytes(differing.as_file(found, year or day.year, day))
    said = _Diff(year or day.year, day, found, _not_yet(before, after, day))
    if as_json:
        click.echo(json.dumps(said.as_json(people=people), ensure_ascii=False))
    else:
        click.echo("\n".join(said.in_words(people=people)))


def _not_yet(before: Packs, after: Packs, day: date) -> list[date]:
    """When what is new comes into force, where that is later."""
    old = {version.digest for pack in before.values() for version in pack.versions}
    return sorted(
        {
            version.in_force_from
            for pack in after.values()
            for version in pack.versions
            if version.digest not in old and version.in_force_from > day
        }
    )


@dataclass(frozen=True)
class _Diff:
    year: int
    day: date
    found: list[differing.Difference]
    not_yet: list[date]

    def as_json(self, *, people: bool) -> dict[str, Any]:
        changes, units, total = differing.counted(self.found)
        told: dict[str, Any] = {
            "year": self.year,
            "on": self.day.isoformat(),
            "people": total,
            "rules": [
                differing.as_words(each) | {"people": n} for each, n in changes.most_common()
            ],
            "employers": [
                {"id": id_, "name": name, "people": n} for (id_, name), n in units.most_common()
            ],
        }
        return told | ({"differing": list(differing.as_json(self.found))} if people else {})

    def in_words(self, *, people: bool) -> Iterator[str]:
        changes, units, total = differing.counted(self.found)
        yield f"{self.year} 年度，{self.day} 判定：{total} 人的判定会改变。"
        for each, count in changes.most_common():
            yield f"  {each.label}：{_turn(each)}，{count} 人"
        for (_, name), count in units.most_common():
            yield f"  {name}：{count} 人"
        if people:
            for who in self.found:
                turns = "；".join(f"{each.label} {_turn(each)}" for each in who.changes)
                yield f"{who.employer} {who.name}（尾号 {who.id_tail}）：{turns}"
        for begins in self.not_yet:
            yield f"注意：有一个版本 {begins} 才施行，没有算在内；用 --on 写那天以后的日期再看。"


def _turn(change: differing.Change) -> str:
    return f"{differing.label(change.before)} → {differing.label(change.after)}"
