"""What each route says of itself in the description of the API: beside its own schemas the
problems, headers and rights that all have alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from ce_tracker.api.schema import Problem
from ce_tracker.http.access import Access
from ce_tracker.http.short_way import Read

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


@dataclass(frozen=True)
class FileAnswer:
    """In place of a schema: the answer is a file."""

    media_type: str
    description: str


@dataclass(frozen=True)
class Direct:
    """PostgreSQL can make the answer whole, in one statement with finding out who is asking."""

    schema: type[ma.Schema]
    read: Read


Answer = type[ma.Schema] | FileAnswer | Direct


@dataclass(frozen=True)
class FileOr:
    """In place of a body's schema: a form with a file, or JSON."""

    form: type[ma.Schema]
    json: type[ma.Schema]


def answering(
    blueprint: Blueprint, answer: Answer, method: str, status: int
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
        schema = answer.schema if isinstance(answer, Direct) else answer
        found = blueprint.response(status, schema(), headers=headers)
    decorator: Callable[[Any], Any] = found
    return decorator


def described(blueprint: Blueprint, view: Any, method: str, access: Access) -> Any:
    # In one go: the library copies all that was said before for each answer said by itself.
    problems = _PROBLEMS | (_POST_PROBLEMS if method != "GET" else {})
    responses = {str(code): _problem(code, problems[code]) for code in sorted(problems)}
    if method == "GET":
        responses["304"] = {"description": "没有变化", "headers": _documented("ETag")}
    return blueprint.doc(
        security=[{"bearer": []}],
        parameters=_header_parameters(method),
        responses=responses,
        **{"x-scope": access.scope, "x-roles": sorted(access.roles)},
    )(view)


def _problem(code: int, meaning: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": meaning,
        "content": {"application/problem+json": {"schema": Problem}},
    }
    if code in _PROBLEM_HEADERS:
        found["headers"] = _documented(*_PROBLEM_HEADERS[code])
    return found


def secrets(answer: Answer) -> frozenset[str]:
    """Fields that are shown once: a replayed answer has nothing there."""
    if isinstance(answer, FileAnswer | Direct):
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
