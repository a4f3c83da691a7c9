"""Numbers for Prometheus. Those of all web processes together: each writes its own file in a
folder that all share (PROMETHEUS_MULTIPROC_DIR); what is true of the installation and not of a
process is read from PostgreSQL when somebody asks."""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.jobs import Heartbeat

_requests = Counter("ce_http_requests_total", "Requests answered", ["method", "route", "status"])
_seconds = Histogram("ce_http_request_seconds", "Time to answer", ["route"])
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method if method in _METHODS else "OTHER", route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


class _FromDatabase(Collector):
    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("ce_jobs", "Jobs in each state", labels=["state"])
        waits = GaugeMetricFamily(
            "ce_jobs_longest_wait_seconds", "Longest time past due", labels=["state"]
        )
        counts = func.job_counts(clock.now()).table_valued("state", "jobs", "longest_wait_seconds")
        for state, count, wait in db.session.execute(select(counts)):
            jobs.add_metric([state], count)
            if state in {"waiting", "running"}:
                waits.add_metric([state], wait)
        yield jobs
        yield waits
        beats = GaugeMetricFamily(
            "ce_heartbeat_age_seconds", "Since each part was last seen", labels=["part"]
        )
        for beat in db.session.scalars(select(Heartbeat)):
            beats.add_metric([beat.name], (clock.now() - beat.at).total_seconds())
        yield beats
        yield from _ledger()


def _ledger() -> Iterator[Metric]:
    proof = func.ledger_proof().table_valued("findings", "agreed_at")
    findings, agreed_at = db.session.execute(select(proof)).one()
    yield GaugeMetricFamily(
        "ce_ledger_findings", "What the last proof of the ledger found", value=findings
    )
    age = GaugeMetricFamily("ce_ledger_agreed_age_seconds", "Since the ledger was last proven")
    if agreed_at is not None:
        age.add_metric([], (clock.now() - agreed_at).total_seconds())
    yield age


def exposition() -> bytes:
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_OwnProcess())
    registry.register(_FromDatabase())
    return generate_latest(registry)


class _OwnProcess(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _requests.collect()
        yield from _seconds.collect()
