"""Coming in on a page: sessions, cookies, passwords, and where one is led."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock
from ce_tracker.accounts import passwords
from ce_tracker.accounts.models import Password, User, WebSession
from ce_tracker.accounts.sign_in import LONGEST_SESSION
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from config import Env, Secret, Settings
from tests.factories import PASSWORD, Account, Factory
from tests.http.apps import another
from tests.http.visitor import Visitor, signed_in

NEW = "quiet harbour 72 lanterns"


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


def change(visitor: Visitor, current: str = PASSWORD, new: str = NEW, again: str = NEW) -> int:
    form = {"current": current, "new": new, "again": again}
    return visitor.post("/account/password", form).status_code


def test_a_password_is_kept_as_argon2id_alone(account: Account) -> None:
    kept = db.session.get_one(Password, account.user.id).argon2
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_the_right_password_leads_in(web: Flask, account: Account) -> None:
    visitor = Visitor(web)
    assert not visitor.signed_in()
    assert visitor.sign_in(account).status_code == 303
    assert visitor.signed_in()


def test_the_login_may_be_typed_in_capitals_and_with_blanks(web: Flask, account: Account) -> None:
    answer = Visitor(web).try_sign_in(f"  {account.actor.login.upper()} ", PASSWORD)
    assert answer.status_code == 303


def test_a_wrong_password_and_an_unknown_login_are_told_alike(web: Flask, account: Account) -> None:
    wrong = Visitor(web).try_sign_in(account.actor.login, "not the password")
    unknown = Visitor(web).try_sign_in("nobody-here", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert "登录名或密码不正确" in wrong.text
    assert "登录名或密码不正确" in unknown.text


def test_an_unknown_login_costs_as_much_as_a_wrong_password(
    web: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the time would tell who has an account."""
    monkeypatch.undo()  # at full cost
    passwords.prepare()
    account = make.account(Role.EMPLOYER)
    verified = []

    class Counting:
        def verify(self, hash_: str, password: str) -> bool:
            verified.append(hash_.split("$")[:4])
            return real.verify(hash_, password)

    real = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    Visitor(web).try_sign_in(account.actor.login, "not the password")
    Visitor(web).try_sign_in("nobody-here", "not the password")
    assert len(verified) == 2
    assert verified[0] == verified[1], "the same work: algorithm, version and cost"
    assert verified[0][1:] == ["argon2id", "v=19", "m=32768,t=6,p=4"]


def test_the_password_of_the_stand_in_opens_nothing(web: Flask) -> None:
    """The hash that unknown logins are checked against has a password too."""
    assert Visitor(web).try_sign_in("nobody-here", "nobody has this password").status_code == 401


@pytest.mark.parametrize("form", [{}, {"login": "x"}, {"password": "x"}, {"login": " "}], ids=str)
def test_an_empty_form_is_asked_to_be_filled_in(web: Flask, form: dict[str, str]) -> None:
    answer = Visitor(web).post("/sign-in", form)
    assert answer.status_code == 422
    assert "请填写登录名和密码" in answer.text


@pytest.mark.parametrize("field", ["login", "password", "next"])
def test_text_that_no_database_can_hold_is_a_bad_request(web: Flask, field: str) -> None:
    form = {"login": "x", "password": "x", field: "a\0b"}
    assert Visitor(web).post("/sign-in", form).status_code == 400
    assert Visitor(web).get("/sign-in?next=%00").status_code == 400


# --- cookies ------------------------------------------------------------------------------------


def cookies(app: Flask, account: Account) -> dict[str, str]:
    visitor = Visitor(app)
    base = "https://ce.example" if app.config["CE_SETTINGS"].secure_cookies else "http://localhost"
    page = visitor.client.get("/sign-in", base_url=base)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = visitor.client.post(
        "/sign-in",
        data={"csrf_token": token, "login": account.actor.login, "password": PASSWORD},
        base_url=base,
    )
    assert answer.status_code == 303
    headers = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    return {header.partition("=")[0]: header for header in headers}


def test_no_script_and_no_other_site_gets_a_cookie(web: Flask, account: Account) -> None:
    set_ = cookies(web, account)
    assert set(set_) == {"ce-visit", "ce-session", "ce-device"}
    for header in set_.values():
        assert "HttpOnly" in header
        assert "SameSite=Lax" in header
        assert "Path=/" in header
        assert "Domain" not in header


