"""demo: an invented installation to look at."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ce_tracker import database
from ce_tracker.cli.context import owner_app
from ce_tracker.demo import build
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.errors import Conflict, SettingsError
from ce_tracker.extensions import db
from config import Env, Settings


def register(group: click.Group) -> None:
    group.add_command(demo)


@click.command()
def demo() -> None:
    """在空的数据库中装入演示数据和演示账号。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        if settings.env is Env.PRODUCTION:
            raise SettingsError(["正式环境不能装入演示数据。"])
        database.bring_up_to_date(app)
        if not build.is_empty():
            raise Conflict("数据库中已有账号，演示数据只能装入空的数据库。")
        fill_if_empty(settings, Console())


def fill_if_empty(settings: Settings, console: Console) -> None:
    if not build.is_empty():
        return
    places = build.counties()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("装入演示数据", total=len(places) + len(DEMO_ACCOUNTS))
        build.build(settings.keyring(), places, lambda steps: progress.advance(task, steps))
    db.session.commit()
