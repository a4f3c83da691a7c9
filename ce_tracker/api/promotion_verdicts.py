"""/promotions/check: may somebody apply for a title, rule by rule; and how such verdicts look."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint
from ce_tracker.api.hours import Whose
from ce_tracker.api.schema import Input, Output, between, length, one_of
from ce_tracker.errors import Invalid
from ce_tracker.hours import Hours
from ce_tracker.policy.careers import LEVELS
from ce_tracker.policy.promoting import GATE, RIGHTS
from ce_tracker.policy.title_telling import gate_verdict
from ce_tracker.policy.words import PROVIDER_KINDS, Outcome, Strength
from ce_tracker.promotions import gate, proofs
from ce_tracker.registry.dated import Track
from ce_tracker.registry.items import BIGGEST_ID
from ce_tracker.registry.models import Professional
from ce_tracker.registry.record import visible_person

blueprint = Resource(
    "promotions", __name__, url_prefix="/api/v1/promotions", description="职称申报"
)
CONCERNED = frozenset({Role.PROFESSIONAL, Role.EMPLOYER, Role.AUTHORITY})

LEVEL: dict[str, Any] = {
    "required": True,
    "validate": one_of(LEVELS),
    "metadata": {"description": "申报的级别"},
}
TRACK: dict[str, Any] = {
    "required": True,
    "validate": one_of(list(Track)),
    "metadata": {"description": "unified 全省统一职称，grassroots 基层职称"},
}
SERIES: dict[str, Any] = {
    "validate": length(1, 40),
    "metadata": {"description": "申报的职称系列；写了专业的可以不写"},
}
FIELD: dict[str, Any] = {
    "validate": length(1, 40),
    "metadata": {"description": "申报的专业；系列和专业都不写的，取现职称的"},
}
_A_DAY = {"format": "date"}


class TrainingOut(Output):
    entry = fields.String(required=True, metadata={"description": "台账中的哪一条"})
    session_id = fields.Integer(required=True)
    session_code = fields.String(required=True, metadata={"description": "班次编号"})
    session_title = fields.String(required=True)
    provider = fields.String(required=True, metadata={"description": "施教机构"})
    provider_kind = fields.String(
        required=True, allow_none=True, validate=one_of(list(PROVIDER_KINDS))
    )
    starts_on = fields.Date(required=True)
    finished_on = fields.Date(required=True)
    hours = Hours(required=True, attribute="hours_x100")


class TitleRuleOut(Output):
    rule = fields.String(required=True, validate=one_of([kind.name for kind in (*GATE, *RIGHTS)]))
    title = fields.String(required=True)
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    strength = fields.String(required=True, validate=one_of(list(Strength)))
    blocks = fields.Boolean(required=True, metadata={"description": "因此不能提交"})
    needs_a_word = fields.Boolean(
        required=True, metadata={"description": "推荐时须由用人单位书面说明"}
    )
    found = fields.String(required=True, metadata={"description": "现有的情况"})
    remedy = fields.String(
        required=True, metadata={"description": "怎样才能满足；缺少情况的，缺什么、由谁补充"}
    )
    by = fields.String(
        required=True, allow_none=True, metadata={"description": "最迟哪一天", **_A_DAY}
    )
    ready_on = fields.String(
        required=True, allow_none=True, metadata={"description": "照此继续，哪一天起满足", **_A_DAY}
    )
    proof = fields.List(
        fields.Nested(TrainingOut), required=True, metadata={"description": "所依据的培训"}
    )
    unseen = fields.Integer(
        required=True,
        metadata={
            "description": "所依据的培训中，本账号看不到的有几项（用人单位看不到入职以前的）"
        },
    )
    regime = fields.String(required=True)
    document = fields.String(required=True)
    clause = fields.String(required=True)
    quote = fields.String(required=True, metadata={"description": "空：没有收到原文"})
    inherited = fields.Boolean(required=True, metadata={"description": "沿用上级规定"})
    note = fields.String(required=True)


class TargetOut(Output):
    level = fields.String(required=True, validate=one_of(LEVELS))
    track = fields.String(required=True, validate=one_of(list(Track)))
    series = fields.String(required=True, allow_none=True)
    field = fields.String(required=True, allow_none=True)


class WantedOut(TargetOut):
    on = fields.String(required=True, metadata={"description": "申报日期", **_A_DAY})


class TitleVerdictOut(Output):
    target = fields.Nested(WantedOut, required=True)
    passes = fields.Boolean(required=True, metadata={"description": "能不能提交"})
    no_way = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "不论条款如何都不能申报的原因，如没有任职单位、当地没有这类职称"},
    )
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    rules = fields.List(fields.Nested(TitleRuleOut), required=True)
    rights = fields.List(
        fields.Nested(TitleRuleOut), required=True, metadata={"description": "可以享受的倾斜政策"}
    )
    not_applicable = fields.List(
        fields.Nested(TitleRuleOut), required=True, metadata={"description": "不适用的规定，为什么"}
    )
    policy = fields.List(
        fields.String(), required=True, metadata={"description": "所用规定各版本的指纹"}
    )


class CheckedOut(TitleVerdictOut):
    person = fields.Nested(Whose, required=True)


class CheckQuery(Input):
    target = fields.String(**LEVEL)
    track = fields.String(**TRACK)
    series = fields.String(**SERIES)
    field = fields.String(**FIELD)
    on = fields.Date(metadata={"description": "哪一天申报；默认今天，可以是以后"})
    professional = fields.Integer(
        validate=between(1, BIGGEST_ID),
        metadata={"description": "谁：用人单位、主管部门须写；本人不写"},
    )


@endpoint(
    blueprint,
    "GET",
    "/check",
    roles=CONCERNED,
    scope="promotions:read",
    query=CheckQuery,
    answer=CheckedOut,
)
def check_promotion(query: dict[str, Any]) -> dict[str, Any]:
    """能不能申报职称：逐条说明结果、依据和怎样才能满足。不留下任何记录"""
    person = whose(query.pop("professional", None))
    wanted = gate.wish_of_person(
        person.id,
        query["target"],
        query["track"],
        query.get("series"),
        query.get("field"),
        query.get("on"),
    )
    said = proofs.told(actor(), gate_verdict(gate.check(person.id, wanted)))
    return said | {"person": {"id": person.id, "name": person.name, "id_tail": person.id_tail}}


def whose(professional_id: int | None) -> Professional:
    """The person asked for; of a person's own account, themselves."""
    who = actor()
    if professional_id is None:
        if who.professional_id is None:
            raise Invalid(errors=[{"field": "professional", "message": "请写明是哪一位人员。"}])
        professional_id = who.professional_id
    return visible_person(who, professional_id)
