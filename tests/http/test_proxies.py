"""Whose address it is: that of the connection, unless a proxy of ours says otherwise."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify, request

from config import Settings
from tests.http.apps import another

TOLD = {"X-Forwarded-For": "192.0.2.66, 192.0.2.1", "X-Forwarded-Proto": "https"}


def seen_by(app: Flask) -> list[str]:
    found: list[str] = app.test_client().get("/api/v1/who", headers=TOLD).get_json()
    return found


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [(0, ["127.0.0.1", "http"]), (1, ["192.0.2.1", "https"]), (2, ["192.0.2.66", "http"])],
)
def test_only_as_many_forwarded_addresses_are_believed_as_there_are_proxies(
    settings: Settings, proxies: int, seen: list[str]
) -> None:
    """Or a guesser would write a new address into every attempt."""
    views = {"/api/v1/who": lambda: jsonify([request.remote_addr, request.scheme])}
    with another(settings, views, trusted_proxies=proxies) as app:
        assert seen_by(app) == seen
