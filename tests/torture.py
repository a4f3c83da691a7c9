"""The promises under fault in full doses: `make torture`. One JSON line a promise.

`python -m tests.torture [DOSE]`; the issues name 20.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ce_tracker import logs
from tests.api import schemathesis_run
from tests.compliance import crowds
from tests.faults import ledger_promises, promises, sweep_promises, title_promises
from tests.faults.bases import Town
from tests.faults.bomb_promise import bombs_are_refused
from tests.faults.leaving import leaves_nothing_behind
from tests.faults.promises import Outcome
from tests.faults.service import Service, running
from tests.faults.title_promises import Titled
from tests.ledger import seeded
from tests.promotions import rivals

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
        "Redis frozen under work",
        partial(promises.hears_again_after_a_freeze, service, max(2, dose // 10), STEPS),
    )
    yield (
        "PostgreSQL killed under requests",
        partial(promises.recovers_from_killed_postgres, service, dose),
    )


def of_the_ledger(service: Service, dose: int) -> Iterator[tuple[str, Promise]]:
    town = Town.of(service, ledger_promises.ROWS)
    for victim in ledger_promises.VICTIMS:
        yield (
            f"a posting survives the death of the {victim}",
            partial(ledger_promises.posting_survives, town, victim, dose),
        )
    yield (
        "a posting survives FLUSHALL",
        partial(ledger_promises.posting_survives_flushall, town, dose),
    )
    yield "one file of many clients", partial(ledger_promises.the_same_file_from_many, town, dose)
    yield "the same rows at once", partial(ledger_promises.the_same_rows_from_many, town, dose)


def of_the_night(service: Service, dose: int) -> Iterator[tuple[str, Promise]]:
    with sweep_promises.Crowd.of(service, sweep_promises.PEOPLE) as crowd:
        for victim in sweep_promises.VICTIMS:
            yield (
                f"a sweep survives the death of the {victim}",
                partial(sweep_promises.sweep_survives, crowd, victim, dose),
            )
        closing = crowd.closing()
        yield (
            "close-year, pool child",
            partial(sweep_promises.sweep_survives, closing, "pool child", dose),
        )
        yield "sweeps at once", partial(sweep_promises.several_are_one, crowd, max(2, dose // 4))
    with Titled.of(service, title_promises.PEOPLE) as titled:
        for kind in title_promises.KINDS:
            yield (
                f"{kind}, pool child",
                partial(title_promises.night_survives, titled, kind, dose),
            )


def tell(name: str, promise: Promise, dose: int) -> bool:
    try:
        outcome = promise()
    except Exception as error:  # noqa: BLE001  one broken promise must not hide the others
        traceback.print_exception(error)  # a line of JSON has no room for how things stood
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
                tell(name, promise, dose)
                for several in (under_one_service, of_the_ledger, of_the_night)
                for name, promise in several(service, dose)
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
    kept.append(tell("the ledger is always right", partial(seeded.always_right, dose), dose))
    kept.append(tell("swept as judged", partial(crowds.swept_as_judged, dose), dose))
    kept.append(tell("one track a year", partial(rivals.one_track_a_year, dose), dose))
    kept.append(tell("bombs are refused", bombs_are_refused, dose))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
