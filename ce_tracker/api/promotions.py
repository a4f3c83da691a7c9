"""/promotions: applications for titles, from draft to the board."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.api.conventions import actor, endpoint, keyring
from ce_tracker.api.items import Reason
from ce_tracker.api.promotion_answers import (
    ApplicationOut,
    WholeApplicationOut,
    application_out,
    whole,
)
from ce_tracker.api.promotion_verdicts import (
    CONCERNED,
    FIELD,
    LEVEL,
    SERIES,
    TRACK,
    blueprint,
    whose,
)
from ce_tracker.api.schema import Input, Output, PageQuery, between, length, one_of
from ce_tracker.http.paging import newest
from ce_tracker.promotions import applications, reading
from ce_tracker.promotions.models import Application, ApplicationState
from ce_tracker.promotions.reading import WHO, Step
from ce_tracker.registry.dated import Track
from ce_tracker.registry.items import BIGGEST_ID
from ce_tracker.registry.reasons import LONGEST
from ce_tracker.registry.record import employer_names

ONE = "/<int:application_id>"


class ApplicationPage(Output):
    items = fields.List(fields.Nested(ApplicationOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ApplicationQuery(PageQuery):
    state = fields.String(validate=one_of(list(ApplicationState)))
    year = fields.Integer(
        validate=between(2000, 2100),
        metadata={"description": "申报年度；没有提交的，填写的年度"},
    )
    track = fields.String(validate=one_of(list(Track)))
    broken = fields.Boolean(
        load_default=False, metadata={"description": "只看所依据的记录已失效的"}
    )


class DraftIn(Input):
    professional = fields.Integer(
        strict=True,
        validate=between(1, BIGGEST_ID),
        metadata={"description": "谁：用人单位须写；本人不写"},
    )
    target = fields.String(**LEVEL)
    track = fields.String(**TRACK)
    series = fields.String(**SERIES)
    field = fields.String(**FIELD)


class RecommendIn(Input):
    word = fields.String(
        load_default=None,
        allow_none=True,
        validate=length(1, LONGEST),
        metadata={"description": "书面说明；有规定 needs_a_word 的须写"},
    )


class ExamineIn(Input):
    decision = fields.String(
        required=True,
        validate=one_of(applications.DECISIONS),
        metadata={"description": "to_board 可提交评审委员会，returned 退回补正，refused 不通过"},
    )
    reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=length(1, LONGEST),
        metadata={"description": "退回和不通过须写"},
    )


@endpoint(
    blueprint,
    "POST",
    "",
    roles=WHO[Step.SUBMIT],
    scope="promotions:write",
    body=DraftIn,
    answer=WholeApplicationOut,
    status=201,
)
def draft_promotion(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """填写申报：由本人，或任职单位代为填写"""
    person = whose(body.pop("professional", None))
    found = applications.draft(actor(), person, body)
    return whole(found), 201, {"Location": f"/api/v1/promotions/{found.id}"}


@endpoint(
    blueprint,
    "GET",
    "",
    roles=CONCERNED,
    scope="promotions:read",
    query=ApplicationQuery,
    answer=ApplicationPage,
)
def list_promotions(query: dict[str, Any]) -> dict[str, Any]:
    """职称申报，新的在前：本人的；本单位推荐的；主管部门管辖范围内的"""
    found = newest(
        keyring(),
        reading.listed(
            actor(),
            state=query.get("state"),
            year=query.get("year"),
            track=query.get("track"),
            broken=query["broken"],
        ),
        Application.id,
        query.get("cursor"),
        query["limit"],
    )
    people, units = reading.people(actor(), found.items), employer_names(found.items)
    return {
        "items": [application_out(each, people, units) for each in found.items],
        "next_cursor": found.next_cursor,
    }


@endpoint(
    blueprint, "GET", ONE, roles=CONCERNED, scope="promotions:read", answer=WholeApplicationOut
)
def get_promotion(application_id: int) -> dict[str, Any]:
    """一份申报：状态、经过、特批和最近一次判定"""
    return whole(applications.visible(actor(), application_id))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/recommend",
    roles=WHO[Step.RECOMMEND],
    scope="promotions:write",
    body=RecommendIn,
    answer=WholeApplicationOut,
)
def recommend_promotion(body: dict[str, Any], application_id: int) -> dict[str, Any]:
    """用人单位推荐；有规定没有满足而不能申报的，答 promotion_blocked，记入经过"""
    found = applications.visible(actor(), application_id)
    return whole(applications.recommend(keyring(), actor(), found, body["word"]))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/submit",
    roles=WHO[Step.SUBMIT],
    scope="promotions:write",
    answer=WholeApplicationOut,
)
def submit_promotion(application_id: int) -> dict[str, Any]:
    """本人或用人单位提交：按此刻的情况判定；不能申报的，答 promotion_blocked，记入经过"""
    found = applications.visible(actor(), application_id)
    return whole(applications.submit(keyring(), actor(), found))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/examine",
    roles=WHO[Step.EXAMINE],
    scope="promotions:write",
    body=ExamineIn,
    answer=WholeApplicationOut,
)
def examine_promotion(body: dict[str, Any], application_id: int) -> dict[str, Any]:
    """主管部门资格审核"""
    found = applications.visible(actor(), application_id)
    return whole(applications.examine(actor(), found, body["decision"], body["reason"]))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/withdraw",
    roles=WHO[Step.WITHDRAW],
    scope="promotions:write",
    answer=WholeApplicationOut,
)
def withdraw_promotion(application_id: int) -> dict[str, Any]:
    """本人或用人单位撤回，不能恢复；同年度可以另行申报"""
    found = applications.visible(actor(), application_id)
    return whole(applications.withdraw(actor(), found))


@endpoint(
    blueprint,
    "POST",
    f"{ONE}/override",
    roles=WHO[Step.OVERRIDE],
    scope="promotions:write",
    body=Reason,
    answer=WholeApplicationOut,
)
def override_promotion(body: dict[str, Any], application_id: int) -> dict[str, Any]:
    """主管部门特批：此刻不满足的规定，对这份申报不再要求；理由永久保留，本人和单位能看到"""
    found = applications.visible(actor(), application_id)
    applications.override(actor(), found, body["reason"])
    return whole(found)
