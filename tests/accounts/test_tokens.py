"""API tokens: shown once, never stronger or longer-lived than what made them, gone when revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from ce_tracker import clock
from ce_tracker.accounts.models import ApiToken
from ce_tracker.accounts.tokens import DEFAULT_DAYS, SCOPES, scopes_for
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from tests.factories import Account, Factory
from tests.http.visitor import signed_in

TOKENS = "/api/v1/tokens"


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.EMPLOYER)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def create(web: Flask, secret: str, **body: Any) -> TestResponse:
    whole = {"name": "夜间同步", "scopes": ["me:read"], **body}
    return web.test_client().post(TOKENS, json=whole, headers=bearer(secret))


def test_a_token_is_shown_once(web: Flask, account: Account) -> None:
    made = create(web, account.token)
    secret = made.get_json()["secret"]
    assert made.status_code == 201
    client = web.test_client()
    assert client.get("/api/v1/me", headers=bearer(secret)).status_code == 200
    for path in (TOKENS, made.headers["Location"]):
        shown = client.get(path, headers=account.bearer)
        assert shown.status_code == 200
        assert secret not in shown.text
        assert "secret" not in shown.get_json()


def test_only_the_digest_of_a_token_is_kept(web: Flask, account: Account) -> None:
    secret = create(web, account.token).get_json()["secret"]
    row = db.session.scalars(select(ApiToken).where(ApiToken.name == "夜间同步")).one()
    assert len(row.digest) == 32
    assert secret[len(row.prefix) :].encode() not in row.digest
    assert len(row.prefix) <= 10 < len(secret) / 4


def test_a_token_made_on_the_page_is_shown_once_too(web: Flask, account: Account) -> None:
    visitor = signed_in(web, account)
    form = {"name": "夜间同步", "scopes": "me:read", "days": "7"}
    made = visitor.post("/account/tokens/new", form)
    row = db.session.scalars(select(ApiToken).where(ApiToken.name == "夜间同步")).one()
    assert made.status_code == 200
    secret = made.text.split(row.prefix)[1]
    shown = visitor.get("/account").text
    assert row.prefix in shown
    assert secret[:20] not in shown
    assert made.headers["Cache-Control"] == "no-store"


def test_a_token_ends_on_its_day(web: Flask, account: Account) -> None:
    with clock.pinned(clock.now()):
        made = create(web, account.token)
    expires = datetime.fromisoformat(made.get_json()["expires_at"])
    headers = bearer(made.get_json()["secret"])
    client = web.test_client()
    with clock.pinned(expires - timedelta(seconds=1)):
        assert client.get("/api/v1/me", headers=headers).status_code == 200
    with clock.pinned(expires):
        assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_revoked_token_is_out_at_once(web: Flask, account: Account) -> None:
    made = create(web, account.token).get_json()
    client = web.test_client()
    address = f"{TOKENS}/{made['id']}/revoke"
    assert client.post(address, headers=account.bearer).get_json()["state"] == "revoked"
    assert client.get("/api/v1/me", headers=bearer(made["secret"])).status_code == 401
    again = client.post(address, headers=account.bearer)
    assert again.status_code == 200, "what was wanted is so"


def test_a_token_may_do_no_more_than_its_scopes(web: Flask, make: Factory) -> None:
    account = make.account(Role.AUTHORITY)
    reads = {
        "me:read": "/api/v1/me",
        "regions:read": "/api/v1/regions",
        "tokens:read": TOKENS,
        "jobs:read": "/api/v1/jobs",
    }
    for scope in reads:
        headers = bearer(make.token(account.user, (scope,)))
        allowed = {
            other
            for other, path in reads.items()
            if web.test_client().get(path, headers=headers).status_code == 200
        }
        assert allowed == {scope}


def test_a_token_makes_none_that_is_stronger(web: Flask, account: Account, make: Factory) -> None:
    weak = make.token(account.user, ("tokens:write", "me:read"))
    assert create(web, weak, scopes=["me:read"]).status_code == 201
    refused = create(web, weak, scopes=["me:read", "regions:read"])
    assert refused.status_code == 403
    assert "regions:read" in refused.get_json()["detail"]


def test_a_token_makes_none_that_its_account_may_not_have(web: Flask, account: Account) -> None:
    assert "jobs:write" not in scopes_for(Role.EMPLOYER)
    assert create(web, account.token, scopes=["jobs:write"]).status_code == 403


def test_a_token_makes_none_that_outlives_it(web: Flask, account: Account, make: Factory) -> None:
    """Or whoever holds one for a day holds it for ever."""
    own = make.token(account.user, life=timedelta(days=10))
    refused = create(web, own, days=11)
    assert refused.status_code == 422
    [error] = refused.get_json()["errors"]
    assert error["field"] == "days"
    assert "到期" in error["message"]
    assert create(web, own, days=9).status_code == 201


def test_without_days_a_token_ends_with_the_one_that_made_it(
    web: Flask, account: Account, make: Factory
) -> None:
    parent = db.session.scalars(select(ApiToken)).one()
    made = create(web, account.token).get_json()
    assert datetime.fromisoformat(made["expires_at"]) == parent.expires_at
    long = make.token(account.user, life=timedelta(days=300))
    other = create(web, long).get_json()
    life = datetime.fromisoformat(other["expires_at"]) - clock.now()
    assert timedelta(days=DEFAULT_DAYS - 1) < life <= timedelta(days=DEFAULT_DAYS)


def test_a_sign_in_makes_tokens_of_every_length_offered(web: Flask, account: Account) -> None:
    visitor = signed_in(web, account)
    for days in ("7", "30", "90", "365"):
        form = {"name": f"令牌{days}", "scopes": ["me:read"], "days": days}
        assert visitor.post("/account/tokens/new", form).status_code == 200
    lives = db.session.execute(
        select(ApiToken.expires_at - ApiToken.created_at).where(ApiToken.name != "测试")
    ).scalars()
    assert sorted(lives) == [timedelta(days=days) for days in (7, 30, 90, 365)]


def test_the_use_of_a_token_is_noted(web: Flask, account: Account) -> None:
    web.test_client().get("/api/v1/me", headers=account.bearer)
    assert db.session.scalars(select(ApiToken.last_used_at)).one() is not None


def test_every_scope_opens_something(web: Flask) -> None:
    opened = {view.access.scope for view in web.view_functions.values() if hasattr(view, "access")}
    assert opened - {None} == set(SCOPES)
