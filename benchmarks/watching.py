"""How much memory each of our processes has had at most, without one of them noticing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 0.05


class Peaks:
    """By name of a service and the depth below its first process, in MB."""

    def __init__(self, services: Mapping[str, int]) -> None:
        self._services = services
        self._end = threading.Event()
        self.of: dict[str, float] = {}

    @property
    def highest(self) -> float:
        return max(self.of.values())

    def __str__(self) -> str:
        return ", ".join(f"{name} {peak:.0f}" for name, peak in sorted(self.of.items()))

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._end.clear()
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()
            self._look()

    def _watch(self) -> None:
        while not self._end.wait(_SECONDS):
            self._look()

    def _look(self) -> None:
        for service, pid in self._services.items():
            for depth, each in _family(pid):
                name = service + "'s child" * depth
                self.of[name] = max(self.of.get(name, 0.0), peak_mb(each))


def peak_mb(pid: int | str = "self") -> float:
    """As the kernel remembers it; nothing of a process that has gone. Not getrusage: what that
    says of a process begins with what its parent had."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _family(pid: int, depth: int = 0) -> Iterator[tuple[int, int]]:
    yield depth, pid
    for thread in _listed(Path(f"/proc/{pid}/task")):
        for child in _read(thread / "children").split():
            yield from _family(int(child), depth + 1)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
