"""By which rules each unit's people are judged in a year.

Units are few beside people, and most are alike to the rules; so the rules are looked up once for
each kind of unit, and every standing carries the number of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Integer, SmallInteger, and_, case, cast, column, literal, not_, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement

from ce_tracker.compliance.units import unit
from ce_tracker.extensions import db
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.yearly import Asked, Ruleset, ruleset

_UNITS = """
SELECT coalesce(f.region_path, e.region_path) AS region_path, f.level, f.affiliation, f.sector,
    f.public_institution,
    CASE WHEN d.directory_id IS NOT NULL THEN l.id IS NOT NULL END AS in_directory, e.id
FROM employers e LEFT JOIN employer_facts f ON f.employer_id = e.id
    AND f.known_to IS NULL AND f.valid_from <= :day AND (f.valid_to IS NULL OR f.valid_to > :day)
LEFT JOIN directories_on(:day, NULL) d ON d.region_path = coalesce(f.region_path, e.region_path)
LEFT JOIN directory_lines l ON l.directory_id = d.directory_id AND l.employer_id = e.id
"""

_ALIKE = """
SELECT region_path, level, affiliation, sector, public_institution, in_directory, array_agg(id)
FROM ({units}) u GROUP BY 1, 2, 3, 4, 5, 6
"""

_KINDS = """
SELECT DISTINCT region_path, level, affiliation, sector, public_institution, in_directory
FROM ({units}) u
"""

_NEW = text("""
INSERT INTO rulesets (digest, versions, full_x100, by_month)
VALUES (:digest, :versions, :full_x100, :by_month) ON CONFLICT (digest) DO NOTHING
""")

_RENEW = text("""
WITH now AS (
    SELECT * FROM unnest(CAST(:employers AS bigint[]), CAST(:rulesets AS smallint[]))
        AS u (employer_id, ruleset)
)
INSERT INTO employer_rulesets AS r (year, employer_id, ruleset, changed_by)
SELECT :year, n.employer_id, n.ruleset, :sweep FROM now n
LEFT JOIN employer_rulesets o ON o.year = :year AND o.employer_id = n.employer_id
WHERE o.ruleset IS DISTINCT FROM n.ruleset
ORDER BY n.employer_id
ON CONFLICT (year, employer_id) DO UPDATE
    SET ruleset = excluded.ruleset, changed_by = excluded.changed_by
""")


def _units(statement: str, day: date) -> Any:
    return db.session.execute(text(statement.format(units=_UNITS)), {"day": day})


def in_use(packs: Packs, day: date) -> dict[int, Ruleset]:
    """The sets of rules that cover some unit on a day, by number."""
    found = {ruleset(packs, unit(*facts), day) for facts in _units(_KINDS, day)}
    return {number: each for each, number in _numbered(found).items()}


def alike(day: date) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """What the rules see of a unit on a day, and all units that are so."""
    for *facts, employers in _units(_ALIKE, day):
        yield tuple(facts), employers


def renew(packs: Packs, year: int, day: date, sweep_id: int) -> dict[int, Ruleset]:
    """A unit whose set is not what it was gets the new one, and the sweep's number beside it.
    All that are in use, by number."""
    found: dict[Ruleset, list[int]] = {}
    for facts, employers in alike(day):
        found.setdefault(ruleset(packs, unit(*facts), day), []).extend(employers)
    numbers = _numbered(found)
    db.session.execute(
        _RENEW,
        {
            "sweep": sweep_id,
            "year": year,
            "employers": [id_ for employers in found.values() for id_ in employers],
            "rulesets": [numbers[each] for each, ids in found.items() for _ in ids],
        },
    )
    return {number: each for each, number in numbers.items()}


def _numbered(rulesets: Iterable[Ruleset]) -> dict[Ruleset, int]:
    """Given once, and never to another."""
    by_digest = {each.digest: each for each in rulesets}
    known = _known(by_digest)
    for digest in by_digest.keys() - known.keys():
        each = by_digest[digest]
        db.session.execute(
            _NEW,
            {
                "digest": digest,
                "versions": list(each.versions),
                "full_x100": each.full_x100,
                "by_month": each.by_month,
            },
        )
    if len(known) < len(by_digest):
        known = _known(by_digest)
    return {by_digest[digest]: number for digest, number in known.items()}


def _known(digests: Iterable[str]) -> dict[str, int]:
    rows = db.session.execute(
        text("SELECT digest, id FROM rulesets WHERE digest = ANY (:digests)"),
        {"digests": list(digests)},
    )
    return {digest: number for digest, number in rows}  # noqa: C416  rows, not pairs


Which = Callable[[Asked], ColumnElement[bool] | None]


class _Columns:
    """A standing's columns, in the place of a standing. By their bare names: the same text then
    reads a row of the table and a row that is only about to be one."""

    general_x100 = column("general_x100", Integer) + column("other_general_x100", Integer)
    specialty_x100 = column("specialty_x100", Integer) + column("other_specialty_x100", Integer)
    required_x100: ColumnElement[int] = column("required_x100", Integer)


def broken(rulesets: Mapping[int, Ruleset]) -> str:
    """SQL over a standing: a bit for each rule that is broken, whatever is not known. Of the same
    rules the same text."""
    return _bits(rulesets, _broken)


def doubtful(rulesets: Mapping[int, Ruleset]) -> str:
    """SQL over a standing: a bit for each rule of which what is not known decides."""
    return _bits(rulesets, _doubtful)


def _broken(asked: Asked) -> ColumnElement[bool] | None:
    return not_(asked.any_holds(_Columns)) if asked.certain else None


def _doubtful(asked: Asked) -> ColumnElement[bool] | None:
    some_fail: ColumnElement[bool] = not_(asked.all_hold(_Columns))
    if not asked.certain:
        return some_fail
    if len(asked.possible) == 1:
        return None
    return and_(asked.any_holds(_Columns), some_fail)


def _bits(rulesets: Mapping[int, Ruleset], which: Which) -> str:
    alike: dict[tuple[Asked, ...], list[int]] = {}
    for number, each in sorted(rulesets.items()):
        alike.setdefault(each.asked, []).append(number)
    cases = [
        (column("ruleset", SmallInteger).in_(sorted(numbers)), bits)
        for asked, numbers in alike.items()
        if (bits := _sum(asked, which)) is not None
    ]
    found = cast(case(*cases, else_=0) if cases else literal(0), SmallInteger)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(found.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _sum(asked: tuple[Asked, ...], which: Which) -> ColumnElement[int] | None:
    parts = [
        case((condition, 1 << each.number), else_=0)
        for each in asked
        if (condition := which(each)) is not None
    ]
    total: ColumnElement[int] | None = None
    for part in parts:
        total = part if total is None else total + part
    return total
