"""What the people behind the sign-ins have earned: each year at the edge of a rule, or well clear.

Years count back from this one. What a year's session is called, and who holds it, is as for
everybody else (`trainings.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ce_tracker.demo.trainings import COURSE, DISTANCE, GATHERING, GENERAL, TALK


@dataclass(frozen=True, slots=True)
class Went:
    years_ago: int
    what: int
    hours_x100: int | None = None
    """Nothing: all of it."""
    field: str | None = None
    """Not one's own."""


def _enough(years_ago: int) -> tuple[Went, ...]:
    """94 hours, 64 of them in one's own specialty."""
    return (Went(years_ago, GENERAL), Went(years_ago, DISTANCE), Went(years_ago, COURSE))


WENT: dict[str, tuple[Went, ...]] = {
    # Hours enough, but none in 语文: 凡晋必学 does not hold. Two years ago exactly 60 of 90.
    "teacher": (
        Went(2, GENERAL),
        Went(2, DISTANCE, field="历史"),
        Went(2, DISTANCE, 2000, field="地理"),
        Went(1, GENERAL),
        Went(1, DISTANCE, field="英语"),
        Went(1, DISTANCE, 2400, field="历史"),
        Went(0, GENERAL, 1850),
    ),
    # In his own field nothing but what a story brings and takes back (`stories.py`).
    "physics-teacher": (
        Went(2, GENERAL),
        Went(2, DISTANCE, field="化学"),
        Went(2, DISTANCE, 2000, field="信息科技"),
        Went(1, GENERAL),
        Went(1, DISTANCE, field="数学"),
        Went(1, DISTANCE, 2400, field="化学"),
        Went(0, GENERAL),
    ),
    # In her own field every year.
    "agronomist": (*_enough(2), *_enough(1), Went(1, GATHERING), Went(0, GENERAL), Went(0, COURSE)),
    "engineer": (*_enough(2), *_enough(1), Went(0, GENERAL)),
    # 59.99 of 90: a hundredth of an hour too little in the specialty.
    "heilongjiang-teacher": (
        *_enough(2),
        Went(1, GENERAL, 2201),
        Went(1, TALK, 800),
        Went(1, DISTANCE, 3599),
        Went(1, COURSE),
        *_enough(0),
    ),
    "heilongjiang-agronomist": (*_enough(2), *_enough(1), Went(0, GENERAL), Went(0, DISTANCE)),
    # A year without any, then 94 hours of which only 40 in the specialty.
    "hunan-doctor": (Went(1, GENERAL), Went(1, TALK), Went(1, DISTANCE), Went(0, DISTANCE)),
    # Never went anywhere: nobody vanishes for that.
    "hunan-hydraulic": (),
    "changsha-doctor": (*_enough(2), *_enough(1), *_enough(0)),
    "newcomer": (Went(0, GENERAL, 1600),),
    # Enough in all, not enough of it in the specialty.
    "yunyang-teacher": (
        *_enough(2),
        Went(1, GENERAL),
        Went(1, TALK),
        Went(1, DISTANCE, 3600),
        Went(0, GENERAL),
        Went(0, DISTANCE),
    ),
    # Last year's only hours were taken back with their session (`stories.py`).
    "beibei-nurse": (*_enough(2), *_enough(0)),
    # Exactly 60 of 90, then half an hour short of the whole.
    "doctor": (
        Went(2, GENERAL),
        Went(2, DISTANCE),
        Went(2, COURSE, 2000),
        Went(1, GENERAL, 2950),
        Went(1, DISTANCE),
        Went(1, COURSE, 2000),
        Went(0, DISTANCE),
    ),
    # Everything from afar, and never where the 轮训 is held.
    "ningxia-teacher": (
        Went(2, GENERAL),
        Went(2, DISTANCE),
        Went(1, GENERAL),
        Went(1, DISTANCE),
        Went(0, DISTANCE),
    ),
    "ningxia-township": (*_enough(2), *_enough(1), Went(0, COURSE)),
    # One session's hours were corrected from 8 to 6 (`stories.py`).
    "jiangsu-pharmacist": (*_enough(2), *_enough(1), Went(0, GENERAL), Went(0, DISTANCE)),
}
