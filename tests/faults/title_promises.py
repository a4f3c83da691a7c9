"""What the night promises of titles whatever is killed: each application is judged again and each
duty found once, with nobody's help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from time import monotonic, sleep

from sqlalchemy import text

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from tests.compliance.world import LONG_AGO
from tests.factories import HUANCUI, Factory
from tests.faults.load import application
from tests.faults.promises import Outcome
from tests.faults.service import REPAIR_SECONDS, Service
from tests.registry.lists import in_force
from tests.waiting import until

PEOPLE = 5_000
DONE_SECONDS = 240
OTHERS_BEFORE = 900_000
XIJI = "640422"
KINDS = ("rejudge", "follow")
TRIES = 4
"""For each strike: one that comes when the work is done strikes nothing."""

# Half of them apply in Shandong without having learnt anything; the other half teach at a
# vocational school of Ningxia and wait for their turn.
_ARRANGED = """
INSERT INTO employer_facts (employer_id, name, region_path, level, affiliation, sector,
    public_institution, valid_from, known_from, source)
SELECT id, name, region_path, 'county', 'county', 'education', true, '2010-01-01', now(), 'test'
FROM employers WHERE id IN (:here, :there);
INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index,
    employer_id, region_path, sector)
SELECT '王晓岚', 'wangxiaolan wxl', 'resident', '0012', x, x, e.id, e.region_path, 'education'
FROM (SELECT n, uuid_send(uuidv4()) AS x FROM generate_series(1, :size) n) s
JOIN employers e ON e.id = CASE n % 2 WHEN 0 THEN CAST(:here AS bigint) ELSE :there END;
INSERT INTO employments (professional_id, employer_id, valid_from, known_from, source)
SELECT id, employer_id, '2015-01-01', now(), 'test' FROM professionals
WHERE employer_id IN (:here, :there);
INSERT INTO titles (professional_id, level, track, series_code, name, valid_from, known_from,
    source)
SELECT id, 'intermediate', 'unified',
    CASE employer_id WHEN :here THEN 'school' ELSE 'vocational' END, '讲师', '2024-06-01', now(),
    'test' FROM professionals WHERE employer_id IN (:here, :there);
INSERT INTO applications (professional_id, employer_id, region_path, sector, level, track,
    series_code, field_code, state, drafted_at, submitted_on, year, verdict_id)
SELECT id, employer_id, region_path, sector, 'associate_senior', 'unified', 'school', 'school-01',
    'submitted', now(), CAST(:today AS date), extract(year FROM CAST(:today AS date)), -id
FROM professionals WHERE employer_id = :here;
INSERT INTO promotion_verdicts (id, application_id, professional_id, occasion, day, judged_at,
    blocking, says, seal, stamp)
SELECT verdict_id, id, professional_id, 'submission', submitted_on, now(), '{}',
    '{"verdict": {"rules": []}}', '', uuid_send(uuidv4()) FROM applications
WHERE employer_id = :here
"""
_FORGOTTEN = """
DELETE FROM application_events WHERE application_id IN
    (SELECT id FROM applications WHERE employer_id = :here);
UPDATE applications SET broken_at = NULL, broken_because = NULL WHERE employer_id = :here;
DELETE FROM promotion_verdicts WHERE id > 0 AND application_id IN
    (SELECT id FROM applications WHERE employer_id = :here);
DELETE FROM duty_flags WHERE professional_id IN
    (SELECT id FROM professionals WHERE employer_id IN (:here, :there))
"""
_GONE = """
DELETE FROM applications WHERE employer_id = :here;
DELETE FROM promotion_verdicts WHERE id < 0
"""
_LEFT = {
    "rejudge": """
SELECT a.id, a.broken_because,
    array_agg(e.what || v.occasion || v.blocking::text ORDER BY e.id, v.id)
FROM applications a LEFT JOIN application_events e ON e.application_id = a.id
LEFT JOIN promotion_verdicts v ON v.application_id = a.id AND v.id > 0
WHERE a.employer_id = %s AND %s > 0 GROUP BY a.id ORDER BY a.id
""",
    "follow": """
