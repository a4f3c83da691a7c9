"""keys: making, changing and retiring the keys that seal."""

from __future__ import annotations

import os

import click

from ce_tracker import (
    audit,
    database,
    idempotency,  # noqa: F401  what is sealed there is found by its models
    jobs,
    rotation,
)
from ce_tracker.cli.context import owner_app
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import db
from ce_tracker.home import Home
from ce_tracker.notices import models  # noqa: F401  as above
from ce_tracker.promotions import models as applied  # noqa: F401  as above
from ce_tracker.sealing import KEY_BYTES, Keyring
from config import Settings


def register(group: click.Group) -> None:
    group.add_command(keys)


@click.group()
def keys() -> None:
    """密钥：新建、查看、更换、停用。"""


@keys.command()
@click.option("--version", type=click.IntRange(1, 65535), default=1, help="密钥的版本号。")
def new(version: int) -> None:
    """生成一把密钥，供 CE_KEYS 使用；不保存。"""
    click.echo(str(Keyring({version: os.urandom(KEY_BYTES)})))


@keys.command()
def status() -> None:
    """每个加密字段中，各版本密钥加密的值各有多少。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        click.echo(f"当前密钥版本：{settings.keyring().current}")
        for column, versions in rotation.values_by_version().items():
            parts = [f"版本 {version}：{count}" for version, count in sorted(versions.items())]
            click.echo(f"{column}  {'，'.join(parts) or '无'}")


@keys.command()
def rotate() -> None:
    """换用新密钥，并让后台把已有的值重新加密。

    CE_HOME 自管密钥时，本命令自动加入新密钥，重启服务后生效；用 CE_KEYS 时，请先把 keys new
    生成的新密钥加在前面并重启服务，再执行本命令。
    """
    settings = Settings.from_env()
    if settings.keys is None:
        home = Home(settings.home)
        home.prepare()
        home.keep_keys(home.keys().with_new_key())
    with owner_app() as app:
        settings = app.config["CE_SETTINGS"]
        version = settings.keyring().current
        database.keep_gate_keys(settings.keyring())
        jobs.ask("reseal", f"key {version}", version=version)
        audit.record("keys.rotated", f"密钥版本 {version}", version=version)
        db.session.commit()
    click.echo(f"新密钥版本 {version} 已启用，重新加密已排入后台；请重启正在运行的服务。")
    click.echo("用 ce-tracker keys status 查看进度，旧密钥没有剩余的值之后可用 keys retire 停用。")


@keys.command()
@click.argument("version", type=int)
def retire(version: int) -> None:
    """停用一把旧密钥；还有值靠它打开时拒绝。"""
    with owner_app() as app:
        settings: Settings = app.config["CE_SETTINGS"]
        left = sum(counts.get(version, 0) for counts in rotation.values_by_version().values())
        if version not in settings.keyring().versions:
            raise NotFound(f"没有版本为 {version} 的密钥。")
        if version == settings.keyring().current:
            raise Conflict("这是当前密钥，不能停用。")
        if left:
            raise Conflict(f"还有 {left} 个值由版本 {version} 加密，请等重新加密完成。")
        if Settings.from_env().keys is None:
            Home(settings.home).keep_keys(settings.keyring().without(version))
            click.echo(f"版本 {version} 已停用。")
        else:
            click.echo(f"版本 {version} 已没有值使用，可以从 CE_KEYS 中去掉。")
