"""A verdict on an application for its reader: what applies, which rights there are, what does not
apply and why; and each piece of training that carries it, as far as the reader may see it.

The verdict itself names entries of the ledger by their numbers alone. What they were is read here,
past nobody's scope: an employer sees what its people learnt with it, not what they learnt before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, func, select, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql import cast

from ce_tracker.actor import Actor
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from ce_tracker.policy.promoting import GATE, RIGHTS
from ce_tracker.policy.words import Outcome
from ce_tracker.training.models import TrainingSession

_DECIDING = frozenset(kind.name for kind in GATE)
_RIGHTS = frozenset(kind.name for kind in RIGHTS)


def told(actor: Actor, verdict: dict[str, Any]) -> dict[str, Any]:
    """`verdict`: as `policy.title_telling` makes it and verdicts keep it."""
    rules = verdict["rules"]
    known = _trainings(actor, {entry for rule in rules for entry in rule["entries"]})
    shown = [
        {
            **rule,
            "proof": [known[entry] for entry in rule["entries"] if entry in known],
            "unseen": sum(entry not in known for entry in rule["entries"]),
        }
        for rule in rules
    ]
    return {
        **verdict,
        "rules": [
            rule
            for rule in shown
            if rule["rule"] in _DECIDING and rule["outcome"] != Outcome.EXEMPT
        ],
        "rights": [
            rule for rule in shown if rule["rule"] in _RIGHTS and rule["outcome"] != Outcome.EXEMPT
        ],
        "not_applicable": [rule for rule in shown if rule["outcome"] == Outcome.EXEMPT],
    }


def _trainings(actor: Actor, entries: Iterable[str]) -> dict[str, dict[str, Any]]:
    keys = {entry: tuple(int(part) for part in entry.split("/")) for entry in entries}
    if not keys:
        return {}
    key = (
        LedgerEntry.professional_id,
        LedgerEntry.year,
        LedgerEntry.session_id,
        LedgerEntry.revision,
    )
    rows = db.session.execute(
        select(LedgerEntry, TrainingSession)
        .join(TrainingSession, TrainingSession.id == LedgerEntry.session_id)
        .where(tuple_(*key).in_(keys.values()), LedgerEntry.visible_to(actor))
        .order_by(LedgerEntry.finished_on, LedgerEntry.session_id)
    ).all()
    kinds = _kinds({(entry.provider_id, entry.finished_on) for entry, _ in rows})
    found = {}
    for entry, session in rows:
        name = f"{entry.professional_id}/{entry.year}/{entry.session_id}/{entry.revision}"
        found[name] = {
            "entry": name,
            "session_id": session.id,
            "session_code": session.code,
            "session_title": session.title,
            "provider": session.provider_name,
            "provider_kind": kinds.get((entry.provider_id, entry.finished_on)),
            "starts_on": session.first_day,
            "finished_on": entry.finished_on,
            "hours_x100": entry.hours_x100,
        }
    return found


def _kinds(asked: Iterable[tuple[int, date]]) -> dict[tuple[int, date], str]:
    pairs = list(asked)
    if not pairs:
        return {}
    kinds = func.provider_kinds(
        cast(array([provider for provider, _ in pairs]), ARRAY(BigInteger)),
        cast(array([day for _, day in pairs]), ARRAY(Date)),
    ).table_valued("provider_id", "day", "kind")
    return {
        (row.provider_id, row.day): row.kind
        for row in db.session.execute(select(kinds.c.provider_id, kinds.c.day, kinds.c.kind))
    }