def test_in_production_cookies_travel_by_https_alone(settings: Settings, account: Account) -> None:
    production = {"env": Env.PRODUCTION, "metrics_token": Secret("x" * 16)}
    with another(settings, **production) as app:  # type: ignore[arg-type]
        set_ = cookies(app, account)
        assert set(set_) == {"__Host-ce-visit", "__Host-ce-session", "__Host-ce-device"}
        assert all("Secure" in header for header in set_.values())
        answer = app.test_client().get("/healthz")
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_sign_in_ends_with_the_browser(web: Flask, account: Account) -> None:
    header = cookies(web, account)["ce-session"]
    assert "Max-Age" not in header
    assert "Expires" not in header


def test_only_the_digest_of_a_session_is_kept(web: Flask, account: Account) -> None:
    secret = signed_in(web, account).cookie("session")
    assert secret is not None
    row = db.session.scalars(select(WebSession)).one()
    assert secret.encode() not in row.digest
    assert len(row.digest) == 32


# --- the life of a session ----------------------------------------------------------------------


def test_a_session_that_somebody_planted_is_worth_nothing(web: Flask, account: Account) -> None:
    """Session fixation: what was in the browser before does not become the sign-in."""
    victim = Visitor(web)
    victim.client.set_cookie("ce-session", "planted-by-an-attacker")
    assert victim.sign_in(account).status_code == 303
    assert victim.cookie("session") != "planted-by-an-attacker"
    attacker = Visitor(web)
    attacker.client.set_cookie("ce-session", "planted-by-an-attacker")
    assert victim.signed_in()
    assert not attacker.signed_in()


def test_each_sign_in_has_a_secret_of_its_own(web: Flask, account: Account) -> None:
    visitor = signed_in(web, account)
    first = visitor.cookie("session")
    visitor.sign_in(account)
    assert visitor.cookie("session") != first


def test_after_signing_out_the_copied_cookie_opens_nothing(web: Flask, account: Account) -> None:
    visitor = signed_in(web, account)
    copy = visitor.cookie("session")
    assert copy is not None
    visitor.post("/sign-out")
    thief = Visitor(web)
    thief.client.set_cookie("ce-session", copy)
    assert not thief.signed_in()


def test_a_session_ends_when_nothing_is_done(
    web: Flask, account: Account, settings: Settings
) -> None:
    start = clock.now()
    idle = timedelta(minutes=settings.idle_minutes)
    with clock.pinned(start):
        visitor = signed_in(web, account)
    with clock.pinned(start + idle - timedelta(minutes=2)):
        assert visitor.signed_in()
    with clock.pinned(start + 2 * idle - timedelta(minutes=3)):
        assert visitor.signed_in()
    with clock.pinned(start + 3 * idle - timedelta(minutes=2)):
        assert not visitor.signed_in()


def test_a_session_ends_after_twelve_hours_whatever_is_done(web: Flask, account: Account) -> None:
    start = clock.now()
    with clock.pinned(start):
        visitor = signed_in(web, account)
    moment = start
    while (moment := moment + timedelta(minutes=50)) < start + LONGEST_SESSION:
        with clock.pinned(moment):
            assert visitor.signed_in(), moment - start
    with clock.pinned(start + LONGEST_SESSION + timedelta(seconds=1)):
        assert not visitor.signed_in()


def test_one_session_can_be_ended_from_another(web: Flask, account: Account) -> None:
    here, there = signed_in(web, account), signed_in(web, account)
    rows = db.session.scalars(select(WebSession).order_by(WebSession.id)).all()
    assert here.post(f"/account/sessions/{rows[1].id}/revoke").status_code == 303
    assert here.signed_in()
    assert not there.signed_in()


def test_all_other_sessions_can_be_ended_at_once(web: Flask, account: Account) -> None:
    here, *others = (signed_in(web, account) for _ in range(3))
    here.post("/account/sessions/revoke-others")
    assert here.signed_in()
    assert [other.signed_in() for other in others] == [False, False]


def test_a_disabled_account_is_out_at_once(web: Flask, account: Account) -> None:
    visitor = signed_in(web, account)
    client = web.test_client()
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 200
    db.session.execute(text("UPDATE users SET disabled_at = now()"))
    db.session.commit()
    assert not visitor.signed_in()
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 401
    assert Visitor(web).try_sign_in(account.actor.login, PASSWORD).status_code == 401


# --- changing the password ----------------------------------------------------------------------


