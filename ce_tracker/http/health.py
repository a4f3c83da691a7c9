"""For whoever operates it: does it live, is it ready, and its numbers."""

from __future__ import annotations

import hmac
from datetime import timedelta

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock
from ce_tracker.bell import bell
from ce_tracker.errors import NotSignedIn, Unavailable
from ce_tracker.extensions import db, migrate
from ce_tracker.http import metrics as numbers
from ce_tracker.http.access import PUBLIC, guarded
from ce_tracker.jobs import Heartbeat
from config import Settings

blueprint = Blueprint("health", __name__)

# The worker says that it lives every few seconds; a long step may keep it from that for a while.
WORKER_SILENT_FOR = timedelta(minutes=2)


@blueprint.get("/healthz")
@guarded(PUBLIC)
def healthz() -> Response:
    """The process answers; it asks nobody else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@guarded(PUBLIC)
def readyz() -> Response:
    """PostgreSQL answers and is migrated. A silent worker delays work and loses none: degraded."""
    if _migrated_to() != _newest_migration():
        raise Unavailable("数据库还没有升级到当前版本，请运行 ce-tracker migrate。")
    beat = db.session.scalar(select(Heartbeat.at).where(Heartbeat.name == "worker"))
    silent = beat is None or beat < clock.now() - WORKER_SILENT_FOR
    ring_lost = bell().failing
    return jsonify(
        status="degraded" if silent or ring_lost else "ok",
        postgres="ok",
        worker="silent" if silent else "ok",
        redis="unreachable" if ring_lost else "ok",
    )


@blueprint.get("/metrics")
@guarded(PUBLIC)
def metrics() -> Response:
    settings: Settings = current_app.config["CE_SETTINGS"]
    if settings.metrics_token is not None:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), settings.metrics_token.encode()):
            raise NotSignedIn
    return Response(numbers.exposition(), content_type=CONTENT_TYPE_LATEST)


def _migrated_to() -> str | None:
    try:
        at: str | None = db.session.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
    except ProgrammingError:
        return None  # no such table, or none that we may read: nothing was ever migrated
    return at


def _newest_migration() -> str | None:
    if "ce_newest_migration" not in current_app.extensions:
        config = migrate.get_config()
        head = ScriptDirectory.from_config(config).get_current_head()
        current_app.extensions["ce_newest_migration"] = head
    newest: str | None = current_app.extensions["ce_newest_migration"]
    return newest
