"""Applications and verdicts laid down as rows, past the way that they usually go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.extensions import db
from ce_tracker.promotions.models import (
    SEAL,
    Application,
    ApplicationEvent,
    Override,
    PromotionVerdict,
    Seat,
)
from ce_tracker.sealing import GATE_STAMP, Keyring
from tests.registry.world import Registry


def verdict_columns(
    keyring: Keyring,
    application: Application,
    occasion: str = "submission",
    blocking: Sequence[int] = (),
    day: date | None = None,
) -> dict[str, Any]:
    """Of a verdict as the gate would give it: sealed and stamped."""
    day = day or clock.today()
    said = {
        "application": application.id,
        "professional": application.professional_id,
        "occasion": occasion,
        "day": day.isoformat(),
        "blocking": list(blocking),
        "set_aside": [],
        "verdict": {
            "passes": not blocking,
            "no_way": None,
            "target": {
                "level": application.level,
                "track": application.track,
                "series": application.series_code,
                "field": application.field_code,
                "on": day.isoformat(),
            },
            "outcome": "failed" if blocking else "met",
            "rules": [],
            "policy": [],
        },
        "nonce": uuid4().hex,
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return {
        "application_id": application.id,
        "professional_id": application.professional_id,
        "occasion": occasion,
        "day": day,
        "judged_at": clock.now(),
        "blocking": list(blocking),
        "says": text,
        "seal": keyring.index(text.encode(), SEAL),
        "stamp": keyring.index(text.encode(), GATE_STAMP),
    }


def applied(there: Registry, keyring: Keyring, users: Sequence[User], random: Random) -> None:
    """For tests of who sees what: one of everybody's, with all that hangs on it."""
    now = clock.now()
    for person in there.people:
        unit = random.choice(there.employers)
        track = random.choice(["unified", "grassroots"])
        application = Application(
            professional_id=person.id,
            employer_id=unit.id,
            region_path=unit.region_path,
            sector=unit.sector,
            level="associate_senior",
            track=track,
            series_code="test",
            drafted_at=now,
        )
        db.session.add(application)
        db.session.flush()
        user = random.choice(users)
        db.session.add_all(
            [
                Seat(professional_id=person.id, year=2026, track=track),
                PromotionVerdict(**verdict_columns(keyring, application)),
                Override(
                    application_id=application.id,
                    rules=[6],
                    reason="x",
                    granted_at=now,
                    granted_by=user.id,
                    granted_by_name="x",
                ),
                ApplicationEvent(
                    application_id=application.id,
                    at=now,
                    what="drafted",
                    actor_id=user.id,
                    actor_name="x",
                ),
            ]
        )
    db.session.flush()
