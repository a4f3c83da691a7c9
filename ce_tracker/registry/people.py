"""People: registering one, finding them again, and who employs them.

A person is registered once, by ID number, for life. Whoever employs them next finds the same
record with its history; nobody is ever deleted, an employment ends.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, or_, select

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry import facts, snapshot
from ce_tracker.registry.dated import Employment
from ce_tracker.registry.models import Professional
from ce_tracker.registry.names import pinyin
from ce_tracker.sealing import Keyring


def register(keyring: Keyring, name: str, id_number: str, id_kind: str) -> Professional:
    """A new record; the caller has looked for the ID number, under the lock that imports hold."""
    person = Professional(
        name=name,
        pinyin=pinyin(name),
        id_kind=id_kind,
        id_tail=id_number[-4:],
        id_number_sealed=keyring.seal(id_number.encode(), PLACE),
        id_number_index=keyring.index(id_number.encode(), PLACE),
    )
    db.session.add(person)
    db.session.flush()
    return person


def find(keyring: Keyring, id_number: str) -> Professional | None:
    """Under every key that is still in use."""
    return db.session.scalar(
        select(Professional).where(
            Professional.id_number_index.in_(keyring.indexes(id_number.encode(), PLACE))
        )
    )


def employ(
    person: Professional, employer_id: int, department: str | None, since: date, source: str
) -> Employment:
    """From `since` on this is the main employment; an earlier one ends the day before."""
    hold(person)
    fact = facts.put(
        Employment(
            professional_id=person.id,
            employer_id=employer_id,
            department=department,
            valid_from=since,
        ),
        source,
    )
    snapshot.refresh_professionals([person.id], clock.today())
    return fact


def leave(person: Professional, last_day_plus_one: date, source: str) -> None:
    """The main employment of that day ends; nothing of what was before changes."""
    hold(person)
    for employment in db.session.scalars(
        select(Employment).where(
            Employment.professional_id == person.id,
            Employment.known_at(),
            or_(Employment.valid_to.is_(None), Employment.valid_to > last_day_plus_one),
        )
    ).all():
        if employment.valid_from < last_day_plus_one:
            facts.correct(employment, source, valid_to=last_day_plus_one)
        else:
            facts.withdraw(employment)
    snapshot.refresh_professionals([person.id], clock.today())


def hold(person: Professional) -> None:
    """One writer at a time for what is known of a person."""
    db.session.execute(select(func.hold_professional(person.id)))
