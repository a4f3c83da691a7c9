"""Each command against a real database: what it does, what it says, and its one clear line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from ce_tracker.accounts.models import User
from ce_tracker.accounts.sign_in import Visitor, WrongPasswordError, sign_in
from ce_tracker.actor import Role
from ce_tracker.cli import commands
from ce_tracker.errors import CeTrackerError, Conflict, SettingsError
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring
from config import Settings
from tests.factories import PASSWORD, Factory

Run = Callable[..., Result]
VISITOR = Visitor(address="203.0.113.7", device="test")


@pytest.fixture
def run(settings: Settings) -> Run:
    def run(*words: str, **environ: str) -> Result:
        surroundings = settings.environment() | environ
        return CliRunner().invoke(commands, words, env=surroundings)

    return run


def _said_once(output: str) -> str:
    found = re.search(r"初始密码：(\S+)", output)
    assert found is not None
    return found.group(1)


def test_an_account_is_opened_with_a_password_to_be_changed(
    run: Run, make: Factory, web: Flask, settings: Settings
) -> None:
    done = run(
        "user", "add", "WeiHai", "--name", "于海宁", "--role", "authority", "--region", "371000"
    )
    assert done.exit_code == 0, done.output
    with web.app_context():
        entered = sign_in(settings.keyring(), VISITOR, "weihai", _said_once(done.output))
        assert entered.actor.must_change_password
        assert entered.actor.place == "威海市"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["x1", "--name", "甲", "--role", "authority"], "--region"),
        (["x1", "--name", "甲", "--role", "employer", "--of", "999"], "没有编号为 999 的用人单位"),
        (["x1", "--name", "甲", "--role", "employer", "--region", "371000"], "--of"),
        (["x1", "--name", "甲", "--role", "authority", "--region", "999999"], "999999"),
        (["a b", "--name", "甲", "--role", "authority", "--region", "371000"], "登录名"),
        (
            ["370602199001011234", "--name", "甲", "--role", "authority", "--region", "371000"],
            "身份证号",
        ),
    ],
)
def test_a_wrong_account_is_refused_in_words(
    run: Run, make: Factory, words: list[str], complaint: str
) -> None:
    done = run("user", "add", *words)
    assert isinstance(done.exception, CeTrackerError)
    assert complaint in str(done.exception.detail)
    assert db.session.scalars(select(User)).all() == []


def test_a_reset_password_replaces_the_old_one(
    run: Run, make: Factory, web: Flask, settings: Settings
) -> None:
    account = make.account(Role.EMPLOYER)
    done = run("user", "reset-password", account.actor.login)
    with web.app_context():
        with pytest.raises(WrongPasswordError):
            sign_in(settings.keyring(), VISITOR, account.actor.login, PASSWORD)
        new = _said_once(done.output)
        entered = sign_in(settings.keyring(), VISITOR, account.actor.login, new)
        assert entered.actor.must_change_password


def test_a_disabled_account_is_out_at_once_until_enabled(
    run: Run, make: Factory, web: Flask
) -> None:
    account = make.account(Role.EMPLOYER)
    client = web.test_client()
    assert run("user", "disable", account.actor.login).exit_code == 0
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 401
    assert run("user", "enable", account.actor.login).exit_code == 0
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 200


def test_a_token_made_here_works_there(run: Run, make: Factory, web: Flask) -> None:
    account = make.account(Role.PROFESSIONAL)
    done = run("token", "create", account.actor.login, "--name", "脚本", "--scope", "me:read")
    bearer = {"Authorization": f"Bearer {done.output.strip()}"}
    client = web.test_client()
    assert client.get("/api/v1/me", headers=bearer).status_code == 200
    assert client.get("/api/v1/tokens", headers=bearer).status_code == 403


def test_new_keys_are_good_for_production(run: Run) -> None:
    printed = run("keys", "new", "--version", "3").output.strip()
    assert Keyring.parse(printed).versions == [3]
    assert not Keyring.parse(printed).made_for_demo


def test_the_demo_is_refused_in_production_and_on_a_database_in_use(
    run: Run, make: Factory, settings: Settings
) -> None:
    production = {
        "CE_ENV": "production",
        "CE_KEYS": str(Keyring({1: bytes(range(32))})),
        "CE_METRICS_TOKEN": "m" * 20,
    }
    assert isinstance(run("demo", **production).exception, SettingsError)
    make.account(Role.EMPLOYER)
    assert isinstance(run("demo").exception, Conflict)


def test_a_demo_account_opens_nothing_in_production(make: Factory, settings: Settings) -> None:
    from ce_tracker.serving import create_web_app
    from config import Env

    account = make.account(Role.EMPLOYER)
    account.user.demo = True
    db.session.commit()
    app = create_web_app(settings.with_(env=Env.PRODUCTION))
    assert app.test_client().get("/api/v1/me", headers=account.bearer).status_code == 401
    with app.app_context():
        with pytest.raises(WrongPasswordError):
            sign_in(settings.keyring(), VISITOR, account.actor.login, PASSWORD)
        db.session.remove()
        db.engine.dispose()


def test_the_doctor_finds_nothing_wrong_with_a_sound_installation(run: Run, make: Factory) -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.output
    for subject in ("设置", "磁盘", "PostgreSQL 18", "ce_web", "ce_worker", "结构", "密钥", "时钟"):
        assert subject in done.output
    assert "没有发现问题" in done.output


@pytest.mark.parametrize(
    ("environ", "subject", "remedy"),
    [
        ({"PORT": "eighty"}, "设置", "docs/settings.md"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/none"}, "PostgreSQL", "DATABASE_URL"),
        ({"CE_WEB_DATABASE_URL": "postgresql://x@127.0.0.1:1/none"}, "ce_web", "migrate"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "Redis", "REDIS_URL"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(
    run: Run, make: Factory, environ: dict[str, str], subject: str, remedy: str
) -> None:
    done = run("doctor", **environ)
    assert done.exit_code != 0
    troubles = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert any(subject in line for line in troubles), done.output
    assert remedy in done.output


def test_the_doctor_misses_a_key_that_is_still_needed(
    run: Run, make: Factory, settings: Settings
) -> None:
    make.professional()
    done = run("doctor", CE_KEYS=str(Keyring({9: bytes(range(32))})))
    assert "版本 [1]" in done.output


def test_a_home_that_cannot_be_written_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    done = run("doctor", CE_HOME=str(in_the_way), DATABASE_URL="", REDIS_URL="", CE_KEYS="")
    assert "CE_HOME" in done.output
    assert "Traceback" not in done.output


def test_every_command_has_help(run: Run) -> None:
    for words in ([], ["user"], ["user", "add"], ["token", "create"], ["keys"], ["up"], ["doctor"]):
        done = run(*words, "--help")
        assert done.exit_code == 0
        assert re.search(r"[\u4e00-\u9fff]{4}", done.output)
