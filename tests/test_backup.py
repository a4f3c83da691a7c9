"""A backup comes back on an empty host as the same data, or says why not."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import select, text

from ce_tracker.actor import Role
from ce_tracker.app import create_app
from ce_tracker.backup import BackupError, restore_backup, write_backup
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry.models import Professional
from ce_tracker.sealing import Keyring
from ce_tracker.serving import create_web_app
from config import DatabaseRole, Secret, Settings
from tests.factories import Factory


@pytest.fixture
def elsewhere(settings: Settings) -> Iterator[Settings]:
    """Another, empty database: a new host, as far as the data can tell."""
    here = str(settings.database_url)
    name = re.sub(r".*/([^/?]+)\?.*", r"\1_elsewhere", here)
    with psycopg.connect(here, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield settings.with_(database_url=Secret(re.sub(r"/[^/?]*\?", f"/{name}?", here)))
    with psycopg.connect(here, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _app(settings: Settings) -> Flask:
    return create_app(settings, DatabaseRole.OWNER)


def _close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _everything(app: Flask) -> dict[str, list[str]]:
    with app.app_context():
        tables = db.session.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).all()
        found = {
            name: sorted(db.session.scalars(text(f"SELECT t::text FROM {name} t")).all())
            for name in tables
        }
        db.session.remove()
        return found


def test_a_restored_backup_is_the_same_to_the_last_row(
    owner: Flask, make: Factory, elsewhere: Settings, tmp_path: Path, settings: Settings
) -> None:
    for role in Role:
        make.account(role)
    make.job()
    manifest = write_backup(owner, tmp_path / "backup.tar")
    restored = _app(elsewhere)
    restore_backup(restored, tmp_path / "backup.tar")
    assert _everything(restored) == _everything(owner)
    assert manifest.rows["users"] == len(Role)
    with restored.app_context():
        person = db.session.scalars(select(Professional)).first()
        assert person is not None
        opened = settings.keyring().open(person.id_number_sealed, PLACE)
        assert opened.startswith(b"371002")
    _close(restored)


def test_a_restored_database_still_hides_what_is_not_ones_own(
    owner: Flask, make: Factory, elsewhere: Settings, tmp_path: Path
) -> None:
    account = make.account(Role.EMPLOYER)
    write_backup(owner, tmp_path / "backup.tar")
    restored = _app(elsewhere)
    restore_backup(restored, tmp_path / "backup.tar")
    _close(restored)
    web = create_web_app(elsewhere)
    client = web.test_client()
    assert client.get("/api/v1/me", headers=account.bearer).status_code == 200
    with web.app_context():
        assert db.session.scalars(text("SELECT id FROM employers")).all() == []
    _close(web)


def test_a_backup_holds_no_key_and_no_id_number(
    owner: Flask, make: Factory, tmp_path: Path, settings: Settings
) -> None:
    make.professional()
    target = tmp_path / "backup.tar"
    write_backup(owner, target)
    content = target.read_bytes()
    assert str(settings.keyring()).partition(":")[2].encode() not in content
    assert b"37100219900101" not in content
    assert target.stat().st_mode & 0o077 == 0


def test_a_database_in_use_is_never_restored_over(owner: Flask, tmp_path: Path) -> None:
    write_backup(owner, tmp_path / "backup.tar")
    with pytest.raises(Conflict, match="空的数据库"):
        restore_backup(owner, tmp_path / "backup.tar")


def test_a_restore_without_the_keys_is_refused_before_anything_happens(
    owner: Flask, elsewhere: Settings, tmp_path: Path
) -> None:
    write_backup(owner, tmp_path / "backup.tar")
    keyless = _app(elsewhere.with_(keys=Keyring({1: bytes(range(32))})))
    with pytest.raises(BackupError, match="密钥"):
        restore_backup(keyless, tmp_path / "backup.tar")
    assert _everything(keyless) == {}
    _close(keyless)


@pytest.mark.parametrize("harm", ["cut", "noise", "dump"])
def test_a_damaged_backup_is_named_and_not_restored(
    owner: Flask, elsewhere: Settings, tmp_path: Path, harm: str
) -> None:
    target = tmp_path / "backup.tar"
    write_backup(owner, target)
    data = bytearray(target.read_bytes())
    if harm == "cut":
        target.write_bytes(data[: len(data) // 3])
    elif harm == "noise":
        target.write_bytes(b"\x00" * 1000)
    else:
        data[len(data) // 2] ^= 0xFF
        target.write_bytes(data)
    damaged = _app(elsewhere)
    with pytest.raises(BackupError, match=r"损坏|备份文件"):
        restore_backup(damaged, target)
    assert _everything(damaged) == {}
    _close(damaged)


def test_rows_that_are_missing_are_noticed(
    owner: Flask, make: Factory, elsewhere: Settings, tmp_path: Path
) -> None:
    make.account(Role.EMPLOYER)
    whole, bent = tmp_path / "backup.tar", tmp_path / "bent.tar"
    write_backup(owner, whole)
    with tarfile.open(whole) as archive:
        archive.extractall(tmp_path, filter="data")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["rows"]["users"] += 1
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(bent, "w") as archive:
        for name in ("manifest.json", "database.dump"):
            archive.add(tmp_path / name, name)
    restored = _app(elsewhere)
    with pytest.raises(BackupError, match="users"):
        restore_backup(restored, bent)
    _close(restored)
