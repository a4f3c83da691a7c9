"""/employers: units that employ professionals, as known of any day at any moment."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role, Sector
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.items import (
    AsOf,
    Reason,
    day_and_moment,
    field_of,
    incoming,
    known,
    outgoing,
)
from ce_tracker.api.regions import CODE
from ce_tracker.api.schema import Output, PageQuery, length, one_of
from ce_tracker.http.paging import Page, page
from ce_tracker.registry import listing, opening
from ce_tracker.registry.models import Employer
from ce_tracker.registry.opening import CODE as CREDIT_CODE
from ce_tracker.registry.opening import EMPLOYERS, SINCE
from ce_tracker.registry.record import source_of

blueprint = Resource("employers", __name__, url_prefix="/api/v1/employers", description="用人单位")
READERS = frozenset({Role.AUTHORITY, Role.EMPLOYER})
WRITERS = frozenset({Role.AUTHORITY})

EmployerFactOut = outgoing("EmployerFact", EMPLOYERS.items)
NewEmployer = incoming(
    "NewEmployer",
    (CREDIT_CODE, *EMPLOYERS.items, SINCE),
)
EmployerChanges = incoming(
    "EmployerChanges",
    EMPLOYERS.items,
    partial=True,
    since=field_of(SINCE),
    reason=Reason().fields["reason"],
)


class UnitOut(Output):
    """As it is today."""

    id = fields.Integer(required=True)
    credit_code = fields.String(required=True)
    name = fields.String(required=True)
    region = fields.Function(
        lambda unit: unit.region_path.rpartition("/")[2],
        metadata={"type": "string", "description": "区划代码"},
    )
    sector = fields.String(required=True)


class UnitQuery(PageQuery):
    q = fields.String(
        validate=length(1, 50), metadata={"description": "名称的开头，或拼音全拼、首字母"}
    )
    region = fields.String(validate=CODE, metadata={"description": "这个区划及其以下"})
    sector = fields.String(validate=one_of(list(Sector)))


class EmployerPage(Output):
    items = fields.List(fields.Nested(UnitOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EmployerOut(Output):
    id = fields.Integer(required=True)
    credit_code = fields.String(required=True)
    on = fields.Date(required=True)
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    known = fields.Nested(
        EmployerFactOut,
        required=True,
        allow_none=True,
        metadata={"description": "空：当时对那一天一无所知"},
    )


class EmployerHistory(Output):
    items = fields.List(fields.Nested(EmployerFactOut), required=True)


@endpoint(
    blueprint,
    "GET",
    "",
    roles=READERS,
    scope="registry:read",
    query=UnitQuery,
    answer=EmployerPage,
)
def list_employers(query: dict[str, Any]) -> Page[Employer]:
    """用人单位，按拼音排序：主管部门看辖区内的，用人单位看本单位"""
    return page(
        keyring(),
        listing.units(Employer, actor(), **narrowing(query)),
        [Employer.pinyin, Employer.id],
        lambda unit: [unit.pinyin, str(unit.id)],
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>",
    roles=READERS,
    scope="registry:read",
    query=AsOf,
    answer=EmployerOut,
)
def get_employer(query: dict[str, Any], employer_id: int) -> dict[str, Any]:
    """一个用人单位在某一天的情况，按现在或当时所知"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    day, moment = day_and_moment(query)
    fact = opening.fact_on(EMPLOYERS, unit, day, moment)
    return {
        "id": unit.id,
        "credit_code": unit.credit_code,
        "on": day,
        "as_of": moment,
        "known": fact and known(EMPLOYERS.items, fact),
    }


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>/history",
    roles=READERS,
    scope="registry:read",
    answer=EmployerHistory,
)
def get_employer_history(employer_id: int) -> dict[str, Any]:
    """登记过的一切，包括已被更正的"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    return {"items": [known(EMPLOYERS.items, f) for f in opening.history(EMPLOYERS, unit)]}


@endpoint(
    blueprint,
    "POST",
    "",
    roles=WRITERS,
    scope="registry:write",
    body=NewEmployer,
    answer=UnitOut,
    status=201,
)
def open_employer(body: dict[str, Any]) -> tuple[Employer, int, dict[str, str]]:
    """登记辖区内的一个用人单位"""
    unit = opening.open_unit(EMPLOYERS, actor(), body, source_of(actor(), "api"))
    return unit, 201, {"Location": f"/api/v1/employers/{unit.id}"}


@endpoint(
    blueprint,
    "PATCH",
    "/<int:employer_id>",
    roles=WRITERS,
    scope="registry:write",
    body=EmployerChanges,
    answer=EmployerFactOut,
)
def change_employer(body: dict[str, Any], employer_id: int) -> dict[str, Any]:
    """自某一天起这样登记；没有写出的项不变，原来的登记留在历史中"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    since, reason = body.pop("since"), body.pop("reason")
    fact = opening.change_unit(
        EMPLOYERS, actor(), unit, body, since, reason, source_of(actor(), "api")
    )
    return known(EMPLOYERS.items, fact)


def narrowing(query: dict[str, Any]) -> dict[str, Any]:
    return {name: query.get(name) for name in ("q", "region", "sector")}
