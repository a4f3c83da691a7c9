"""The API under /api/v1: one file per resource. `conventions.py` is what they all share."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api

from ce_tracker.api import docs, jobs, me, regions, tokens

OPENAPI: dict[str, Any] = docs.OPENAPI


def install(app: Flask, api: Api) -> None:
    docs.describe(api)
    for resource in (me, regions, tokens, jobs):
        api.register_blueprint(resource.blueprint)
    app.register_blueprint(docs.blueprint)
