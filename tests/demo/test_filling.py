"""Filling a database with the demo: it says how far it is, and never does it twice."""

from __future__ import annotations

from io import StringIO

from flask import Flask
from rich.console import Console
from sqlalchemy import func, select

from ce_tracker.cli.demo import fill_if_empty
from ce_tracker.demo import build
from ce_tracker.extensions import db
from ce_tracker.registry.models import Professional
from config import Settings


def _people() -> int | None:
    return db.session.scalar(select(func.count()).select_from(Professional))


def test_an_empty_database_is_filled_once(owner: Flask, settings: Settings) -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    with owner.app_context():
        fill_if_empty(settings, console, build.FEWEST_PEOPLE)
        assert _people() == build.FEWEST_PEOPLE
        fill_if_empty(settings, console, build.FEWEST_PEOPLE)
        assert _people() == build.FEWEST_PEOPLE
    total = build.steps(build.FEWEST_PEOPLE)
    assert f"{total}/{total}" in shown.getvalue()


def test_progress_adds_up_to_all_steps(owner: Flask, settings: Settings) -> None:
    told: list[int] = []
    with owner.app_context():
        build.build(settings.keyring(), 300, 7, told.append)
        db.session.rollback()
    assert sum(told) == build.steps(300)
