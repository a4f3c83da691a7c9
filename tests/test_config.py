"""Settings: typed, all errors at once, secrets never printed, production strict."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ce_tracker.errors import SettingsError
from ce_tracker.sealing import Keyring
from config import DatabaseRole, Env, Settings

KEYS = "1:" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v"
OWNER = "postgresql://owner:s3cret@db.example:5433/hours?sslmode=require"
PRODUCTION = {"CE_ENV": "production", "CE_KEYS": KEYS, "CE_METRICS_TOKEN": "m" * 20}


def _problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.problems


def test_nothing_set_means_the_embedded_demo() -> None:
    settings = Settings.from_env({})
    assert settings.env is Env.DEMO
    assert settings.needs_postgres
    assert settings.needs_redis
    assert settings.port == 8000


def test_everything_wrong_is_named_at_once() -> None:
    problems = _problems(
        {
            "CE_ENV": "staging",
            "PORT": "80a",
            "DATABASE_URL": "mysql://x",
            "CE_KEYS": "1:tooshort",
            "CE_HTTPS": "perhaps",
            "CE_LOG_LEVEL": "LOUD",
        }
    )
    assert [line.partition("：")[0] for line in problems] == [
        "CE_ENV",
        "PORT",
        "DATABASE_URL",
        "CE_KEYS",
        "CE_HTTPS",
        "CE_LOG_LEVEL",
    ]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "８０００", "8000.0", " "])
def test_a_port_is_a_whole_number_in_range(port: str) -> None:
    if port.strip():
        assert "PORT" in _problems({"PORT": port})[0]
    else:
        assert Settings.from_env({"PORT": port}).port == 8000  # blank is not set


def test_production_asks_for_its_own_keys_and_a_metrics_token() -> None:
    assert {line.partition("：")[0] for line in _problems({"CE_ENV": "production"})} == {
        "CE_KEYS",
        "CE_METRICS_TOKEN",
    }


def test_production_refuses_demo_keys() -> None:
    demo = str(Keyring.for_demo())
    assert "演示密钥" in _problems({**PRODUCTION, "CE_KEYS": demo})[0]
    mixed = f"2:{KEYS[2:]},{demo}"
    assert "演示密钥" in _problems({**PRODUCTION, "CE_KEYS": mixed})[0]


def test_production_cookies_are_secure_whatever_else_is_set() -> None:
    assert Settings.from_env({**PRODUCTION, "CE_HTTPS": "0"}).secure_cookies


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "CE_KEYS", "CE_METRICS_TOKEN", "CE_WEB_DATABASE_URL"]
)
def test_a_secret_is_never_printed(name: str) -> None:
    secret = {
        "DATABASE_URL": OWNER,
        "CE_WEB_DATABASE_URL": OWNER,
        "CE_KEYS": KEYS,
        "CE_METRICS_TOKEN": "a-long-secret-token",
    }[name]
    settings = Settings.from_env({name: secret})
    shown = f"{settings!r} {settings}"
    for part in ("s3cret", KEYS[2:12], "a-long-secret"):
        assert part not in shown


def test_a_wrong_secret_is_not_quoted_in_the_complaint() -> None:
    assert "hunter2" not in "".join(_problems({"DATABASE_URL": "hunter2", "CE_KEYS": "hunter2"}))


def test_the_roles_addresses_follow_from_the_owners() -> None:
    settings = Settings.from_env({"DATABASE_URL": OWNER})
    web = urlsplit(settings.database_for(DatabaseRole.WEB))
    worker = urlsplit(settings.database_for(DatabaseRole.WORKER))
    assert (web.username, worker.username) == ("ce_web", "ce_worker")
    assert (web.hostname, web.port, web.path, web.query) == (
        "db.example",
        5433,
        "/hours",
        "sslmode=require",
    )
    assert len({web.password, worker.password, "s3cret"}) == 3


def test_a_role_with_an_address_of_its_own_uses_that() -> None:
    own = "postgresql://someone:else@elsewhere/hours"
    settings = Settings.from_env({"DATABASE_URL": OWNER, "CE_WEB_DATABASE_URL": own})
    assert settings.database_for(DatabaseRole.WEB) == own


def test_a_web_process_alone_does_not_know_the_owner() -> None:
    settings = Settings.from_env({"CE_WEB_DATABASE_URL": OWNER, "REDIS_URL": "redis://r"})
    assert not settings.needs_postgres
    with pytest.raises(SettingsError):
        settings.database_for(DatabaseRole.OWNER)


def test_settings_survive_being_handed_to_a_child() -> None:
    settings = Settings.from_env(
        {**PRODUCTION, "DATABASE_URL": OWNER, "PORT": "9000", "CE_HOME": "/srv/ce", "CE_HTTPS": "1"}
    )
    again = Settings.from_env(settings.environment())
    assert again.environment() == settings.environment()
    assert again.home == Path("/srv/ce")


MAIL = {
    "CE_SMTP_URL": "smtp://ce:p%40ss@mail.example.cn:587",
    "CE_MAIL_FROM": "继续教育学时服务 <ce@example.cn>",
    "CE_PUBLIC_URL": "https://ce.example.cn/",
}


def test_mail_needs_a_sender_and_an_address_for_its_links() -> None:
    problems = _problems({"CE_SMTP_URL": MAIL["CE_SMTP_URL"]})
    assert [line.partition("：")[0] for line in problems] == ["CE_MAIL_FROM", "CE_PUBLIC_URL"]
    settings = Settings.from_env(MAIL)
    assert settings.public_url == "https://ce.example.cn"
    assert Settings.from_env(settings.environment()) == settings
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("CE_SMTP_URL", "http://mail.example.cn"),
        ("CE_SMTP_URL", "smtp:///mail"),
        ("CE_SMTP_URL", "smtp://mail.example.cn:port"),
        ("CE_MAIL_FROM", "继续教育学时服务"),
        ("CE_MAIL_FROM", "ce@localhost"),
        ("CE_PUBLIC_URL", "ce.example.cn"),
        ("CE_PUBLIC_URL", "https://ce.example.cn/?a=1"),
    ],
)
def test_what_is_wrong_with_the_mail_settings_is_said(name: str, wrong: str) -> None:
    [problem] = _problems({name: wrong})
    assert problem.startswith(f"{name}：")
    assert wrong not in problem
