"""/regions: the country's regions on any day."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.api.conventions import Resource, endpoint, keyring
from ce_tracker.api.schema import Output, PageQuery, length, one_of
from ce_tracker.errors import NotFound
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import Page, page
from ce_tracker.registry import regions
from ce_tracker.registry.models import Region, RegionLevel

blueprint = Resource("regions", __name__, url_prefix="/api/v1/regions", description="行政区划")

CODE = validate.Regexp(r"^([0-9]{6}|Z[0-9]{5})$", error="应是六位区划代码，如 370000。")


class RegionOut(Output):
    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True, validate=one_of(list(RegionLevel)))
    parent = fields.Function(
        lambda region: _code(region.parent_path), metadata={"type": ["string", "null"]}
    )
    path = fields.String(required=True, metadata={"description": "自全国起各级的代码"})
    valid_from = fields.Date(allow_none=True, metadata={"description": "空：早于本表的记录"})
    valid_to = fields.Date(
        allow_none=True, metadata={"description": "不再有效的第一天；空：至今有效"}
    )


class RegionPage(Output):
    items = fields.List(fields.Nested(RegionOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RegionQuery(PageQuery):
    on = fields.Date(metadata={"description": "这一天有效的；默认今天"})
    level = fields.String(validate=one_of(list(RegionLevel)))
    parent = fields.String(validate=CODE, metadata={"description": "直接上级的代码"})
    name = fields.String(validate=length(1, 50), metadata={"description": "名称中含有"})


@endpoint(
    blueprint,
    "GET",
    "",
    roles=EVERYBODY,
    scope="regions:read",
    query=RegionQuery,
    answer=RegionPage,
)
def list_regions(query: dict[str, Any]) -> Page[Region]:
    """区划列表"""
    statement = select(Region).where(Region.holds_on(query.get("on") or clock.today()))
    if "level" in query:
        statement = statement.where(Region.level == query["level"])
    if "parent" in query:
        statement = statement.where(Region.parent_path == _existing(query["parent"]).path)
    if "name" in query:
        statement = statement.where(Region.name.contains(query["name"], autoescape=True))
    return page(
        keyring(),
        statement,
        [Region.path],
        lambda region: [region.path],
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint, "GET", "/<string:code>", roles=EVERYBODY, scope="regions:read", answer=RegionOut
)
def get_region(code: str) -> Region:
    """一个区划，包括已撤销的"""
    return _existing(code)


def _existing(code: str) -> Region:
    region = regions.by_code(code)
    if region is None:
        raise NotFound(f"没有代码为 {code[:20]} 的区划。")
    return region


def _code(path: str | None) -> str | None:
    return path.rpartition("/")[2] if path else None
