"""The application without its routes: settings, policies, the database and the bell.

Who only works or commands needs no more; what answers requests is put around it in `serving.py`.
So a worker starts in a third of the time, and is smaller by what it never uses.
"""

from __future__ import annotations

import select
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Pool, event
from sqlalchemy.exc import DisconnectionError

from ce_tracker.bell import Bell, bell
from ce_tracker.extensions import HouseSession, db, migrate
from ce_tracker.policy.loading import load
from ce_tracker.registry.regions import all_codes
from config import DatabaseRole, Settings

MIGRATIONS = Path(__file__).parent.parent / "migrations"
POOL_SIZE = 8
STATEMENT_SECONDS = {DatabaseRole.WEB: 10, DatabaseRole.WORKER: 540, DatabaseRole.OWNER: 0}


def create_app(settings: Settings, database_role: DatabaseRole) -> Flask:
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.config.update(
        CE_SETTINGS=settings,
        CE_POLICIES=load(settings.policy_dir, all_codes()),
        SQLALCHEMY_DATABASE_URI=sqlalchemy_url(settings.database_for(database_role)),
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(database_role),
    )
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    app.extensions["ce_bell"] = Bell(settings)
    return app


def sqlalchemy_url(url: str) -> str:
    return "postgresql+psycopg:" + url.partition(":")[2]


def connecting(role: DatabaseRole) -> dict[str, Any]:
    """How each connection of this role is made."""
    return {
        "connect_timeout": 5,
        "application_name": f"ce-tracker {role}",
        "options": f"-c statement_timeout={STATEMENT_SECONDS[role]}s"
        " -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
        # Moments that PostgreSQL itself writes out are those of the clock here.
        " -c TimeZone=Asia/Shanghai"
        # A statement whose process was killed ends, and with it the lock on its job.
        " -c client_connection_check_interval=2s",
    }


def _engine_options(role: DatabaseRole) -> dict[str, Any]:
    return {
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
        # A request that gets no connection in this time answers 503 and frees its thread.
        "pool_timeout": 5,
        # A failed statement is logged without its values: they are people's, or secrets.
        "hide_parameters": True,
        "connect_args": connecting(role),
    }


@event.listens_for(HouseSession, "after_commit")
def _ring(session: HouseSession) -> None:
    """A job was asked for, and is now there to be found."""
    if session.info.pop("job_asked", False):
        bell().ring()


@event.listens_for(HouseSession, "after_rollback")
def _do_not_ring(session: HouseSession) -> None:
    session.info.pop("job_asked", None)


@event.listens_for(Pool, "checkout")
def _leave_the_dead(connection: Any, *_: object) -> None:
    """After a restart of PostgreSQL nobody gets a connection of before, and an error with it.

    Nothing is asked over the wire: an idle connection that has something to say says its end.
    """
    if connection.closed or _has_something_to_say(connection.fileno()):
        raise DisconnectionError


def _has_something_to_say(socket: int) -> bool:
    ear = select.poll()
    ear.register(socket, select.POLLIN)
    return bool(ear.poll(0))
