"""People with real numbers and places, in one line each."""

from __future__ import annotations

from datetime import date
from itertools import count

from ce_tracker.extensions import db
from ce_tracker.identity import check_character, parse_id_number
from ce_tracker.registry import people
from ce_tracker.registry.models import Employer, Professional
from tests.factories import Factory

_sequence = count(1)
SINCE = date(2020, 9, 1)


def number(region: str = "371002", born: str = "19900101") -> str:
    """One that nobody in this test run has."""
    while True:
        body = f"{region}{born[:4]}{born[4:]}{next(_sequence) % 1000:03d}"
        if check_character(body) != "0":
            return body + check_character(body)


def person(
    make: Factory, name: str = "王晓岚", at: Employer | int | None = None, id_number: str = ""
) -> Professional:
    """Registered, and employed since 2020 if a unit is named; committed."""
    parsed = parse_id_number(id_number or number())
    row = people.register(make.settings.keyring(), name, parsed.canonical, parsed.kind)
    if at is not None:
        employer_id = at if isinstance(at, int) else at.id
        people.employ(row, employer_id, None, SINCE, "test")
    db.session.commit()
    return row
