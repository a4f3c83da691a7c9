"""Every setting of the service, typed, in one place.

A process is configured by its environment alone. `Settings.from_env()` reads it once, at the
start, and names *all* that is missing or malformed at the same time, because an operator who
mends one line, restarts, and is told of the next one has been treated badly.

The table in `docs/settings.md` is checked against this file by a test.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from ce_tracker.errors import SettingsError
from ce_tracker.sealing import Keyring, derived_password

T = TypeVar("T")


class Env(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


class DatabaseRole(StrEnum):
    """Who a process is to PostgreSQL; what each may do stands in `migrations/`."""

    OWNER = "owner"
    WEB = "ce_web"
    WORKER = "ce_worker"


class Secret(str):
    """A string that never shows itself: not in a log, a traceback or `doctor`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'••••'"


def setting(name: str, about: str, read: Callable[[str], T], default: T) -> T:
    """Declare one setting; returns a dataclass field that pretends to be the value's type."""
    declared: Any = dataclasses.field(
        default=default, metadata={"name": name, "about": about, "read": read}
    )
    value: T = declared
    return value


def _env(text: str) -> Env:
    if text not in set(Env):
        raise ValueError("只能是 demo 或 production")
    return Env(text)


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"应是 {least} 到 {most} 之间的整数")
        return int(text)

    return read


def _address(*schemes: str) -> Callable[[str], Secret | None]:
    def read(text: str) -> Secret | None:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError(f"应是以 {' 或 '.join(s + '://' for s in schemes)} 开头的地址")
        return Secret(text)

    return read


def _mail_server(text: str) -> Secret | None:
    try:
        parts = urlsplit(text)
        wrong = parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0
    except ValueError:  # a port that is none
        wrong = True
    if wrong:
        raise ValueError("应是 smtp://用户:密码@主机:端口 或 smtps:// 开头的地址")
    return Secret(text)


def _sender(text: str) -> str:
    address = parseaddr(text)[1]
    local, _, domain = address.partition("@")
    if not local or "." not in domain or not text.isprintable() or not address.isascii():
        raise ValueError("应是 单位名称 <地址@域名> 或 地址@域名")
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("应是 https://主机 这样的地址")
    return text.rstrip("/")


_postgres = _address("postgresql", "postgres")
_redis = _address("redis", "rediss", "unix")


def _secret(least: int) -> Callable[[str], Secret | None]:
    def read(text: str) -> Secret | None:
        if len(text) < least:
            raise ValueError(f"至少要 {least} 个字符")
        return Secret(text)

    return read


def _switch(text: str) -> bool:
    if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
        raise ValueError("应是 1 或 0")
    return text.lower() in {"1", "true", "yes"}


def _log_level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("应是 DEBUG、INFO、WARNING 或 ERROR")
    return text.upper()


