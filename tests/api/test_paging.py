"""Pages by cursor: nothing is skipped or repeated, however much is added meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Region
from tests.factories import Account, Factory


@pytest.fixture
def account(make: Factory) -> Account:
    return make.account(Role.AUTHORITY)


def read(web: Flask, account: Account, path: str, **query: Any) -> dict[str, Any]:
    answer = web.test_client().get(path, query_string=query, headers=account.bearer)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def test_while_rows_are_added_none_is_skipped_and_none_repeated(
    web: Flask, account: Account, make: Factory
) -> None:
    for path, add in (
        ("/api/v1/tokens", lambda: make.token(account.user)),
        ("/api/v1/jobs", lambda: make.job(asked_by=account.user.id)),
    ):
        for _ in range(6):
            add()
        expected = [row["id"] for row in read(web, account, path, limit=200)["items"]]
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 3}
        while True:
            shown = read(web, account, path, **query)
            seen += [row["id"] for row in shown["items"]]
            add()
            if shown["next_cursor"] is None:
                break
            query["cursor"] = shown["next_cursor"]
        assert seen == expected
        assert len(seen) >= 6


def test_all_pages_together_are_the_whole_list(web: Flask, account: Account) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 97}
    while True:
        shown = read(web, account, "/api/v1/regions", **query)
        assert len(shown["items"]) <= 97
        seen += [row["path"] for row in shown["items"]]
        if shown["next_cursor"] is None:
            break
        query["cursor"] = shown["next_cursor"]
    everything = select(Region.path).where(Region.holds_on(clock.today())).order_by(Region.path)
    assert seen == list(db.session.scalars(everything))
    assert len(seen) > 500


def test_a_page_that_ends_with_the_list_has_no_next(
    web: Flask, account: Account, make: Factory
) -> None:
    make.token(account.user)
    shown = read(web, account, "/api/v1/tokens", limit=2)
    assert len(shown["items"]) == 2
    assert shown["next_cursor"] is None


def test_a_bent_cursor_is_refused(web: Flask, account: Account, make: Factory) -> None:
    make.token(account.user)
    cursor = read(web, account, "/api/v1/tokens", limit=1)["next_cursor"]
    bent = {cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :] for i in range(60)}
    bent |= {cursor[:-1], cursor + "A", "x", "=", "页", "a" * 500, cursor[20:], "%00"}
    for wrong in bent:
        assert refused(web, account, "/api/v1/tokens", wrong), wrong


def test_a_cursor_of_another_list_or_reader_is_refused(
    web: Flask, account: Account, make: Factory
) -> None:
    other = make.account(Role.AUTHORITY)
    for _ in range(2):
        make.token(account.user)
        make.job(asked_by=account.user.id)
    paths = ("/api/v1/tokens", "/api/v1/jobs", "/api/v1/regions")
    for path in paths:
        cursor = read(web, account, path, limit=1)["next_cursor"]
        assert refused(web, other, path, cursor)
        for elsewhere in set(paths) - {path}:
            assert refused(web, account, elsewhere, cursor)
        read(web, account, path, limit=1, cursor=cursor)


def refused(web: Flask, account: Account, path: str, cursor: str) -> bool:
    answer = web.test_client().get(path, query_string={"cursor": cursor}, headers=account.bearer)
    return answer.status_code == 422 and answer.get_json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5", ""])
def test_a_page_has_one_to_two_hundred_rows(web: Flask, account: Account, limit: str) -> None:
    answer = web.test_client().get(
        "/api/v1/tokens", query_string={"limit": limit}, headers=account.bearer
    )
    assert answer.status_code == 422
    assert [entry["field"] for entry in answer.get_json()["errors"]] == ["limit"]
