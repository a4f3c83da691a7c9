"""/professionals: finding people, and what is known of them on any day, as known at any moment."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.facts import HistoryOut, PersonOut, RecordOut, facts_out, person_out, record_out
from ce_tracker.api.items import AsOf, day_and_moment
from ce_tracker.api.schema import Input, Output, PageQuery, between, length, one_of
from ce_tracker.http.paging import page
from ce_tracker.registry import finding, listing, record
from ce_tracker.registry.dated import TitleLevel
from ce_tracker.registry.items import BIGGEST_ID
from ce_tracker.registry.models import Professional

blueprint = Resource(
    "professionals", __name__, url_prefix="/api/v1/professionals", description="专业技术人员"
)
READERS = frozenset({Role.AUTHORITY, Role.EMPLOYER})
ONE = "/<int:professional_id>"


class HighestTitle(Output):
    name = fields.String(required=True)
    level = fields.String(required=True, validate=one_of(list(TitleLevel)))


class ListedOut(PersonOut):
    employer = fields.Integer(required=True, allow_none=True, attribute="employer_id")
    department = fields.String(required=True, allow_none=True)
    title = fields.Nested(
        HighestTitle, required=True, allow_none=True, metadata={"description": "现有最高的职称"}
    )


class ListedPage(Output):
    items = fields.List(fields.Nested(ListedOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PeopleQuery(PageQuery):
    q = fields.String(
        validate=length(1, 50), metadata={"description": "姓名的开头，或拼音全拼、首字母"}
    )
    employer = fields.Integer(
        validate=between(1, BIGGEST_ID), metadata={"description": "用人单位的编号"}
    )
    department = fields.String(validate=length(1, 100))
    title_level = fields.String(validate=one_of(list(TitleLevel)))


class WholeNumber(Input):
    id_number = fields.String(
        required=True, validate=length(15, 30), metadata={"description": "完整的证件号码"}
    )


class Found(Output):
    items = fields.List(fields.Nested(ListedOut), required=True)


@endpoint(
    blueprint,
    "GET",
    "",
    roles=READERS,
    scope="registry:read",
    query=PeopleQuery,
    answer=ListedPage,
)
def list_professionals(query: dict[str, Any]) -> dict[str, Any]:
    """专业技术人员，按拼音排序：用人单位看本单位的，主管部门看管辖范围内的"""
    found = page(
        keyring(),
        listing.people(
            actor(),
            q=query.get("q"),
            employer=query.get("employer"),
            department=query.get("department"),
            level=query.get("title_level"),
        ),
        [Professional.pinyin, Professional.id],
        lambda person: [person.pinyin, str(person.id)],
        query.get("cursor"),
        query["limit"],
    )
    return {"items": _listed(list(found.items)), "next_cursor": found.next_cursor}


@endpoint(blueprint, "GET", ONE, roles=READERS, scope="registry:read", query=AsOf, answer=RecordOut)
def get_professional(query: dict[str, Any], professional_id: int) -> dict[str, Any]:
    """一个人在某一天的情况，按现在或当时所知"""
    person = record.visible_person(actor(), professional_id)
    day, moment = day_and_moment(query)
    return record_out(record.record_of(actor(), person, day, moment), day, moment)


@endpoint(
    blueprint,
    "GET",
    f"{ONE}/history",
    roles=READERS,
    scope="registry:read",
    answer=HistoryOut,
)
def get_professional_history(professional_id: int) -> dict[str, Any]:
    """登记过的一切，包括已被更正的"""
    person = record.visible_person(actor(), professional_id)
    return person_out(person) | facts_out(record.history_of(actor(), person))


@endpoint(
    blueprint,
    "POST",
    "/search",
    roles=READERS,
    scope="registry:read",
    body=WholeNumber,
    answer=Found,
)
def search_professionals(body: dict[str, Any]) -> dict[str, Any]:
    """按完整的证件号码查找，记入操作记录；不能按号码的一部分查找"""
    person = finding.by_id_number(keyring(), actor(), body["id_number"])
    return {"items": _listed([person] if person else [])}


def _listed(people: list[Professional]) -> list[dict[str, Any]]:
    titles = record.highest_titles(people, clock.today())
    return [
        person_out(person)
        | {
            "employer_id": person.employer_id,
            "department": person.department,
            "title": titles.get(person.id),
        }
        for person in people
    ]
