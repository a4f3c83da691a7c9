"""Other applications on the test's database: with other settings, or with a route that fails."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from flask import Flask

from ce_tracker.extensions import db
from ce_tracker.http.access import PUBLIC, guarded
from ce_tracker.serving import create_web_app
from config import Settings


@contextmanager
def another(
    settings: Settings, views: dict[str, Callable[[], Any]] | None = None, **changes: Any
) -> Iterator[Flask]:
    app = create_web_app(settings.with_(**changes))
    for rule, view in (views or {}).items():
        app.add_url_rule(rule, rule, guarded(PUBLIC)(view), methods=["GET", "POST"])
    try:
        yield app
    finally:
        disconnect(app)


def disconnect(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
    if "ce_direct" in app.extensions:
        app.extensions["ce_direct"].close()


@contextmanager
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is written to the log meanwhile, in the form in which it is written."""
    root = logging.getLogger()
    formatter = next(
        handler.formatter
        for handler in root.handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    )
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    try:
        yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