def test_a_changed_password_ends_every_other_session(web: Flask, account: Account) -> None:
    here, there = signed_in(web, account), signed_in(web, account)
    assert change(here) == 303
    assert here.signed_in()
    assert not there.signed_in()
    assert Visitor(web).try_sign_in(account.actor.login, PASSWORD).status_code == 401
    assert Visitor(web).try_sign_in(account.actor.login, NEW).status_code == 303


def test_nobody_elses_session_ends_with_it(web: Flask, account: Account, make: Factory) -> None:
    other = signed_in(web, make.account(Role.EMPLOYER))
    change(signed_in(web, account))
    assert other.signed_in()


@pytest.mark.parametrize(
    ("current", "new", "again", "words"),
    [
        ("not the password", NEW, NEW, "当前密码不正确"),
        (PASSWORD, NEW, NEW + "!", "两次输入的新密码不一致"),
        (PASSWORD, PASSWORD, PASSWORD, "不能与当前密码相同"),
        (PASSWORD, "short 1", "short 1", "至少要 12 个字符"),
        (PASSWORD, "", "", "至少要 12 个字符"),
        (PASSWORD, "x" * 201, "x" * 201, "最多 200 个字符"),
        (PASSWORD, "Password1234", "Password1234", "太常见"),
        (PASSWORD, "abababababab", "abababababab", "太常见"),
        (PASSWORD, "my employer-2 secret", "my employer-2 secret", "不能含有登录名"),
    ],
)
def test_a_weak_or_mistyped_password_is_refused_with_the_reason(
    web: Flask, account: Account, current: str, new: str, again: str, words: str
) -> None:
    db.session.execute(text("UPDATE users SET login = 'employer-2'"))
    db.session.commit()
    visitor = Visitor(web)
    visitor.try_sign_in("employer-2", PASSWORD)
    answer = visitor.post("/account/password", {"current": current, "new": new, "again": again})
    assert answer.status_code == 422
    assert words in answer.text
    assert Visitor(web).try_sign_in("employer-2", PASSWORD).status_code == 303


def test_guessing_the_current_password_from_an_open_session_is_slowed(
    web: Flask, account: Account
) -> None:
    """Whoever finds a signed-in browser must not find out the password at leisure."""
    visitor = signed_in(web, account)
    answers = [change(visitor, current=f"guess number {i}") for i in range(11)]
    assert answers == [422] * 10 + [429]
    with clock.pinned(clock.now() + timedelta(minutes=16)):
        assert change(visitor) == 303


def test_a_first_password_must_be_changed_and_then_all_is_open(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER, first_password=True)
    visitor = Visitor(web)
    assert visitor.sign_in(account, next="/regions").location == "/account/password"
    assert visitor.get("/").location == "/account/password"
    client = web.test_client()
    refused = client.get("/api/v1/me", headers=account.bearer)
    assert refused.get_json()["code"] == "password_change_needed"
    assert change(visitor) == 303
    assert visitor.get("/").status_code == 200
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 200
    db.session.rollback()
    assert db.session.get_one(User, account.user.id).must_change_password is False


# --- where one is led ---------------------------------------------------------------------------


def test_whoever_was_led_to_the_sign_in_comes_back_to_where_they_wanted(
    web: Flask, account: Account
) -> None:
    visitor = Visitor(web)
    led = visitor.get("/regions?code=370000")
    assert led.location == "/sign-in?next=/regions?code%3D370000"
    page = visitor.get(led.location)
    assert 'name="next" value="/regions?code=370000"' in page.text
    answer = visitor.sign_in(account, next="/regions?code=370000")
    assert answer.location == "/regions?code=370000"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\t//evil.example/",
    " //evil.example/",
    "/\t/[evil.example/",
    "//[evil",
    "javascript:alert(1)",
    "https:evil.example",
    "evil.example",
    "http:///evil.example",
    "/\r\nSet-Cookie: x=y",
]


def test_nobody_is_led_to_another_site(web: Flask, account: Account) -> None:
    visitor = Visitor(web)
    for address in ELSEWHERE:
        answer = visitor.sign_in(account, next=address)
        assert answer.status_code == 303, address
        assert answer.location == "/", address
        assert visitor.get("/sign-in", query_string={"next": address}).location == "/", address


def test_an_id_number_is_not_carried_into_the_address_of_the_sign_in(web: Flask) -> None:
    led = Visitor(web).get("/regions?q=110101199003074514")
    assert led.location == "/sign-in"
