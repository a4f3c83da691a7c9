"""The promises under fault, each as a function of its dose: `make test` gives a small one."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import psutil
import redis

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from tests.factories import Factory
from tests.faults.diagnosis import explained
from tests.faults.load import Load, application
from tests.faults.service import PROCESSES, REPAIR_SECONDS, Answer, Service
from tests.waiting import until

FROZEN_ANSWER_SECONDS = 6
VICTIMS = ("worker", "pool child", "beat", "redis", "postgres")
NOBODY_WAITS_LONGER = 30
REQUESTS_A_FREEZE = 5
FINISH_SECONDS = 240


@dataclass
class Outcome:
    promise: str
    dose: int
    kept: bool
    figures: dict[str, Any] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        return {"promise": self.promise, "dose": self.dose, "kept": self.kept, **self.figures}


def survives_kills(service: Service, victim: str, dose: int, steps: int = 1000) -> Outcome:
    """kill -9 under load: every job is done, each step exactly once."""
    load = Load(service, steps)
    moment = random.Random(victim)
    pauses = []
    for _ in range(dose):
        load.keep_up()
        load.wait_for_progress(REPAIR_SECONDS)
        sleep(moment.uniform(0, 0.5))  # each time at another point of the work
        killed = service.victim(victim)
        began = monotonic()
        killed.kill()
        until(lambda: service.victim(victim).pid != killed.pid, REPAIR_SECONDS, "a successor")  # noqa: B023
        load.keep_up()
        load.wait_for_progress(REPAIR_SECONDS)
        pauses.append(monotonic() - began)
    load.wait_until_done(FINISH_SECONDS)
    wrong = load.done_wrongly()
    return Outcome(
        f"jobs survive kill -9 of the {victim}, each step done once",
        dose,
        kept=not wrong and bool(load.keys),
        figures={
            "jobs": len(load.keys),
            "steps_each": steps,
            "jobs_done_wrongly": len(wrong),
            "longest_until_work_goes_on_seconds": round(max(pauses), 1),
        },
    )


def survives_lost_messages(service: Service, dose: int, steps: int = 1000) -> Outcome:
    load = Load(service, steps)
    with redis.Redis.from_url(str(service.settings.redis_url), socket_timeout=10) as server:
        for _ in range(dose):
            load.keep_up()
            load.wait_for_progress(REPAIR_SECONDS)
            server.flushall()
            load.ask()
            server.flushall()
    load.wait_until_done(FINISH_SECONDS)
    wrong = load.done_wrongly()
    return Outcome(
        "jobs survive Redis losing every message",
        dose,
        kept=not wrong,
        figures={"jobs": len(load.keys), "jobs_done_wrongly": len(wrong)},
    )


def poison_delays_nobody(service: Service, dose: int, apart: float = 2) -> Outcome:
    """Each poisonous job kills its process three times and no more; others are done meanwhile."""
    good, bad = Load(service, 100), Load(service, 1)
    for _ in range(dose):
        bad.ask("kills-its-process")
        good.ask()
        sleep(apart)  # spread over time, as uploads are
    good.wait_until_done(FINISH_SECONDS)
    until(lambda: bad.open_jobs() == 0, FINISH_SECONDS, "poisonous jobs are dead")
    delays = service.facts(
        "SELECT max(extract(epoch FROM finished_at - created_at))::float8 FROM jobs"
        " WHERE starts_with(key, %s)",
        good.name,
    )
    fates = service.facts(
        "SELECT state, attempts, (SELECT count(*) FROM effects WHERE job = key) FROM jobs"
        " WHERE starts_with(key, %s)",
        bad.name,
    )
    longest = float(delays[0][0])
    return Outcome(
        "a job that kills its process is dead after 3 and delays nobody by more than 30 s",
        dose,
        kept=set(fates) == {("dead", 3, 3)}
        and not good.done_wrongly()
        and longest <= NOBODY_WAITS_LONGER,
        figures={
            "times_each_was_run": sorted({runs for _, _, runs in fates}),
            "longest_from_asked_to_done_seconds": round(longest, 1),
        },
    )


@contextmanager
def arranging(service: Service) -> Iterator[Factory]:
    with application(service).app_context():
        try:
            yield Factory(service.settings)
        finally:
            db.session.remove()
            db.engine.dispose()


def authority(service: Service) -> dict[str, str]:
    """By token, somebody who may restart jobs of the whole installation."""
    if not service.bearer:
        with arranging(service) as make:
            service.bearer = make.account(Role.AUTHORITY, region="000000").bearer
    return service.bearer


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):  # it was killed while frozen, and cleared away
            process.resume()


def answers_while_redis_is_frozen(service: Service, dose: int, seconds: float = 7) -> Outcome:
    """Each request restarts a dead job, so each rings the bell that nobody hears."""
    slowest = 0.0
    statuses: Counter[int] = Counter()
    load = Load(service, 20)
    bearer = authority(service)
    with arranging(service) as make:
        rounds = [[_dead_job(make, load) for _ in range(REQUESTS_A_FREEZE)] for _ in range(dose)]
    for number, dead in enumerate(rounds):
        server = service.victim("redis")
        with frozen(server):
            for answer in _requests(service, bearer, dead):
                statuses[answer.status] += 1
                slowest = max(slowest, answer.seconds)
            sleep(seconds)  # time-outs pass meanwhile
            if number % 2:
                server.kill()
    answered = set(statuses) == {200}
    if answered:  # what was not granted is rightly not done: there is nothing to wait for
        load.wait_until_done(FINISH_SECONDS)
    return Outcome(
        "Redis frozen: every request answers in under 6 s, and what it asked for is done later",
        dose,
        kept=answered and slowest < FROZEN_ANSWER_SECONDS and not load.done_wrongly(),
        figures={
            "requests": statuses.total(),
            "statuses": dict(statuses),
            "slowest_request_seconds": round(slowest, 3),
            "jobs": len(load.keys),
        },
    )


def hears_again_after_a_freeze(service: Service, dose: int, steps: int = 1000) -> Outcome:
    """Redis freezes while every process is at work, so that it hears of no bell being answered."""
    load = Load(service, steps)
    for _ in range(dose):
        lost = _acknowledgements_lost(service) + PROCESSES
        with explained(service), _frozen_under_work(service, load):
            until(
                lambda: _acknowledgements_lost(service) >= lost,  # noqa: B023
                FINISH_SECONDS,
                "Redis missed what each process had done",
            )
        load.ask()
        load.wait_until_done(FINISH_SECONDS)
    return Outcome(
        "Redis frozen under work: afterwards the worker hears the bell again",
        dose,
        kept=not load.done_wrongly(),
        figures={"jobs": len(load.keys), "acknowledgements_lost": _acknowledgements_lost(service)},
    )


@contextmanager
def _frozen_under_work(service: Service, load: Load) -> Iterator[None]:
    def all_at_work() -> bool:
        load.keep_up()
        return service.jobs_held() == PROCESSES

    while True:
        until(all_at_work, REPAIR_SECONDS, "every process is at work")
        with frozen(service.victim("redis")):
            if service.jobs_held() == PROCESSES:  # none ended in the moment before
                yield
                return


def _acknowledgements_lost(service: Service) -> int:
    return (service.settings.home / "logs" / "worker.log").read_text().count("Couldn't ack")


def _requests(service: Service, bearer: dict[str, str], dead: list[str]) -> Iterator[Answer]:
    for job_id in dead:
        key = {"Idempotency-Key": f"frozen-{job_id}"}
        yield service.request("POST", f"/api/v1/jobs/{job_id}/restart", bearer | key)
        yield service.request("GET", "/api/v1/me", bearer)
        yield service.request("GET", "/readyz")


def _dead_job(make: Factory, load: Load) -> str:
    key = f"{load.name}-dead-{len(load.keys)}"
    load.keys.append(key)
    made = make.job("many-steps", key=key, payload={"steps": load.steps}, state="dead", attempts=3)
    return str(made.id)


def recovers_from_killed_postgres(service: Service, dose: int) -> Outcome:
    """Requests go on all the while: they get their answer or 503 as a problem, nothing else."""
    wrong: list[Answer] = []
    statuses: Counter[int] = Counter()
    bearer = authority(service)
    stop = threading.Event()

    def visit(path: str, headers: dict[str, str]) -> None:
        while not stop.is_set():
            answer = service.request("GET", path, headers)
            statuses[answer.status] += 1
            if not _acceptable(answer):
                wrong.append(answer)

    nobody: dict[str, str] = {}
    asked = (("/api/v1/me", bearer), ("/api/v1/me", nobody), ("/api/v1/jobs", bearer))
    visitors = [threading.Thread(target=visit, args=each) for each in asked]
    for visitor in visitors:
        visitor.start()
    try:
        repairs = [_killed_and_back(service, bearer) for _ in range(dose)]
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()
    return Outcome(
        "PostgreSQL killed under requests: 503 as a problem meanwhile, then well again by itself",
        dose,
        kept=not wrong and set(statuses) >= {200, 401, 503},
        figures={
            "requests": statuses.total(),
            "statuses": dict(statuses),
            "longest_until_well_again_seconds": round(max(repairs), 1),
            "wrong": [(answer.status, answer.body[:200].decode()) for answer in wrong[:3]],
        },
    )


def _killed_and_back(service: Service, bearer: dict[str, str]) -> float:
    began = monotonic()
    service.victim("postgres").kill()
    for wanted in (503, 200):
        until(
            lambda: service.request("GET", "/api/v1/me", bearer).status == wanted,  # noqa: B023
            REPAIR_SECONDS,
            f"an answer {wanted}",
        )
    seconds = monotonic() - began
    afterwards = [service.request("GET", "/api/v1/me", bearer).status for _ in range(20)]
    assert set(afterwards) == {200}, afterwards
    return seconds


def _acceptable(answer: Answer) -> bool:
    if answer.status in {200, 401}:
        return True
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return (
        answer.status == 503
        and headers.get("content-type") == "application/problem+json"
        and int(headers.get("retry-after", "0")) > 0
        and answer.json["code"] == "unavailable"
    )
