"""A command's surroundings: settings, the database as its owner, one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from ce_tracker import embedded
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from config import DatabaseRole, Settings


@contextmanager
def owner_app() -> Iterator[Flask]:
    """The application as the owner of the tables, with what it needs running; not committed."""
    with embedded.running(Settings.from_env()) as settings:
        app = create_app(settings, DatabaseRole.OWNER)
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()
