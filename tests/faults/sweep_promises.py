"""What the night promises whatever happens: each year is judged, once, with nobody's help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from time import monotonic, sleep

from sqlalchemy import text

from ce_tracker import clock, jobs
from ce_tracker.actor import Sector
from ce_tracker.extensions import db
from ce_tracker.ledger.closed_years import YearClosing
from tests.factories import Factory
from tests.faults.load import application
from tests.faults.promises import Outcome
from tests.faults.service import REPAIR_SECONDS, Service
from tests.waiting import Overdue, until

PEOPLE = 100_000
SWEPT_SECONDS = 180
MOST_MISSES = 10
VICTIMS = ("worker", "pool child")
REGIONS = ("371002", "230125", "430181", "500235", "640422", "110000")
FIRST_YEAR = 2041
"""Of years that nobody else in this service has anything to do with."""
OTHERS_BEFORE = 500_000

_PEOPLE = """
INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index)
SELECT '王晓岚', 'wangxiaolan wxl', 'resident', '0012', x, x
FROM (SELECT uuid_send(uuidv4()) AS x FROM generate_series(1, :size)) RETURNING id
"""
_EMPLOYMENTS = """
INSERT INTO employments (professional_id, employer_id, valid_from, known_from, source)
SELECT id, (CAST(:units AS bigint[]))[1 + id % cardinality(CAST(:units AS bigint[]))],
    date '2020-01-01', now(), 'test'
FROM generate_series(CAST(:first AS bigint), :last) id WHERE id % 20 <> 0
"""
_STANDINGS = """
INSERT INTO standings (professional_id, year, general_x100, specialty_x100)
SELECT id, :year, (id * 37 % 60) * 100, (id * 53 % 100) * 100
FROM generate_series(CAST(:first AS bigint), :last) id WHERE id % 10 <> 3
"""
_EXEMPTIONS = """
INSERT INTO exemptions (professional_id, kind, required_x100, reason, valid_from, valid_to,
    known_from, source)
SELECT id, 'illness', (id % 2) * 4500, '住院', make_date(:year, 1, 1), make_date(:year + 1, 1, 1),
    now(), 'test'
FROM generate_series(CAST(:first AS bigint), :last) id WHERE id % 11 = 0
"""


@dataclass
class Crowd:
    """People of a running service who live each year like the one before."""

    service: Service
    first: int
    last: int
    years: Iterator[int] = field(default_factory=lambda: count(FIRST_YEAR))
    kind: str = "sweep"
    """The job that judges them: that, or the closing of a year."""

    def closing(self) -> Crowd:
        return replace(self, kind="close-year")

    @classmethod
    @contextmanager
    def of(cls, service: Service, size: int) -> Iterator[Crowd]:
        """Afterwards the hours are gone: the ledger knows nothing of them."""
        with _arranging(service):
            make = Factory(service.settings, first=OTHERS_BEFORE)
            units = [make.employer(region, Sector.HEALTH).id for region in REGIONS]
            ids = db.session.scalars(text(_PEOPLE), {"size": size}).all()
            crowd = cls(service, min(ids), max(ids))
            crowd._each(_EMPLOYMENTS, units=units)
            db.session.commit()
        try:
            yield crowd
        finally:
            with _arranging(service):
                crowd._each("DELETE FROM standings WHERE professional_id BETWEEN :first AND :last")
                db.session.commit()

    def next_year(self) -> int:
        """Another one, not judged yet, with the same hours and exemptions as any other."""
        year = next(self.years)
        with _arranging(self.service):
            self._each(_STANDINGS, year=year)
            self._each(_EXEMPTIONS, year=year)
            db.session.execute(text("ANALYZE standings"))
            db.session.commit()
        return year

    def _each(self, statement: str, **values: object) -> None:
        whom = {"first": self.first, "last": self.last}
        db.session.execute(text(statement), whom | values)

    def ask(self, year: int, times: int = 1) -> None:
        with _arranging(self.service):
            if self.kind == "close-year":
                db.session.add(YearClosing(year=year, asked_at=clock.now(), asked_by_name="厅"))
                jobs.ask(self.kind, str(year), year=year, day=f"{year + 1}-01-15")
            else:
                for number in range(times):
                    jobs.ask(self.kind, f"{year} #{number}", year=year, day=f"{year}-07-02")
            db.session.commit()

    def done(self, year: int) -> bool:
        states = self.service.facts(
            f"SELECT state FROM jobs WHERE {_ITS_JOBS}", self.kind, str(year)
        )
        assert ("dead",) not in states, f"a {self.kind} is dead"
        return set(states) == {("done",)}

    def begun(self, year: int) -> bool:
        rows = self.service.facts(
            f"SELECT FROM jobs WHERE {_ITS_JOBS} AND state <> 'waiting'", self.kind, str(year)
        )
        return bool(rows)

    def steps_done(self, year: int) -> int:
        [[steps]] = self.service.facts(
            f"SELECT coalesce(sum(steps_done), 0) FROM jobs WHERE {_ITS_JOBS}",
            self.kind,
            str(year),
        )
        return int(steps)

    def undisturbed(self) -> tuple[int, float]:
        """A year that was judged in peace, and how long that took."""
        year = self.next_year()
        self.ask(year)
        until(lambda: self.done(year), SWEPT_SECONDS, f"an undisturbed {self.kind}")
        [[seconds]] = self.service.facts(
            "SELECT CAST(extract(epoch FROM finished_at - started_at) AS float) FROM jobs"
            f" WHERE {_ITS_JOBS}",
            self.kind,
            str(year),
        )
        return year, float(seconds)

    def flags(self, year: int) -> int:
        [[flags]] = self.service.facts("SELECT count(*) FROM flags WHERE year = %s", year)
        return int(flags)

    def unlike(self, year: int, other: int) -> str:
        """Nothing, if both years were judged, flagged and, where they were closed, frozen alike."""
        found = [self.service.facts(_UNLIKE.format(of=of), year, other, other, year) for of in _OF]
        [[finished]] = self.service.facts(_FINISHED[self.kind], year)
        right = [[(0,)]] * len(_OF)
        return "" if found == right and finished else f"{year}: {found}, finished {finished}"


_ITS_JOBS = "kind = %s AND payload->>'year' = %s"
_FINISHED = {
    "sweep": "SELECT count(*) > 0 FROM sweeps WHERE year = %s AND finished_at IS NOT NULL",
    "close-year": """
