"""The short way to an answer that PostgreSQL makes whole.

Finding out who is asking, and the answer, are one statement then, of a tenth of a millisecond. The
framework around it takes twice that: its contexts, its matching of addresses, the session. So a
plain success is answered before the framework: the same bytes and headers, counted against the
same limit, with the same line in the log.

Whatever is not plain (no token or one that may not, a wrong question, too many, another form of
answer wanted, PostgreSQL gone) is left to the route itself, from the start. Nothing is refused
here, so nothing about refusing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import marshmallow as ma
from flask import Flask
from werkzeug.http import generate_etag, parse_etags, quote_etag

from ce_tracker import logs
from ce_tracker.accounts.sign_in import actor_of, digest
from ce_tracker.actor import Actor
from ce_tracker.direct import Direct
from ce_tracker.errors import CeTrackerError
from ce_tracker.http import limits, requests
from ce_tracker.http.access import Access
from config import Settings

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Read = Callable[[Direct, bytes, Mapping[str, Any]], tuple[dict[str, Any] | None, str | None]]

JSON = "application/json"
READ_BY_ONE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""By whoever has the token, and not again without asking whether it has changed."""
MOST_QUERIES = 1000


@dataclass(frozen=True)
class ShortWay:
    read: Read
    """By a token's digest, who shows it and what they asked for."""
    access: Access
    query: ma.Schema


def install(app: Flask, settings: Settings) -> None:
    """Around all routes that are there by now."""
    ways = {
        rule.rule: _Answering(rule.rule, way, app.extensions["ce_direct"], settings)
        for rule in app.url_map.iter_rules()
        if (way := getattr(app.view_functions[rule.endpoint], "short_way", None))
    }
    long_way: Wsgi = app.wsgi_app

    def either(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        way = ways.get(environ["PATH_INFO"])
        found = way.answer(environ) if way else None
        if found is None:
            return long_way(environ, start_response)
        status, headers, body = found
        start_response(status, headers)
        return (body,)

    app.wsgi_app = either  # type: ignore[method-assign]


class _Answering:
    def __init__(self, rule: str, way: ShortWay, direct: Direct, settings: Settings) -> None:
        self._rule, self._way, self._direct, self._settings = rule, way, direct, settings
        self._headers = list((requests.standing_headers(settings) | READ_BY_ONE).items())
        self._queries: dict[str, dict[str, Any]] = {}

    def answer(self, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes] | None:
        began = perf_counter()
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if (
            not authorization.startswith("Bearer ")
            or environ["REQUEST_METHOD"] != "GET"
            or environ.get("HTTP_ACCEPT", JSON) not in {JSON, "*/*"}
        ):
            return None
        try:
            query = self._asked(environ.get("QUERY_STRING", ""))
            secret = authorization.removeprefix("Bearer ").strip()
            facts, found = self._way.read(self._direct, digest(secret), query)
            who = actor_of(facts, production=self._settings.is_production)
            self._way.access.check(who)
            limits.check(who, self._settings)
        except (ma.ValidationError, CeTrackerError):
            return None
        return None if found is None else self._answered(environ, found.encode(), who, began)

    def _asked(self, text: str) -> dict[str, Any]:
        """What most ask is the same few things; but whether a moment has come is looked at each
        time."""
        if text in self._queries:
            return self._queries[text]
        pairs = parse_qsl(text, keep_blank_values=True)
        found: dict[str, Any] = self._way.query.load(dict(reversed(pairs)))
        fixed = not any(isinstance(value, datetime) for value in found.values())
        if fixed and len(self._queries) < MOST_QUERIES:
            self._queries[text] = found
        return found

    def _answered(
        self, environ: Environ, body: bytes, who: Actor | None, began: float
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        etag = generate_etag(body)
        known = environ.get("HTTP_IF_NONE_MATCH")
        changed = known is None or not parse_etags(known).contains_weak(etag)
        request_id = logs.usable_id(environ.get("HTTP_X_REQUEST_ID"))
        headers = [*self._headers, ("ETag", quote_etag(etag)), ("X-Request-ID", request_id)]
        if changed:
            headers += [("Content-Type", JSON), ("Content-Length", str(len(body)))]
        requests.account_for(
            "GET", self._rule, 200 if changed else 304, perf_counter() - began, who, request_id
        )
        return ("200 OK", headers, body) if changed else ("304 NOT MODIFIED", headers, b"")
