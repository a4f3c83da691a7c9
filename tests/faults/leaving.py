"""`ce-tracker up`, ended in every way: nobody may be left, and the data must be found again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psutil

from ce_tracker import embedded
from config import Settings
from tests.faults.promises import Outcome
from tests.faults.service import ROOT, START_SECONDS, Service, environment, free_port
from tests.waiting import until

COMMAND = str(Path(sys.executable).parent / "ce-tracker")
GONE_SECONDS = {signal.SIGTERM: 60, signal.SIGINT: 60, signal.SIGKILL: 20}
"""Asked to end, each part may take its time; killed, nobody has any."""
MARK = "CE_TEST_MARK"


def start(home: Path, port: int) -> psutil.Popen:
    with home.with_suffix(".log").open("ab") as said:
        return psutil.Popen(
            [COMMAND, "up"],
            env=environment(home, port, **{MARK: str(home)}),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=ROOT,
        )


@contextmanager
def up(home: Path) -> Iterator[Service]:
    """Ready when it is handed over; whoever is left is ended, so that a test harms no other."""
    port = free_port()
    process = start(home, port)
    service = Service(embedded.completed(Settings(home=home, port=port)), process)
    try:
        until(
            lambda: service.is_ready() or process.poll() is not None, START_SECONDS, "up is ready"
        )
        assert process.poll() is None, home.with_suffix(".log").read_text()
        yield service
    finally:
        for left in [process, *marked(home)]:
            if left.is_running():
                left.kill()
        process.wait(10)


def marked(home: Path) -> list[psutil.Process]:
    """Every living process that descends from an `up` on this home, whoever its parent is now."""
    return [process for process in psutil.process_iter() if _is_marked(process, home)]


def _is_marked(process: psutil.Process, home: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(home)
    except psutil.Error:
        return False


def end(service: Service, home: Path, signum: signal.Signals) -> float:
    """How long it took until nobody was left."""
    family = service.family()
    began = monotonic()
    service.process.send_signal(signum)
    until(
        lambda: not marked(home) and not any(lives(one) for one in family),
        GONE_SECONDS[signum],
        f"nobody is left after {signum.name}",
    )
    return monotonic() - began


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def leaves_nothing_behind(home: Path, dose: int) -> Outcome:
    longest = dict.fromkeys(GONE_SECONDS, 0.0)
    slowest_start = 0.0
    known = None
    found_again = True
    for number in range(dose * len(GONE_SECONDS)):
        signum = list(GONE_SECONDS)[number % len(GONE_SECONDS)]
        began = monotonic()
        with up(home) as service:
            if known is not None:
                slowest_start = max(slowest_start, monotonic() - began)
            users = service.facts("SELECT id FROM users ORDER BY id")
            found_again &= bool(users) and known in {None, tuple(users)}
            known = tuple(users)
            longest[signum] = max(longest[signum], end(service, home, signum))
    return Outcome(
        "up leaves no process behind after SIGTERM, SIGINT and kill -9, and finds its data again",
        dose,
        kept=found_again,
        figures={
            **{f"gone_after_{s.name}_seconds": round(t, 1) for s, t in longest.items()},
            "slowest_next_start_seconds": round(slowest_start, 1),
        },
    )
