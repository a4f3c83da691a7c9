"""backup, restore."""

from __future__ import annotations

from pathlib import Path

import click

from ce_tracker import backup as backups
from ce_tracker import database
from ce_tracker.cli.context import owner_app

FILE = click.Path(dir_okay=False, path_type=Path)


def register(group: click.Group) -> None:
    group.add_command(backup)
    group.add_command(restore)


@click.command()
@click.argument("target", type=FILE)
def backup(target: Path) -> None:
    """把整个数据库备份到一个文件。服务照常运行。

    密钥不在备份中，请另行妥善保存 CE_KEYS（或 CE_HOME 中的 keys 文件）；没有它，备份中的证件号码
    无法打开。
    """
    with owner_app() as app:
        manifest = backups.write_backup(app, target.resolve())
    click.echo(f"已备份 {sum(manifest.rows.values())} 行到 {target}。")
    click.echo(f"请另行保存密钥（版本 {'、'.join(manifest.key_fingerprints)}）。")


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(source: Path) -> None:
    """把备份恢复到一个空的数据库，逐表核对行数，再升级到当前版本。"""
    with owner_app() as app:
        manifest = backups.restore_backup(app, source)
        click.echo(f"已恢复 {manifest.made_at} 的备份，各表行数与清单一致。")
        database.bring_up_to_date(app)
    click.echo("数据库已是当前版本，可以启动服务。")
