"""ledger: proving that everything in it agrees, and keeping its head elsewhere."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from ce_tracker.cli.context import owner_app
from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.ledger import head as heads
from ce_tracker.ledger.proof import Part, pieces
from ce_tracker.ledger.proving import PARTS, against
from config import Settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def register(group: click.Group) -> None:
    group.add_command(ledger)


@click.group()
def ledger() -> None:
    """学时台账：核验，导出台账摘要。"""


@ledger.command()
def head() -> None:
    """印出台账摘要：一行，带签名。请保存到系统以外，日后用 ledger verify --head 核对。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        click.echo(heads.current().signed(settings.keyring()))


@ledger.command()
@click.option("--head", "head_file", type=FILE, help="以前用 ledger head 印出并保存的文件。")
def verify(head_file: Path | None) -> None:
    """核验台账：链条、记录、学时汇总、待登记学时和封账以后的入账相互一致；不一致的逐条列出。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        parts = list(PARTS.values())
        if head_file is not None:
            kept = heads.kept(head_file.read_text(errors="replace"), settings.keyring())
            parts.insert(0, against(kept))
        now = heads.current()
        found = look_at(parts)
    if found:
        raise CeTrackerError(f"台账核验发现 {found} 处不符。")
    click.echo(f"台账核验通过：{now.position} 批入账，{now.entries} 条记录，没有发现不符。")


def look_at(parts: list[Part]) -> int:
    """Says each finding as it is found; how many there were."""
    found = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for part in parts:
            task = progress.add_task(part.title, total=1.0)
            for piece in pieces(part):
                for finding in piece.findings:
                    click.secho(f"✗ {finding}", fg="red")
                found += len(piece.findings)
                progress.update(task, completed=piece.share)
                db.session.rollback()  # each piece sees its own moment, and holds up nobody
            progress.update(task, completed=1.0)
    return found
