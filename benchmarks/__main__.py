"""`make bench`: every benchmark at a size that ends within minutes; `--full` for the real sizes."""

from __future__ import annotations

import sys

from benchmarks import request
from benchmarks.measuring import report

report(request.main(full="--full" in sys.argv))
