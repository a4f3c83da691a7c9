"""Which versions of the rules were known here, and when: so that what was said then can be said
again."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app
from sqlalchemy import or_, select, text

from ce_tracker import clock
from ce_tracker.compliance.models import PolicyKnown, PolicyVersion
from ce_tracker.extensions import db
from ce_tracker.policy import keeping
from ce_tracker.policy.packs import Packs

SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)


def current() -> Packs:
    packs: Packs = current_app.config["CE_POLICIES"]
    return packs


def remember(packs: Packs) -> None:
    """Keep what is new, and note what is there no longer. The first rules that an installation
    reads it has known since ever: it said nothing before."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('policies', 0))"))
    known = set(
        db.session.scalars(select(PolicyKnown.digest).where(PolicyKnown.known_to.is_(None)))
    )
    versions = {v.digest: (pack, v) for pack in packs.values() for v in pack.versions}
    if known == set(versions):
        return
    now = clock.now()
    first = db.session.scalar(select(PolicyKnown.digest).limit(1)) is None
    kept = set(db.session.scalars(select(PolicyVersion.digest)))
    for digest, (pack, version) in versions.items():
        if digest not in kept:
            says = keeping.kept(pack, version)
            db.session.add(PolicyVersion(digest=digest, regime=pack.regime, says=says))
    db.session.flush()
    for digest in versions.keys() - known:
        db.session.add(PolicyKnown(digest=digest, known_from=SINCE_EVER if first else now))
    db.session.execute(
        text(
            "UPDATE policies_known SET known_to = greatest(known_from, :now)"
            " WHERE known_to IS NULL AND digest = ANY (:gone)"
        ),
        {"now": now, "gone": list(known - versions.keys())},
    )
    db.session.flush()


def known_at(moment: datetime | None) -> Packs:
    """The rules as they were known at a moment; without one, as they are known."""
    if moment is None:
        return current()
    rows = db.session.scalars(
        select(PolicyVersion.says)
        .join(PolicyKnown, PolicyKnown.digest == PolicyVersion.digest)
        .where(
            PolicyKnown.known_from <= moment,
            or_(PolicyKnown.known_to.is_(None), PolicyKnown.known_to > moment),
        )
        .order_by(PolicyVersion.digest)
    ).all()
    return keeping.restored(rows) if rows else current()
