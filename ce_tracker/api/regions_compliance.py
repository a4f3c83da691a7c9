"""/compliance: how an authority's region stands in a year."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.api.compliance import HowMany, YearQuery
from ce_tracker.api.conventions import Resource, actor, endpoint
from ce_tracker.api.schema import Output, one_of
from ce_tracker.compliance import region
from ce_tracker.compliance.employers import last_night
from ce_tracker.hours import Hours

blueprint = Resource(
    "compliance", __name__, url_prefix="/api/v1/compliance", description="地区达标情况"
)
AUTHORITY = frozenset({Role.AUTHORITY})
PROVIDER = "provider"


class PictureQuery(YearQuery):
    by = fields.String(
        load_default="county",
        validate=one_of(["county", "sector", PROVIDER]),
        metadata={"description": "按地区、行业，或给出学时的施教机构"},
    )


class GivenOut(Output):
    people = fields.Integer(required=True)
    general = Hours(required=True)
    specialty = Hours(required=True)
    total = Hours(required=True)


class PartOut(Output):
    key = fields.String(
        required=True, metadata={"description": "行政区划代码、行业，或施教机构的编号"}
    )
    label = fields.String(required=True)
    counts = fields.Nested(
        HowMany, required=True, allow_none=True, metadata={"description": "按地区、行业时"}
    )
    given = fields.Nested(
        GivenOut, required=True, allow_none=True, metadata={"description": "按施教机构时"}
    )


class PictureOut(Output):
    year = fields.Integer(required=True)
    by = fields.String(required=True)
    day = fields.Date(required=True, metadata={"description": "按哪一天的任职和规定判定"})
    swept_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "何时判定；空：还没有判定过"}
    )
    totals = fields.Nested(
        HowMany, required=True, allow_none=True, metadata={"description": "按施教机构时为空"}
    )
    items = fields.List(fields.Nested(PartOut), required=True)


@endpoint(
    blueprint, "GET", "", roles=AUTHORITY, scope="hours:read", query=PictureQuery, answer=PictureOut
)
def get_region(query: dict[str, Any]) -> dict[str, Any]:
    """管辖范围内一个年度的达标人数，按地区、行业；或各施教机构给出的学时"""
    night = last_night(query.get("year", clock.today().year))
    said = {
        "year": night.year,
        "by": query["by"],
        "day": night.day,
        "swept_at": night.swept_at,
        "totals": None,
    }
    if query["by"] == PROVIDER:
        return said | {"items": [_given(each) for each in region.by_provider(night.year)]}
    picture = region.picture(actor(), night)
    parts = picture.counties if query["by"] == "county" else picture.sectors
    items = [
        {"key": key, "label": label, "counts": asdict(counts), "given": None}
        for key, label, counts in parts
    ]
    return said | {"totals": asdict(picture.totals), "items": items}


def _given(each: region.Given) -> dict[str, Any]:
    return {
        "key": str(each.id),
        "label": each.name,
        "counts": None,
        "given": {
            "people": each.people,
            "general": each.general_x100,
            "specialty": each.specialty_x100,
            "total": each.general_x100 + each.specialty_x100,
        },
    }
