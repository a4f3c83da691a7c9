"""How a benchmark here is run and reported: beside its floor, in the same run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table


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

    def as_json(self) -> dict[str, object]:
        return {
            "bench": self.bench,
            "size": self.size,
            "seconds": self.ours.median,
            "floor_seconds": self.floor.median,
            "rivals": {name: figure.median for name, figure in self.rivals.items()},
            "peak_mb": round(self.peak_mb, 1),
        }


def report(outcomes: Sequence[Outcome]) -> None:
    """A table for people, then one line for programs."""
    console = Console()
    for outcome in outcomes:
        table = Table(title=f"{outcome.bench}, size {outcome.size:,}", title_justify="left")
        table.add_column("contender")
        for heading in ("median µs", "least", "most", "of the floor"):
            table.add_column(heading, justify="right")
        for figure in (outcome.floor, outcome.ours, *outcome.rivals.values()):
            table.add_row(
                figure.name,
                *(
                    f"{value * 1e6:,.0f}"
                    for value in (figure.median, min(figure.seconds), max(figure.seconds))
                ),
                f"{figure.median / outcome.floor.median:.2f} ×",
            )
        console.print(table)
    print(json.dumps([outcome.as_json() for outcome in outcomes]))
