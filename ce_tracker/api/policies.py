"""/policies: what the policies ask, word for word, and what they would say of a year."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import fields

from ce_tracker import clock
from ce_tracker.api.conventions import Resource, endpoint
from ce_tracker.api.regions import CODE
from ce_tracker.api.schema import Input, Output, between, one_of
from ce_tracker.errors import Invalid
from ce_tracker.hours import Hours
from ce_tracker.http.access import EVERYBODY
from ce_tracker.policy import telling
from ce_tracker.policy.duties import KINDS
from ce_tracker.policy.packs import Grassroots, Packs
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.what_if import EARLIEST_YEAR, LATEST_YEAR, Question
from ce_tracker.policy.words import SECTORS, Outcome, Strength, Who
from ce_tracker.registry.regions import way_to

blueprint = Resource("policies", __name__, url_prefix="/api/v1/policies", description="政策规则")


class CitationOut(Output):
    document = fields.String(required=True, metadata={"description": "文号"})
    clause = fields.String(required=True)
    quote = fields.String(required=True, metadata={"description": "原文；没有收到原文的为空"})
    not_quoted = fields.String(required=True, metadata={"description": "没有原文的原因"})


class GrassrootsOut(CitationOut):
    by = fields.String(required=True, validate=one_of(list(Grassroots)))
    regions = fields.List(fields.String(), required=True)


class ScopeOut(Output):
    who = fields.String(required=True, validate=one_of(list(Who)))
    sectors = fields.List(fields.String(), required=True)
    series = fields.List(fields.String(), required=True)
    titles = fields.List(fields.String(), required=True)
    regions = fields.List(fields.String(), required=True)
    open_list = fields.Boolean(required=True, metadata={"description": "原文以“等”结尾"})


class RuleOut(CitationOut):
    rule = fields.String(required=True, validate=one_of(list(KINDS)))
    title = fields.String(required=True)
    in_words = fields.String(required=True, metadata={"description": "要求是什么"})
    parameters = fields.Dict(keys=fields.String(), required=True)
    strength = fields.String(required=True, validate=one_of(list(Strength)))
    scope = fields.Nested(ScopeOut, required=True)
    note = fields.String(required=True)


class DocumentOut(Output):
    number = fields.String(required=True)
    title = fields.String(required=True)
    issuer = fields.String(required=True)
    issued = fields.String(required=True, metadata={"description": "日期；文件只有年份的为年份"})


class ConversionOut(Output):
    form = fields.String(required=True)
    unit = fields.String(required=True)
    hours = fields.String(required=True)
    most = fields.String(required=True, allow_none=True)


class SettingsOut(Output):
    """空的沿用上级规定。"""

    daily_limit = fields.String(required=True, allow_none=True)
    part_year = fields.String(required=True, allow_none=True)
    make_up_years = fields.Integer(required=True, allow_none=True)
    conversions = fields.List(fields.Nested(ConversionOut), required=True)


class VersionOut(Output):
    digest = fields.String(required=True, metadata={"description": "内容的指纹"})
    in_force_from = fields.Date(required=True)
    in_force_until = fields.Date(
        required=True, allow_none=True, metadata={"description": "空：到下一版本施行为止"}
    )
    note = fields.String(required=True)
    documents = fields.List(fields.Nested(DocumentOut), required=True)
    grassroots = fields.Nested(GrassrootsOut, required=True, allow_none=True)
    settings = fields.Nested(SettingsOut, required=True)
    rules = fields.List(fields.Nested(RuleOut), required=True)


class PackOut(Output):
    regime = fields.String(required=True)
    name = fields.String(required=True)
    region = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionOut), required=True)


class PoliciesOut(Output):
    items = fields.List(fields.Nested(PackOut), required=True)


class QuestionIn(Input):
    region = fields.String(
        required=True, validate=CODE, metadata={"description": "单位所在地的代码"}
    )
    grassroots = fields.Boolean(
        metadata={"description": "是不是基层；不给出时按所在地判断，判断不了的会说明"}
    )
    sector = fields.String(validate=one_of(list(SECTORS)))
    year = fields.Integer(required=True, strict=True, validate=between(EARLIEST_YEAR, LATEST_YEAR))
    on = fields.Date(metadata={"description": "在哪一天判定；默认今天"})
    general = Hours(required=True, metadata={"description": "公需科目学时"})
    specialty = Hours(required=True, metadata={"description": "专业科目学时"})
    required = Hours(metadata={"description": "经批准减少后应完成的学时；不给出为不减少"})


class FindingOut(Output):
    rule = fields.String(required=True, validate=one_of([kind.name for kind in YEARLY]))
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    asked = fields.String(required=True)
    have = fields.String(required=True)
    missing = fields.String(required=True)
    strength = fields.String(required=True, validate=one_of(list(Strength)))
    regime = fields.String(required=True)
    document = fields.String(required=True)
    clause = fields.String(required=True)
    quote = fields.String(required=True)
    inherited = fields.Boolean(required=True, metadata={"description": "沿用上级规定"})
    note = fields.String(required=True)


class VerdictOut(Output):
    regime = fields.String(required=True)
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    rules = fields.List(fields.Nested(FindingOut), required=True)
    plan = fields.String(
        required=True, allow_none=True, metadata={"description": "怎样补齐；不必补的为空"}
    )


def packs() -> Packs:
    found: Packs = current_app.config["CE_POLICIES"]
    return found


@endpoint(blueprint, "GET", "", roles=EVERYBODY, scope="policies:read", answer=PoliciesOut)
def list_policies() -> dict[str, Any]:
    """全部规定：版本、条款和原文"""
    return {"items": [telling.pack(pack) for pack in packs().values()]}


@endpoint(
    blueprint,
    "POST",
    "/judge",
    roles=EVERYBODY,
    scope="policies:read",
    body=QuestionIn,
    answer=VerdictOut,
)
def judge(body: dict[str, Any]) -> dict[str, Any]:
    """试算一个年度，不读也不改任何人的数据"""
    regions = way_to(body["region"])
    if regions is None:
        raise Invalid(errors=[{"field": "region", "message": "没有这个代码的行政区划。"}])
    question = Question(
        regions,
        body["year"],
        body.get("on") or clock.today(),
        body["general"],
        body["specialty"],
        body.get("required"),
        body.get("grassroots"),
        body.get("sector"),
    )
    return telling.verdict(question.answer(packs()))
