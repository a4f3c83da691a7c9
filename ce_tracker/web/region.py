"""How an authority's region stands in a year: by place, by sector, and who gave the hours."""

from __future__ import annotations

from flask import render_template

from ce_tracker.actor import Role
from ce_tracker.compliance import asking
from ce_tracker.compliance import region as of_region
from ce_tracker.compliance.employers import last_night
from ce_tracker.hours import shown
from ce_tracker.web.conventions import actor, page
from ce_tracker.web.hours import asked_year

AUTHORITY = frozenset({Role.AUTHORITY})
EMPLOYERS_SHOWN = 20


@page("/region", roles=AUTHORITY)
def region() -> str:
    night = last_night(asked_year())
    picture = of_region.picture(actor(), night)
    return render_template(
        "region.html",
        night=night,
        years=asking.years(),
        picture=picture,
        employers=of_region.most_short(actor(), night, EMPLOYERS_SHOWN),
        given=of_region.by_provider(night.year),
        shown=shown,
    )
