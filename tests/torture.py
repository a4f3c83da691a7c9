"""The promises under fault in full doses: `make torture`. One JSON line a promise.

`python -m tests.torture [DOSE]`; the issues name 20.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ce_tracker import logs
from tests.api import schemathesis_run
from tests.faults import promises
from tests.faults.leaving import leaves_nothing_behind
from tests.faults.promises import Outcome
from tests.faults.service import Service, running

DOSE = 20
STEPS = 1000
EXAMPLES = 100

Promise = Callable[[], Outcome]


def under_one_service(service: Service, dose: int) -> Iterator[tuple[str, Promise]]:
    for victim in promises.VICTIMS:
        yield (
            f"jobs survive kill -9 of the {victim}",
            partial(promises.survives_kills, service, victim, dose, STEPS),
        )
    yield (
        "jobs survive Redis losing every message",
        partial(promises.survives_lost_messages, service, dose, STEPS),
    )
    yield "a poisonous job", partial(promises.poison_delays_nobody, service, dose)
    # Each time Redis stays frozen for longer than every time-out, which takes its time.
    yield (
        "Redis frozen",
        partial(promises.answers_while_redis_is_frozen, service, max(2, dose // 4)),
    )
    yield (
        "PostgreSQL killed under requests",
        partial(promises.recovers_from_killed_postgres, service, dose),
    )


def tell(name: str, promise: Promise, dose: int) -> bool:
    try:
        outcome = promise()
    except Exception as error:  # noqa: BLE001  one broken promise must not hide the others
        outcome = Outcome(name, dose, kept=False, figures={"error": repr(error)[:500]})
    print(json.dumps(outcome.line(), ensure_ascii=False), flush=True)  # noqa: T201
    return outcome.kept


def main() -> int:
    logs.configure("ERROR")
    dose = int(sys.argv[1]) if len(sys.argv) > 1 else DOSE
    kept = []
    with tempfile.TemporaryDirectory(prefix="ce-torture-") as folder:
        with running(Path(folder) / "home") as service:
            kept += [
                tell(name, promise, dose) for name, promise in under_one_service(service, dose)
            ]
        kept.append(
            tell(
                "nothing is left behind",
                partial(leaves_nothing_behind, Path(folder) / "second", max(2, dose // 4)),
                dose,
            )
        )
        kept.append(
            tell("the API keeps its description", partial(schemathesis_run.run, EXAMPLES), dose)
        )
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
