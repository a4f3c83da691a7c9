"""The pages: one file per portal, and what all pages share in `conventions.py`."""

from __future__ import annotations

from flask import Flask

from ce_tracker.web import (
    account,
    attendance,
    compliance,
    directories,
    directory_lines,
    duties,
    exemptions,
    funds,
    held_rows,
    home,
    hours,
    jobs,
    mails,
    merging,
    messages,
    people,
    policies,
    problems,
    promotions,
    record,
    region,
    regions,
    reveal,
    rosters,
    sessions,
    sign_in,
    sweeps,
    units,
    uploads,
    years,
)
from ce_tracker.web.conventions import blueprint, install_template_words
from config import Settings

PORTALS = (
    sign_in,
    account,
    home,
    people,
    merging,
    record,
    exemptions,
    hours,
    compliance,
    promotions,
    units,
    directories,
    directory_lines,
    duties,
    funds,
    jobs,
    messages,
    mails,
    regions,
    reveal,
    rosters,
    sessions,
    attendance,
    uploads,
    held_rows,
    policies,
    region,
    sweeps,
    years,
    problems,
)


def install(app: Flask, settings: Settings) -> None:
    # Flask's own session carries nothing but what is said once on the next page ("已修改").
    app.config.update(
        SECRET_KEY=settings.keyring().sign(b"flash", "cookie"),
        SESSION_COOKIE_NAME="ce-said",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
    )
    install_template_words(app, settings)
    app.register_blueprint(blueprint)
