"""What happens around every request: its id, its one line in the log, its numbers, its headers."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter

import structlog
from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from ce_tracker import logs
from ce_tracker.errors import BadRequest, NotFound
from ce_tracker.extensions import current_actor, db
from ce_tracker.http import bodies, metrics
from ce_tracker.http.access import PUBLIC, guarded
from config import Settings

log = structlog.get_logger("ce_tracker.request")

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
A_YEAR_SECONDS = 31_536_000


def install(app: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )

    guarded(PUBLIC)(app.view_functions["static"])

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        g.stack = ExitStack()
        g.request_id = g.stack.enter_context(logs.request(request.headers.get("X-Request-ID")))
        bodies.apply_limit()
        _refuse_what_cannot_be_stored()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.secure_cookies:
            response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR_SECONDS}"
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        seconds = perf_counter() - g.began
        # The route's pattern, never the address: an address is the caller's to fill.
        route = str(request.url_rule) if request.url_rule else "(none)"
        metrics.count_request(request.method, route, response.status_code, seconds)
        if request.endpoint not in {"static", "health.healthz", "health.readyz", "health.metrics"}:
            actor = current_actor() if db.session.registry.has() else None
            log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
                user=str(actor.user_id) if actor else None,
            )
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        db.session.remove()
        if "stack" in g:
            g.stack.close()


def _refuse_what_cannot_be_stored() -> None:
    """PostgreSQL has no text with a NUL in it; nobody's name and no page of ours has one either.

    The API's own queries and bodies are told so field by field (`ce_tracker.api.schema.Input`).
    """
    if "\0" in request.path:
        raise NotFound
    if request.blueprint == "web" and any(
        "\0" in text
        for fields in (request.args, request.form)
        for texts in fields.listvalues()
        for text in texts
    ):
        raise BadRequest("内容中有不能处理的字符。")
