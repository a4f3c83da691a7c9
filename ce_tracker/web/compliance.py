"""The page of an employer's year: how many keep the rules, who is short of what, what is expected
by 31 December, and the register to take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import employers, listing, register
from ce_tracker.compliance.employers import Counts, Night
from ce_tracker.compliance.explained import RULES
from ce_tracker.compliance.forecast import expected
from ce_tracker.compliance.listing import NOBODY_KNOWS, Asked, Line, Only
from ce_tracker.hours import shown
from ce_tracker.http.files import spreadsheet
from ce_tracker.http.paging import walk
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import opening, record
from ce_tracker.registry.dated import TitleLevel
from ce_tracker.registry.models import Employer
from ce_tracker.registry.opening import EMPLOYERS
from ce_tracker.registry.title_series import catalogue
from ce_tracker.web.conventions import actor, keyring, page
from ce_tracker.web.hours import asked_year
from ce_tracker.web.people import READERS
from ce_tracker.web.verdict_words import TONES

OWN = frozenset({Role.EMPLOYER})
AUTHORITY = frozenset({Role.AUTHORITY})
A_PAGE = 50
_YEARS_SHOWN = 3
_LABELS = {kind.name: kind.label for kind in RULES.values()}


@page("/compliance", roles=OWN)
def compliance() -> str:
    return _shown(_own())


@page("/employers/<int:employer_id>/compliance", roles=AUTHORITY)
def employer_compliance(employer_id: int) -> str:
    return _shown(opening.visible_unit(EMPLOYERS, actor(), employer_id))


@page("/compliance/register.xlsx", roles=OWN)
def own_register() -> Response:
    return _register(_own())


@page("/employers/<int:employer_id>/register.xlsx", roles=AUTHORITY)
def employer_register(employer_id: int) -> Response:
    return _register(opening.visible_unit(EMPLOYERS, actor(), employer_id))


@page("/people/<int:professional_id>/register.xlsx", roles=READERS)
def person_register(professional_id: int) -> Response:
    person, year = record.visible_person(actor(), professional_id), asked_year()
    data = register.of_person(actor(), person, year)
    return spreadsheet(data, f"{person.name}{year}年度{register.NAME}.xlsx")


def _own() -> Employer:
    unit: Employer = opening.visible_unit(EMPLOYERS, actor(), actor().employer_id or 0)
    return unit


def _register(unit: Employer) -> Response:
    year = asked_year()
    data = register.of_employer(actor(), unit, year)
    return spreadsheet(data, f"{unit.name}{year}年度{register.NAME}.xlsx")


def _shown(unit: Employer) -> str:
    year, this_year = asked_year(), clock.today().year
    night = employers.last_night(year)
    found = employers.picture(actor(), unit.id, night)
    parts = [
        ("department", "按部门", "部门", _departments(found.departments)),
        ("series", "按职称系列", "职称系列", _series(found.series)),
        ("level", "按职称级别", "职称级别", _levels(found.levels)),
    ]
    asked = _asked(night)
    people = walk(
        keyring(),
        f"compliance {unit.id} {year}",
        lambda after, limit: listing.lines(actor(), unit.id, night, asked, after, limit),
        request.args.get("cursor"),
        A_PAGE,
    )
    return render_template(
        "compliance.html",
        unit=unit,
        night=night,
        years=sorted({year, *range(this_year - _YEARS_SHOWN + 1, this_year + 1)}, reverse=True),
        totals=found.totals,
        unnamed=found.unnamed,
        bar=_bar(found.totals),
        broken=[(_LABELS[rule], number) for rule, number in found.broken],
        parts=parts,
        coming=expected(actor(), unit.id, night),
        people=[_line(each) for each in people.items],
        next_cursor=people.next_cursor,
        asked=asked,
        kept={"year": year, "only": asked.only or "", "department": asked.department or None}
        | {"series": asked.series or None, "level": asked.level or None},
        choices={"only": [(each.value, each.label) for each in _possible(night)]}
        | {
            name: [(row["value"], row["name"]) for row in rows if row["value"]]
            for name, _, _, rows in parts
        },
    )


def _asked(night: Night) -> Asked:
    """Unless something else is asked for, who is short."""
    words = {name: request.args.get(name, "").strip() for name in ("department", "series")}
    only = request.args.get("only", Only.SHORT.value)
    level = request.args.get("level", "")
    return Asked(
        Only(only) if only in _possible(night) else None,
        words["department"][:100] or None,
        words["series"] if words["series"] in {*catalogue(), NOBODY_KNOWS} else None,
        level if level in {*TitleLevel, NOBODY_KNOWS} else None,
    )


def _possible(night: Night) -> list[Only]:
    return [each for each in Only if each is not Only.FORECAST or night.running]


def _bar(counts: Counts) -> list[tuple[str, float, float]]:
    """Of each kind its class, where it begins and how long it is, in hundredths of the whole."""
    parts, begins = [], 0.0
    for kind, number in (
        ("met", counts.met),
        ("exempt", counts.exempt),
        ("doubtful", counts.undetermined),
        ("short", counts.short),
        ("failed", counts.failed),
    ):
        length = round(number * 100 / max(1, counts.people), 2)
        if number:
            parts.append((kind, round(begins, 2), length))
        begins += length
    return parts


Part = dict[str, Any]


def _part(name: str, value: str | None, counts: Counts) -> Part:
    return {"name": name, "value": value, "counts": counts, "bar": _bar(counts)}


def _departments(found: Sequence[tuple[str | None, Counts]]) -> list[Part]:
    return [_part(name or "未分部门", name, counts) for name, counts in found]


def _series(found: Sequence[tuple[str | None, Counts]]) -> list[Part]:
    return [
        _part(catalogue()[code].name if code else "未登记职称", code or NOBODY_KNOWS, counts)
        for code, counts in found
    ]


def _levels(found: Sequence[tuple[str | None, Counts]]) -> list[Part]:
    return [
        _part(TitleLevel(level).label if level else "未登记职称", level or NOBODY_KNOWS, counts)
        for level, counts in found
    ]


def _line(line: Line) -> dict[str, Any]:
    row = line.row
    outcome = Outcome(row.outcome)
    said: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "id_tail": row.id_tail,
        "department": row.department or "",
        "title": row.title,
        "level": TitleLevel(row.level).label if row.level else "",
        "outcome": outcome.label,
        "tone": TONES[outcome],
        "total": shown(row.general_x100 + row.specialty_x100),
        "missing": [(_LABELS[rule], shown(hours)) for rule, hours in line.missing if hours],
        "made_up": bool(line.missing) and not any(hours for _, hours in line.missing),
        "doubtful": [_LABELS[rule] for rule in line.doubtful],
        "coming": None,
    }
    if row.expected_outcome is not None:
        then = Outcome(row.expected_outcome)
        hours = row.expected_general_x100 + row.expected_specialty_x100
        said["coming"] = {"total": shown(hours), "outcome": then.label, "tone": TONES[then]}
    return said
