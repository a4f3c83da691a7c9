"""The floor for `benchmarks.request`: Flask, one statement, the same facts; nothing else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from hashlib import sha256

import psycopg
from flask import Flask, Response, jsonify, request

from config import DatabaseRole, Settings

app = Flask(__name__)
_address = Settings.from_env().database_for(DatabaseRole.WEB)
_own = threading.local()


@app.get("/")
def me() -> Response:
    """One connection per thread: no pool could be cheaper."""
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(_address, autocommit=True)
    secret = request.headers["Authorization"].removeprefix("Bearer ")
    row = _own.connection.execute(
        "SELECT enter_by_token(%s, %s)",
        (sha256(secret.encode()).digest(), datetime.now(UTC)),
    ).fetchone()
    return jsonify(row[0])
