"""Web servers to be measured, each with two processes, as `ce-tracker up` starts its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
PROCESSES = 2


@contextmanager
def serving(
    command: list[str], port: int, environment: Mapping[str, str], folder: Path
) -> Iterator[psutil.Process]:
    """Its lines go to a file, as they do in earnest."""
    numbers = folder / "metrics"
    numbers.mkdir(exist_ok=True)
    for old in numbers.iterdir():
        old.unlink()
    with (folder / "server.log").open("w") as lines:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": str(ROOT),
                "PROMETHEUS_MULTIPROC_DIR": str(numbers),
            },
            stdout=lines,
            stderr=lines,
        )
        try:
            _await(port)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def granian(application: str, port: int, threads: int, *more: str) -> list[str]:
    """As in `ce_tracker/up.py`."""
    return [
        *("granian", "--interface", "wsgi", "--port", str(port)),
        *("--workers", str(PROCESSES), "--blocking-threads", str(threads)),
        *("--workers-kill-timeout", "5", "--no-ws", "--log-level", "warning", *more, application),
    ]


def largest_mb(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return max(each.memory_info().rss for each in family) / 2**20


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)
