"""The API's description says what the API does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.http.test_access import routes

ALWAYS = {"401", "403", "404", "406", "422", "429", "503"}


@pytest.fixture
def described(web: Flask) -> dict[str, Any]:
    body: dict[str, Any] = web.test_client().get("/api/v1/openapi.json").get_json()
    return body


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def test_it_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_route_is_described_and_nothing_else(web: Flask, described: dict[str, Any]) -> None:
    there = {
        (re.sub(r"<\w+:", "<", route.rule.rule), route.method.lower())
        for route in routes(web)
        if route.api and not route.access.public
    }
    told = {
        (path.replace("{", "<").replace("}", ">"), method)
        for path, method, _ in operations(described)
    }
    assert told == there


def test_every_operation_says_who_may_call_it_and_what_it_answers(
    described: dict[str, Any],
) -> None:
    for path, method, operation in operations(described):
        where = f"{method} {path}"
        assert operation["security"] == [{"bearer": []}], where
        assert operation["x-scope"], where
        assert operation["x-roles"], where
        assert operation["summary"], where
        answers = operation["responses"]
        assert set(answers) >= ALWAYS, where
        for status, answer in answers.items():
            if int(status) >= 400:
                assert set(answer["content"]) == {"application/problem+json"}, (where, status)
        for status in ("429", "503"):
            assert "Retry-After" in answers[status]["headers"], where
        assert "WWW-Authenticate" in answers["401"]["headers"], where


def test_every_read_tells_of_its_etag_and_every_post_of_its_key(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        names = {parameter["name"] for parameter in operation["parameters"]}
        if method == "get":
            assert "If-None-Match" in names, path
            assert "ETag" in operation["responses"]["200"]["headers"], path
            assert "content" not in operation["responses"]["304"], path
        if method == "post":
            assert "Idempotency-Key" in names, path
            assert {"400", "409", "413", "415"} <= set(operation["responses"]), path
        if "201" in operation["responses"]:
            assert "Location" in operation["responses"]["201"]["headers"], path


def test_the_page_of_the_description_is_served_from_here(web: Flask) -> None:
    page = web.test_client().get("/api/docs")
    assert page.status_code == 200
    assert "/api/v1/openapi.json" in page.text
    assert "https://" not in page.text
    assert "<script>" not in page.text
