"""Finding, registering and holding many people at once, and reading and writing what is believed
of them: a few statements for a thousand, in an order that two imports cannot deadlock in.

First whoever is new is registered, one import at a time; then everybody is held, in order of ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry.names import pinyin
from ce_tracker.registry.roster_holdings import Appointment, Employment, Person, Plan, Title
from ce_tracker.registry.rosters import Line
from ce_tracker.sealing import Keyring, key_version


@dataclass(frozen=True, slots=True)
class Staged:
    """A row of an import that is worth looking at, with what it says."""

    id: int
    row_number: int
    index: bytes
    sealed_number: bytes
    line: Line


@dataclass(frozen=True)
class Origin:
    """Where new facts come from."""

    source: str
    by: UUID


def hold_registration() -> None:
    """From here to the end of the transaction nobody else registers a person. ON CONFLICT alone
    would not do: while keys are changed one number may have two indexes."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('professionals'), 0)"))


def find(keyring: Keyring, rows: Iterable[Staged]) -> dict[int, int]:
    """Row → the person its ID number belongs to, by whatever key that was indexed."""
    wanted: dict[bytes, int] = {}
    for row in rows:
        for index in _indexes(keyring, row):
            wanted[index] = row.id
    found = db.session.execute(
        text(
            "SELECT id_number_index, coalesce(merged_into, id) FROM professionals"
            " WHERE id_number_index = ANY(CAST(:wanted AS bytea[]))"
        ),
        {"wanted": list(wanted)},
    )
    return {wanted[bytes(index)]: person for index, person in found}


def _indexes(keyring: Keyring, row: Staged) -> list[bytes]:
    if keyring.versions == [key_version(row.index)]:
        return [row.index]
    return keyring.indexes(keyring.open(row.sealed_number, PLACE), PLACE)


def register(rows: Sequence[Staged]) -> dict[int, int]:
    """Row → the new person. Who was there all the same is not among them."""
    by_index = {row.index: row.id for row in rows}
    made = db.session.execute(
        text(
            "INSERT INTO professionals"
            " (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index)"
            " SELECT * FROM unnest(CAST(:names AS text[]), CAST(:sounds AS text[]),"
            " CAST(:kinds AS text[]), CAST(:tails AS text[]), CAST(:seals AS bytea[]),"
            " CAST(:indexes AS bytea[]))"
            " ON CONFLICT (id_number_index) DO NOTHING RETURNING id_number_index, id"
        ),
        {
            "names": [row.line.name for row in rows],
            "sounds": [pinyin(row.line.name) for row in rows],
            "kinds": [row.line.id_kind for row in rows],
            "tails": [row.line.tail for row in rows],
            "seals": [row.sealed_number for row in rows],
            "indexes": [row.index for row in rows],
        },
    )
    return {by_index[bytes(index)]: person for index, person in made}


def hold(ids: Collection[int]) -> None:
    """One writer at a time for what is known of each of them, and of records merged into them."""
    db.session.execute(
        text(
            "SELECT id FROM professionals WHERE id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY id FOR UPDATE"
        ),
        {"ids": sorted(ids)},
    )


_RECORDS = text(
    "SELECT id, coalesce(merged_into, id), name FROM professionals"
    " WHERE id = ANY(CAST(:ids AS bigint[])) OR merged_into = ANY(CAST(:ids AS bigint[]))"
)


def _believed(table: str, columns: str) -> TextClause:
    return text(
        f"SELECT id, professional_id, valid_from, valid_to, {columns} FROM {table}"  # noqa: S608
        " WHERE professional_id = ANY(CAST(:ids AS bigint[])) AND known_to IS NULL"
        " ORDER BY valid_from, id"
    )


_EMPLOYMENTS = _believed("employments", "employer_id, department")
_TITLES = _believed("titles", "level, track, series_code, field_code, name")
_APPOINTMENTS = _believed("appointments", "employer_id, level, track, series_code")


def load(ids: Collection[int]) -> dict[int, Person]:
    """What is believed of these people now, those merged into them included."""
    root: dict[int, int] = {}
    names: dict[int, list[str]] = defaultdict(list)
    for record, person, name in db.session.execute(_RECORDS, {"ids": list(ids)}):
        root[record] = person
        names[person].append(name)
    held: dict[type[Any], dict[int, list[Any]]] = {}
    for kind, query in (
        (Employment, _EMPLOYMENTS),
        (Title, _TITLES),
        (Appointment, _APPOINTMENTS),
    ):
        by_person: dict[int, list[Any]] = defaultdict(list)
        for fact in db.session.execute(query, {"ids": list(root)}):
            by_person[root[fact[1]]].append(kind(*fact))
        held[kind] = by_person
    return {
        person: Person(
            person,
            tuple(spelled),
            held[Employment].get(person, ()),
            held[Title].get(person, ()),
            held[Appointment].get(person, ()),
        )
        for person, spelled in names.items()
    }


def write(plans: Mapping[int, Plan], origin: Origin) -> None:
    """Do what was planned for each person, in one statement a kind of fact."""
    now = clock.now()
    for table, of, columns in (
        ("employments", "employments", (("employer_id", "bigint"), ("department", "text"))),
        ("titles", "titles", _TITLE_COLUMNS),
        ("appointments", "appointments", _APPOINTMENT_COLUMNS),
    ):
        ended = [each for plan in plans.values() for each in getattr(plan, of).ended]
        begun = [
            (person, fact) for person, plan in plans.items() for fact in getattr(plan, of).begun
        ]
        if ended:
            db.session.execute(
                text(
                    f"UPDATE {table} SET known_to = :now"  # noqa: S608  our own words
                    " WHERE id = ANY(CAST(:ids AS bigint[])) AND known_to IS NULL"
                ),
                {"now": now, "ids": ended},
            )
        if begun:
            _insert(table, columns, begun, origin, now)


_TITLE_COLUMNS = (
    ("level", "text"),
    ("track", "text"),
    ("series_code", "text"),
    ("field_code", "text"),
    ("name", "text"),
)
_APPOINTMENT_COLUMNS = (("employer_id", "bigint"), *_TITLE_COLUMNS[:3])


def _insert(
    table: str,
    columns: Sequence[tuple[str, str]],
    facts: Sequence[tuple[int, Any]],
    origin: Origin,
    now: datetime,
) -> None:
    own = (("start", "date", "valid_from"), ("end", "date", "valid_to"))
    named = [(name, kind, name) for name, kind in columns]
    values: dict[str, Any] = {"people": [person for person, _ in facts]}
    for attribute, _, _ in (*own, *named):
        values[f"v_{attribute}"] = [getattr(fact, attribute) for _, fact in facts]
    targets = ", ".join(target for _, _, target in (*own, *named))
    arrays = ", ".join(f"CAST(:v_{name} AS {kind}[])" for name, kind, _ in (*own, *named))
    db.session.execute(
        text(
            f"INSERT INTO {table} (professional_id, {targets}, known_from, source, recorded_by)"  # noqa: S608
            " SELECT facts.*, CAST(:now AS timestamptz), CAST(:source AS text),"
            f" CAST(:by AS uuid) FROM unnest(CAST(:people AS bigint[]), {arrays}) AS facts"
        ),
        {**values, "now": now, "source": origin.source, "by": origin.by},
    )


ON_ROSTER = """
SELECT coalesce(p.merged_into, p.id) FROM employments e
JOIN professionals p ON p.id = e.professional_id
WHERE e.employer_id = :employer AND e.known_to IS NULL
  AND e.valid_from <= :day AND (e.valid_to IS NULL OR e.valid_to > :day)
"""
"""Who is employed there on that day."""
