"""One file that holds everything, and coming back from it.

A backup is PostgreSQL's own dump beside a manifest: when, at which migration, how many rows each
table has, and the fingerprints of the keys without which its sealed values stay shut. The keys
themselves are never in it; they are kept elsewhere, or whoever finds the file has everything.

Restoring asks for an empty database and compares what arrived with the manifest; it ends well
only if every table has its rows and the keys at hand open what is sealed.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from flask import Flask
from sqlalchemy import Connection, text

from ce_tracker import clock
from ce_tracker.database import ensure_roles
from ce_tracker.embedded import postgres_program
from ce_tracker.errors import CeTrackerError, Conflict
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring
from config import DatabaseRole, Settings

DUMP, MANIFEST = "database.dump", "manifest.json"


class BackupError(CeTrackerError):
    """The backup or the restore did not come off; the message says where it stopped."""


@dataclass(frozen=True)
class Manifest:
    made_at: str
    migration: str
    rows: Mapping[str, int]
    key_fingerprints: Mapping[str, str]
    dump_sha256: str


def write_backup(app: Flask, target: Path) -> Manifest:
    """All tables as of one moment: the rows are counted in the very snapshot that is dumped."""
    settings: Settings = app.config["CE_SETTINGS"]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / DUMP
        with app.app_context(), db.engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            _run("pg_dump", settings, ["-Fc", "--snapshot", snapshot, "-f", str(dump)])
            manifest = Manifest(
                made_at=clock.now().isoformat(),
                migration=connection.execute(
                    text("SELECT version_num FROM alembic_version")
                ).scalar_one(),
                rows=_count_rows(connection),
                key_fingerprints=_fingerprints(settings.keyring()),
                dump_sha256=_digest(dump),
            )
        written = Path(folder) / MANIFEST
        written.write_text(json.dumps(asdict(manifest), indent=1))
        draft = Path(folder) / "backup.tar"
        with tarfile.open(draft, "w") as archive:
            archive.add(written, MANIFEST)
            archive.add(dump, DUMP)
        draft.chmod(0o600)
        draft.replace(target)
    return manifest


def restore_backup(app: Flask, source: Path) -> Manifest:
    """Into an empty database; afterwards it is what the manifest says, or this raises."""
    settings: Settings = app.config["CE_SETTINGS"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
            manifest = Manifest(**json.loads((Path(folder) / MANIFEST).read_text()))
        except (OSError, tarfile.TarError, ValueError, TypeError) as error:
            raise BackupError(f"{source} 不是本系统的备份文件，或已损坏。") from error
        dump = Path(folder) / DUMP
        if _digest(dump) != manifest.dump_sha256:
            raise BackupError(f"{source} 已损坏：内容与清单不符，请换用另一份备份。")
        _require_keys(settings.keyring(), manifest)
        with app.app_context(), db.engine.connect() as connection:
            _require_empty(connection)
            ensure_roles(connection, settings)
            connection.commit()
            _run(
                "pg_restore",
                settings,
                ["--no-owner", "--single-transaction", "--exit-on-error", str(dump)],
            )
            _compare(connection, manifest)
    return manifest


def _require_keys(keyring: Keyring, manifest: Manifest) -> None:
    ours = _fingerprints(keyring)
    missing = [
        version for version, mark in manifest.key_fingerprints.items() if ours.get(version) != mark
    ]
    if missing:
        raise BackupError(
            f"缺少备份时使用的密钥（版本 {'、'.join(missing)}），其中的加密内容将无法打开。"
            "请把当时的 CE_KEYS 一并恢复后再试。"
        )


def _require_empty(connection: Connection) -> None:
    tables = connection.execute(
        text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    ).scalar_one()
    if tables:
        raise Conflict("目标数据库中已有内容。备份只能恢复到空的数据库，请另建一个。")


def _compare(connection: Connection, manifest: Manifest) -> None:
    found = _count_rows(connection)
    wrong = sorted(
        name for name in {*found, *manifest.rows} if found.get(name) != manifest.rows.get(name)
    )
    if wrong:
        raise BackupError(f"恢复的内容与清单不符：{'、'.join(wrong)}。请勿使用这个数据库。")


def _count_rows(connection: Connection) -> dict[str, int]:
    tables = connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ).scalars()
    return {
        name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()  # noqa: S608
        for name in tables.all()
    }


def _fingerprints(keyring: Keyring) -> dict[str, str]:
    """Enough to know a key again, and nothing towards guessing it."""
    return {
        str(version): keyring.index(b"fingerprint", "backup", version).hex()[4:20]
        for version in keyring.versions
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _run(program: str, settings: Settings, arguments: Sequence[str]) -> None:
    """The password goes by the environment: a command line can be read by everybody."""
    parts = urlsplit(settings.database_for(DatabaseRole.OWNER))
    password = unquote(parts.password or "")
    where = parts._replace(netloc=f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}")
    done = subprocess.run(
        [postgres_program(program), *arguments, "--dbname", urlunsplit(where)],
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} 没有成功：\n{done.stderr.strip()[-500:]}")
