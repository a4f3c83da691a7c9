"""A browser as the server sees it: cookies, an address, and forms that carry the page's token."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.factories import PASSWORD, Account

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    def __init__(self, app: Flask, address: str = "198.51.100.7") -> None:
        self.client = app.test_client()
        self.address = address
        self.agent = "Firefox"

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **self._from_here(more))

    def post(self, path: str, form: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """As a page of ours would send it."""
        data = {"csrf_token": self.csrf_token(), **(form or {})}
        return self.client.post(path, data=data, **self._from_here(more))

    def csrf_token(self) -> str:
        """From a page that has a form for whoever is looking."""
        for path in ("/account/password", "/sign-in"):
            found = _CSRF.search(self.get(path).text)
            if found:
                return found[1]
        raise AssertionError("no page shows a form")

    def sign_in(self, account: Account, password: str = PASSWORD, **form: Any) -> TestResponse:
        return self.try_sign_in(account.actor.login, password, **form)

    def try_sign_in(self, login: str, password: str, **form: Any) -> TestResponse:
        return self.post("/sign-in", {"login": login, "password": password, **form})

    def signed_in(self) -> bool:
        return self.get("/account/password").status_code == 200

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(f"ce-{name}")
        return None if found is None else found.value

    def _from_here(self, more: dict[str, Any]) -> dict[str, Any]:
        return {
            "environ_overrides": {"REMOTE_ADDR": self.address, "HTTP_USER_AGENT": self.agent},
            **more,
        }


def signed_in(app: Flask, account: Account, address: str = "198.51.100.7") -> Visitor:
    visitor = Visitor(app, address)
    answer = visitor.sign_in(account)
    assert answer.status_code == 303, answer.text
    return visitor
