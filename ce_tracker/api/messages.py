"""/messages: one's own inbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.schema import Output, PageQuery, one_of
from ce_tracker.http.paging import newest
from ce_tracker.notices import inbox
from ce_tracker.notices.inbox import READERS, Read
from ce_tracker.notices.models import Message

blueprint = Resource("messages", __name__, url_prefix="/api/v1/messages", description="收到的消息")

KINDS = ("reminder", "changes")


class MessageOut(Output):
    id = fields.UUID(required=True)
    kind = fields.String(
        required=True,
        validate=one_of(KINDS),
        metadata={"description": "reminder：年底前或报备前的提醒；changes：情况有变化"},
    )
    title = fields.String(required=True)
    body = fields.String(required=True)
    link = fields.String(required=True, metadata={"description": "在网页上看这条消息的地址"})
    created_at = fields.AwareDateTime(required=True)
    read_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "本账号第一次读它的时间"}
    )


class MessagePage(Output):
    items = fields.List(fields.Nested(MessageOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    unread = fields.Integer(required=True, metadata={"description": "共有几条没有读过"})


class MessageQuery(PageQuery):
    unread = fields.Boolean(load_default=False, metadata={"description": "true：只看没有读过的"})


@endpoint(
    blueprint,
    "GET",
    "",
    roles=READERS,
    scope="messages:read",
    query=MessageQuery,
    answer=MessagePage,
)
def list_messages(query: dict[str, Any]) -> dict[str, Any]:
    """本人、本单位或本部门收到的消息，新的在前"""
    who = actor()
    found = newest(
        keyring(),
        inbox.messages(who, unread=query["unread"]),
        Message.id,
        query.get("cursor"),
        query["limit"],
    )
    return {
        "items": [_out(each) for each in inbox.with_reads(who, found.items)],
        "next_cursor": found.next_cursor,
        "unread": inbox.unread_count(who),
    }


@endpoint(
    blueprint,
    "POST",
    "/<uuid:message_id>/read",
    roles=READERS,
    scope="messages:write",
    answer=MessageOut,
)
def read_message(message_id: UUID) -> dict[str, Any]:
    """把一条消息标为已读；再标一次没有影响"""
    return _out(inbox.read(actor(), message_id))


def _out(found: Read) -> dict[str, Any]:
    message, words = found.message, found.words
    return {
        "id": message.id,
        "kind": "changes" if message.reminder is None else "reminder",
        "title": words.title,
        "body": words.body,
        "link": f"/messages/{message.id}",
        "created_at": message.created_at,
        "read_at": found.read_at,
    }
