"""Guessing is slowed; the owner is never locked out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.accounts.models import SignInAttempt
from ce_tracker.accounts.sign_in import (
    WINDOW,
    Visitor,
    WrongPasswordError,
    device_cookie,
    sign_in,
)
from ce_tracker.actor import Role
from ce_tracker.errors import TooMany
from ce_tracker.extensions import db
from config import Settings
from tests.factories import PASSWORD, Account, Factory
from tests.http.visitor import Visitor as Browser


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


@pytest.fixture
def door(web: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(web, settings, monkeypatch)


class Door:
    """Signing in, below the page: so that a hundred guesses cost no hundred hashes."""

    def __init__(self, web: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.web, self.keyring = web, settings.keyring()
        monkeypatch.setattr("ce_tracker.accounts.passwords.matches", lambda _, given: given == "ok")

    def knock(self, login: str, *, right: bool = False, address: str = "", device: str = "") -> str:
        with self.web.app_context():
            try:
                sign_in(
                    self.keyring,
                    Visitor(address or "198.51.100.7", "Firefox", device),
                    login,
                    "ok" if right else "wrong",
                )
                db.session.commit()
            except WrongPasswordError:
                return "wrong"
            except TooMany:
                db.session.commit()  # as the page does, which shows this answer itself
                return "wait"
            else:
                return "in"
            finally:
                db.session.remove()

    def known_device(self, login: str) -> str:
        return device_cookie(self.keyring, login)


def attempts() -> int:
    db.session.rollback()
    return db.session.execute(select(func.count(SignInAttempt.id))).scalar_one()


def test_an_unknown_browser_has_five_guesses_at_an_account(door: Door, account: Account) -> None:
    login = account.actor.login
    assert [door.knock(login) for _ in range(7)] == ["wrong"] * 5 + ["wait"] * 2
    assert door.knock(login, right=True) == "wait", "or the sixth guess might be the right one"


def test_the_wait_ends_by_itself(door: Door, account: Account) -> None:
    login = account.actor.login
    for _ in range(6):
        door.knock(login)
    with clock.pinned(clock.now() + WINDOW + timedelta(seconds=1)):
        assert door.knock(login, right=True) == "in"


def test_a_refused_attempt_makes_the_wait_no_longer_and_fills_nobody_elses_bucket(
    door: Door, account: Account
) -> None:
    """One address with a hundred guesses must not use up what other addresses have."""
    login = account.actor.login
    for _ in range(5):
        door.knock(login)
    counted = attempts()
    assert [door.knock(login) for _ in range(100)] == ["wait"] * 100
    assert attempts() == counted
    assert door.knock(login, right=True, address="203.0.113.1") == "in"


def test_an_attacker_elsewhere_does_not_stop_the_owner_on_a_known_device(
    door: Door, account: Account
) -> None:
    login = account.actor.login
    known = door.known_device(login)
    tries = [door.knock(login, address=f"203.0.113.{i}") for i in range(60)]
    assert tries == ["wrong"] * 50 + ["wait"] * 10
    assert door.knock(login, right=True, address="203.0.113.200") == "wait"
    assert door.knock(login, right=True, device=known) == "in"


def test_an_attacker_at_the_same_address_does_not_stop_the_owner_on_a_known_device(
    door: Door, account: Account
) -> None:
    login = account.actor.login
    for _ in range(20):
        door.knock(login)
    assert door.knock(login, right=True, device=door.known_device(login)) == "in"


def test_a_known_device_has_its_own_few_guesses(door: Door, account: Account) -> None:
    login = account.actor.login
    known = door.known_device(login)
    assert [door.knock(login, device=known) for _ in range(11)] == ["wrong"] * 10 + ["wait"]
    assert door.knock(login, right=True) == "in", "elsewhere the owner still gets in"


@pytest.mark.parametrize("spoil", ["other", "signature", "nonce", "letters", "empty"])
def test_a_device_is_known_for_its_own_account_alone(
    door: Door, account: Account, make: Factory, spoil: str
) -> None:
    login = account.actor.login
    other = make.account(Role.EMPLOYER).actor.login
    nonce, _, signature = door.known_device(login).partition(".")
    cookie = {
        "other": door.known_device(other),
        "signature": f"{nonce}.{'0' * 64}",
        "nonce": f"x{nonce}.{signature}",
        "letters": f"{nonce}.钥匙",
        "empty": f"{nonce}.",
    }[spoil]
    assert [door.knock(login, device=cookie) for _ in range(6)] == ["wrong"] * 5 + ["wait"]


def test_a_device_is_still_known_after_a_change_of_keys(
    door: Door, account: Account, settings: Settings
) -> None:
    login = account.actor.login
    known = door.known_device(login)
    door.keyring = settings.keyring().with_new_key()
    for _ in range(6):
        door.knock(login)
    assert door.knock(login, right=True, device=known) == "in"


def test_one_address_cannot_try_many_accounts(door: Door) -> None:
    answers = [door.knock(f"somebody-{i}") for i in range(101)]
    assert answers == ["wrong"] * 100 + ["wait"]
    assert door.knock("somebody-else", address="203.0.113.1") == "wrong"


def test_a_successful_sign_in_counts_for_nothing(door: Door, account: Account) -> None:
    login = account.actor.login
    assert [door.knock(login, right=True) for _ in range(12)] == ["in"] * 12
    assert attempts() == 0


def test_twenty_guesses_at_once_are_twenty(door: Door, account: Account) -> None:
    login = account.actor.login
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: door.knock(login), range(20)))
    assert sorted(answers) == ["wait"] * 15 + ["wrong"] * 5


def test_no_attempt_names_a_login_or_an_address(door: Door, account: Account) -> None:
    door.knock(account.actor.login, address="203.0.113.77")
    for bucket in db.session.scalars(select(SignInAttempt.bucket)):
        assert account.actor.login.encode() not in bucket
        assert b"203.0.113.77" not in bucket


def test_the_page_says_how_long_to_wait(web: Flask, account: Account) -> None:
    browser = Browser(web)
    for _ in range(5):
        assert browser.try_sign_in(account.actor.login, "not the password").status_code == 401
    answer = browser.try_sign_in(account.actor.login, PASSWORD)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= WINDOW.total_seconds()
    assert "请等待" in answer.text


def test_a_browser_that_was_here_before_is_known(web: Flask, account: Account) -> None:
    owner, attacker = Browser(web), Browser(web)
    owner.sign_in(account)
    owner.post("/sign-out")
    for _ in range(6):
        attacker.try_sign_in(account.actor.login, "not the password")
    assert attacker.sign_in(account).status_code == 429
    assert owner.sign_in(account).status_code == 303
