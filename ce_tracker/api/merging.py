"""/professionals/{id}/merge and …/split: two records of one person, and two persons in one."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import actor, endpoint
from ce_tracker.api.facts import PersonOut, person_out
from ce_tracker.api.items import Reason
from ce_tracker.api.professionals import ONE, blueprint
from ce_tracker.registry import merging
from ce_tracker.registry.items import numbered
from ce_tracker.registry.record import visible_person

AUTHORITY = frozenset({Role.AUTHORITY})


class MergeIn(Reason):
    into_id = fields.Integer(
        required=True, strict=True, metadata={"description": "并入哪条记录：它的编号"}
    )


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/merge",
    roles=AUTHORITY,
    scope="registry:write",
    body=MergeIn,
    answer=PersonOut,
)
def merge_professional(body: dict[str, Any], professional_id: int) -> dict[str, Any]:
    """两条记录是同一个人：并入另一条，此后合在一起看；什么都不改动，可以拆分"""
    merging.merge(numbered(professional_id), numbered(body["into_id"]), body["reason"])
    return person_out(visible_person(actor(), body["into_id"]))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/split",
    roles=AUTHORITY,
    scope="registry:write",
    body=Reason,
    answer=PersonOut,
)
def split_professional(body: dict[str, Any], professional_id: int) -> dict[str, Any]:
    """合并有误：这条记录重新单独成立"""
    merging.split(numbered(professional_id), body["reason"])
    return person_out(visible_person(actor(), professional_id))
