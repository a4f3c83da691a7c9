"""Reads carry an ETag; what has not changed is not sent again."""

from __future__ import annotations

from flask import Flask

from ce_tracker.actor import Role
from tests.factories import Factory
from tests.http.test_access import routes

QUESTIONS = {
    "/api/v1/promotions/check": (Role.PROFESSIONAL, {"target": "junior", "track": "unified"})
}
"""What cannot be read without saying more: who asks, and what."""


def test_every_read_can_be_asked_whether_it_has_changed(web: Flask, make: Factory) -> None:
    accounts = {role: make.account(role) for role in Role}
    client = web.test_client()
    for account in accounts.values():
        client.get("/api/v1/me", headers=account.bearer)  # notes that the token was used
    asked = 0
    for route in routes(web):
        if not route.api or route.method != "GET" or route.rule.arguments or route.access.public:
            continue
        role, query = QUESTIONS.get(route.rule.rule, (min(route.access.roles), {}))
        account = accounts[role]
        first = client.get(route.rule.rule, query_string=query, headers=account.bearer)
        assert first.status_code == 200, str(route)
        assert first.headers["Cache-Control"] == "private, no-cache", str(route)
        assert "Authorization" in first.headers["Vary"], str(route)
        headers = {**account.bearer, "If-None-Match": first.headers["ETag"]}
        again = client.get(route.rule.rule, query_string=query, headers=headers)
        assert again.status_code == 304, str(route)
        assert again.data == b""
        assert again.headers["ETag"] == first.headers["ETag"]
        asked += 1
    assert asked >= 4


def test_what_has_changed_is_sent_with_another_etag(web: Flask, make: Factory) -> None:
    account = make.account(Role.AUTHORITY)
    client = web.test_client()
    client.get("/api/v1/me", headers=account.bearer)
    first = client.get("/api/v1/tokens", headers=account.bearer)
    make.token(account.user)
    again = client.get(
        "/api/v1/tokens", headers={**account.bearer, "If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]


def test_a_known_etag_opens_nothing_to_nobody(web: Flask, make: Factory) -> None:
    account = make.account(Role.AUTHORITY)
    client = web.test_client()
    known = client.get("/api/v1/me", headers=account.bearer).headers["ETag"]
    assert client.get("/api/v1/me", headers={"If-None-Match": known}).status_code == 401


def test_the_description_of_the_api_can_be_kept_too(web: Flask) -> None:
    client = web.test_client()
    first = client.get("/api/v1/openapi.json")
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
