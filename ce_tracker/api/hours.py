"""/me/hours and /professionals/…/hours: a year's hours, where they were earned, and what was taken
back and why."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint
from ce_tracker.api.describing import Direct
from ce_tracker.api.items import KnownAt
from ce_tracker.api.professionals import READERS
from ce_tracker.api.schema import Output, between, one_of
from ce_tracker.hours import Hours
from ce_tracker.ledger import reading
from ce_tracker.registry import record
from ce_tracker.training.models import FIRST_DAY, Form, Purpose, SessionState, Subject

blueprint = Resource("hours", __name__, url_prefix="/api/v1", description="学时")
OWN = frozenset({Role.PROFESSIONAL})
LAST_YEAR = 2199


class HoursQuery(KnownAt):
    year = fields.Integer(
        validate=between(FIRST_DAY.year, LAST_YEAR),
        metadata={"description": "哪一年度的学时；默认今年"},
    )


class Whose(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    id_tail = fields.String(required=True, metadata={"description": "证件号码的后四位"})


class OfSession(Output):
    id = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "施教机构的班次编号"})
    title = fields.String(required=True)
    course = fields.String(required=True)
    subject = fields.String(required=True, validate=one_of(list(Subject)))
    series = fields.String(required=True, allow_none=True)
    field = fields.String(required=True, allow_none=True)
    purpose = fields.String(required=True, validate=one_of(list(Purpose)))
    form = fields.String(required=True, validate=one_of(list(Form)))
    online = fields.Boolean(required=True)
    place = fields.String(required=True, allow_none=True)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    hours = Hours(required=True, metadata={"description": "最多可得的学时"})
    state = fields.String(required=True, validate=one_of(list(SessionState)))


class OfProvider(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"description": "办班时的名称"})


class Reversal(Output):
    hours = fields.String(required=True, metadata={"description": "冲销的学时，负数"})
    reason = fields.String(required=True)
    posted_at = fields.AwareDateTime(required=True)


class Entry(Output):
    session = fields.Nested(OfSession, required=True)
    provider = fields.Nested(OfProvider, required=True)
    finished_on = fields.Date(required=True)
    hours = Hours(required=True)
    result = fields.String(required=True, allow_none=True, metadata={"description": "考核结果"})
    posted_at = fields.AwareDateTime(required=True, metadata={"description": "何时入账"})
    reversal = fields.Nested(
        Reversal,
        required=True,
        allow_none=True,
        metadata={"description": "已冲销：不再计入合计；空：有效"},
    )


class HoursOut(Output):
    person = fields.Nested(Whose, required=True)
    year = fields.Integer(required=True)
    years = fields.List(
        fields.Integer(), required=True, metadata={"description": "有记录的年度，近的在前"}
    )
    general = Hours(required=True, metadata={"description": "公需科目合计"})
    specialty = Hours(required=True, metadata={"description": "专业科目合计"})
    total = Hours(required=True)
    shown_from = fields.Date(
        required=True,
        allow_none=True,
        metadata={
            "description": "明细从哪一天起：用人单位只看到入职以后的，合计仍是全部；空：全部"
        },
    )
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    position = fields.Integer(
        required=True, metadata={"description": "台账到哪一批入账为止，0：还没有入账"}
    )
    entries = fields.List(
        fields.Nested(Entry), required=True, metadata={"description": "明细，按完成日期"}
    )


@endpoint(
    blueprint,
    "GET",
    "/me/hours",
    roles=OWN,
    scope="hours:read",
    query=HoursQuery,
    answer=Direct(HoursOut, reading.own_by_token),
)
def get_own_hours(query: dict[str, Any]) -> Response:
    """本人一个年度的学时，只对专业技术人员本人开放"""
    return _hours_of(actor().professional_id or 0, query)


@endpoint(
    blueprint,
    "GET",
    "/professionals/<int:professional_id>/hours",
    roles=READERS,
    scope="hours:read",
    query=HoursQuery,
    answer=HoursOut,
)
def get_hours(query: dict[str, Any], professional_id: int) -> Response:
    """一个人一个年度的学时：用人单位看本单位的，主管部门看管辖范围内的"""
    return _hours_of(record.visible_person(actor(), professional_id).id, query)


def _hours_of(person_id: int, query: dict[str, Any]) -> Response:
    found = reading.hours_of(person_id, query.get("year"), query.get("as_of"))
    return Response(found.encode(), content_type="application/json")
