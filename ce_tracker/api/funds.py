"""/employers/…/funds: what an employer paid in a year, in wages and for training."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import actor, endpoint
from ce_tracker.api.employers import READERS, blueprint
from ce_tracker.api.schema import Input, Output, length
from ce_tracker.promotions import funds
from ce_tracker.promotions.funds import EmployerFund
from ce_tracker.registry import opening
from ce_tracker.registry.opening import EMPLOYERS
from ce_tracker.registry.record import source_of

_YUAN = {"description": "元，至多两位小数，例如 1250000.00"}
_LONGEST = 24


class FundIn(Input):
    wages = fields.String(required=True, validate=length(1, _LONGEST), metadata=_YUAN)
    training = fields.String(required=True, validate=length(1, _LONGEST), metadata=_YUAN)


class FundOut(Output):
    year = fields.Integer(required=True)
    wages = fields.String(required=True, metadata={"description": "工资总额，元"})
    training = fields.String(required=True, metadata={"description": "继续教育经费，元"})
    known_from = fields.AwareDateTime(required=True)
    known_to = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "更正以后为更正的时间"}
    )


class FundsOut(Output):
    items = fields.List(fields.Nested(FundOut), required=True)


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>/funds",
    roles=READERS,
    scope="registry:read",
    answer=FundsOut,
)
def list_funds(employer_id: int) -> dict[str, Any]:
    """一个单位各年度填报的工资总额和继续教育经费，包括更正以前的"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    return {"items": funds.history(unit.id)}


@endpoint(
    blueprint,
    "PUT",
    "/<int:employer_id>/funds/<int:year>",
    roles=frozenset({Role.EMPLOYER}),
    scope="registry:write",
    body=FundIn,
    answer=FundOut,
)
def put_fund(body: dict[str, Any], employer_id: int, year: int) -> EmployerFund:
    """单位填报一个年度的工资总额和继续教育经费；更正时原来的保留在历史中"""
    opening.visible_unit(EMPLOYERS, actor(), employer_id)
    return funds.enter(actor(), year, body, source_of(actor(), "api"))
