"""`make bench`: every benchmark at a size that ends within minutes; `--full` for the real sizes."""

from __future__ import annotations

import sys

from benchmarks import demo, request, roster
from benchmarks.measuring import report

full = "--full" in sys.argv
report([*request.main(full=full), *demo.main(full=full), *roster.main(full=full)])
