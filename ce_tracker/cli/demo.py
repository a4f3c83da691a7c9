"""demo: an invented installation to look at."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ce_tracker import database
from ce_tracker.cli.context import owner_app
from ce_tracker.demo import build
from ce_tracker.errors import Conflict, SettingsError
from ce_tracker.extensions import db
from config import Env, Settings


def register(group: click.Group) -> None:
    group.add_command(demo)


@click.command()
@click.option(
    "--people",
    type=click.IntRange(min=build.FEWEST_PEOPLE),
    default=build.DEFAULT_PEOPLE,
    show_default=True,
    help="多少名专业技术人员。",
)
@click.option(
    "--seed",
    type=int,
    default=build.DEFAULT_SEED,
    show_default=True,
    help="随机种子；种子、人数和日期都相同，装入的数据就相同。",
)
def demo(people: int, seed: int) -> None:
    """在空的数据库中装入演示数据和演示账号。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        if settings.env is Env.PRODUCTION:
            raise SettingsError(["正式环境不能装入演示数据。"])
        database.bring_up_to_date(app)
        if not build.is_empty():
            raise Conflict("数据库中已有账号，演示数据只能装入空的数据库。")
        fill_if_empty(settings, Console(), people, seed)


def fill_if_empty(
    settings: Settings,
    console: Console,
    people: int = build.DEFAULT_PEOPLE,
    seed: int = build.DEFAULT_SEED,
) -> None:
    if not build.is_empty():
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("装入演示数据", total=build.steps(people))
        for _ in build.build(
            settings.keyring(), people, seed, lambda steps: progress.advance(task, steps)
        ):
            db.session.commit()
