"""/sessions: training sessions, from a provider's draft to what everybody may know of."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.items import Reason, field_of, incoming
from ce_tracker.api.schema import Output, PageQuery, between, length, one_of
from ce_tracker.http.access import EVERYBODY
from ce_tracker.http.paging import page
from ce_tracker.ledger import revoking
from ce_tracker.registry import items
from ce_tracker.registry.items import BIGGEST_ID
from ce_tracker.training import listing, sessions
from ce_tracker.training.entering import ITEMS
from ce_tracker.training.models import FIRST_DAY, SessionState, Subject, TrainingSession

blueprint = Resource("sessions", __name__, url_prefix="/api/v1/sessions", description="培训班次")
PROVIDER = frozenset({Role.PROVIDER})
REVOKERS = frozenset({Role.PROVIDER, Role.AUTHORITY})
_ONE = "/<int:session_id>"

NewSession = incoming("NewSession", ITEMS)
SessionChanges = incoming("SessionChanges", ITEMS, partial=True)


class _About(Output):
    """What nobody enters."""

    id = fields.Integer(required=True)
    provider_id = fields.Integer(required=True)
    provider_name = fields.String(required=True, metadata={"description": "办班时的名称"})
    year = fields.Integer(required=True, metadata={"description": "学时计入哪一年度"})
    state = fields.String(
        required=True,
        validate=one_of(list(SessionState)),
        metadata={"description": "draft 草稿，published 已发布，closed 已结班，revoked 已撤销"},
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "施教机构应当知道的情况"}
    )
    created_at = fields.AwareDateTime(required=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_because = fields.String(required=True, allow_none=True)
    first_posted_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "何时起有学时入账；此后科目、专业、目的、学时和起止时间不能再改"},
    )


SessionOut = _About.from_dict(
    {item.name: field_of(item, outgoing=True) for item in ITEMS}, name="Session"
)


class SessionPage(Output):
    items = fields.List(fields.Nested(SessionOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SessionQuery(PageQuery):
    q = fields.String(validate=length(1, 50), metadata={"description": "名称或编号中的文字"})
    state = fields.String(validate=one_of(list(SessionState)))
    subject = fields.String(validate=one_of(list(Subject)))
    provider = fields.Integer(
        validate=between(1, BIGGEST_ID),
        metadata={
            "description": "只看这个施教机构的；不写：施教机构看本机构的，主管部门看辖区内的"
        },
    )
    year = fields.Integer(
        validate=between(FIRST_DAY.year, 2199), metadata={"description": "学时计入哪一年度"}
    )


@endpoint(
    blueprint,
    "POST",
    "",
    roles=PROVIDER,
    scope="sessions:write",
    body=NewSession,
    answer=SessionOut,
    status=201,
)
def create_session(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """新建培训班次，先存为草稿；编号不写则自动编号"""
    made = sessions.create(actor(), body)
    return _shown(made), 201, {"Location": f"/api/v1/sessions/{made.id}"}


@endpoint(
    blueprint,
    "GET",
    "",
    roles=EVERYBODY,
    scope="sessions:read",
    query=SessionQuery,
    answer=SessionPage,
)
def list_sessions(query: dict[str, Any]) -> dict[str, Any]:
    """培训班次，开始时间晚的在前：施教机构看本机构的，主管部门看辖区内的，其他人看发布过的"""
    found = page(
        keyring(),
        listing.sessions(
            actor(),
            q=query.get("q"),
            state=query.get("state"),
            subject=query.get("subject"),
            provider=query.get("provider"),
            year=query.get("year"),
        ),
        listing.ORDER,
        listing.place_of,
        query.get("cursor"),
        query["limit"],
        newest_first=True,
    )
    return {"items": [_shown(each) for each in found.items], "next_cursor": found.next_cursor}


@endpoint(blueprint, "GET", _ONE, roles=EVERYBODY, scope="sessions:read", answer=SessionOut)
def get_session(session_id: int) -> dict[str, Any]:
    """一个培训班次"""
    return _shown(sessions.visible(actor(), session_id))


@endpoint(
    blueprint,
    "PATCH",
    _ONE,
    roles=PROVIDER,
    scope="sessions:write",
    body=SessionChanges,
    answer=SessionOut,
)
def change_session(body: dict[str, Any], session_id: int) -> dict[str, Any]:
    """修改；没有写出的项不变。有学时入账后，科目、专业、目的、学时和起止时间不能再改"""
    return _shown(sessions.change(actor(), session_id, body))


@endpoint(
    blueprint, "POST", f"{_ONE}/publish", roles=PROVIDER, scope="sessions:write", answer=SessionOut
)
def publish_session(session_id: int) -> dict[str, Any]:
    """发布，此后可以上传学时名单；已结班的重新开放。继续教育基地须有覆盖其日期和专业的认定"""
    return _shown(sessions.publish(actor(), session_id))


@endpoint(
    blueprint, "POST", f"{_ONE}/close", roles=PROVIDER, scope="sessions:write", answer=SessionOut
)
def close_session(session_id: int) -> dict[str, Any]:
    """结班，此后不再接受学时名单"""
    return _shown(sessions.close(actor(), session_id))


@endpoint(
    blueprint,
    "POST",
    f"{_ONE}/revoke",
    roles=REVOKERS,
    scope="sessions:write",
    body=Reason,
    answer=SessionOut,
)
def revoke_session(body: dict[str, Any], session_id: int) -> dict[str, Any]:
    """撤销，不能恢复；已入账的学时由系统全部冲销。有学时计入已封账年度的，只有主管部门可以撤销"""
    return _shown(revoking.ask(actor(), session_id, body["reason"]))


def _shown(session: TrainingSession) -> dict[str, Any]:
    own = {
        name: getattr(session, name) for name in _About().fields if name not in {"year", "notes"}
    }
    return (
        own
        | items.shown(ITEMS, session)
        | {
            "year": session.last_day.year,
            "notes": sessions.notes(session),
            "starts_at": session.starts_at.astimezone(clock.SHANGHAI),
            "ends_at": session.ends_at.astimezone(clock.SHANGHAI),
        }
    )
