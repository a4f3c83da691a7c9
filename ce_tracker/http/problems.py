"""Errors as their reader sees them: problem+json (RFC 9457) on the API, a page on the web."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Flask, Response, g, make_response, render_template, request
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from ce_tracker import errors
from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.identity import hidden

log = structlog.get_logger(__name__)

API = "/api/"
FOR_MACHINES = frozenset({"health"})
"""Blueprints outside the API whose readers are no people."""

_BY_STATUS: dict[int, type[CeTrackerError]] = {
    400: errors.BadRequest,
    404: errors.NotFound,
    405: errors.WrongMethod,
    406: errors.NotAcceptable,
    413: errors.TooLarge,
    415: errors.WrongMediaType,
    422: errors.Invalid,
}


def install(app: Flask) -> None:
    app.register_error_handler(Exception, answer)
    app.register_error_handler(HTTPException, answer)  # in place of flask-smorest's


def answer(error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:  # noqa: PLR2004
        return make_response(error.get_response())  # a redirect is no error
    problem = understood(error)
    db.session.rollback()
    if problem.status >= 500:  # noqa: PLR2004
        log.error("request failed", code=problem.code, exc_info=error)
    response = _json(problem) if _for_a_machine() else _page(problem)
    response.status_code = problem.status
    if isinstance(error, HTTPException):
        # Allow on 405, for one.
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
    if isinstance(problem, errors.NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    retry_after = getattr(problem, "retry_after", None)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _for_a_machine() -> bool:
    return request.path.startswith(API) or request.blueprint in FOR_MACHINES


def understood(error: Exception) -> CeTrackerError:
    """Whatever was raised, as one of ours."""
    if isinstance(error, CeTrackerError):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, DBAPIError) and isinstance(error.orig, pg.LockNotAvailable):
        return errors.RequestUnderWay()
    if isinstance(error, StaleDataError):
        return errors.Conflict("它刚刚被别人改动过。")
    if isinstance(error, OperationalError | PoolTimeoutError) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or isinstance(error.orig, pg.QueryCanceled))
    ):
        return errors.Unavailable()
    return CeTrackerError()


def _from_http(error: HTTPException) -> CeTrackerError:
    kind = _BY_STATUS.get(error.code or 500, CeTrackerError)
    data: dict[str, Any] = getattr(error, "data", {})
    if kind is errors.Invalid:
        # By where it stood, which is clear from the request: a body may have a field `form`.
        found = data.get("messages", {}).values()
        return errors.Invalid(errors=[entry for inner in found for entry in field_errors(inner)])
    if data.get("messages", {}).get("json"):
        return errors.BadRequest("请求内容不是有效的 JSON。")
    return kind()


def field_errors(messages: Any, path: str = "") -> list[dict[str, str]]:
    """Marshmallow's nested messages, flat: one entry per wrong field."""
    if isinstance(messages, dict):
        return [
            entry
            for name, inner in messages.items()
            for entry in field_errors(inner, _joined(path, str(name)))
        ]
    texts = messages if isinstance(messages, list) else [messages]
    return [{"field": path, "message": str(message)} for message in texts]


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def as_problem(problem: CeTrackerError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "remedy": problem.remedy,
        "request_id": g.get("request_id"),
    }
    clean: dict[str, Any] = _without_id_numbers(body | problem.facts)
    return clean


def _without_id_numbers(value: Any) -> Any:
    """An error repeats what was sent: a wrong code, an unknown field's name."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, list):
        return [_without_id_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_id_numbers(each) for name, each in value.items()}
    return value


def _json(problem: CeTrackerError) -> Response:
    text = json.dumps(as_problem(problem), ensure_ascii=False)
    return Response(text, content_type="application/problem+json")


def _page(problem: CeTrackerError) -> Response:
    problem.detail = hidden(problem.detail)
    return make_response(
        render_template("problem.html", problem=problem, request_id=g.get("request_id"))
    )
