"""The API under /api/v1: one file per resource. `conventions.py` is what they all share."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api

from ce_tracker.api import (
    corrections,  # noqa: F401  adds its routes to professionals
    docs,
    employers,
    fields,
    jobs,
    me,
    merging,  # noqa: F401  adds its routes to professionals
    professionals,
    providers,
    regions,
    rosters,
    tokens,
)

OPENAPI: dict[str, Any] = docs.OPENAPI


def install(app: Flask, api: Api) -> None:
    docs.describe(api)
    for blueprint in (
        me.blueprint,
        regions.blueprint,
        fields.series,
        fields.blueprint,
        employers.blueprint,
        providers.blueprint,
        professionals.blueprint,  # with the routes of corrections and merging
        rosters.blueprint,
        tokens.blueprint,
        jobs.blueprint,
    ):
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
