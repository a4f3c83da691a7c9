"""Two records that turned out to be one person, and one that turned out to be two.

An ID number decides who somebody is, so a person who comes with two documents (a foreigner whose
card got a new number, a number that was mistyped and happened to be well-formed) has two records.
The authority says that they are one, with a reason. Nothing of what is known is moved: the merge
is itself a dated fact, the facts of a person are those of all their records (`same_person_ids`),
and a merge that was wrong is undone by believing it no longer.

Who was merged into whom stays as it was said, so records may form a chain; what stands on
`professionals.merged_into` is always its end. The database's own functions do the writing
(`migrations/versions/0006_merging.py`), since the web may write neither table.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CTE, BigInteger, func, literal, select, type_coerce
from sqlalchemy.sql.functions import Function

from ce_tracker import audit, clock
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import current_actor, db
from ce_tracker.registry.dated import Merge
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import written

_REFUSALS = {
    "same": "这两条记录已经是同一个人的。",
    "merged_already": "这条记录已并入另一条记录，请先拆分。",
    "not_merged": "这条记录没有并入其他记录，不需要拆分。",
}


def merge(person_id: int, into_id: int, reason: str) -> None:
    """From now on the two are read as one person, under the record `into_id`."""
    reason = written(reason, "reason", "合并理由")
    person, other = _seen(person_id), _seen(into_id)
    said = f"{_called(person)}并入{_called(other)}"
    _done(func.merge_people(person_id, into_id, reason, clock.now(), clock.today()))
    audit.record("person.merged", said, professional_id=person_id, reason=reason, into=into_id)
    audit.record("person.merged", said, professional_id=into_id, reason=reason, merged=person_id)


def split(person_id: int, reason: str) -> None:
    """The record stands for itself again, with whatever had been merged into it before."""
    reason = written(reason, "reason", "拆分理由")
    person = _seen(person_id)
    root = person.merged_into
    said = f"{_called(person)}拆分为单独的记录"
    _done(func.split_person(person_id, clock.now(), clock.today()))
    for concerned in (person_id, root):
        audit.record("person.split", said, professional_id=concerned, reason=reason)


def same_person_ids(professional_id: int, moment: datetime | None = None) -> list[int]:
    """All records of the person of whom this is one, as known at a moment."""
    up = select(literal(professional_id, BigInteger).label("id")).cte("up", recursive=True)
    up = up.union(
        select(Merge.into_id).where(Merge.professional_id == up.c.id, Merge.known_at(moment))
    )
    down = select(up.c.id).cte("down", recursive=True)
    down = down.union(
        select(Merge.professional_id).where(Merge.into_id == down.c.id, Merge.known_at(moment))
    )
    return list(db.session.scalars(select(type_coerce(down.c.id, BigInteger)).order_by(down.c.id)))


def roots() -> CTE:
    """Each merged record's `id`, and the `root` at the end of its chain."""
    merged = select(Merge.professional_id).where(Merge.known_at())
    chain = (
        select(Merge.professional_id.label("id"), Merge.into_id.label("root"))
        .where(Merge.known_at(), Merge.into_id.not_in(merged))
        .cte("roots", recursive=True)
    )
    return chain.union(
        select(Merge.professional_id, chain.c.root).where(
            Merge.into_id == chain.c.id, Merge.known_at()
        )
    )


def _done(call: Function[str | None]) -> None:
    refusal = db.session.scalar(select(call))
    if refusal == "not_found":
        raise NotFound
    if refusal is not None:
        raise Conflict(_REFUSALS[refusal])
    db.session.expire_all()


def _seen(professional_id: int) -> Professional:
    actor = current_actor()
    person = None
    if actor is not None and actor.is_authority:
        person = db.session.scalar(
            select(Professional).where(
                Professional.id == professional_id, Professional.visible_to(actor)
            )
        )
    if person is None:
        raise NotFound
    return person


def _called(person: Professional) -> str:
    return f"{person.name}（尾号 {person.id_tail}）"
