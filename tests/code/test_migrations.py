"""Migrations: down and up again, and the same tables as the models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from psycopg import sql
from sqlalchemy import text

from ce_tracker.app import create_app
from ce_tracker.database import MIGRATIONS, bring_up_to_date, is_compared
from ce_tracker.extensions import db
from config import DatabaseRole, Secret, Settings

DESCRIBED = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT proname, pg_get_functiondef(p.oid), proacl::text FROM pg_proc p"
    " WHERE pronamespace = 'public'::regnamespace",
    "policies": "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
    "grants": "SELECT grantee, table_name, privilege_type"
    " FROM information_schema.role_table_grants WHERE table_schema = 'public'",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)"
    " FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture
def empty_database(settings: Settings) -> Iterator[Settings]:
    """A database with nothing in it, not even a migration."""
    name = f"{Path(str(settings.database_url).partition('?')[0]).name}_empty"
    here = str(settings.database_url)
    with psycopg.connect(here, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield settings.with_(database_url=Secret(re.sub(r"/[^/?]*\?", f"/{name}?", here)))
    with psycopg.connect(here, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def fresh(empty_database: Settings) -> Iterator[Flask]:
    app = create_app(empty_database, DatabaseRole.OWNER)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_all_migrations_go_up_down_and_up_again_to_the_same(fresh: Flask) -> None:
    bring_up_to_date(fresh)
    once = _described(fresh)
    with fresh.app_context():
        downgrade(MIGRATIONS, revision="base")
        left = [name for (name, *_) in _rows("columns") if name != "alembic_version"]
        assert not left
        assert not _rows("functions")
        upgrade(MIGRATIONS)
    assert _described(fresh) == once


def test_an_upgrade_keeps_every_row_that_was_there(fresh: Flask) -> None:
    bring_up_to_date(fresh)
    with fresh.app_context():
        downgrade(MIGRATIONS, revision="0004")
        here = "(SELECT path FROM regions WHERE code = '371002')"
        for table, sector in (("employers", "education"), ("providers", "health")):
            db.session.execute(
                text(
                    f"INSERT INTO {table} (name, region_path, sector)"
                    f" SELECT 'old ' || n, {here}, '{sector}' FROM generate_series(1, 3) n"
                )
            )
        db.session.execute(
            text(
                "INSERT INTO professionals (name, id_number_sealed, id_number_index)"
                " VALUES ('王晓岚', 'sealed', 'index')"
            )
        )
        db.session.commit()
    bring_up_to_date(fresh)
    with fresh.app_context():
        counts = {
            table: db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("employers", "providers", "professionals")
        }
        stand_ins = db.session.scalars(text("SELECT credit_code FROM employers ORDER BY id")).all()
        db.session.remove()
    assert counts == {"employers": 3, "providers": 3, "professionals": 1}
    assert stand_ins == ["X00000000000000001", "X00000000000000002", "X00000000000000003"]


def test_the_models_say_the_same_as_the_migrations(owner: Flask) -> None:
    with owner.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_object": is_compared},
        )
        assert compare_metadata(context, db.metadata) == []


def test_bringing_up_to_date_twice_changes_nothing(owner: Flask) -> None:
    before = _described(owner)
    bring_up_to_date(owner)
    assert _described(owner) == before


def test_a_migration_waits_for_a_lock_for_seconds_only() -> None:
    source = (Path(MIGRATIONS) / "env.py").read_text()
    assert "SET lock_timeout" in source
    assert "SET statement_timeout" in source


def _described(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    with app.app_context():
        found = {name: _rows(name) for name in DESCRIBED}
        db.session.remove()
        return found


def _rows(name: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in db.session.execute(text(DESCRIBED[name]))), key=repr)
