"""sweep: judging everybody's year now, instead of tonight."""

from __future__ import annotations

from datetime import date

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.cli.context import owner_app
from ce_tracker.cli.policy import Day
from ce_tracker.compliance.models import Sweep
from ce_tracker.compliance.sweeping import Night, step
from ce_tracker.extensions import db


def register(group: click.Group) -> None:
    group.add_command(sweep)


@click.command()
@click.option("--year", type=click.IntRange(2015, 2100), required=True, help="哪个年度。")
@click.option("--on", type=Day(), help="按哪一天判定；默认今天。")
@click.option("--whole", is_flag=True, help="重新核对每个人的任职、规定和免除，不只看有变化的。")
def sweep(year: int, on: date | None, *, whole: bool) -> None:
    """判定全部人员一个年度的学时：预警不达标的，解除已补足的。每晚自动进行，也可随时执行。"""
    with owner_app():
        night = Night(year, on or clock.today(), whole=whole)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("判定学时", total=None)
            finished = False
            while not finished:
                finished = step(night)
                db.session.commit()
                progress.update(bar, completed=night.done, total=night.ranges)
        done = db.session.scalars(select(Sweep).where(Sweep.id == night.sweep_id)).one()
        if done.finished_at is None:
            click.echo(f"{year} 年度另有一次判定后来开始，由它判定完毕；本次没有做完，不需要再做。")
            return
        click.echo(f"{year} 年度判定完毕：新增预警 {done.opened} 条，解除 {done.closed} 条。")
