"""Bringing a database up to date: its roles, its tables, its reference data.

Run as the owner, by `ce-tracker migrate` and at every start of `ce-tracker up`. Each part finds
out by itself whether there is anything to do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, text

from ce_tracker.errors import CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.registry.regions import load_regions
from ce_tracker.registry.title_series import load_title_series
from ce_tracker.sealing import GATE_STAMP, Keyring
from config import DatabaseRole, Settings

OLDEST_POSTGRES = 18
MIGRATIONS = str(Path(__file__).parent.parent / "migrations")

_PARTITION = re.compile(r"ledger_entries_\d{4}")


class DatabaseTooOldError(CeTrackerError):
    pass


def bring_up_to_date(app: Flask) -> None:
    with app.app_context():
        _require_version()
        upgrade(MIGRATIONS)
        load_regions()
        load_title_series()
        keep_gate_keys(app.config["CE_SETTINGS"].keyring())
        db.session.commit()


def keep_gate_keys(keyring: Keyring) -> None:
    """What the database needs to see that a verdict comes from us: a key of its own, drawn from
    each of the installation's, that seals and opens nothing."""
    pads = keyring.pads(GATE_STAMP)
    db.session.execute(
        text("DELETE FROM gate_keys WHERE version <> ALL (:kept)"), {"kept": [*pads]}
    )
    for version, (inner, outer) in pads.items():
        db.session.execute(
            text(
                "INSERT INTO gate_keys VALUES (:version, :inner, :outer) ON CONFLICT (version)"
                " DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad"
            ),
            {"version": version, "inner": inner, "outer": outer},
        )


def is_compared(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """What Alembic is to find among the models: not a year's part of the ledger, nor the keys that
    nobody but the owner reads. And it cannot compare an index's operator class; the tables say what
    that is for."""
    if kind == "table":
        return name != "gate_keys" and _PARTITION.fullmatch(name or "") is None
    return not (kind == "index" and (name or "").endswith("region_path_idx"))


def ensure_roles(connection: Connection, settings: Settings) -> None:
    """The two roles that the service runs as, made once in a cluster.

    Other databases of the same cluster may be doing the same at this moment, and a lock is only
    ever one database's, so "it is there already" is an answer like any other.
    """
    for role in (DatabaseRole.WEB, DatabaseRole.WORKER):
        connection.execute(
            text(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN NOINHERIT;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )
        connection.execute(text(f"GRANT CONNECT ON DATABASE {_database(connection)} TO {role}"))
        if getattr(settings, f"{role.removeprefix('ce_')}_database_url") is None:
            _give_derived_password(connection, settings, role)


def _give_derived_password(connection: Connection, settings: Settings, role: DatabaseRole) -> None:
    password = urlsplit(settings.database_for(role)).password
    if password is None or _can_sign_in(settings, role):
        return
    # ALTER ROLE takes no parameters; the password is hexadecimal by construction.
    connection.execute(text(f"ALTER ROLE {role} PASSWORD '{unquote(password)}'"))


def _can_sign_in(settings: Settings, role: DatabaseRole) -> bool:
    import psycopg  # noqa: PLC0415  needed by migrations alone

    try:
        psycopg.connect(settings.database_for(role), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _database(connection: Connection) -> str:
    name: str = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
    return name


def _require_version() -> None:
    version = db.session.execute(text("SHOW server_version_num")).scalar_one()
    if int(version) // 10000 < OLDEST_POSTGRES:
        raise DatabaseTooOldError(
            f"PostgreSQL 版本过旧（{int(version) // 10000}），需要 {OLDEST_POSTGRES} 或更高版本。"
        )
