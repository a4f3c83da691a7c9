"""Looking up regions, as they are or as they were on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.errors import NotFound
from ce_tracker.extensions import db
from ce_tracker.http.access import EVERYBODY
from ce_tracker.registry import regions as found
from ce_tracker.registry.models import Region, RegionLevel
from ce_tracker.web.conventions import page

MOST_RESULTS = 100
_LONGEST_QUERY = 50


@page("/regions", roles=EVERYBODY)
def regions() -> str:
    day, day_error = _asked_day()
    region = found.by_code(request.args.get("code", found.NATION))
    if region is None:
        raise NotFound("没有这个代码的区划。")
    query = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    shown = found.children(region, day)
    parents = found.having_children([child.path for child in shown], day)
    results = None
    if query:
        matches = db.session.scalars(
            select(Region)
            .where(Region.name.contains(query, autoescape=True) | (Region.code == query))
            .order_by(Region.code)
            .limit(MOST_RESULTS)
        )
        results = [_row(match, has_children=False) for match in matches]
        names = found.names([row["path"] for row in results])
        for row in results:
            above = row["path"].split("/")[1:-1]
            row["path_title"] = " · ".join(names[code] for code in above)
    return render_template(
        "regions.html",
        path=found.trail(region.path),
        children=[_row(child, has_children=child.path in parents) for child in shown],
        on=day,
        on_error=day_error,
        q=query,
        results=results,
    )


def _asked_day() -> tuple[date, str | None]:
    text = request.args.get("on", "")
    if not text:
        return clock.today(), None
    try:
        return date.fromisoformat(text), None
    except ValueError:
        return clock.today(), "日期应写成 2026-03-01 这样；现按今天显示。"


def _row(region: Region, *, has_children: bool) -> dict[str, Any]:
    return {
        "path": region.path,
        "code": region.code,
        "name": region.name,
        "level_title": RegionLevel(region.level).label,
        "valid_from": region.valid_from,
        "valid_to": region.valid_to,
        "has_children": has_children,
    }
