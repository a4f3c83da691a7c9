"""What a file made to do harm costs before it is refused."""

from __future__ import annotations

from ce_tracker.sheets.limits import MB
from ce_tracker.sheets.reading import read
from ce_tracker.sheets.refusals import Refusal
from tests.faults.promises import Outcome
from tests.sheets.bombs import BOMBS, MOST_CPU_SECONDS, MOST_MEMORY, measured


def bombs_are_refused() -> Outcome:
    let_in, costs = [], []
    for name, make in BOMBS.items():
        bomb = make()
        try:
            for _ in read(bomb):
                pass
            let_in.append(name)
        except Refusal:
            pass
        costs.append(measured(bomb))
    slowest = max(cost["cpu"] for cost in costs)
    largest = max(cost["peak"] for cost in costs)
    return Outcome(
        f"every bomb is refused in under {MOST_CPU_SECONDS:g} s of the processor and under 300 MB",
        len(BOMBS),
        kept=not let_in and slowest < MOST_CPU_SECONDS and largest < MOST_MEMORY,
        figures={
            "let_in": let_in,
            "slowest_cpu_seconds": round(slowest, 2),
            "largest_mb": round(largest / MB),
        },
    )
