"""What is known of a person, as it goes out: each kind of fact, one day's record, the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from marshmallow import fields

from ce_tracker.api.items import known, outgoing
from ce_tracker.api.schema import Output
from ce_tracker.registry.dated import OfProfessional
from ce_tracker.registry.items import Item, Sort
from ce_tracker.registry.kinds import KINDS
from ce_tracker.registry.models import Professional
from ce_tracker.registry.record import EMPLOYMENT, Record, employer_names

_NAME = {"employer_name": fields.String(required=True)}
ITEMS: dict[str, tuple[Item, ...]] = {
    "employments": EMPLOYMENT,
    **{kind.path.replace("-", "_"): kind.items for kind in KINDS.values()},
}
"""Kind of fact → its items, by the names in answers."""

SCHEMAS = {
    "employments": outgoing("Employment", EMPLOYMENT, **_NAME),
    "titles": outgoing("Title", KINDS["titles"].items),
    "appointments": outgoing("Appointment", KINDS["appointments"].items, **_NAME),
    "service_spells": outgoing("ServiceSpell", KINDS["service-spells"].items),
    "appraisals": outgoing("Appraisal", KINDS["appraisals"].items),
}


class PersonOut(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    id_kind = fields.String(required=True, metadata={"description": "证件种类"})
    id_tail = fields.String(required=True, metadata={"description": "证件号码后四位"})


def _list_of(name: str) -> fields.List[Any]:
    return fields.List(fields.Nested(SCHEMAS[name]), required=True)


class RecordOut(PersonOut):
    on = fields.Date(required=True)
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    employment = fields.Nested(SCHEMAS["employments"], required=True, allow_none=True)
    titles = _list_of("titles")
    appointments = _list_of("appointments")
    service_spells = _list_of("service_spells")
    appraisals = _list_of("appraisals")


class HistoryOut(PersonOut):
    employments = _list_of("employments")
    titles = _list_of("titles")
    appointments = _list_of("appointments")
    service_spells = _list_of("service_spells")
    appraisals = _list_of("appraisals")


def person_out(person: Professional) -> dict[str, Any]:
    return {name: getattr(person, name) for name in PersonOut().fields}


def record_out(record: Record, day: date, moment: datetime | None) -> dict[str, Any]:
    lists = facts_out({name: getattr(record, name) for name in ITEMS})
    employments = lists.pop("employments")
    return {
        **person_out(record.person),
        "on": day,
        "as_of": moment,
        "employment": employments[0] if employments else None,
        **lists,
    }


def facts_out(found: Mapping[str, Sequence[OfProfessional]]) -> dict[str, Any]:
    names = employer_names(fact for facts in found.values() for fact in facts)
    return {name: [_one(name, fact, names) for fact in facts] for name, facts in found.items()}


def fact_out(name: str, fact: OfProfessional) -> dict[str, Any]:
    return _one(name, fact, employer_names([fact]))


def _one(name: str, fact: OfProfessional, names: dict[int, str]) -> dict[str, Any]:
    items = ITEMS[name]
    at = [names[getattr(fact, item.column)] for item in items if item.sort is Sort.EMPLOYER]
    return known(items, fact, **({"employer_name": at[0]} if at else {}))
