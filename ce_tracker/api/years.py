"""/years: which are closed, closing one, and what changed of a closed one since."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker import hours
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.me import blueprint as me
from ce_tracker.api.professionals import ONE, READERS
from ce_tracker.api.professionals import blueprint as professionals
from ce_tracker.api.schema import Input, Output, PageQuery, one_of
from ce_tracker.compliance import closed, closing
from ce_tracker.compliance.closings import Restatement, closing_of
from ce_tracker.http.paging import newest
from ce_tracker.ledger.closed_years import YearClosing
from ce_tracker.policy.words import Outcome
from ce_tracker.registry.models import Professional
from ce_tracker.registry.record import visible_person

blueprint = Resource("years", __name__, url_prefix="/api/v1/years", description="年度封账")
AUTHORITY = frozenset({Role.AUTHORITY})
WHOM_IT_CONCERNS = frozenset({Role.AUTHORITY, Role.EMPLOYER, Role.PROFESSIONAL})


class ClosingOut(Output):
    year = fields.Integer(required=True)
    asked_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "空：正在封账"}
    )
    day = fields.Date(
        required=True, allow_none=True, metadata={"description": "按哪一天的任职和规定判定"}
    )
    people = fields.Integer(required=True, allow_none=True)
    policies = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "所依据的政策规则各版本的摘要"},
    )
    ledger_position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "台账到哪一批入账为止"}
    )
    ledger_digest = fields.Function(
        lambda of: None if of.ledger_digest is None else of.ledger_digest.hex(),
        required=True,
        metadata={"type": ["string", "null"], "description": "那一批的摘要"},
    )


class ClosingsOut(Output):
    items = fields.List(fields.Nested(ClosingOut), required=True)


class CloseIn(Input):
    """Nothing: what is closed stands in the address."""


class SaidOut(Output):
    """One verdict: what it rests on, and what it was."""

    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    general = hours.Hours(required=True, attribute="general_x100")
    specialty = hours.Hours(required=True, attribute="specialty_x100")
    total = fields.Function(
        lambda of: hours.shown(of["general_x100"] + of["specialty_x100"]),
        required=True,
        metadata={"type": "string"},
    )


class AgreedOut(Output):
    """Hours that the authority admitted to a closed year."""

    decided_by_name = fields.String(required=True)
    decided_at = fields.AwareDateTime(required=True)
    reason = fields.String(required=True)
    session_id = fields.Integer(required=True)
    hours = hours.Hours(
        required=True, attribute="hours_x100", metadata={"description": "“0”：不再计学时"}
    )


class RestatementOut(Output):
    id = fields.Integer(required=True, attribute="change.id")
    professional_id = fields.Integer(required=True, attribute="change.professional_id")
    year = fields.Integer(required=True, attribute="change.year")
    found_at = fields.AwareDateTime(required=True, attribute="change.found_at")
    ledger_position = fields.Integer(
        required=True,
        attribute="change.ledger_position",
        metadata={"description": "发现时台账到哪一批入账为止"},
    )
    before = fields.Nested(
        SaidOut,
        required=True,
        allow_none=True,
        attribute="change.before",
        metadata={"description": "空：原来没有判定"},
    )
    after = fields.Nested(SaidOut, required=True, attribute="change.after")
    agreed = fields.List(
        fields.Nested(AgreedOut),
        required=True,
        metadata={"description": "主管部门同意的补记和更正；空的是免除、任职等其他变化"},
    )


class RestatementPage(Output):
    items = fields.List(fields.Nested(RestatementOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ClosedVerdictOut(SaidOut):
    year = fields.Integer(required=True)
    closed_at = fields.AwareDateTime(required=True)
    restatements = fields.List(fields.Nested(RestatementOut), required=True)


class ClosedVerdictsOut(Output):
    items = fields.List(fields.Nested(ClosedVerdictOut), required=True)


@endpoint(blueprint, "GET", "", roles=WHOM_IT_CONCERNS, scope="hours:read", answer=ClosingsOut)
def list_years() -> dict[str, Any]:
    """已封账和正在封账的年度"""
    return {"items": closed.closings()}


@endpoint(
    blueprint,
    "POST",
    "/<int:year>/close",
    roles=AUTHORITY,
    scope="compliance:write",
    body=CloseIn,
    answer=ClosingOut,
    status=202,
)
def close_year(body: dict[str, Any], year: int) -> YearClosing:  # noqa: ARG001
    """封账：保存每个人的判定，此后的变化另行记载；只对省级或全国的综合主管部门，不能撤销"""
    return closing.ask(actor(), year)


@endpoint(
    blueprint,
    "GET",
    "/<int:year>/restatements",
    roles=AUTHORITY,
    scope="hours:read",
    query=PageQuery,
    answer=RestatementPage,
)
def list_restatements(query: dict[str, Any], year: int) -> Any:
    """封账以后的变化，管辖范围内的人员，新的在前"""
    found = newest(
        keyring(),
        closed.restatements(actor(), closing_of(year).year),
        Restatement.id,
        query.get("cursor"),
        query["limit"],
    )
    return {"items": closed.told(actor(), found.items), "next_cursor": found.next_cursor}


@endpoint(
    professionals,
    "GET",
    f"{ONE}/closed-verdicts",
    roles=READERS,
    scope="hours:read",
    answer=ClosedVerdictsOut,
)
def list_closed_verdicts(professional_id: int) -> dict[str, Any]:
    """一个人各年度封账时的判定，以及封账以后的变化"""
    return _all_of(visible_person(actor(), professional_id))


@endpoint(
    me,
    "GET",
    "/closed-verdicts",
    roles=frozenset({Role.PROFESSIONAL}),
    scope="hours:read",
    answer=ClosedVerdictsOut,
)
def list_own_closed_verdicts() -> dict[str, Any]:
    """本人各年度封账时的判定，以及封账以后的变化"""
    return _all_of(visible_person(actor(), actor().professional_id or 0))


def _all_of(person: Professional) -> dict[str, Any]:
    return {
        "items": [
            {
                "year": each.verdict.year,
                "outcome": each.verdict.outcome,
                "general_x100": each.verdict.general_x100,
                "specialty_x100": each.verdict.specialty_x100,
                "closed_at": each.closing.closed_at,
                "restatements": each.restatements,
            }
            for each in closed.of_person(actor(), person)
        ]
    }