SELECT f.professional_id, f.rule, f.outcome, f.found, f.closed_on FROM duty_flags f
JOIN professionals p ON p.id = f.professional_id AND p.employer_id IN (%s, %s)
ORDER BY f.professional_id, f.rule, f.id
""",
}


@dataclass
class Titled:
    """People of a running service whose nights begin anew whenever asked."""

    service: Service
    here: int
    there: int
    asked: Iterator[int]

    @classmethod
    @contextmanager
    def of(cls, service: Service, size: int) -> Iterator[Titled]:
        with _arranging(service):
            make = Factory(service.settings, first=OTHERS_BEFORE)
            here, there = make.employer(HUANCUI).id, make.employer(XIJI).id
            in_force(make, HUANCUI, [here], LONG_AGO)
            found = cls(service, here, there, count(1))
            found._each(_ARRANGED, size=size, today=clock.today())
        try:
            yield found
        finally:
            with _arranging(service):
                found._each(_FORGOTTEN + ";" + _GONE)

    def forget(self) -> None:
        """As if no night had been."""
        with _arranging(self.service):
            self._each(_FORGOTTEN)

    def _each(self, statements: str, **values: object) -> None:
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements.split(";\n"):
            db.session.execute(text(statement), values | {"here": self.here, "there": self.there})
        db.session.commit()

    def ask(self, kind: str) -> str:
        key = f"titles {next(self.asked)}"
        with _arranging(self.service):
            jobs.ask(kind, key, day=clock.today().isoformat())
            db.session.commit()
        return key

    def state(self, kind: str, key: str) -> str:
        [[state]] = self.service.facts(
            "SELECT state FROM jobs WHERE kind = %s AND key = %s", kind, key
        )
        assert state != "dead", f"a {kind} is dead"
        return str(state)

    def done(self, kind: str, key: str) -> bool:
        return self.state(kind, key) == "done"

    def left(self, kind: str) -> list[tuple[object, ...]]:
        """All that a night left behind."""
        return self.service.facts(_LEFT[kind], self.here, self.there)

    def undisturbed(self, kind: str) -> tuple[list[tuple[object, ...]], float]:
        self.forget()
        key = self.ask(kind)
        until(lambda: self.state(kind, key) != "waiting", DONE_SECONDS, "it begins")
        began = monotonic()
        until(lambda: self.done(kind, key), DONE_SECONDS, f"an undisturbed {kind}")
        return self.left(kind), monotonic() - began


@contextmanager
def _arranging(service: Service) -> Iterator[None]:
    with application(service).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def night_survives(titled: Titled, kind: str, dose: int) -> Outcome:
    """kill -9 of the worker's child at a random moment; then all is as without it."""
    peaceful, seconds = titled.undisturbed(kind)
    moment = Random(kind)
    struck, wrong = 0, 0
    for _ in range(dose * TRIES):
        if struck == dose:
            break
        titled.forget()
        key = titled.ask(kind)
        until(lambda: titled.state(kind, key) != "waiting", DONE_SECONDS, "it begins")  # noqa: B023
        sleep(moment.uniform(0, seconds * 0.8))
        killed = titled.service.victim("pool child")
        killed.kill()
        struck += not titled.done(kind, key)
        until(
            lambda: titled.service.victim("pool child").pid != killed.pid,  # noqa: B023
            REPAIR_SECONDS,
            "a successor",
        )
        until(lambda: titled.done(kind, key), DONE_SECONDS, "it is finished")  # noqa: B023
        wrong += titled.left(kind) != peaceful
    return Outcome(
        f"the night's {kind} survives the death of the pool child: finished after restart, with"
        " nothing written twice",
        dose,
        kept=not wrong and len(peaceful) > 0 and struck == dose,
        figures={
            "left_by_a_night": len(peaceful),
            "undisturbed_seconds": round(seconds, 1),
            "struck_under_way": struck,
            "wrong": wrong,
        },
    )