@dataclass(frozen=True)
class Settings:
    env: Env = setting(
        "CE_ENV", "demo (default) or production; production refuses demo secrets", _env, Env.DEMO
    )
    home: Path = setting(
        "CE_HOME",
        "folder for the embedded servers' data and for this installation's demo keys",
        lambda text: Path(text).expanduser().resolve(),
        Path(".local").resolve(),
    )
    host: str = setting("CE_HOST", "address that the web server listens on", str, "127.0.0.1")
    port: int = setting(
        "PORT", "port that the web server listens on", _whole_number(1, 65535), 8000
    )
    database_url: Secret | None = setting(
        "DATABASE_URL",
        "PostgreSQL 18 or later as the owner of the tables; without it an embedded one is used",
        _postgres,
        None,
    )
    web_database_url: Secret | None = setting(
        "CE_WEB_DATABASE_URL",
        "the same database as role ce_web; by default made from DATABASE_URL",
        _postgres,
        None,
    )
    worker_database_url: Secret | None = setting(
        "CE_WORKER_DATABASE_URL",
        "the same database as role ce_worker; by default made from DATABASE_URL",
        _postgres,
        None,
    )
    redis_url: Secret | None = setting(
        "REDIS_URL", "Redis or Valkey; without it an embedded one is used", _redis, None
    )
    keys: Keyring | None = setting(
        "CE_KEYS",
        "VERSION:KEY[,VERSION:KEY…], KEY being 32 bytes in base64url; the highest version seals, "
        "the others still open; `ce-tracker keys new` prints one",
        Keyring.parse,
        None,
    )
    web_processes: int = setting(
        "CE_WEB_PROCESSES", "web server processes", _whole_number(1, 64), 2
    )
    web_threads: int = setting(
        "CE_WEB_THREADS", "threads in each web server process", _whole_number(1, 64), 4
    )
    worker_processes: int = setting(
        "CE_WORKER_PROCESSES", "pool processes of the Celery worker", _whole_number(1, 64), 2
    )
    requests_per_minute: int = setting(
        "CE_REQUESTS_PER_MINUTE",
        "API requests that one account may make in a minute, per web process",
        _whole_number(1, 1_000_000),
        600,
    )
    idle_minutes: int = setting(
        "CE_IDLE_MINUTES",
        "minutes without a request after which a sign-in ends",
        _whole_number(1, 1440),
        60,
    )
    trusted_proxies: int = setting(
        "CE_TRUSTED_PROXIES",
        "reverse proxies in front whose X-Forwarded-* headers are believed",
        _whole_number(0, 5),
        0,
    )
    https: bool = setting(
        "CE_HTTPS",
        "1 where people reach the service by https: cookies are then Secure; "
        "production always counts as 1",
        _switch,
        default=False,
    )
    metrics_token: Secret | None = setting(
        "CE_METRICS_TOKEN",
        "bearer token that /metrics asks for; required in production",
        _secret(16),
        None,
    )
    policy_dir: Path | None = setting(
        "CE_POLICY_DIR",
        "folder of local policy packs, which add to those of the service",
        lambda text: Path(text).expanduser().resolve(),
        None,
    )
    smtp_url: Secret | None = setting(
        "CE_SMTP_URL",
        "mail server: smtp://USER:PASSWORD@HOST:PORT (STARTTLS where it is offered; without it no "
        "password is said) or smtps://…; without it messages stay in the inbox",
        _mail_server,
        None,
    )
    mail_from: str | None = setting("CE_MAIL_FROM", "sender of mails", _sender, None)
    public_url: str | None = setting(
        "CE_PUBLIC_URL", "where people reach the service: for links in mails", _public_url, None
    )
    log_level: str = setting("CE_LOG_LEVEL", "least severe log line written", _log_level, "INFO")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):
            text = environ.get(field.metadata["name"], "").strip()
            if not text:
                continue
            try:
                values[field.name] = field.metadata["read"](text)
            except ValueError as error:
                problems.append(f"{field.metadata['name']}：{error}")
        settings = cls(**values)
        problems += settings._contradictions()
        if problems:
            raise SettingsError(problems)
        return settings

    def _contradictions(self) -> list[str]:
        """What is wrong with settings that are each well-formed."""
        problems = []
        if self.env is Env.PRODUCTION:
            if self.keys is None:
                problems.append("CE_KEYS：正式环境必须给出，可用 ce-tracker keys new 生成")
            elif self.keys.made_for_demo:
                problems.append(
                    "CE_KEYS：这是演示密钥，正式环境不得使用，请用 ce-tracker keys new 生成"
                )
            if self.metrics_token is None:
                problems.append("CE_METRICS_TOKEN：正式环境必须给出")
        if self.smtp_url is not None:
            needed = {"CE_MAIL_FROM": self.mail_from, "CE_PUBLIC_URL": self.public_url}
            problems += [
                f"{name}：给出了 CE_SMTP_URL，也必须给出这一项"
                for name, value in needed.items()
                if value is None
            ]
        return problems

    @property
    def needs_postgres(self) -> bool:
        """No address of any role was given: the embedded server is meant."""
        return not (self.database_url or self.web_database_url or self.worker_database_url)

    @property
    def needs_redis(self) -> bool:
        return self.redis_url is None

    @property
    def is_production(self) -> bool:
        return self.env is Env.PRODUCTION

    @property
    def secure_cookies(self) -> bool:
        return self.https or self.is_production

    def database_for(self, role: DatabaseRole) -> Secret:
        own = {
            DatabaseRole.OWNER: self.database_url,
            DatabaseRole.WEB: self.web_database_url,
            DatabaseRole.WORKER: self.worker_database_url,
        }[role]
        if own is not None:
            return own
        if self.database_url is None:
            raise SettingsError([f"没有角色 {role} 可用的数据库地址：请设置 DATABASE_URL"])
        return as_role(self.database_url, role)

    def keyring(self) -> Keyring:
        if self.keys is None:
            raise SettingsError(["CE_KEYS：没有密钥"])
        return self.keys

    @classmethod
    def names(cls) -> frozenset[str]:
        """The environment variables that are settings."""
        return frozenset(field.metadata["name"] for field in dataclasses.fields(cls))

    def with_(self, **changes: Any) -> Self:
        return dataclasses.replace(self, **changes)

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for a child process."""
        return {
            field.metadata["name"]: _as_text(value)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) is not None
        }


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def as_role(owner_url: str, role: DatabaseRole) -> Secret:
    """The owner's address, signed in as `role` instead.

    The role's password follows from the owner's, so that one address is enough to configure a
    laptop; whoever knows the owner's password may do anything anyway, and nothing leads back.
    """
    parts = urlsplit(owner_url)
    password = "" if parts.password is None else f":{derived_password(parts.password, role)}"
    where = parts.netloc.rpartition("@")[2]
    return Secret(urlunsplit(parts._replace(netloc=f"{quote(role)}{password}@{where}")))
