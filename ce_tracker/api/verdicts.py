"""/me/verdict and /professionals/…/verdict: whether a year's hours suffice, by which clause, and
what would mend it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker import clock
from ce_tracker.api.conventions import actor, endpoint
from ce_tracker.api.hours import OWN, HoursQuery, Whose, blueprint
from ce_tracker.api.policies import VerdictOut
from ce_tracker.api.professionals import READERS
from ce_tracker.api.schema import Output, one_of
from ce_tracker.compliance.explained import explained
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import record


class FlagOut(Output):
    rule = fields.String(required=True, validate=one_of([kind.name for kind in YEARLY]))
    outcome = fields.String(
        required=True,
        validate=one_of([Outcome.SHORT, Outcome.FAILED]),
        metadata={"description": "年度未过为 short，已过为 failed"},
    )
    open = fields.Boolean(required=True, metadata={"description": "现在仍不达标"})
    opened_on = fields.Date(required=True, metadata={"description": "按哪一天的情况判为不达标"})
    closed_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "哪一天起又达标；空：仍不达标"}
    )


class PersonVerdict(VerdictOut):
    person = fields.Nested(Whose, required=True)
    year = fields.Integer(required=True)
    day = fields.Date(required=True, metadata={"description": "按哪一天的规定和任职情况"})
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    policy = fields.List(
        fields.String(), required=True, metadata={"description": "所用规定各版本的指纹"}
    )
    flags = fields.List(
        fields.Nested(FlagOut), required=True, metadata={"description": "每夜判定留下的预警"}
    )


@endpoint(
    blueprint,
    "GET",
    "/me/verdict",
    roles=OWN,
    scope="hours:read",
    query=HoursQuery,
    answer=PersonVerdict,
)
def get_own_verdict(query: dict[str, Any]) -> dict[str, Any]:
    """本人一个年度达不达标、差多少、依据哪一条，只对专业技术人员本人开放"""
    return _verdict_of(actor().professional_id or 0, query)


@endpoint(
    blueprint,
    "GET",
    "/professionals/<int:professional_id>/verdict",
    roles=READERS,
    scope="hours:read",
    query=HoursQuery,
    answer=PersonVerdict,
)
def get_verdict(query: dict[str, Any], professional_id: int) -> dict[str, Any]:
    """一个人一个年度达不达标：用人单位看本单位的，主管部门看管辖范围内的"""
    return _verdict_of(professional_id, query)


def _verdict_of(person_id: int, query: dict[str, Any]) -> dict[str, Any]:
    person = record.visible_person(actor(), person_id)
    year = query.get("year") or clock.today().year
    return explained(actor(), person, year, query.get("as_of"))
