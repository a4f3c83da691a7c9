"""/employers/…/compliance: how an employer's people stand in a year, who is short of what, and the
register of what they learnt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response
from marshmallow import fields

from ce_tracker import clock
from ce_tracker.api.conventions import actor, endpoint, keyring
from ce_tracker.api.describing import FileAnswer
from ce_tracker.api.employers import READERS, blueprint
from ce_tracker.api.hours import LAST_YEAR, Whose
from ce_tracker.api.professionals import blueprint as of_people
from ce_tracker.api.schema import Input, Output, PageQuery, between, length, one_of
from ce_tracker.compliance import employers, listing, register
from ce_tracker.compliance.employers import Counts
from ce_tracker.compliance.forecast import expected
from ce_tracker.compliance.listing import NOBODY_KNOWS, Asked, Line, Only
from ce_tracker.hours import Hours
from ce_tracker.http.files import XLSX
from ce_tracker.http.paging import walk
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import opening, record
from ce_tracker.registry.dated import TitleLevel
from ce_tracker.registry.opening import EMPLOYERS
from ce_tracker.registry.title_series import catalogue
from ce_tracker.training.models import FIRST_DAY

_RULE = one_of([kind.name for kind in YEARLY])
_ESTIMATE = {"description": "估计，不是判定"}


class YearQuery(Input):
    year = fields.Integer(
        validate=between(FIRST_DAY.year, LAST_YEAR), metadata={"description": "默认今年"}
    )


class PeopleQuery(PageQuery):
    year = fields.Integer(
        validate=between(FIRST_DAY.year, LAST_YEAR), metadata={"description": "默认今年"}
    )
    only = fields.String(  # type: ignore[assignment]
        validate=one_of(list(Only)),
        metadata={"description": "short 未达标；forecast 预计年底仍不达标，只用于当年"},
    )
    department = fields.String(validate=length(1, 100))
    series = fields.String(
        validate=length(1, 30), metadata={"description": "职称系列的代码；none：没有登记职称"}
    )
    level = fields.String(validate=one_of([*TitleLevel, NOBODY_KNOWS]))


class HowMany(Output):
    people = fields.Integer(required=True)
    met = fields.Integer(required=True)
    short = fields.Integer(required=True, metadata={"description": "年度未过，尚有差额"})
    failed = fields.Integer(required=True, metadata={"description": "年度已过，未达标"})
    exempt = fields.Integer(required=True)
    undetermined = fields.Integer(required=True)


class OfDepartment(HowMany):
    department = fields.String(required=True, allow_none=True)


class OfSeries(HowMany):
    series = fields.String(required=True, allow_none=True, metadata={"description": "空：未登记"})
    name = fields.String(required=True, allow_none=True)


class OfLevel(HowMany):
    level = fields.String(required=True, allow_none=True, validate=one_of(list(TitleLevel)))


class OfRule(Output):
    rule = fields.String(required=True, validate=_RULE)
    people = fields.Integer(required=True)


class YearForecast(Output):
    """已有的学时，加上本人前两年同一天以后所得学时的中位数。"""

    estimate = fields.Boolean(required=True, metadata=_ESTIMATE)
    on = fields.Date(required=True)
    met = fields.Integer(required=True)
    short = fields.Integer(required=True, metadata={"description": "预计年底仍不达标"})
    exempt = fields.Integer(required=True)
    undetermined = fields.Integer(required=True)


class EmployerName(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class ComplianceOut(Output):
    employer = fields.Nested(EmployerName, required=True)
    year = fields.Integer(required=True)
    swept_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "最近一次判定；空：还没有判定过"}
    )
    day = fields.Date(required=True, metadata={"description": "按哪一天的规定和任职情况"})
    totals = fields.Nested(HowMany, required=True)
    unnamed = fields.Integer(
        required=True,
        metadata={"description": "其中已离开、现在不能列出姓名的人数，只计入合计"},
    )
    broken = fields.List(
        fields.Nested(OfRule), required=True, metadata={"description": "各有多少人不符合"}
    )
    departments = fields.List(fields.Nested(OfDepartment), required=True)
    series = fields.List(fields.Nested(OfSeries), required=True)
    levels = fields.List(fields.Nested(OfLevel), required=True)
    forecast = fields.Nested(
        YearForecast, required=True, allow_none=True, metadata={"description": "只有当年才有"}
    )


class TitleHeld(Output):
    name = fields.String(required=True)
    series = fields.String(required=True)
    level = fields.String(required=True, validate=one_of(list(TitleLevel)))


class MissingHours(Output):
    rule = fields.String(required=True, validate=_RULE)
    missing = Hours(required=True, metadata={"description": "现在还差的学时"})


class PersonForecast(Output):
    estimate = fields.Boolean(required=True, metadata=_ESTIMATE)
    general = Hours(required=True)
    specialty = Hours(required=True)
    total = Hours(required=True)
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))


class OfOne(Output):
    person = fields.Nested(Whose, required=True)
    department = fields.String(required=True, allow_none=True)
    title = fields.Nested(TitleHeld, required=True, allow_none=True)
    outcome = fields.String(required=True, validate=one_of(list(Outcome)))
    general = Hours(required=True)
    specialty = Hours(required=True)
    total = Hours(required=True)
    missing = fields.List(fields.Nested(MissingHours), required=True)
    undetermined = fields.List(
        fields.String(validate=_RULE), required=True, metadata={"description": "缺少情况的规定"}
    )
    forecast = fields.Nested(PersonForecast, required=True, allow_none=True)


class OfOnePage(Output):
    items = fields.List(fields.Nested(OfOne), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>/compliance",
    roles=READERS,
    scope="hours:read",
    query=YearQuery,
    answer=ComplianceOut,
)
def get_compliance(query: dict[str, Any], employer_id: int) -> dict[str, Any]:
    """一个单位一个年度的达标情况：合计，按部门、职称系列和级别；当年另有年底的预测"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    night = employers.last_night(_year(query))
    found = employers.picture(actor(), unit.id, night)
    coming = expected(actor(), unit.id, night)
    return {
        "employer": unit,
        "year": night.year,
        "swept_at": night.swept_at,
        "day": night.day,
        "totals": found.totals,
        "unnamed": found.unnamed,
        "broken": [{"rule": rule, "people": people} for rule, people in found.broken],
        "departments": [_counted(each, department=name) for name, each in found.departments],
        "series": [
            _counted(each, series=code, name=catalogue()[code].name if code else None)
            for code, each in found.series
        ],
        "levels": [_counted(each, level=name) for name, each in found.levels],
        "forecast": coming and {"estimate": True, **asdict(coming)},
    }


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>/compliance/people",
    roles=READERS,
    scope="hours:read",
    query=PeopleQuery,
    answer=OfOnePage,
)
def list_compliance(query: dict[str, Any], employer_id: int) -> dict[str, Any]:
    """单位的人员各差什么、差多少，按拼音排序"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    night = employers.last_night(_year(query))
    only = query.get("only")
    asked = Asked(
        Only(only) if only else None,
        *(query.get(name) for name in ("department", "series", "level")),
    )
    found = walk(
        keyring(),
        f"compliance {unit.id} {night.year}",
        lambda after, limit: listing.lines(actor(), unit.id, night, asked, after, limit),
        query.get("cursor"),
        query["limit"],
    )
    return {
        "items": [_line(line) for line in found.items],
        "next_cursor": found.next_cursor,
    }


@endpoint(
    blueprint,
    "GET",
    "/<int:employer_id>/register.xlsx",
    roles=READERS,
    scope="hours:read",
    query=YearQuery,
    answer=FileAnswer(XLSX, "继续教育登记册"),
)
def get_register(query: dict[str, Any], employer_id: int) -> Response:
    """一个单位一个年度的继续教育登记册"""
    unit = opening.visible_unit(EMPLOYERS, actor(), employer_id)
    return Response(register.of_employer(actor(), unit, _year(query)), content_type=XLSX)


@endpoint(
    of_people,
    "GET",
    "/<int:professional_id>/register.xlsx",
    roles=READERS,
    scope="hours:read",
    query=YearQuery,
    answer=FileAnswer(XLSX, "继续教育登记册"),
)
def get_person_register(query: dict[str, Any], professional_id: int) -> Response:
    """一个人一个年度的继续教育登记册"""
    person = record.visible_person(actor(), professional_id)
    return Response(register.of_person(actor(), person, _year(query)), content_type=XLSX)


def _year(query: dict[str, Any]) -> int:
    year: int = query.get("year") or clock.today().year
    return year


def _counted(counts: Counts, **more: Any) -> dict[str, Any]:
    return asdict(counts) | more


def _line(line: Line) -> dict[str, Any]:
    row = line.row
    return {
        "person": row,
        "department": row.department,
        "title": row.title and {"name": row.title, "series": row.series_code, "level": row.level},
        "outcome": row.outcome,
        "general": row.general_x100,
        "specialty": row.specialty_x100,
        "total": row.general_x100 + row.specialty_x100,
        "missing": [{"rule": rule, "missing": hours} for rule, hours in line.missing],
        "undetermined": line.doubtful,
        "forecast": row.expected_outcome
        and {
            "estimate": True,
            "general": row.expected_general_x100,
            "specialty": row.expected_specialty_x100,
            "total": row.expected_general_x100 + row.expected_specialty_x100,
            "outcome": row.expected_outcome,
        },
    }
