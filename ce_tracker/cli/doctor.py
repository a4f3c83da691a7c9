"""doctor: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import click
import psycopg
import redis

from ce_tracker import clock, embedded
from ce_tracker.accounts.guard import refuse_demo_accounts
from ce_tracker.app import create_app
from ce_tracker.database import MIGRATIONS, OLDEST_POSTGRES
from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from config import DatabaseRole, Env, Settings

LEAST_FREE_BYTES = 2 * 2**30
MOST_CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class Finding:
    subject: str
    trouble: str = ""
    remedy: str = ""


def register(group: click.Group) -> None:
    group.add_command(doctor)


@click.command()
def doctor() -> None:
    """检查这套系统：设置、磁盘、PostgreSQL、角色、密钥、时钟、Redis，并说明怎样解决。"""
    troubles = 0
    for finding in examine():
        if finding.trouble:
            troubles += 1
            click.secho(f"✗ {finding.subject}：{finding.trouble}", fg="red")
            click.echo(f"  → {finding.remedy}")
        else:
            click.echo(f"✓ {finding.subject}")
    if troubles:
        raise CeTrackerError(f"发现 {troubles} 个问题。")
    click.echo("没有发现问题。")


def examine() -> Iterator[Finding]:
    try:
        settings = Settings.from_env()
    except CeTrackerError as error:
        yield Finding("设置", error.detail, "按 docs/settings.md 改正环境变量。")
        return
    yield Finding("设置")
    yield _disk(settings)
    try:
        with embedded.running(settings) as completed:
            for check in (_postgres, _roles, _migrations, _keys, _clock, _demo, _redis):
                yield from _checked(check, completed)
    except CeTrackerError as error:
        yield Finding("服务器", error.detail, "按提示解决后再运行 ce-tracker doctor。")


def _checked(
    check: Callable[[Settings], Iterator[Finding]], settings: Settings
) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except psycopg.OperationalError as error:
        yield Finding(
            "PostgreSQL",
            str(error).strip().splitlines()[0],
            "检查 DATABASE_URL，确认 PostgreSQL 正在运行并允许从本机连接。",
        )


def _disk(settings: Settings) -> Finding:
    place = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE_BYTES:
        return Finding("磁盘", f"只剩 {free // 2**20} MB", f"为 {place} 腾出空间。")
    return Finding("磁盘")


def _postgres(settings: Settings) -> Iterator[Finding]:
    with psycopg.connect(settings.database_for(DatabaseRole.OWNER), connect_timeout=5) as owner:
        version = owner.info.server_version // 10000
    if version < OLDEST_POSTGRES:
        yield Finding("PostgreSQL", f"版本是 {version}", f"升级到 {OLDEST_POSTGRES} 或更高版本。")
    else:
        yield Finding(f"PostgreSQL {version}")


def _roles(settings: Settings) -> Iterator[Finding]:
    for role in (DatabaseRole.WEB, DatabaseRole.WORKER):
        try:
            with psycopg.connect(settings.database_for(role), connect_timeout=5) as connection:
                row = connection.execute(
                    "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            yield Finding(
                f"数据库角色 {role}",
                "不能登录",
                "先运行 ce-tracker migrate；若角色的密码另有规定，"
                f"请设置 CE_{role.removeprefix('ce_').upper()}_DATABASE_URL。",
            )
            continue
        if row is None or row[0]:
            yield Finding(
                f"数据库角色 {role}",
                "权限过大，行级安全对它不起作用",
                f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS;",
            )
        else:
            yield Finding(f"数据库角色 {role}")


def _migrations(settings: Settings) -> Iterator[Finding]:
    from alembic.config import Config  # noqa: PLC0415  slow to import, and needed here alone
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    newest = ScriptDirectory.from_config(config).get_current_head()
    with psycopg.connect(settings.database_for(DatabaseRole.OWNER), connect_timeout=5) as owner:
        try:
            row = owner.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
    if row is None or row[0] != newest:
        yield Finding("数据库结构", "不是当前版本", "运行 ce-tracker migrate。")
    else:
        yield Finding("数据库结构")


def _keys(settings: Settings) -> Iterator[Finding]:
    from ce_tracker.rotation import values_by_version  # noqa: PLC0415

    app = create_app(settings, DatabaseRole.OWNER)
    with app.app_context():
        try:
            used = {v for counts in values_by_version().values() for v in counts}
        except Exception:  # noqa: BLE001  no tables yet: said above
            return
        finally:
            db.session.remove()
            db.engine.dispose()
    if missing := used - set(settings.keyring().versions):
        yield Finding(
            "密钥",
            f"有值由版本 {sorted(missing)} 的密钥加密，而 CE_KEYS 中没有",
            "把这些版本的密钥放回 CE_KEYS；没有它们，这些值无法打开。",
        )
    else:
        yield Finding("密钥")


def _clock(settings: Settings) -> Iterator[Finding]:
    with psycopg.connect(settings.database_for(DatabaseRole.OWNER), connect_timeout=5) as owner:
        row = owner.execute("SELECT clock_timestamp()").fetchone()
    skew = abs(row[0] - clock.now()) if row else timedelta.max
    if skew > MOST_CLOCK_SKEW:
        yield Finding("时钟", f"本机与数据库相差 {skew}", "让两台机器都与时间服务器同步。")
    else:
        yield Finding("时钟")


def _demo(settings: Settings) -> Iterator[Finding]:
    if settings.env is not Env.PRODUCTION:
        return
    app = create_app(settings, DatabaseRole.OWNER)
    with app.app_context():
        try:
            refuse_demo_accounts()
        except CeTrackerError as error:
            yield Finding("演示账号", error.detail, "正式环境请使用一个新的数据库。")
        else:
            yield Finding("没有演示账号")
        finally:
            db.session.remove()
            db.engine.dispose()


def _redis(settings: Settings) -> Iterator[Finding]:
    if Settings.from_env().needs_redis:
        return  # ours, and started together with everything else
    try:
        client = redis.Redis.from_url(str(settings.redis_url), socket_timeout=3)
        client.ping()
    except redis.RedisError as error:
        yield Finding(
            "Redis", type(error).__name__, "检查 REDIS_URL；在此期间不丢数据，只是后台任务变慢。"
        )
    else:
        yield Finding("Redis")
