"""What is true when, and since when we know it.

A fact about a person or a unit is a row with two spans of time:

* `valid_from` … `valid_to`: the days on which it holds in the world (the end not included);
* `known_from` … `known_to`: the moments between which we believed it.

Nothing is ever overwritten. To correct a fact is to end our belief in one row and to begin it in
another; then "what did we know on 1 March about 31 December" has one answer for ever, and any
verdict can be given again. The database allows exactly two things: adding rows, and ending a
belief once (trigger `only_known_to`).

Some kinds exclude each other in time: a unit has one name and level on a day, a person one main
employer. Such a kind names its `one_at_a_time` columns, and `put` makes room: what it covers is
believed no longer, what sticks out on either side is believed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Identity, and_, func, or_, select
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ce_tracker import clock
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import current_actor, db

FOREVER = date.max


class Fact:
    """The columns of both times, and how to ask for a day and a moment."""

    one_at_a_time: ClassVar[tuple[str, ...]] = ()
    """Columns that make two facts exclude each other in time; none: they may overlap."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]
    source: Mapped[str]
    """Where we have it from: a page, an import's id, the demo."""

    @declared_attr
    @classmethod
    def recorded_by(cls) -> Mapped[UUID | None]:
        return mapped_column(ForeignKey("users.id"))

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.valid_from <= day, or_(cls.valid_to.is_(None), cls.valid_to > day))

    @classmethod
    def known_at(cls, moment: datetime | None = None) -> ColumnElement[bool]:
        """What we believed at a moment; without one, what we believe."""
        if moment is None:
            return cls.known_to.is_(None)
        return and_(cls.known_from <= moment, or_(cls.known_to.is_(None), cls.known_to > moment))

    def content(self) -> dict[str, Any]:
        """What the fact says, without when and since when."""
        return {
            column.key: getattr(self, column.key)
            for column in type(self).__mapper__.columns  # type: ignore[attr-defined]
            if column.key not in _ABOUT_TIME
        }

    def again(self, **changes: Any) -> Self:
        """The same, believed from now on, with some of it different."""
        values = self.content() | {"valid_from": self.valid_from, "valid_to": self.valid_to}
        return type(self)(**(values | changes))


_ABOUT_TIME = frozenset(
    {"id", "valid_from", "valid_to", "known_from", "known_to", "recorded_by", "source"}
)
AnyFact = TypeVar("AnyFact", bound=Fact)


def record(fact: AnyFact, source: str) -> AnyFact:
    """Believe it from now on."""
    if fact.valid_to is not None and fact.valid_to <= fact.valid_from:
        raise Invalid("结束日期应晚于开始日期。")
    actor = current_actor()
    fact.known_from = clock.now()
    fact.known_to = None
    fact.source = source
    fact.recorded_by = actor.user_id if actor else None
    db.session.add(fact)
    db.session.flush()
    return fact


def withdraw(fact: Fact) -> None:
    """We were wrong: believe it no longer. The row stays, and says until when we did."""
    if fact.known_to is not None:
        raise Conflict("这条记录已被更正过，请刷新后再试。")
    fact.known_to = clock.now()
    db.session.flush()


def correct(fact: AnyFact, source: str, **changes: Any) -> AnyFact:
    """We were partly wrong: believe the same with these changes instead."""
    corrected = fact.again(**changes)
    withdraw(fact)
    if fact.one_at_a_time:
        return put(corrected, source)
    return record(corrected, source)


def put(fact: AnyFact, source: str) -> AnyFact:
    """Believe it, in place of whatever we believed of its days. The caller holds the subject."""
    for other in overlapping(fact):
        withdraw(other)
        if other.valid_from < fact.valid_from:
            record(other.again(valid_to=fact.valid_from), source)
        if fact.valid_to is not None and (other.valid_to or FOREVER) > fact.valid_to:
            record(other.again(valid_from=fact.valid_to), source)
    return record(fact, source)


def overlapping(fact: AnyFact) -> Sequence[AnyFact]:
    """What we believe now that this would contradict."""
    kind = type(fact)
    same = [getattr(kind, name) == getattr(fact, name) for name in kind.one_at_a_time]
    return db.session.scalars(
        select(kind)
        .where(
            *same,
            kind.known_at(),
            func.coalesce(kind.valid_to, FOREVER) > fact.valid_from,
            kind.valid_from < (fact.valid_to or FOREVER),
        )
        .order_by(kind.valid_from, kind.id)
    ).all()
