"""The beat table, nothing else.

Only short intervals stand here. What happens at an hour of the night is planned as jobs with a
due time (`workers.tasks.plan`), so a beat that was down at that hour misses nothing and two beats
do nothing twice.
"""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    # A stale bell is worthless: it expires before the next is rung.
    "look-for-due-jobs": {
        "task": "workers.tasks.tend",
        "schedule": 3.0,
        "options": {"expires": 3},
    },
}
