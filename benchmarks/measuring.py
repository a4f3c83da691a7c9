"""How a benchmark here is run and reported: beside its floor, in the same run."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table

LONG_SECONDS = 0.1


@dataclass(frozen=True)
class Figure:
    """Seconds of one contender over several runs."""

    name: str
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Outcome:
    bench: str
    size: int
    ours: Figure
    floor: Figure
    rivals: Mapping[str, Figure]
    peak_mb: float
    variant: str = ""
    """What tells two apart of one name and size."""
    notes: Sequence[str] = ()
    p99: Mapping[str, float] = field(default_factory=dict)
    """Of single requests, where there are some."""

    def as_json(self) -> dict[str, object]:
        return {
            "bench": self.bench,
            **({"variant": self.variant} if self.variant else {}),
            "size": self.size,
            "seconds": self.ours.median,
            "floor_seconds": self.floor.median,
            "rivals": {name: figure.median for name, figure in self.rivals.items()},
            "peak_mb": round(self.peak_mb, 1),
            **({"p99_seconds": dict(self.p99)} if self.p99 else {}),
        }


def report(outcomes: Sequence[Outcome]) -> None:
    """A table for people, then one line for programs."""
    console = Console()
    for outcome in outcomes:
        name = f"{outcome.bench} {outcome.variant}".strip()
        table = Table(title=f"{name}, size {outcome.size:,}", title_justify="left")
        table.add_column("contender")
        long = outcome.floor.median > LONG_SECONDS
        for heading in (f"median {'s' if long else 'µs'}", "least", "most", "of the floor"):
            table.add_column(heading, justify="right")
        for figure in (outcome.floor, outcome.ours, *outcome.rivals.values()):
            table.add_row(
                figure.name,
                *(
                    f"{value:.2f}" if long else f"{value * 1e6:,.0f}"
                    for value in (figure.median, min(figure.seconds), max(figure.seconds))
                ),
                f"{figure.median / outcome.floor.median:.2f} ×",
            )
        console.print(table)
        for note in outcome.notes:
            console.print(note)
    print(json.dumps([outcome.as_json() for outcome in outcomes]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
