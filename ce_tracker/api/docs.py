"""The API's description (OpenAPI 3.1) and its page, both served from here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask_smorest import Api

from ce_tracker.extensions import api
from ce_tracker.http.access import PUBLIC, guarded

blueprint = Blueprint("api_docs", __name__)

OPENAPI: dict[str, Any] = {
    "API_TITLE": "继续教育学时服务",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": (
                "专业技术人员继续教育学时服务的接口。\n\n"
                "- **身份**：`Authorization: Bearer 令牌`。在网页“账号与安全”中新建，只显示一次。\n"
                "- **出错**：RFC 9457 的 problem+json，`code` 不变，`remedy` 说明怎样解决。\n"
                "- **翻页**：把答复中的 `next_cursor` 原样放进下一次请求的 `cursor`。\n"
                "- **重试**：POST 请求带上 `Idempotency-Key`，重复提交只执行一次。\n"
                "- **缓存**：读取的答复带 `ETag`，下次以 `If-None-Match` 带回，没有变化则答 304。\n"
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    },
}


def describe(smorest: Api) -> None:
    smorest.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})


@blueprint.get("/api/v1/openapi.json")
@guarded(PUBLIC)
def openapi() -> Response:
    response = jsonify(api.spec.to_dict())
    response.headers["Cache-Control"] = "public, max-age=300"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/api/docs")
@guarded(PUBLIC)
def page() -> str:
    return render_template("api_docs.html", title=current_app.config["API_TITLE"])
