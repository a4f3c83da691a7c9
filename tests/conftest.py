"""Every test runs on the real PostgreSQL and the real Redis.

They are started once, by the process that hands out the tests, in a home that vanishes afterwards.
A migrated database serves as template; each xdist worker has a clone, emptied after every test
that wrote to it. Redis is divided by database number.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import text

from ce_tracker import database, embedded, logs
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from ce_tracker.home import Home
from ce_tracker.processes import Child
from ce_tracker.serving import create_web_app
from config import DatabaseRole, Secret, Settings
from tests.factories import Factory
from tests.hashing import cheap_hashes
from tests.http.apps import disconnect

SERVERS = "CE_TEST_HOME"
# The same examples each time, however slow the machine: chance and time are for `make torture`.
hypothesis.settings.register_profile("house", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("house")

_started: list[Child] = []
_MOST_WORKERS = 32


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    for name in list(os.environ):
        if name.startswith("CE_") or name in {"DATABASE_URL", "REDIS_URL", "PORT"}:
            del os.environ[name]  # tests say themselves what they mean
    home = Home(Path(tempfile.mkdtemp(prefix="ce-test-")))
    os.environ[SERVERS] = str(home.path)
    os.environ["CE_HOME"] = str(home.path)  # what a module makes when imported is made there
    home.prepare()
    home.keys()
    server, bell = embedded.postgres(home, durable=False), embedded.redis_server(home)
    _started.extend((server, bell))
    embedded.start_postgres(server, home)
    embedded.start_redis(bell, home)
    app = create_app(_settings(home), DatabaseRole.OWNER)
    database.bring_up_to_date(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()  # a template may have no other session on it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some test always waits for what it has killed."""
    return (os.cpu_count() or 1) + 1


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file's bytes name no test: they may have the time in them, and every xdist worker collects
    for itself."""
    return argname if isinstance(val, bytes) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or SERVERS not in os.environ:
        return
    for child in reversed(_started):
        child.stop()
    shutil.rmtree(os.environ.pop(SERVERS), ignore_errors=True)


def _settings(home: Home) -> Settings:
    return embedded.completed(Settings(home=home.path))


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw")) % _MOST_WORKERS


@pytest.fixture(scope="session")
def settings(worker_number: int) -> Settings:
    """This worker's own database and its own corner of Redis."""
    home = Home(Path(os.environ[SERVERS]))
    whole = _settings(home)
    name = f"test_{worker_number}"
    template = str(whole.database_url)
    with psycopg.connect(template.replace("/ce_tracker?", "/postgres?"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE ce_tracker").format(sql.Identifier(name))
        )
    return whole.with_(
        database_url=Secret(template.replace("/ce_tracker?", f"/{name}?")),
        redis_url=Secret(f"{whole.redis_url}?db={worker_number}"),
        requests_per_minute=1_000_000,
        log_level="INFO",
    )


@pytest.fixture(scope="session")
def owner(settings: Settings) -> Iterator[Flask]:
    """The application as the owner of the tables: arranges, and looks without row security."""
    yield from _connected(create_app(settings, DatabaseRole.OWNER))


@pytest.fixture(scope="session")
def web(settings: Settings) -> Iterator[Flask]:
    """The application as the web server runs it."""
    yield from _connected(create_web_app(settings))


@pytest.fixture(scope="session")
def worker(settings: Settings) -> Iterator[Flask]:
    """The application as the Celery worker runs it."""
    yield from _connected(create_app(settings, DatabaseRole.WORKER))


def _connected(app: Flask) -> Iterator[Flask]:
    yield app
    disconnect(app)


_COUNT_ANEW = text(
    """SELECT setval(counter.oid::regclass, 1, false)
    FROM pg_class counter JOIN pg_depend ON objid = counter.oid AND deptype IN ('i', 'a')
    WHERE counter.relkind = 'S' AND refobjid::regclass::text = ANY(:tables)"""
)


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the database as it was found."""
    if not {"settings", "owner", "web", "worker", "make"} & set(request.fixturenames):
        yield
        return
    owner: Flask = request.getfixturevalue("owner")
    yield
    with owner.app_context():
        tables = [
            table.name
            for table in db.metadata.sorted_tables
            if table.name not in {"regions", "title_series", "fields"}
        ]
        filled = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables
        )
        found = db.session.scalars(text(filled)).all()
        # Not even the owner may empty the audit without saying that it means to.
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        # Row by row: to truncate is to make new files, and takes forty times as long.
        for name in found:
            db.session.execute(text(f"DELETE FROM {name}"))
        db.session.execute(_COUNT_ANEW, {"tables": found})
        db.session.commit()


@pytest.fixture
def make(owner: Flask, settings: Settings) -> Iterator[Factory]:
    """Arrange accounts and units, as the owner; committed at once."""
    with owner.app_context():
        yield Factory(settings)
        db.session.remove()


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    logs.configure("INFO")


__all__ = ["cheap_hashes"]
