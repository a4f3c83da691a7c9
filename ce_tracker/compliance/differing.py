"""Whose verdict on a year other rules would change, before they come into force.

Both sets of rules are looked up once for each kind of unit, as for the night; only the people of
units for whom they differ are looked at, in one statement that judges each by both. Nothing is
written, and nothing that the night left is trusted: a verdict today and the answer here are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from ce_tracker.compliance import rulesets
from ce_tracker.compliance.exemptions import LET_OFF
from ce_tracker.compliance.units import unit
from ce_tracker.extensions import db
from ce_tracker.policy.facts import NOTHING_REDUCED
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.words import Outcome
from ce_tracker.policy.yearly import Ruleset, ruleset
from ce_tracker.sheets.writing import Cell, Column, list_file

_PEOPLE = f"""
SELECT p.id AS professional_id, p.name, p.id_tail, e.employer_id,
    CAST(pair AS smallint) AS ruleset, x.required_x100 AS let_off,
    coalesce(s.general_x100, 0) AS general_x100,
    coalesce(s.specialty_x100, 0) AS specialty_x100,
    CAST(coalesce(o.general, 0) AS integer) AS other_general_x100,
    CAST(coalesce(o.specialty, 0) AS integer) AS other_specialty_x100,
    full_before, full_after,
    CASE WHEN num_nonnulls(full_before, full_after) > 0
        THEN months_at_work(p.id, CAST(:year AS integer)) END AS months
FROM unnest(CAST(:employers AS bigint[]), CAST(:pairs AS integer[]),
        CAST(:full_before AS integer[]), CAST(:full_after AS integer[]))
    AS u (employer_id, pair, full_before, full_after)
JOIN employments e ON e.employer_id = u.employer_id AND e.known_to IS NULL
    AND e.valid_from <= :day AND (e.valid_to IS NULL OR e.valid_to > :day)
JOIN professionals p ON p.id = e.professional_id AND p.merged_into IS NULL
LEFT JOIN ({LET_OFF}) x ON x.person = p.id
LEFT JOIN standings s ON s.professional_id = p.id AND s.year = :year
LEFT JOIN (
    SELECT m.merged_into, sum(t.general_x100) AS general, sum(t.specialty_x100) AS specialty
    FROM professionals m JOIN standings t ON t.professional_id = m.id AND t.year = :year
    WHERE m.merged_into IS NOT NULL GROUP BY 1
) o ON o.merged_into = p.id
"""  # noqa: S608  our own words

_OWED = f"""least(coalesce(let_off, {NOTHING_REDUCED}),
    CASE WHEN months < 12 THEN ({{full}} * months + 11) / 12 END)"""

# One judgement inside the other, each reading the bare names of a standing. Not to be flattened:
# each figure is found once.
_DIFFERING = """
SELECT d.professional_id, d.name, d.id_tail, d.employer_id, u.name, d.broken, d.doubtful,
    d.broken_then, d.doubtful_then
