"""One employer's people, one by one: who is short of what, and what is expected of their year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, cast, literal, null, select, tuple_

from ce_tracker.actor import Actor
from ce_tracker.compliance import employers
from ce_tracker.compliance.employers import Night
from ce_tracker.compliance.forecast import forecast
from ce_tracker.errors import Invalid
from ce_tracker.extensions import db
from ce_tracker.policy.words import Outcome

NOBODY_KNOWS = "none"
"""As a series or a level: none is registered."""


class Only(StrEnum):
    SHORT = "short"
    UNDETERMINED = "undetermined"
    MET = "met"
    EXEMPT = "exempt"
    FORECAST = "forecast"
    """Who would still be short on 31 December."""

    @property
    def label(self) -> str:
        return {
            "short": "尚未达标",
            "undetermined": "暂不能判定",
            "met": "已达标",
            "exempt": "不作要求",
            "forecast": "预计年底仍不达标",
        }[self]


@dataclass(frozen=True)
class Asked:
    only: Only | None = None
    department: str | None = None
    series: str | None = None
    level: str | None = None


@dataclass(frozen=True)
class Line:
    row: Any
    """Of `employers.people`, with the highest title and what is expected."""
    missing: Sequence[tuple[str, int]]
    """Rules, and the hours that are missing by now."""
    doubtful: Sequence[str]


def lines(
    actor: Actor,
    employer_id: int,
    night: Night,
    asked: Asked,
    after: list[Any] | None,
    limit: int,
) -> tuple[Sequence[Line], Sequence[Any] | None]:
    """By the sound of their names from a place on, and the place to go on from."""
    if asked.only is Only.FORECAST and not night.running:
        raise Invalid(errors=[{"field": "only", "message": "只有当年才有预测。"}])
    everybody = employers.people(actor, employer_id, night)
    held = employers.titles(everybody, night.day)
    coming = None
    if asked.only is Only.FORECAST:
        coming = forecast(actor, everybody, employer_id, night)
    chosen = _chosen(asked, everybody, held, coming, after, limit + 1)
    if night.running and coming is None:  # of a page of people, not of all
        coming = forecast(actor, chosen, employer_id, night)
    statement = select(chosen, *_expected(coming))
    if coming is not None:
        statement = statement.join(coming, coming.c.id == chosen.c.id)
    rows = db.session.execute(statement.order_by(chosen.c.pinyin, chosen.c.id)).all()
    shown = rows[:limit]
    rules = employers.rules_of(employer_id, night.day)
    found = [Line(row, employers.missing(rules, row), employers.doubtful(row)) for row in shown]
    more = len(rows) > limit
    return found, (shown[-1].pinyin, shown[-1].id) if more else None


def _chosen(
    asked: Asked, everybody: CTE, held: CTE, coming: CTE | None, after: list[Any] | None, most: int
) -> CTE:
    statement = select(
        everybody, held.c.series_code, held.c.level, held.c.name.label("title")
    ).outerjoin_from(everybody, held, held.c.whose == everybody.c.id)
    if coming is not None:
        statement = statement.join(coming, coming.c.id == everybody.c.id)
    statement = statement.where(*_narrowed(asked, everybody, held, coming))
    if after is not None:
        pinyin, number = after
        place = tuple_(everybody.c.pinyin, everybody.c.id)
        statement = statement.where(
            place > tuple_(literal(pinyin, everybody.c.pinyin.type), literal(int(number)))
        )
    return statement.order_by(everybody.c.pinyin, everybody.c.id).limit(most).cte("chosen")


def _expected(coming: CTE | None) -> list[ColumnElement[Any]]:
    if coming is None:
        return [null().label("expected_outcome")]
    return [
        coming.c.outcome.label("expected_outcome"),
        coming.c.general_x100.label("expected_general_x100"),
        coming.c.specialty_x100.label("expected_specialty_x100"),
    ]


def _narrowed(
    asked: Asked, everybody: CTE, held: CTE, coming: CTE | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    match asked.only:
        case Only.SHORT:
            wanted.append(everybody.c.outcome.in_(employers.BROKEN))
        case Only.FORECAST if coming is not None:
            wanted.append(coming.c.outcome == Outcome.SHORT)
        case Only():
            wanted.append(everybody.c.outcome == asked.only.value)
    if asked.department:
        wanted.append(everybody.c.department == asked.department)
    for column, value in ((held.c.series_code, asked.series), (held.c.level, asked.level)):
        if value == NOBODY_KNOWS:
            wanted.append(column.is_(None))
        elif value:
            wanted.append(cast(column, Text) == value)
    return wanted
