"""Duties of people, employers and counties in many places, for whoever must not see all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.promotions.funds import EmployerFund
from ce_tracker.registry import facts


def duty(rule: int, outcome: str = "failed", **of: Any) -> DutyFlag:
    """One that opened today."""
    today = clock.today()
    values: dict[str, Any] = {
        "strength": "advises",
        "found": "2024-06-01 取得中级职称，还没有参加岗前培训。",
        "remedy": "请用人单位安排岗前培训。",
        "entries": [],
        "regime": "shandong",
        "document": "鲁人社字〔2020〕42号",
        "clause": "七",
        "quote": "对新取得中、高级职称的基层专业技术人员进行岗前培训",
        "policy": "0" * 64,
        "opened_at": clock.now(),
        "opened_on": today,
        "judged_on": today,
    }
    flag = DutyFlag(rule=rule, outcome=outcome, **(values | of))
    db.session.add(flag)
    db.session.flush()
    return flag


def scattered_duties(paths: Sequence[str], there: Any, random: Random) -> None:
    for person in there.people:
        duty(random.choice((7, 9, 10, 11, 12)), professional_id=person.id)
    for employer in there.employers:
        duty(13, employer_id=employer.id)
        facts.put(
            EmployerFund(
                employer_id=employer.id,
                wages_cents=100_000_00,
                training_cents=1_000_00,
                valid_from=date(2025, 1, 1),
                valid_to=date(2026, 1, 1),
            ),
            "test",
        )
    for path in paths:
        duty(14, region_path=path)
