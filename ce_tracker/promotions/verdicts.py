"""Verdicts on applications, kept so that nobody can put one in, change one or deny one.

All of a verdict is one text. Its seal is made with a key that is kept outside the database, so that
the proof (`proving.py`) names what anybody forged, whatever they may do there; its stamp is checked
by the database itself, which lets nobody else's in.
"""

from __future__ import annotations

import hmac
import json
from secrets import token_hex
from typing import Any

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger.models import Posting
from ce_tracker.policy.promoting import GateVerdict
from ce_tracker.policy.title_telling import gate_verdict
from ce_tracker.promotions.models import SEAL, Application, Occasion, Override, PromotionVerdict
from ce_tracker.sealing import GATE_STAMP, Keyring, key_version


def keep(
    keyring: Keyring, application: Application, found: GateVerdict, occasion: Occasion
) -> PromotionVerdict:
    now = clock.now()
    blocking = sorted({each.rule.number for each in found.blocking})
    said = {
        "application": application.id,
        "professional": application.professional_id,
        "occasion": occasion.value,
        "day": found.wish.on.isoformat(),
        "judged_at": now.isoformat(),
        "blocking": blocking,
        "set_aside": set_aside(application.id),
        "ledger_position": db.session.scalar(select(func.max(Posting.position))) or 0,
        "verdict": gate_verdict(found),
        # Of two texts that are alike one could pass for the other.
        "nonce": token_hex(8),
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    kept = PromotionVerdict(
        application_id=application.id,
        professional_id=application.professional_id,
        occasion=occasion.value,
        day=found.wish.on,
        judged_at=now,
        blocking=blocking,
        says=text,
        seal=keyring.index(text.encode(), SEAL),
        # By the oldest key: while keys change, the database may not know the new one yet.
        stamp=keyring.index(text.encode(), GATE_STAMP, min(keyring.versions)),
    )
    db.session.add(kept)
    db.session.flush()
    return kept


def set_aside(application_id: int) -> list[int]:
    """The numbers of the rules that the authority set aside for this application."""
    overrides = db.session.scalars(
        select(Override.rules).where(Override.application_id == application_id)
    )
    return sorted({number for rules in overrides for number in rules})


def read(kept: PromotionVerdict) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(kept.says)
    return said


def is_ours(keyring: Keyring, kept: PromotionVerdict) -> bool:
    """Whether the text is the one that was sealed, and the row says what its text does."""
    version = key_version(kept.seal)
    if version not in keyring.versions or not hmac.compare_digest(
        kept.seal, keyring.index(kept.says.encode(), SEAL, version)
    ):
        return False
    said = read(kept)
    return (
        kept.application_id,
        kept.professional_id,
        kept.occasion,
        kept.day.isoformat(),
        list(kept.blocking),
    ) == tuple(
        said[name] for name in ("application", "professional", "occasion", "day", "blocking")
    )
