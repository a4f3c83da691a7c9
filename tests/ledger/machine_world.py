"""What the state machine acts on: a base, its sessions and people, and lists as they may come."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import strategies as st
from sqlalchemy import update

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.training.models import TrainingSession
from tests.factories import Factory
from tests.ledger.books import Books
from tests.ledger.model import FAILED, PASSED, Line, Session, Upload
from tests.registry.desk import as_csv, id_number

PEOPLE = 5
REGISTERED = 3
SESSIONS = (
    Session("specialty", date(2025, 12, 1), date(2026, 1, 31), 4000),
    Session("general", date(2026, 3, 2), date(2026, 3, 6), 800),
    Session("specialty", date(2026, 4, 1), date(2026, 4, 3), 1600),
)
MORNING = datetime(2026, 6, 1, 8, tzinfo=clock.SHANGHAI)
BORN = date(1950, 1, 1)
_runs = count()

HOURS = st.sampled_from([200, 400, 800])
DAYS = st.sampled_from([None, None, date(2025, 12, 31), date(2026, 1, 1)])
"""Of which all but the first are of the first session alone."""
PLAIN = st.tuples(st.integers(0, PEOPLE - 1), HOURS, DAYS, st.integers(0, 9))
"""Who attended, for how many hours, finished when; and one in ten has failed."""
ODD = st.builds(
    Line,
    st.integers(0, PEOPLE - 1),
    st.sampled_from([0, 1, 2, None]),
    st.sampled_from([200, 800, 4100, 0, None]),
    st.sampled_from([None, date(2025, 12, 31), date(2026, 1, 1), date(2026, 4, 2)]),
    st.sampled_from([None, PASSED, FAILED]),
    st.booleans(),
    st.booleans(),
)
"""Whatever people write; the same person may be in the list twice."""


@st.composite
def lists(draw: st.DrawFn, session: int | None) -> list[Line]:
    marked = draw(st.booleans())
    lines = []
    for who, hours, day, mark in draw(st.lists(PLAIN, min_size=1, max_size=6)):
        of = session if session is not None else draw(st.integers(0, len(SESSIONS) - 1))
        result = (FAILED if mark == 0 else PASSED) if marked or mark == 0 else None
        lines.append(Line(who, of, hours, day if of == 0 else None, result))
    unique = {(line.who, line.session): line for line in lines}
    return [*unique.values(), *draw(st.lists(ODD, max_size=1))]


@dataclass
class Sent:
    """A list on its way."""

    id: UUID
    number: int
    said: Upload
    state: str = "reading"
    asked: bool = False


@dataclass
class World:
    books: Books
    owner: Flask
    names: list[str]
    numbers: list[str]
    session_ids: list[int]
    codes: list[str]
    moment: datetime = MORNING
    sent: dict[UUID, Sent] = field(default_factory=dict)

    @classmethod
    def new(cls, make: Factory, web: Flask, worker: Flask, owner: Flask) -> World:
        run = next(_runs)
        born = f"{BORN + timedelta(days=run):%Y%m%d}"
        books = Books.of_session(make, web, worker, **_columns(SESSIONS[0]))
        rest = [make.session(books.account, **_columns(each)) for each in SESSIONS[1:]]
        ids = [books.session_id, *(each.id for each in rest)]
        codes = [db.session.get_one(TrainingSession, each).code for each in ids]
        numbers = [id_number(2 * who + 11, born=born) for who in range(PEOPLE)]
        names = [f"学员{chr(0x4E00 + who)}" for who in range(PEOPLE)]
        # What a run that failed has left undone is not this one's to do.
        db.session.execute(update(Job).where(Job.state.in_(jobs.OPEN)).values(state="dead"))
        db.session.commit()
        return cls(books, owner, names, numbers, ids, codes)

    def file(self, lines: list[Line], *, of_many: bool) -> bytes:
        header = ("班次编号",) * of_many + ("姓名", "身份证号", "学时", "考核结果", "完成日期")
        return as_csv(header, *(self._cells(line, of_many=of_many) for line in lines))

    def _cells(self, line: Line, *, of_many: bool) -> list[object]:
        code = "没有这个班次" if line.session is None else self.codes[line.session]
        return [
            *[code] * of_many,
            "别人" if line.name_is_anothers else self.names[line.who],
            "看不清" if line.number_is_unreadable else self.numbers[line.who],
            "" if line.hours_x100 is None else line.hours_x100 / 100,
            line.result or "",
            line.day or "",
        ]

    def later(self, minutes: int = 1) -> AbstractContextManager[None]:
        self.moment += timedelta(minutes=minutes)
        return clock.pinned(self.moment)


def _columns(session: Session) -> dict[str, Any]:
    general = {"series_code": None, "field_code": None} if session.subject == "general" else {}
    return {
        "subject": session.subject,
        "starts_at": datetime.combine(session.first, time(9), clock.SHANGHAI),
        "ends_at": datetime.combine(session.last, time(17), clock.SHANGHAI),
        "hours_x100": session.hours_x100,
        **general,
    }
