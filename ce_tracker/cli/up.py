"""up, migrate: starting it, and bringing the database up to date."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from ce_tracker import database
from ce_tracker.accounts.guard import refuse_demo_accounts
from ce_tracker.app import create_app
from ce_tracker.cli.context import owner_app
from ce_tracker.cli.demo import fill_if_empty
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from ce_tracker.extensions import db
from ce_tracker.up import everything
from config import DatabaseRole, Env, Settings


def register(group: click.Group) -> None:
    group.add_command(up)
    group.add_command(migrate)


@click.command()
def up() -> None:
    """启动全部服务，直到按下 Ctrl-C。

    没有给出地址的 PostgreSQL 和 Redis 会在 CE_HOME 中启动；数据库自动升级；演示环境首次启动时
    装入演示数据；随后启动网页、后台进程和定时器，哪个意外停止就重新启动哪个。
    """
    console = Console()
    with everything(Settings.from_env()) as supervisor:
        settings = supervisor.settings
        console.print("数据库已启动，正在检查结构……")
        app = create_app(settings, DatabaseRole.OWNER)
        database.bring_up_to_date(app)
        with app.app_context():
            if settings.env is Env.DEMO:
                fill_if_empty(settings, console)
            else:
                refuse_demo_accounts()
            db.session.remove()
            db.engine.dispose()
        if supervisor.stopping:
            return
        supervisor.start_application()
        supervisor.wait_until_ready()
        if not supervisor.stopping:
            _greet(console, supervisor.url, settings)
        supervisor.look_after()
        console.print("\n正在停止……")
    console.print("已全部停止，数据都已保存。")


@click.command()
def migrate() -> None:
    """把数据库升级到当前版本（角色、表、区划）。可以反复执行。"""
    with owner_app() as app:
        database.bring_up_to_date(app)
    click.echo("数据库已是当前版本。")


def _greet(console: Console, url: str, settings: Settings) -> None:
    console.print(f"\n[bold green]已就绪[/]：[bold]{url}[/]    日志：{settings.home / 'logs'}\n")
    if settings.env is Env.DEMO:
        table = Table(title=f"演示账号，密码都是 {DEMO_PASSWORD}", title_justify="left")
        for heading in ("登录名", "身份", "所属"):
            table.add_column(heading)
        for account in DEMO_ACCOUNTS:
            sector = f" · {account.sector.label}" if account.sector else ""
            table.add_row(account.login, account.role_title, account.place + sector)
        console.print(table)
    console.print("按 Ctrl-C 停止。")
