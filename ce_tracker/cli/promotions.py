"""promotion: may somebody apply for a title, and does every application stand where it should."""

from __future__ import annotations

from datetime import date

import click

from ce_tracker import clock
from ce_tracker.cli.context import owner_app
from ce_tracker.cli.ledger import look_at
from ce_tracker.cli.policy import Day
from ce_tracker.errors import CeTrackerError
from ce_tracker.policy.careers import LEVELS
from ce_tracker.policy.promoting import GateVerdict
from ce_tracker.promotions import gate
from ce_tracker.promotions.proving import PARTS
from ce_tracker.registry.dated import Track


def register(group: click.Group) -> None:
    group.add_command(promotion)


@click.group()
def promotion() -> None:
    """职称申报：试算能不能申报，核验申报的判定和状态。"""


@promotion.command()
@click.option("--person", type=int, required=True, help="人员的编号。")
@click.option("--target", type=click.Choice(LEVELS), required=True, help="申报的级别。")
@click.option(
    "--track", type=click.Choice([each.value for each in Track]), required=True, help="哪一类职称。"
)
@click.option("--field", help="申报的专业代码；不写是现职称的。")
@click.option("--on", type=Day(), help="哪一天申报；默认今天。")
def check(person: int, target: str, track: str, field: str | None, on: date | None) -> None:
    """一个人能不能申报，逐条说明；不留记录。"""
    with owner_app():
        record = gate.root(person)
        wanted = gate.wish_of_person(record, target, track, None, field, on or clock.today())
        _say(gate.check(record, wanted))


@promotion.command()
def verify() -> None:
    """核验职称申报：每个判定都是本系统作出的，每份申报的状态都有依据；不符的逐条列出。"""
    with owner_app():
        found = look_at(list(PARTS.values()))
    if found:
        raise CeTrackerError(f"职称申报核验发现 {found} 处不符。")
    click.echo("职称申报核验通过，没有发现不符。")


def _say(found: GateVerdict) -> None:
    if found.passes:
        click.secho("可以申报。", fg="green")
    else:
        click.secho(f"不能申报。{found.no_way}", fg="red")
    for each in found.findings:
        citation = each.citation
        click.echo(f"{'✗' if each.blocks else '·'} {each.rule.label}：{each.weighed.found}")
        if each.weighed.remedy:
            click.echo(f"    {each.weighed.remedy}")
        click.echo(f"    {citation.document.number} {citation.clause}")
