"""A demo of 2,000 people, built once for all tests of this folder and never written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from ce_tracker import clock
from ce_tracker.app import create_app
from ce_tracker.demo import build
from ce_tracker.extensions import db
from config import DatabaseRole, Secret, Settings

PEOPLE = 2000
MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=clock.SHANGHAI)

Rows = Callable[[str], list[tuple[Any, ...]]]


def with_demo(settings: Settings, suffix: str, people: int = PEOPLE, seed: int = 1) -> str:
    """The address of another clone of the migrated template, with the demo in it."""
    address = str(settings.database_url)
    own = urlsplit(address).path
    name = f"{own[1:]}_{suffix}"
    with psycopg.connect(address.replace(f"{own}?", "/postgres?"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE ce_tracker").format(sql.Identifier(name))
        )
    address = address.replace(f"{own}?", f"/{name}?")
    app = create_app(settings.with_(database_url=Secret(address)), DatabaseRole.OWNER)
    with app.app_context():
        with clock.pinned(MOMENT):
            for _ in build.build(settings.keyring(), people, seed, lambda _: None):
                db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return address


@contextmanager
def asking(address: str) -> Iterator[Rows]:
    with psycopg.connect(address, autocommit=True) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


def one(rows: list[tuple[Any, ...]]) -> Any:
    ((value,),) = rows
    return value


def values(rows: list[tuple[Any, ...]]) -> set[Any]:
    return {row[0] for row in rows}


@pytest.fixture(scope="session")
def address(settings: Settings) -> str:
    return with_demo(settings, "demo")


@pytest.fixture(scope="session")
def ask(address: str) -> Iterator[Rows]:
    with asking(address) as ask:
        yield ask


@pytest.fixture
def in_the_demo(settings: Settings, address: str) -> Iterator[None]:
    """Whatever asks for the session gets one on the demo."""
    app = create_app(settings.with_(database_url=Secret(address)), DatabaseRole.OWNER)
    with app.app_context(), clock.pinned(MOMENT):
        yield
        db.session.remove()
        db.engine.dispose()
