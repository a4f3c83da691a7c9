"""What employers of Chongqing's districts and counties paid out for training: most of them enough,
one of those who sign in too little, and of another nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from random import Random

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.sheets import SOURCE
from ce_tracker.demo.units import Unit
from ce_tracker.extensions import db
from ce_tracker.promotions.funds import EmployerFund
from ce_tracker.registry import facts
from ce_tracker.registry.models import Professional

CHONGQING = "50"
TOO_LITTLE, NOT_ENTERED = "yunyang-school", "yunyang-hospital"
YEARS = 2
_ENTERED = (3, 18)
"""Month and day, of the year after."""
_A_YEARS_PAY = 96_000_00
_OTHERS = 6
"""Who is employed besides those who have titles to earn."""


def entered(units: Sequence[Unit], today: date, random: Random) -> None:
    names = {account.login: account.place for account in DEMO_ACCOUNTS}
    staff = dict(
        db.session.execute(
            select(Professional.employer_id, func.count()).group_by(Professional.employer_id)
        ).all()
    )
    for unit in units:
        if unit.place.province != CHONGQING or not unit.grassroots:
            continue
        people = staff.get(unit.id, 0) + _OTHERS
        for year in range(today.year - YEARS, today.year):
            last = year == today.year - 1
            if last and unit.name == names[NOT_ENTERED]:
                continue
            share = 112 if last and unit.name == names[TOO_LITTLE] else random.randint(152, 240)
            _enter(unit.id, year, people * _A_YEARS_PAY + random.randint(0, 10**8), share)


def _enter(employer_id: int, year: int, wages: int, share_x100: int) -> None:
    """`share_x100`: hundredths of a percent."""
    then = datetime.combine(date(year + 1, *_ENTERED), time(15, 20), clock.SHANGHAI)
    fund = EmployerFund(
        employer_id=employer_id,
        wages_cents=wages,
        training_cents=wages * share_x100 // 10_000,
        valid_from=date(year, 1, 1),
        valid_to=date(year + 1, 1, 1),
    )
    with clock.pinned(min(then, clock.now())):
        facts.put(fund, SOURCE)
