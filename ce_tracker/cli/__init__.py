"""`ce-tracker`: one file per group of commands."""

from __future__ import annotations

import sys

import click

from ce_tracker import logs
from ce_tracker.cli import (
    accounts,
    backup,
    demo,
    doctor,
    keys,
    ledger,
    policy,
    promotions,
    sweep,
    up,
)
from ce_tracker.errors import CeTrackerError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """继续教育学时服务的命令行。

    设置都来自环境变量，见 docs/settings.md。没有 DATABASE_URL 时使用 CE_HOME 中的内置数据库，
    服务是否正在运行都可以。
    """


for group in (up, demo, accounts, keys, ledger, policy, sweep, promotions, backup, doctor):
    group.register(commands)


def main() -> None:
    logs.configure("WARNING")
    try:
        commands()
    except CeTrackerError as error:
        click.secho(str(error.detail), fg="red", err=True)
        for problem in error.facts.get("errors", ()):
            click.echo(f"  · {problem['message']}", err=True)
        sys.exit(1)
