"""What happens around every request: its id, its one line in the log, its numbers, its headers."""

from __future__ import annotations

from time import perf_counter

import structlog
from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from structlog.contextvars import bind_contextvars, reset_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix

from ce_tracker import logs
from ce_tracker.actor import Actor
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
NOT_LOGGED = frozenset({"static", "health.healthz", "health.readyz", "health.metrics"})


def install(app: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )

    app.session_interface = _Said()
    guarded(PUBLIC)(app.view_functions["static"])
    always = standing_headers(settings)

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        g.request_id = logs.usable_id(request.headers.get("X-Request-ID"))
        g.bound = bind_contextvars(request_id=g.request_id)
        bodies.apply_limit()
        _refuse_what_cannot_be_stored()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.extend(always)
        response.headers["X-Request-ID"] = g.request_id
        endpoint = request.endpoint
        if endpoint != "static" and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        seconds = perf_counter() - g.began
        # The route's pattern, never the address: an address is the caller's to fill.
        route = request.url_rule.rule if request.url_rule else "(none)"
        if endpoint in NOT_LOGGED:
            metrics.count_request(request.method, route, response.status_code, seconds)
        else:
            who = current_actor() if db.session.registry.has() else None
            method, status = request.method, response.status_code
            account_for(method, route, status, seconds, who, g.request_id)
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if db.session.registry.has():
            db.session.remove()
        if "bound" in g:
            reset_contextvars(**g.bound)


def standing_headers(settings: Settings) -> dict[str, str]:
    """On every answer."""
    if not settings.secure_cookies:
        return HEADERS
    return HEADERS | {"Strict-Transport-Security": f"max-age={A_YEAR_SECONDS}"}


def account_for(
    method: str, route: str, status: int, seconds: float, who: Actor | None, request_id: str
) -> None:
    metrics.count_request(method, route, status, seconds)
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        user=str(who.user_id) if who else None,
        request_id=request_id,
    )


class _Said(SecureCookieSessionInterface):
    """What is said once on the next page is looked for where a cookie came, and so not by the
    API: making ready to open one takes longer than to see that there is none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)


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