SELECT c.people > 0 AND c.people = (SELECT count(*) FROM closed_verdicts v WHERE v.year = c.year)
FROM year_closings c WHERE year = %s
""",
}
_FROZEN = "outcome, general_x100, specialty_x100, required_x100, broken, doubtful, employer_id"
_OF = {
    "professional_id, rule, to_char(opened_on, 'MM-DD'), employer_id, closed_at FROM flags",
    "professional_id, broken, doubtful, employer_id, ruleset, required_x100 FROM standings",
    f"professional_id, {_FROZEN} FROM closed_verdicts",
}
_UNLIKE = """
WITH one AS (SELECT {of} WHERE year = %s), other AS (SELECT {of} WHERE year = %s),
another AS (SELECT {of} WHERE year = %s), same AS (SELECT {of} WHERE year = %s)
SELECT (SELECT count(*) FROM (TABLE one EXCEPT ALL TABLE other) a)
    + (SELECT count(*) FROM (TABLE another EXCEPT ALL TABLE same) b)
"""


@contextmanager
def _arranging(service: Service) -> Iterator[None]:
    with application(service).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def sweep_survives(crowd: Crowd, victim: str, dose: int) -> Outcome:
    """kill -9 at a random moment; then what judges a year is finished with nobody's help."""
    peaceful, seconds = crowd.undisturbed()
    moment = Random(victim)
    wrong: list[str] = []
    waits: list[float] = []
    struck_after: list[int] = []
    misses = 0
    while len(waits) < dose:
        year = crowd.next_year()
        crowd.ask(year)
        until(lambda: crowd.begun(year), SWEPT_SECONDS, "it begins")  # noqa: B023
        sleep(moment.uniform(0, seconds))
        killed = crowd.service.victim(victim)
        killed.kill()
        steps, over = crowd.steps_done(year), crowd.done(year)
        until(lambda: crowd.service.victim(victim).pid != killed.pid, REPAIR_SECONDS, "a successor")  # noqa: B023
        began = monotonic()
        until(lambda: crowd.done(year), SWEPT_SECONDS, "it is finished")  # noqa: B023
        unlike = crowd.unlike(year, peaceful)
        if unlike:
            wrong.append(unlike)
        if over:
            misses += 1
            if misses > MOST_MISSES * dose:
                raise Overdue(f"{misses} times it was over before it could be hit")
            continue
        struck_after.append(steps)
        waits.append(monotonic() - began)
    return Outcome(
        f"a {crowd.kind} survives the death of the {victim}: finished after restart, verdicts and"
        " flags as without it",
        dose,
        kept=not wrong and crowd.flags(peaceful) > 0,
        figures={
            "people": crowd.last - crowd.first + 1,
            "flags_each": crowd.flags(peaceful),
            "undisturbed_seconds": round(seconds, 1),
            "struck_after_steps": struck_after,
            "longest_until_finished_seconds": round(max(waits), 1),
            "wrong": wrong[:3],
        },
    )


def several_are_one(crowd: Crowd, dose: int, at_once: int = 3) -> Outcome:
    """Asked for several times at once, with as many hands as the worker has."""
    peaceful, _ = crowd.undisturbed()
    wrong = []
    for _ in range(dose):
        year = crowd.next_year()
        crowd.ask(year, at_once)
        until(lambda: crowd.done(year), SWEPT_SECONDS, "all are done")  # noqa: B023
        wrong += [unlike for unlike in [crowd.unlike(year, peaceful)] if unlike]
    return Outcome(
        f"{at_once} sweeps of a year at once flag as one does",
        dose,
        kept=not wrong,
        figures={"flags_each": crowd.flags(peaceful), "wrong": wrong[:3]},
    )