FROM (
    SELECT *, {broken_after} AS broken_then, {doubtful_after} AS doubtful_then
    FROM (
        SELECT professional_id, name, id_tail, employer_id, ruleset, general_x100, specialty_x100,
            other_general_x100, other_specialty_x100, owed_then AS required_x100,
            {broken_before} AS broken, {doubtful_before} AS doubtful
        FROM (
            SELECT *, {owed_before} AS required_x100, {owed_after} AS owed_then
            FROM ({people} OFFSET 0) people OFFSET 0
        ) now OFFSET 0
    ) judged OFFSET 0
) d JOIN employers u ON u.id = d.employer_id
WHERE (d.broken, d.doubtful) <> (d.broken_then, d.doubtful_then)
ORDER BY d.employer_id, d.professional_id
"""


@dataclass(frozen=True)
class Change:
    """One rule of one person's year, and what would be said of it instead. Nothing: it asks
    nothing, or it is kept."""

    rule: str
    label: str
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True)
class Difference:
    professional_id: int
    name: str
    id_tail: str
    employer_id: int
    employer: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class _Pair:
    before: Ruleset
    after: Ruleset

    @property
    def differs(self) -> bool:
        return _of_people(self.before) != _of_people(self.after)


def _of_people(rules: Ruleset) -> tuple[object, ...]:
    """What of it reaches anybody's verdict: other documents with the same hours change nobody's."""
    return rules.asked, _full(rules)


def _full(rules: Ruleset) -> int | None:
    """The hours of which part of a year owes a part."""
    return rules.full_x100 if rules.by_month and rules.full_x100 < NOTHING_REDUCED else None


def differing(before: Packs, after: Packs, year: int, on: date) -> Iterator[Difference]:
    """All whose verdict on the year, given on that day, differs in any rule; by unit."""
    day = min(on, date(year, 12, 31))
    pairs: dict[_Pair, list[int]] = {}
    for facts, employers in rulesets.alike(day):
        of = unit(*facts)
        pair = _Pair(ruleset(before, of, day), ruleset(after, of, day))
        if pair.differs:
            pairs.setdefault(pair, []).extend(employers)
    if not pairs:
        return
    found = db.session.execute(
        text(_statement(list(pairs))),
        {"year": year, "day": day} | _units(pairs),
        execution_options={"yield_per": 10_000},
    )
    for person, name, tail, employer, unit_name, broken, doubtful, *then in found:
        changes = tuple(_changes((broken, doubtful), (then[0], then[1]), over=on.year > year))
        yield Difference(person, name, tail, employer, unit_name, changes)


def _statement(pairs: list[_Pair]) -> str:
    before = {number: pair.before for number, pair in enumerate(pairs, 1)}
    after = {number: pair.after for number, pair in enumerate(pairs, 1)}
    return _DIFFERING.format(
        people=_PEOPLE,
        broken_before=rulesets.broken(before),
        doubtful_before=rulesets.doubtful(before),
        owed_before=_OWED.format(full="full_before"),
        broken_after=rulesets.broken(after),
        doubtful_after=rulesets.doubtful(after),
        owed_after=_OWED.format(full="full_after"),
    )


def _units(pairs: dict[_Pair, list[int]]) -> dict[str, list[Any]]:
    rows = [
        (employer, number, _full(pair.before), _full(pair.after))
        for number, (pair, employers) in enumerate(pairs.items(), 1)
        for employer in employers
    ]
    employers, numbers, full_before, full_after = map(list, zip(*rows, strict=True))
    return {
        "employers": employers,
        "pairs": numbers,
        "full_before": full_before,
        "full_after": full_after,
    }


def _changes(before: tuple[int, int], after: tuple[int, int], *, over: bool) -> Iterator[Change]:
    for kind in YEARLY:
        was, becomes = (_outcome(bits, kind.number, over=over) for bits in (before, after))
        if was != becomes:
            yield Change(kind.name, kind.label, was, becomes)


def _outcome(bits: tuple[int, int], rule: int, *, over: bool) -> Outcome | None:
    broken, doubtful = (bool(each & (1 << rule)) for each in bits)
    if broken:
        return Outcome.FAILED if over else Outcome.SHORT
    return Outcome.UNDETERMINED if doubtful else None


# --- told ------------------------------------------------------------------------------------

FINE = "不欠"
COLUMNS = (
    Column("单位", 32),
    Column("姓名", 14),
    Column("证件号后四位", 14),
    Column("规定", 18),
    Column("现在", 14),
    Column("施行后", 14),
)


def counted(found: Iterable[Difference]) -> tuple[Counter[Change], Counter[tuple[int, str]], int]:
    """People by what changes and by unit, and how many there are."""
    changes: Counter[Change] = Counter()
    units: Counter[tuple[int, str]] = Counter()
    for each in found:
        changes.update(each.changes)
        units[each.employer_id, each.employer] += 1
    return changes, units, units.total()


def label(outcome: Outcome | None) -> str:
    return FINE if outcome is None else outcome.label


def as_rows(found: Iterable[Difference]) -> Iterator[tuple[Cell, ...]]:
    for each in found:
        for change in each.changes:
            yield (
                each.employer,
                each.name,
                each.id_tail,
                change.label,
                label(change.before),
                label(change.after),
            )


def as_file(found: Iterable[Difference], year: int, day: date) -> bytes:
    heading = f"{year} 年度判定会改变的人员（按 {day} 的规定和单位）"
    return list_file("会改变的人员", heading, COLUMNS, as_rows(found))


def as_json(found: Iterable[Difference]) -> Iterator[dict[str, Any]]:
    for each in found:
        yield {
            "professional_id": each.professional_id,
            "name": each.name,
            "id_tail": each.id_tail,
            "employer": {"id": each.employer_id, "name": each.employer},
            "rules": [as_words(change) for change in each.changes],
        }


def as_words(change: Change) -> dict[str, str | None]:
    """`null`: the rule is kept, or asks nothing."""
    return {"rule": change.rule, "before": change.before, "after": change.after}
