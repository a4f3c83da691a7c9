"""A person's hours of a year, for the API and for pages alike.

The answer is made in PostgreSQL (`hours_of` in `migrations/versions/0010_reading.py`), as text in
JSON that goes out as it is. What is left out of it for a reader who may not see it, row security
decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.direct import Direct
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db

_OWN = "SELECT own_hours_by_token($1, $2, $3, $4)"


def own_by_token(
    direct: Direct, digest: bytes, query: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, str | None]:
    """Who shows this token, if anybody; and if they are a person, their hours."""
    year = query.get("year") or clock.today().year
    asked = (digest, clock.now(), year, query.get("as_of"))
    facts, _, hours = direct.read(_OWN, asked).partition("\n")
    return json.loads(facts or "null"), hours or None


def hours_of(person_id: int, year: int | None, moment: datetime | None = None) -> str:
    """Of somebody whom the actor may see: a record that is merged into no other."""
    asked = func.hours_of(person_id, year or clock.today().year, moment)
    found: str | None = db.session.execute(select(asked)).scalar_one()
    if found is None:
        raise NotFound
    return found
