"""Hours of people whom nobody has registered yet, over the API."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.test_uploads import ask, shown, uploaded
from tests.factories import Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, xlsx


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    return ProviderDesk.open(make, web, worker)


def test_held_rows_are_listed_and_let_go(desk: ProviderDesk, make: Factory) -> None:
    other = make.session(desk.account)
    people = [(f"孙{word}", id_number(n), 8, "合格") for n, word in enumerate("甲乙丙丁", 720)]
    first = uploaded(desk, xlsx(HEADER, *people[:3]), post="true")
    desk.session_id = other.id
    uploaded(desk, xlsx(HEADER, *people[3:]), post="true")
    desk.work()
    page = shown(desk, "/held-rows?limit=3")
    rest = shown(desk, f"/held-rows?limit=3&cursor={page['next_cursor']}")
    assert [row["name"] for row in (*page["items"], *rest["items"])] == [
        "孙丁",
        "孙丙",
        "孙乙",
        "孙甲",
    ]
    [only] = shown(desk, f"/held-rows?session_id={other.id}")["items"]
    assert (only["name"], only["hours"], only["session_title"]) == ("孙丁", "8", other.title)
    path = f"/held-rows/{only['id']}/release"
    answers = [ask(desk, "POST", path).get_json()["released"] for _ in range(2)]
    assert answers == [1, 0]
    assert ask(desk, "POST", "/held-rows/release", json={}).status_code == 422
    sent = {"upload_id": first[9:]}
    assert ask(desk, "POST", "/held-rows/release", json=sent).get_json() == {"released": 3}
    assert shown(desk, "/held-rows")["items"] == []
