"""The API under /api/v1: one file per resource. `conventions.py` is what they all share."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api

from ce_tracker.api import (
    attendance,  # noqa: F401  adds its routes to uploads
    compliance,  # noqa: F401  adds its routes to employers and professionals
    corrections,  # noqa: F401  adds its routes to professionals
    directories,
    directory_lines,  # noqa: F401  adds its routes to directories
    docs,
    duties,
    employers,
    exemptions,  # noqa: F401  adds its routes to professionals and me
    fields,
    funds,  # noqa: F401  adds its routes to employers
    held_rows,
    hours,
    jobs,
    me,
    merging,  # noqa: F401  adds its routes to professionals
    messages,
    policies,
    professionals,
    promotion_verdicts,  # with the routes of promotions
    promotions,  # noqa: F401  adds its routes to promotion_verdicts
    providers,
    regions,
    regions_compliance,
    rosters,
    sessions,
    sweeps,
    tokens,
    uploads,
    verdicts,  # noqa: F401  adds its routes to hours
    years,  # with routes of me and professionals
)

OPENAPI: dict[str, Any] = docs.OPENAPI


def install(app: Flask, api: Api) -> None:
    docs.describe(api)
    for blueprint in (
        me.blueprint,
        hours.blueprint,
        regions.blueprint,
        fields.series,
        fields.blueprint,
        employers.blueprint,
        providers.blueprint,
        professionals.blueprint,  # with the routes of corrections and merging
        rosters.blueprint,
        directories.blueprint,  # with the routes of directory_lines
        promotion_verdicts.blueprint,  # with the routes of promotions
        uploads.blueprint,  # with the routes of attendance
        held_rows.blueprint,
        sessions.blueprint,
        policies.blueprint,
        regions_compliance.blueprint,
        duties.blueprint,
        sweeps.blueprint,
        years.blueprint,
        messages.blueprint,
        tokens.blueprint,
        jobs.blueprint,
    ):
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
