"""/duties: what people, employers and counties owe that no year has, and the rights of people."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.schema import Input, Output, PageQuery, one_of
from ce_tracker.http.paging import newest
from ce_tracker.policy.words import Outcome, Strength
from ce_tracker.promotions import duty_reading
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.promotions.duty_reading import RULES, Duty, Open

blueprint = Resource(
    "duties", __name__, url_prefix="/api/v1/duties", description="不分年度的职责和倾斜"
)
READERS = frozenset({Role.PROFESSIONAL, Role.EMPLOYER, Role.AUTHORITY})
_RULE = one_of(list(RULES))


class DutySubject(Output):
    kind = fields.String(required=True, validate=one_of(["person", "employer", "county"]))
    id = fields.Integer(required=True, allow_none=True, metadata={"description": "人员或单位"})
    code = fields.String(required=True, allow_none=True, metadata={"description": "区县"})
    name = fields.String(required=True)
    id_tail = fields.String(required=True, allow_none=True)
    employer = fields.String(required=True, allow_none=True)


class DutyOut(Output):
    id = fields.Integer(required=True)
    subject = fields.Nested(DutySubject, required=True)
    rule = fields.String(required=True, validate=_RULE)
    title = fields.String(required=True)
    outcome = fields.String(
        required=True,
        validate=one_of([each.value for each in Outcome if each is not Outcome.EXEMPT]),
        metadata={"description": "met：可享受的倾斜，或者可以提请换发"},
    )
    strength = fields.String(required=True, validate=one_of(list(Strength)))
    found = fields.String(required=True)
    remedy = fields.String(required=True)
    by = fields.Date(required=True, allow_none=True, metadata={"description": "最晚哪天"})
    ready_on = fields.Date(required=True, allow_none=True, metadata={"description": "哪天起满足"})
    entries = fields.List(fields.String(), required=True)
    regime = fields.String(required=True)
    document = fields.String(required=True)
    clause = fields.String(required=True)
    quote = fields.String(required=True)
    policy = fields.String(required=True, metadata={"description": "规则版本的摘要"})
    opened_on = fields.Date(required=True)
    closed_on = fields.Date(required=True, allow_none=True)


class DutyPage(Output):
    items = fields.List(fields.Nested(DutyOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DutyQuery(PageQuery):
    rule = fields.String(validate=_RULE)
    state = fields.String(load_default=Open.OPEN.value, validate=one_of(list(Open)))


class DutyCount(Output):
    rule = fields.String(required=True, validate=_RULE)
    label = fields.String(required=True)
    subjects = fields.Integer(required=True, metadata={"description": "人、单位或区县的个数"})
    good = fields.Integer(required=True, metadata={"description": "其中可享受或可提请的"})


class DutyCounts(Output):
    rules = fields.List(fields.Nested(DutyCount), required=True)


@endpoint(blueprint, "GET", "", roles=READERS, scope="hours:read", query=DutyQuery, answer=DutyPage)
def list_duties(query: dict[str, Any]) -> dict[str, Any]:
    """本人、本单位人员或管辖范围内的职责和倾斜，新出现的在前"""
    found = newest(
        keyring(),
        duty_reading.asked(actor(), query.get("rule"), Open(query["state"])),
        DutyFlag.id,
        query.get("cursor"),
        query["limit"],
    )
    return {
        "items": [_out(each) for each in duty_reading.named(found.items)],
        "next_cursor": found.next_cursor,
    }


@endpoint(
    blueprint, "GET", "/counts", roles=READERS, scope="hours:read", query=Input, answer=DutyCounts
)
def count_duties(query: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  none is known
    """现在各有多少，按规定统计"""
    return {"rules": duty_reading.by_rule(actor())}


def _out(duty: Duty) -> dict[str, Any]:
    flag = duty.flag
    return {
        "id": flag.id,
        "subject": {
            "kind": duty.kind,
            "id": duty.number,
            "code": duty.code,
            "name": duty.name,
            "id_tail": duty.id_tail,
            "employer": duty.employer,
        },
        "rule": duty.rule,
        "title": duty.label,
        "outcome": flag.outcome,
        "strength": flag.strength,
        "found": flag.found,
        "remedy": flag.remedy,
        "by": flag.due_on,
        "ready_on": flag.ready_on,
        "entries": flag.entries,
        "regime": flag.regime,
        "document": flag.document,
        "clause": flag.clause,
        "quote": flag.quote,
        "policy": flag.policy,
        "opened_on": flag.opened_on,
        "closed_on": flag.closed_on,
    }
