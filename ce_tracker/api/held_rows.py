"""/held-rows: hours of people whom nobody has registered yet, and hours of closed years."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker import hours
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.items import Reason
from ce_tracker.api.schema import Input, Output, PageQuery, between
from ce_tracker.http.paging import newest
from ce_tracker.ledger import deciding, held_requests
from ce_tracker.ledger.closed_years import LateDecision
from ce_tracker.ledger.held_requests import ShownHeld
from ce_tracker.ledger.uploads import HeldRow
from ce_tracker.registry.items import BIGGEST_ID

blueprint = Resource(
    "held-rows", __name__, url_prefix="/api/v1/held-rows", description="待登记人员的学时"
)

READERS = frozenset({Role.PROVIDER, Role.AUTHORITY})
PROVIDER = frozenset({Role.PROVIDER})
AUTHORITY = frozenset({Role.AUTHORITY})

_SESSION = {"description": "只看这个班次的"}
_UPLOAD = {"description": "只看这份名单的"}


class HeldOut(Output):
    id = fields.Integer(required=True)
    upload_id = fields.UUID(required=True)
    session_id = fields.Integer(required=True)
    session_code = fields.String(required=True, metadata={"description": "班次编号"})
    session_title = fields.String(required=True)
    provider_name = fields.String(required=True)
    row_number = fields.Integer(required=True, metadata={"description": "文件中的行号"})
    name = fields.String(required=True)
    id_tail = fields.String(required=True, metadata={"description": "证件号码的后四位"})
    hours = hours.Hours(required=True, attribute="hours_x100")
    finished_on = fields.Date(required=True)
    result = fields.String(required=True, allow_none=True)
    held_at = fields.AwareDateTime(required=True)
    problem = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "证件号码已经登记而仍没有入账的原因"},
    )

    closed_year = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "会改动的已封账年度；有值的须经主管部门同意"},
    )
    may_decide = fields.Boolean(
        required=True, metadata={"description": "由本账号决定是否同意，还没有决定"}
    )


class DecisionOut(Output):
    held_row_id = fields.Integer(required=True)
    upload_id = fields.UUID(required=True)
    session_id = fields.Integer(required=True)
    row_number = fields.Integer(required=True, metadata={"description": "文件中的行号"})
    year = fields.Integer(required=True)
    hours = hours.Hours(required=True, attribute="hours_x100")
    admitted = fields.Boolean(required=True, metadata={"description": "是否同意"})
    reason = fields.String(required=True)
    decided_at = fields.AwareDateTime(required=True)
    decided_by_name = fields.String(required=True)


class DecisionPage(Output):
    items = fields.List(fields.Nested(DecisionOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class HeldPage(Output):
    items = fields.List(fields.Nested(HeldOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class HeldQuery(PageQuery):
    session_id = fields.Integer(validate=between(1, BIGGEST_ID), metadata=_SESSION)
    upload_id = fields.UUID(metadata=_UPLOAD)
    late = fields.Boolean(load_default=False, metadata={"description": "只看会改动已封账年度的"})


class ReleaseIn(Input):
    session_id = fields.Integer(
        strict=True,
        validate=between(1, BIGGEST_ID),
        metadata={"description": "只放弃这个班次的"},
    )
    upload_id = fields.UUID(metadata={"description": "只放弃这份名单的"})


class ReleasedOut(Output):
    released = fields.Integer(required=True, metadata={"description": "放弃的行数"})


@endpoint(
    blueprint,
    "GET",
    "",
    roles=READERS,
    scope="attendance:read",
    query=HeldQuery,
    answer=HeldPage,
)
def list_held_rows(query: dict[str, Any]) -> dict[str, Any]:
    """还没有登记的人员的学时：登记后自动入账。主管部门看到辖区内各机构的，新的在前"""
    rows = held_requests.held(
        actor(),
        session_id=query.get("session_id"),
        upload_id=query.get("upload_id"),
        late=query["late"],
    )
    found = newest(
        keyring(),
        rows,
        HeldRow.id,
        query.get("cursor"),
        query["limit"],
    )
    shown: list[ShownHeld] = held_requests.shown(actor(), keyring(), found.items)
    return {"items": shown, "next_cursor": found.next_cursor}


@endpoint(
    blueprint,
    "POST",
    "/<int:held_id>/release",
    roles=PROVIDER,
    scope="attendance:write",
    answer=ReleasedOut,
)
def release_held_row(held_id: int) -> dict[str, int]:
    """放弃一条：这个人以后登记了也不再入账，证件号码随即删除"""
    return {"released": held_requests.release(actor(), held_id)}


@endpoint(
    blueprint,
    "POST",
    "/release",
    roles=PROVIDER,
    scope="attendance:write",
    body=ReleaseIn,
    answer=ReleasedOut,
)
def release_held_rows(sent: dict[str, Any]) -> dict[str, int]:
    """放弃一个班次、一份名单的全部待登记人员；至少写一项，都写时两项都要符合"""
    return {
        "released": held_requests.release_all(
            actor(), session_id=sent.get("session_id"), upload_id=sent.get("upload_id")
        )
    }


@endpoint(
    blueprint,
    "POST",
    "/<int:held_id>/admit",
    roles=AUTHORITY,
    scope="compliance:write",
    body=Reason,
    answer=DecisionOut,
)
def admit_held_row(body: dict[str, Any], held_id: int) -> LateDecision:
    """同意补记或更正已封账年度的学时：随即入账，变化另行记载；由本人所在地区的主管部门决定"""
    return deciding.decide(actor(), held_id, admitted=True, reason=body["reason"])


@endpoint(
    blueprint,
    "POST",
    "/<int:held_id>/refuse",
    roles=AUTHORITY,
    scope="compliance:write",
    body=Reason,
    answer=DecisionOut,
)
def refuse_held_row(body: dict[str, Any], held_id: int) -> LateDecision:
    """不同意补记或更正已封账年度的学时：这一条不再入账，理由施教机构能看到"""
    return deciding.decide(actor(), held_id, admitted=False, reason=body["reason"])


@endpoint(
    blueprint,
    "GET",
    "/decisions",
    roles=READERS,
    scope="attendance:read",
    query=PageQuery,
    answer=DecisionPage,
)
def list_decisions(query: dict[str, Any]) -> Any:
    """主管部门对已封账年度的学时作出的决定，新的在前"""
    return newest(
        keyring(),
        deciding.decisions(actor()),
        LateDecision.id,
        query.get("cursor"),
        query["limit"],
    )
