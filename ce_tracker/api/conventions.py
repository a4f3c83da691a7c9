"""What every API route does alike, put on a view by one decorator.

    @endpoint(blueprint, "GET", "/<uuid:job_id>", roles=EVERYBODY, scope="jobs:read", answer=JobOut)
    def get_job(job_id): ...

In this order: who is asking (bearer token), may they (401, 403), not too often (429), the
`Idempotency-Key` of a POST, the input (422), the view, commit; and of a GET the ETag.

An answer that PostgreSQL makes whole may be `Direct`: then a plain success is given past all this
(`http/short_way.py`), and the view is for the rest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, current_app, jsonify, make_response, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser

from ce_tracker import idempotency
from ce_tracker.accounts.sign_in import enter_by_token
from ce_tracker.actor import Actor, Role
from ce_tracker.api.describing import (
    Answer,
    Direct,
    FileAnswer,
    FileOr,
    answering,
    described,
    secrets,
)
from ce_tracker.api.schema import Input
from ce_tracker.errors import (
    BadRequest,
    Invalid,
    NotAcceptable,
    NotSignedIn,
    WrongMediaType,
)
from ce_tracker.extensions import current_actor, db
from ce_tracker.http import limits
from ce_tracker.http.access import Access, guarded
from ce_tracker.http.bodies import LARGEST_UPLOAD, with_largest_body
from ce_tracker.http.problems import field_errors
from ce_tracker.http.short_way import JSON, READ_BY_ONE, ShortWay
from ce_tracker.identity import hidden
from ce_tracker.sealing import Keyring

View = TypeVar("View", bound=Callable[..., Any])

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BARE_UUID = re.compile(r"[\dA-Fa-f]{32}")
"""Random, yet one in 400 has fifteen digits in a row, which an ID number may be."""


class _Parser(FlaskParser):
    """As strict as the schemas: also of a query an unknown name is an error, and what is no JSON
    is said to be none instead of being taken for nothing."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012  as in the library

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        if not req.is_json and (req.mimetype or req.get_data(cache=True)):
            raise WrongMediaType
        try:
            return super().load_json(req, schema)
        except (RecursionError, ValueError) as error:  # nested too deep; a number too long
            raise BadRequest("请求内容不是有效的 JSON。") from error


class Resource(Blueprint):
    ARGUMENTS_PARSER = _Parser()


def endpoint(
    blueprint: Resource,
    method: str,
    rule: str,
    *,
    roles: frozenset[Role],
    scope: str,
    answer: Answer,
    status: int = 200,
    query: type[ma.Schema] | None = None,
    body: type[ma.Schema] | FileOr | None = None,
) -> Callable[[View], View]:
    access = Access(roles, scope)

    def decorate(view: View) -> View:
        # Schemas are made here, once: of a class the library makes one for each request.
        inner: Any = view
        if query is not None:
            inner = blueprint.arguments(query(), location="query")(inner)
        if isinstance(body, FileOr):
            inner = _either(blueprint, body.form, body.json, inner)
        elif body is not None:
            inner = blueprint.arguments(body(), location="json")(inner)
        inner = answering(blueprint, answer, method, status)(inner)
        conduct = _conducted(inner, access, method, answer)
        if isinstance(answer, Direct):
            way = ShortWay(answer.read, access, (query or Input)())
            conduct.short_way = way  # type: ignore[attr-defined]
        # What only describes the route is not called through at each request.
        about = described(blueprint, inner, method, access)
        conduct._apidoc = about._apidoc  # type: ignore[attr-defined]  # noqa: SLF001
        wrapped = guarded(access)(conduct)
        if isinstance(body, FileOr):
            wrapped = with_largest_body(LARGEST_UPLOAD)(wrapped)
        blueprint.route(rule, methods=[method])(wrapped)
        return view

    return decorate


def _either(
    blueprint: Resource, upload: type[ma.Schema], body: type[ma.Schema], view: Callable[..., Any]
) -> Any:
    """A file in a form, or JSON: by what the request says it is."""

    @functools.wraps(view)
    def read(*given: Any, **path: Any) -> Any:
        if request.mimetype == "multipart/form-data":
            sent: Mapping[str, Any] = {**request.form.to_dict(), **request.files.to_dict()}
            try:
                said = upload().load(sent)
            except ma.ValidationError as error:
                raise Invalid(errors=field_errors(error.messages)) from None
        else:
            said = blueprint.ARGUMENTS_PARSER.parse(body(), request, location="json")
        return view(*given, said, **path)

    return blueprint.doc(
        requestBody={
            "required": True,
            "content": {
                "multipart/form-data": {"schema": upload},
                "application/json": {"schema": body},
            },
        }
    )(read)


def actor() -> Actor:
    """Whoever passed the access rule."""
    found = current_actor()
    if found is None:
        raise NotSignedIn
    return found


def keyring() -> Keyring:
    ring: Keyring = current_app.config["CE_SETTINGS"].keyring()
    return ring


def _conducted(
    inner: Callable[..., Any], access: Access, method: str, answer: Answer
) -> Callable[..., Response]:
    media_type = answer.media_type if isinstance(answer, FileAnswer) else JSON

    @functools.wraps(inner)
    def conduct(**path: Any) -> Response:
        who = _enter()
        _let_in(who, access, media_type)
        if method == "POST" and who is not None and "Idempotency-Key" in request.headers:
            return _once(who, lambda: make_response(inner(**path)), secrets(answer))
        response = make_response(inner(**path))
        db.session.commit()
        return _kept_by_its_reader(response) if method == "GET" else response

    return conduct


def _let_in(who: Actor | None, access: Access, media_type: str) -> None:
    limits.check(who, current_app.config["CE_SETTINGS"])
    access.check(who)
    if "Accept" in request.headers and not request.accept_mimetypes[media_type]:
        raise NotAcceptable


def _kept_by_its_reader(response: Response) -> Response:
    """And by nobody else, nor used unasked."""
    response.headers.extend(READ_BY_ONE)
    response.add_etag()
    if "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response


def _enter() -> Actor | None:
    secret = _bearer()
    return enter_by_token(secret) if secret else None


def _bearer() -> str | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def _once(who: Actor, act: Callable[[], Response], secrets: frozenset[str]) -> Response:
    key = request.headers["Idempotency-Key"]
    if not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key 应为 1 到 255 个可见的 ASCII 字符。")
    if hidden(key) != key and not _BARE_UUID.fullmatch(key):
        raise BadRequest("Idempotency-Key 中不能有证件号码，请用随机的编号。")
    key_digest = sha256(key.encode()).digest()
    asked = b"\0".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    earlier = idempotency.begin(keyring(), who, key_digest, asked)
    if earlier is not None:
        db.session.commit()
        response = jsonify(earlier.body)
        response.status_code = earlier.status
        response.headers.update(earlier.headers)
        response.headers["Idempotent-Replayed"] = "true"
        return response
    response = act()
    body = response.get_json()
    kept = {name: None if name in secrets else value for name, value in body.items()}
    location = {"Location": response.headers["Location"]} if "Location" in response.headers else {}
    idempotency.finish(
        keyring(), who, key_digest, idempotency.Answer(response.status_code, kept, location)
    )
    db.session.commit()
    return response
