"""The floor for `benchmarks.read`: Flask and the reading query; no token, no row security, no
limits, no log, nothing checked."""

from __future__ import annotations

import threading

import psycopg
from flask import Flask, Response, request

from config import Settings

app = Flask(__name__)
_address = Settings.from_env().database_url
_own = threading.local()


@app.get("/")
def hours() -> Response:
    """One connection per thread: no pool could be cheaper."""
    if not hasattr(_own, "cursor"):
        _own.cursor = psycopg.connect(str(_address), autocommit=True).cursor()
    row = _own.cursor.execute(
        "SELECT hours_of(%s, %s, NULL)", (int(request.args["person"]), int(request.args["year"]))
    ).fetchone()
    return Response(row[0], content_type="application/json")
