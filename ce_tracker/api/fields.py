"""/title-series and /fields: the series of titles, what their levels are called, their fields."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from sqlalchemy import select

from ce_tracker.api.conventions import Resource, endpoint, keyring
from ce_tracker.api.schema import Output, PageQuery, length
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import Page, page
from ce_tracker.registry.models import Field, TitleSeries

series = Resource(
    "title-series", __name__, url_prefix="/api/v1/title-series", description="职称系列"
)
blueprint = Resource("fields", __name__, url_prefix="/api/v1/fields", description="专业")


class TitleSeriesOut(Output):
    code = fields.String(required=True)
    name = fields.String(required=True)
    sector = fields.String(required=True)
    title_names = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={"description": "级别 → 证书上的职称名称"},
    )


class TitleSeriesPage(Output):
    items = fields.List(fields.Nested(TitleSeriesOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class FieldOut(Output):
    code = fields.String(required=True)
    name = fields.String(required=True)
    series = fields.String(required=True, attribute="series_code")


class FieldPage(Output):
    items = fields.List(fields.Nested(FieldOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class FieldQuery(PageQuery):
    series = fields.String(validate=length(1, 60), metadata={"description": "职称系列的代码"})


@endpoint(
    series,
    "GET",
    "",
    roles=EVERYBODY,
    scope="registry:read",
    query=PageQuery,
    answer=TitleSeriesPage,
)
def list_title_series(query: dict[str, Any]) -> Page[TitleSeries]:
    """职称系列及各级职称名称"""
    return page(
        keyring(),
        select(TitleSeries),
        [TitleSeries.code],
        lambda row: [row.code],
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "GET",
    "",
    roles=EVERYBODY,
    scope="registry:read",
    query=FieldQuery,
    answer=FieldPage,
)
def list_fields(query: dict[str, Any]) -> Page[Field]:
    """专业，可按职称系列筛选"""
    statement = select(Field)
    if "series" in query:
        statement = statement.where(Field.series_code == query["series"])
    return page(
        keyring(),
        statement,
        [Field.code],
        lambda row: [row.code],
        query.get("cursor"),
        query["limit"],
    )
