"""A provider's office: what it enters about a session, and what it may hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.registry import facts
from ce_tracker.registry.dated import Accreditation, ProviderFact
from ce_tracker.registry.models import Provider
from tests.factories import Account

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 6)
ENTERED: dict[str, Any] = {
    "title": "2026 年初中语文骨干教师培训班",
    "course": "统编教材的单元教学",
    "subject": "specialty",
    "field": "school-01",
    "purpose": "ordinary",
    "form": "class",
    "online": False,
    "place": "一号楼报告厅",
    "starts_at": "2026-03-02T09:00:00+08:00",
    "ends_at": "2026-03-06T17:00:00+08:00",
    "hours": "40",
}
"""As the API takes it."""


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=clock.SHANGHAI)


def known_as(account: Account, kind: str, since: date = date(2015, 1, 1)) -> Provider:
    """What the account's provider is, from a day on."""
    unit = db.session.get_one(Provider, account.actor.provider_id)
    facts.put(
        ProviderFact(
            provider_id=unit.id,
            name=unit.name,
            kind=kind,
            region_path=unit.region_path,
            sector=unit.sector,
            valid_from=since,
        ),
        "test",
    )
    db.session.commit()
    return unit


def accredited(
    account: Account,
    first: date = date(2025, 1, 1),
    last: date = date(2027, 12, 31),
    *fields: str,
    document: str = "威人社字〔2025〕12 号",
) -> Accreditation:
    """For the days from first to last, in these fields or in all."""
    found = facts.record(
        Accreditation(
            provider_id=account.actor.provider_id,
            level="city",
            document=document,
            field_codes=list(fields),
            valid_from=first,
            valid_to=last + timedelta(days=1),
        ),
        "test",
    )
    db.session.commit()
    return found
