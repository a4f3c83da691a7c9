"""`make bench`: every benchmark at a size that ends within minutes; `--full` for the real sizes."""

from __future__ import annotations

import sys

from benchmarks import demo, gate, ingest, read, request, roster, sweep
from benchmarks.measuring import report

full = "--full" in sys.argv
report(
    [
        outcome
        for bench in (request, read, demo, roster, ingest, sweep, gate)
        for outcome in bench.main(full=full)
    ]
)
