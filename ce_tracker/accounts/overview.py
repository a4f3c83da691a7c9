"""What there is in an authority's charge, region by region."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from ce_tracker.accounts.models import User
from ce_tracker.actor import Actor
from ce_tracker.extensions import db
from ce_tracker.registry.models import Employer, Provider, Region


def by_child_region(actor: Actor, day: date) -> list[dict[str, Any]]:
    """One row per region directly below the actor's, or for the actor's own if there is none."""
    below = db.session.scalars(
        select(Region)
        .where(Region.parent_path == actor.region_path, Region.holds_on(day))
        .order_by(Region.code)
    ).all()
    if not below:
        below = db.session.scalars(select(Region).where(Region.path == actor.region_path)).all()
    depth = below[0].path.count("/") + 1
    in_use = and_(User.visible_to(actor), User.disabled_at.is_(None))
    counts = {
        "employers": _counts(Employer.region_path, Employer.visible_to(actor), depth),
        "providers": _counts(Provider.region_path, Provider.visible_to(actor), depth),
        "accounts": _counts(User.region_path, in_use, depth),
    }
    return [
        {
            "name": region.name,
            "code": region.code,
            **{name: found.get(region.code, 0) for name, found in counts.items()},
        }
        for region in below
    ]


def _counts(path: Any, visible: ColumnElement[bool], depth: int) -> dict[str, int]:
    code = func.split_part(path, "/", depth)
    rows = db.session.execute(select(code, func.count()).where(visible).group_by(code))
    return {code: count for code, count in rows}  # noqa: C416  rows, not pairs
