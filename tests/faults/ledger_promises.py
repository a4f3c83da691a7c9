"""What the ledger promises whatever happens: every line posted, once, with nobody's help."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from time import monotonic, sleep
from typing import Any

import psutil
import psycopg
import redis

from benchmarks.registered import Person
from tests.faults.bases import HEADER, HOURS, Base, Town, a_list
from tests.faults.promises import Outcome
from tests.faults.service import REPAIR_SECONDS, Answer, Service
from tests.registry.desk import as_csv
from tests.sheets.files import xlsx
from tests.waiting import Overdue, until

ROWS = 20_000
POSTED_SECONDS = 240
"""The longest that anybody may have to wait, Redis emptied or not."""
MOST_MISSES = 5
CLIENTS = 50
AT_ONCE = 8
VICTIMS = ("worker", "pool child", "redis", "postgres")
MOMENTS = ("WITH wanted", "COPY ", "TABLE judged")
"""What PostgreSQL is doing when the blow falls, one after the other."""


# --- in the middle of a posting --------------------------------------------------------------


def posting_survives(town: Town, victim: str, dose: int) -> Outcome:
    """kill -9 of the worker, of its children, of Redis; PostgreSQL is stopped at once."""

    def strike() -> Callable[[], bool]:
        if victim == "pool child":
            children = town.service.victim("worker").children()
            for child in children:
                child.kill()
            return lambda: _others(town.service, children)
        killed = town.service.victim(victim)
        killed.send_signal(signal.SIGQUIT if victim == "postgres" else signal.SIGKILL)
        return lambda: town.service.victim(victim).pid != killed.pid

    return _posting_survives(town, dose, strike, f"a posting survives the death of the {victim}")


def posting_survives_flushall(town: Town, dose: int) -> Outcome:
    def strike() -> Callable[[], bool]:
        with redis.Redis.from_url(str(town.service.settings.redis_url), socket_timeout=10) as bell:
            bell.flushall()
        return lambda: True

    return _posting_survives(town, dose, strike, "a posting survives FLUSHALL")


def _others(service: Service, killed: list[psutil.Process]) -> bool:
    with suppress(psutil.Error):
        living = service.victim("worker").children()
        return bool(living) and not {child.pid for child in living} & {old.pid for old in killed}
    return False


def _posting_survives(
    town: Town, dose: int, strike: Callable[[], Callable[[], bool]], promise: str
) -> Outcome:
    base, moment = town.base(), Random(promise)
    rounds: list[_Round] = []
    misses = 0
    while len(rounds) < dose:
        wanted = MOMENTS[len(rounds) % len(MOMENTS)]
        done = _strike_once(town, base, wanted, moment.uniform(0, 0.1), strike)
        if done.in_the_middle:
            rounds.append(done)
            continue
        misses += 1
        if misses > MOST_MISSES * dose:
            raise Overdue(f"{misses} times the posting was over before it could be hit")
    wrong = [each.wrong for each in rounds if each.wrong]
    findings = town.findings()
    return Outcome(
        f"{promise}: every line posted once, with nobody's help",
        dose,
        kept=not wrong and not findings,
        figures={
            "lines_each": len(town.people),
            "struck_during": dict(Counter(each.during for each in rounds)),
            "longest_until_posted_seconds": round(max(each.seconds for each in rounds), 1),
            "wrong": wrong[:3],
            "findings": findings[:3],
        },
    )


@dataclass(frozen=True)
class _Round:
    in_the_middle: bool
    during: str
    seconds: float
    wrong: str


def _strike_once(
    town: Town,
    base: Base,
    wanted: str,
    pause: float,
    strike: Callable[[], Callable[[], bool]],
) -> _Round:
    service = town.service
    session, _ = base.session()
    data = a_list(town.people)
    with _watching(service) as busy_with:
        sent = base.send(data, session)
        assert sent.status == 202, sent.body
        upload = sent.json["id"]
        until(
            lambda: wanted in busy_with() or _state(service, upload) == "posted",
            POSTED_SECONDS,
            wanted,
        )
        sleep(pause)
        began = monotonic()
        recovered = strike()
    # A transaction that was over by then is seen at once; what was cut off never is.
    in_the_middle = _state(service, upload) == "posting"
    until(recovered, REPAIR_SECONDS, "a successor")
    until(lambda: _state(service, upload) == "posted", POSTED_SECONDS, "the list is posted")
    seconds = monotonic() - began
    return _Round(
        in_the_middle, wanted, seconds, _wrong(service, session, upload, len(town.people))
    )


@contextmanager
def _watching(service: Service) -> Iterator[Callable[[], str]]:
    """What PostgreSQL does for a posting, now and then empty."""
    with psycopg.connect(str(service.settings.database_url), autocommit=True) as connection:

        def busy_with() -> str:
            rows = connection.execute(_BUSY).fetchall()
            return " ".join(query for (query,) in rows)

        yield busy_with


_BUSY = (
    "SELECT query FROM pg_stat_activity WHERE state = 'active'"
    " AND application_name = 'ce-tracker ce_worker'"
)


def _state(service: Service, upload: str) -> str:
    [[state]] = service.facts("SELECT state FROM uploads WHERE id = %s", upload)
    return str(state)


def _wrong(service: Service, session: int, upload: str, people: int) -> str:
    """Nothing, if every line has its one entry and everything of it agrees."""
    [entries] = service.facts(
        "SELECT count(*), count(DISTINCT professional_id), min(hours_x100), max(hours_x100),"
        " max(revision) FROM ledger_entries WHERE session_id = %s",
        session,
    )
    [[postings]] = service.facts("SELECT count(*) FROM postings WHERE upload_id = %s", upload)
    jobs = service.facts(
        "SELECT state FROM jobs WHERE kind = 'attendance-post' AND key = %s", upload
    )
    found = (*entries, postings, jobs)
    right = (people, people, HOURS * 100, HOURS * 100, 1, 1, [("done",)])
    return "" if found == right else f"{found} instead of {right}"


# --- many at once ----------------------------------------------------------------------------


def the_same_file_from_many(town: Town, dose: int, people: int = 300) -> Outcome:
    base = town.base()
    statuses: Counter[int] = Counter()
    postings: list[int] = []
    refusals: list[str] = []
    wrong = []
    for number in range(dose):
        session, _ = base.session()
        data = a_list(town.people[number : number + people])
        answers = _at_once([lambda: base.send(data, session)] * CLIENTS)  # noqa: B023
        statuses.update(answer.status for answer in answers)
        refusals += [answer.body[:300].decode() for answer in answers if answer.status != 202]
        _wait_for_all(town.service, answers)
        rows = town.service.facts(
            "SELECT entries FROM postings p JOIN uploads u ON u.id = p.upload_id"
            " WHERE u.session_id = %s",
            session,
        )
        postings.append(len(rows))
        if rows != [(people,)] or _doubled(town.service, [session], people):
            wrong.append(rows)
    return Outcome(
        f"{CLIENTS} clients upload the same file at once: one posting",
        dose,
        kept=not wrong and set(statuses) == {202},
        figures={
            "statuses": dict(statuses),
            "postings_each": sorted(set(postings)),
            "refusals": refusals[:3],
            "wrong": wrong,
        },
    )


def the_same_rows_from_many(town: Town, dose: int, people: int = 400) -> Outcome:
    """Two bases with the same people and two sessions each; every list says the same of all."""
    statuses: Counter[int] = Counter()
    random = Random(8)
    wrong, slowest = [], 0.0
    for _ in range(dose):
        bases = [town.base(), town.base()]
        crowd = random.sample(town.people, people)
        sessions = {id(base): [base.session(), base.session()] for base in bases}
        sends = [
            _sending(bases[n % 2], sessions[id(bases[n % 2])], crowd, n // 2, random)
            for n in range(AT_ONCE)
        ]
        answers = _at_once(sends)
        statuses.update(answer.status for answer in answers)
        slowest = max(slowest, _wait_for_all(town.service, answers))
        ids = [session for of in sessions.values() for session, _ in of]
        wrong += _doubled(town.service, ids, people)
    findings = town.findings()
    dead = town.service.facts(
        "SELECT error FROM jobs WHERE state = 'dead' AND starts_with(kind, 'attendance')"
    )
    return Outcome(
        f"the same rows in different files, orders and modes, {AT_ONCE} at a time: none doubled",
        dose,
        kept=not wrong and not findings and not dead and set(statuses) == {202},
        figures={
            "statuses": dict(statuses),
            "longest_until_posted_seconds": round(slowest, 1),
            "wrong": wrong[:3],
            "findings": findings[:3],
            "dead": dead[:3],
        },
    )


def _sending(
    base: Base, sessions: list[tuple[int, str]], crowd: list[Person], kind: int, random: Random
) -> Callable[[], Answer]:
    """The same people in another order, of both sessions in one file or of one of them."""
    order = random.sample(crowd, len(crowd))
    mode = random.choice(("add", "replace"))
    if kind % 2:
        both = [(code, *row, HOURS) for _, code in sessions for row in order]
        random.shuffle(both)
        data = xlsx((("班次编号", *HEADER), *both))
        return lambda: base.send(data, None, mode, "多个班次.xlsx")
    session = sessions[kind % 4 // 2][0]
    data = as_csv(HEADER, *((*row, f"{HOURS}.0") for row in order))
    return lambda: base.send(data, session, mode)


def _at_once(sends: list[Callable[[], Answer]]) -> list[Answer]:
    with ThreadPoolExecutor(len(sends)) as pool:
        return [future.result() for future in [pool.submit(send) for send in sends]]


def _wait_for_all(service: Service, answers: list[Answer]) -> float:
    began = monotonic()
    uploads = list({answer.json["id"] for answer in answers if answer.status == 202})
    open_ones = (
        "SELECT count(*) FROM uploads WHERE id = ANY (%s::uuid[]) AND state NOT IN ('posted')"
    )
    until(lambda: service.facts(open_ones, uploads)[0][0] == 0, POSTED_SECONDS, "all are posted")
    return monotonic() - began


def _doubled(service: Service, sessions: list[int], people: int) -> list[tuple[Any, ...]]:
    """Sessions in which not everybody has just the hours that the lists say."""
    held = service.facts(
        "SELECT session_id, count(*) FILTER (WHERE x100 = %s), count(*) FILTER (WHERE x100 <> %s)"
        " FROM (SELECT session_id, professional_id, sum(hours_x100) AS x100 FROM ledger_entries"
        "       WHERE session_id = ANY (%s) GROUP BY 1, 2) s GROUP BY 1",
        HOURS * 100,
        HOURS * 100,
        sessions,
    )
    right = [(people, 0)] * len(held)
    return [row for row, wanted in zip(held, right, strict=True) if row[1:] != wanted]
