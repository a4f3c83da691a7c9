"""What every API route does alike, put on a view by one decorator.

    @endpoint(blueprint, "GET", "/<uuid:job_id>", roles=EVERYBODY, scope="jobs:read", answer=JobOut)
    def get_job(job_id): ...

In this order: who is asking (bearer token), may they (401, 403), not too often (429), the
`Idempotency-Key` of a POST, the input (422), the view, commit; and of a GET the ETag.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, current_app, jsonify, make_response, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser

from ce_tracker import idempotency
from ce_tracker.accounts.sign_in import enter_by_token
from ce_tracker.actor import Actor, Role
from ce_tracker.api.schema import Problem
from ce_tracker.errors import BadRequest, Invalid, NotAcceptable, NotSignedIn, WrongMediaType
from ce_tracker.extensions import current_actor, db
from ce_tracker.http import limits
from ce_tracker.http.access import Access, guarded
from ce_tracker.http.bodies import LARGEST_UPLOAD, with_largest_body
from ce_tracker.http.problems import field_errors
from ce_tracker.identity import hidden
from ce_tracker.sealing import Keyring

View = TypeVar("View", bound=Callable[..., Any])

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PROBLEMS = {
    401: "没有令牌，或令牌无效、过期、已作废",
    403: "身份或令牌的权限不够",
    404: "没有找到，或不属于您",
    406: "只以 application/json 回答",
    422: "参数或内容有误，errors 逐项说明",
    429: "过于频繁，见 Retry-After",
    503: "数据库暂时不可用，见 Retry-After",
}
_POST_PROBLEMS = {
    400: "不是有效的 JSON，或 Idempotency-Key 有误",
    409: "与现状冲突，或同一 Idempotency-Key 的请求正在处理",
    413: "内容过大",
    415: "内容不是 application/json",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "内容的指纹，供 If-None-Match", "schema": {"type": "string"}},
    "Location": {"description": "新建内容的地址", "schema": {"type": "string"}},
    "Retry-After": {"description": "多少秒后再试", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "true：这是同一 Idempotency-Key 第一次的答复",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_PROBLEM_HEADERS = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}


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


@dataclass(frozen=True)
class FileAnswer:
    """In place of a schema: the answer is a file."""

    media_type: str
    description: str


@dataclass(frozen=True)
class FileOr:
    """In place of a body's schema: a form with a file, or JSON."""

    form: type[ma.Schema]
    json: type[ma.Schema]


class Resource(Blueprint):
    ARGUMENTS_PARSER = _Parser()


def endpoint(
    blueprint: Resource,
    method: str,
    rule: str,
    *,
    roles: frozenset[Role],
    scope: str,
    answer: type[ma.Schema] | FileAnswer,
    status: int = 200,
    query: type[ma.Schema] | None = None,
    body: type[ma.Schema] | FileOr | None = None,
) -> Callable[[View], View]:
    access = Access(roles, scope)

    def decorate(view: View) -> View:
        inner: Any = view
        if query is not None:
            inner = blueprint.arguments(query, location="query")(inner)
        if isinstance(body, FileOr):
            inner = _either(blueprint, body.form, body.json, inner)
        elif body is not None:
            inner = blueprint.arguments(body, location="json")(inner)
        inner = _answering(blueprint, answer, method, status)(inner)
        if method == "GET":
            inner = blueprint.alt_response(
                304, description="没有变化", headers=_documented("ETag")
            )(inner)
        problems = _PROBLEMS | (_POST_PROBLEMS if method != "GET" else {})
        for code, meaning in sorted(problems.items()):
            inner = blueprint.alt_response(
                code,
                schema=Problem,
                description=meaning,
                content_type="application/problem+json",
                headers=_documented(*_PROBLEM_HEADERS.get(code, [])),
            )(inner)
        inner = blueprint.doc(
            security=[{"bearer": []}],
            parameters=_header_parameters(method),
            **{"x-scope": scope, "x-roles": sorted(roles)},
        )(inner)
        wrapped = guarded(access)(_conducted(inner, access, method, answer))
        if isinstance(body, FileOr):
            wrapped = with_largest_body(LARGEST_UPLOAD)(wrapped)
        blueprint.route(rule, methods=[method])(wrapped)
        return view

    return decorate


def _answering(
    blueprint: Resource, answer: type[ma.Schema] | FileAnswer, method: str, status: int
) -> Callable[[Any], Any]:
    headers = _headers_of(method, status)
    if isinstance(answer, FileAnswer):
        file = {"type": "string", "format": "binary"}
        found = blueprint.response(
            status,
            file,
            headers=headers,
            content_type=answer.media_type,
            description=answer.description,
        )
    else:
        found = blueprint.response(status, answer, headers=headers)
    decorator: Callable[[Any], Any] = found
    return decorator


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
    inner: Callable[..., Any], access: Access, method: str, answer: type[ma.Schema] | FileAnswer
) -> Callable[..., Response]:
    media_type = answer.media_type if isinstance(answer, FileAnswer) else "application/json"

    @functools.wraps(inner)
    def conduct(**path: Any) -> Response:
        who = _enter()
        limits.check(who)
        access.check(who)
        if request.accept_mimetypes and not request.accept_mimetypes[media_type]:
            raise NotAcceptable
        if method == "POST" and who is not None and "Idempotency-Key" in request.headers:
            return _once(who, lambda: make_response(inner(**path)), _secrets(answer))
        response = make_response(inner(**path))
        db.session.commit()
        if method == "GET":
            response.headers["Cache-Control"] = "private, no-cache"
            response.vary.add("Authorization")
            response.add_etag()
            response.make_conditional(request)
        return response

    return conduct


def _enter() -> Actor | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return enter_by_token(secret.strip()) if scheme.lower() == "bearer" and secret else None


def _once(who: Actor, act: Callable[[], Response], secrets: frozenset[str]) -> Response:
    key = request.headers["Idempotency-Key"]
    if not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key 应为 1 到 255 个可见的 ASCII 字符。")
    if hidden(key) != key:
        raise BadRequest("Idempotency-Key 中不能有证件号码，请用随机的编号。")
    digest = sha256(key.encode()).digest()
    asked = b"\0".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    earlier = idempotency.begin(keyring(), who, digest, asked)
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
        keyring(), who, digest, idempotency.Answer(response.status_code, kept, location)
    )
    db.session.commit()
    return response


def _secrets(answer: type[ma.Schema] | FileAnswer) -> frozenset[str]:
    """Fields that are shown once: a replayed answer has nothing there."""
    if isinstance(answer, FileAnswer):
        return frozenset()
    return frozenset(
        name for name, field in answer().fields.items() if field.metadata.get("x-secret")
    )


def _headers_of(method: str, status: int) -> dict[str, Any]:
    names = ["ETag"] if method == "GET" else []
    names += ["Idempotent-Replayed"] if method == "POST" else []
    names += ["Location"] if status in {201, 202} else []
    return _documented(*names)


def _documented(*names: str) -> dict[str, Any]:
    return {name: _HEADERS[name] for name in names}


def _header_parameters(method: str) -> list[dict[str, Any]]:
    if method == "GET":
        return [
            {
                "in": "header",
                "name": "If-None-Match",
                "description": "上次答复的 ETag；没有变化则答 304",
                "schema": {"type": "string"},
            }
        ]
    if method == "POST":
        return [
            {
                "in": "header",
                "name": "Idempotency-Key",
                "description": "重试时用同一个值：24 小时内只执行一次，重复时得到第一次的答复",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        ]
    return []
