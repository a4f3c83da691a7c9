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

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Identity,
    and_,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ce_tracker import clock
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import current_actor, db

ALWAYS, FOREVER = date.min, date.max


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
        return type(self)(**(_says(self) | changes))


_ABOUT_TIME = frozenset(
    {"id", "valid_from", "valid_to", "known_from", "known_to", "recorded_by", "source"}
)
AnyFact = TypeVar("AnyFact", bound=Fact)


def record(fact: AnyFact, source: str) -> AnyFact:
    """Believe it from now on."""
    _refuse_empty(fact)
    return _believe(fact, source, clock.now())


def withdraw(fact: Fact) -> None:
    """We were wrong: believe it no longer. The row stays, and says until when we did."""
    _disbelieve(fact, _moment_after([fact]))


def correct(fact: AnyFact, source: str, **changes: Any) -> AnyFact:
    """We were partly wrong: believe the same with these changes instead."""
    corrected = fact.again(**changes)
    _refuse_empty(corrected)
    others = [other for other in _in_the_way(corrected) if other.id != fact.id]
    return _replace([fact, *others], corrected, source, cut=others)


def put(fact: AnyFact, source: str) -> AnyFact:
    """Believe it, in place of whatever we believed of its days. The caller holds the subject."""
    _refuse_empty(fact)
    others = _in_the_way(fact)
    if len(others) == 1 and _says(others[0]) == _says(fact):
        return others[0]  # to hear a thing again is no new knowledge
    return _replace(others, fact, source, cut=others)


def _replace(
    wrong: Sequence[AnyFact], right: AnyFact, source: str, cut: Sequence[AnyFact]
) -> AnyFact:
    """All at one moment: a moment later must not show a world in which nothing was believed."""
    moment = _moment_after(wrong)
    for other in wrong:
        _disbelieve(other, moment)
    for other in cut:
        # What sticks out comes from where it always came from.
        if other.valid_from < right.valid_from:
            _believe(other.again(valid_to=right.valid_from), other.source, moment)
        if right.valid_to is not None and (other.valid_to or FOREVER) > right.valid_to:
            _believe(other.again(valid_from=right.valid_to), other.source, moment)
    return _believe(right, source, moment)


def _moment_after(known: Sequence[Fact]) -> datetime:
    """Now; or, where a machine with a faster clock wrote what we correct, no earlier than it."""
    return max([clock.now(), *(fact.known_from for fact in known)])


def _believe(fact: AnyFact, source: str, moment: datetime) -> AnyFact:
    actor = current_actor()
    fact.known_from = moment
    fact.known_to = None
    fact.source = source
    fact.recorded_by = actor.user_id if actor else None
    db.session.add(fact)
    db.session.flush()
    return fact


def _disbelieve(fact: Fact, moment: datetime) -> None:
    # Asked of the database, not of what was read some time ago: somebody else may have been faster.
    kind: Any = type(fact)
    ended = db.session.execute(
        update(kind)
        .where(kind.id == fact.id, kind.known_to.is_(None))
        .values(known_to=moment)
        .returning(kind.id)
    ).first()
    if ended is None:
        raise Conflict("这条记录已被更正过，请刷新后再试。")


def _refuse_empty(fact: Fact) -> None:
    if fact.valid_to is not None and fact.valid_to <= fact.valid_from:
        raise Invalid("结束日期应晚于开始日期。")


def _says(fact: Fact) -> dict[str, Any]:
    return fact.content() | {"valid_from": fact.valid_from, "valid_to": fact.valid_to}


def _in_the_way(fact: AnyFact) -> Sequence[AnyFact]:
    return overlapping(fact) if fact.one_at_a_time else ()


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
