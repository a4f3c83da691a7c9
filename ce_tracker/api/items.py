"""Schemas of what is known and entered by hand, made of its items (`registry/items.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate, validates_schema

from ce_tracker import clock
from ce_tracker.api.regions import CODE
from ce_tracker.api.schema import Input, Output, between, length, one_of
from ce_tracker.hours import Hours
from ce_tracker.registry.items import BIGGEST_ID, Item, Sort, shown
from ce_tracker.registry.kinds import EARLIEST
from ce_tracker.registry.reasons import LONGEST, SHORTEST

MOST_FIELDS = 200


class _Moment(fields.AwareDateTime):
    """In an address: there a + that was not written %2B arrives as a blank. Without a zone it is
    the time in China."""

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> Any:
        if isinstance(value, str) and "T" in value:
            value = value.replace(" ", "+")
        return super()._deserialize(value, *more, **named)


class KnownAt(Input):
    """As known when."""

    as_of = _Moment(
        default_timezone=clock.SHANGHAI,
        metadata={
            "description": "按当时所知回答：此后登记、入账的不算；默认现在。不写时区是北京时间"
        },
    )

    @validates_schema
    def _not_to_come(self, data: dict[str, Any], **_: Any) -> None:
        if "as_of" in data and data["as_of"] > clock.now():
            raise ma.ValidationError({"as_of": ["这一刻还没有到。"]})
        if "as_of" in data and data["as_of"].year < EARLIEST.year:
            raise ma.ValidationError({"as_of": [f"过早，应在 {EARLIEST.year} 年以后。"]})


class AsOf(KnownAt):
    """Of which day, and as known when."""

    on = fields.Date(metadata={"description": "问的是哪一天的情况；默认今天，或 as_of 那一天"})


class Reason(Input):
    reason = fields.String(
        required=True,
        validate=length(SHORTEST, LONGEST),
        metadata={"description": "理由，记入操作记录，本人能看到"},
    )


class Known(Output):
    """When it holds, and since when and from where it is known."""

    id = fields.Integer(required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(
        required=True, allow_none=True, metadata={"description": "不再成立的第一天；空：没有期限"}
    )
    known_from = fields.AwareDateTime(required=True, metadata={"description": "何时起这样登记"})
    known_to = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "何时被更正；空：现在仍这样登记"}
    )
    source = fields.String(required=True, metadata={"description": "来源"})


def day_and_moment(query: dict[str, Any]) -> tuple[Any, Any]:
    moment = query.get("as_of")
    then = clock.today() if moment is None else moment.astimezone(clock.SHANGHAI).date()
    return query.get("on") or then, moment


def known(items: Iterable[Item], fact: Any, **more: Any) -> dict[str, Any]:
    """A fact as it goes out."""
    names = tuple(Known().fields)
    return {name: getattr(fact, name) for name in names} | shown(items, fact) | more


def outgoing(name: str, items: Iterable[Item], **more: fields.Field[Any]) -> type[ma.Schema]:
    own = {item.name: field_of(item, outgoing=True) for item in items}
    made: type[ma.Schema] = Known.from_dict({**more, **own}, name=name)
    return made


def incoming(
    name: str, items: Iterable[Item], *, partial: bool = False, **more: fields.Field[Any]
) -> type[ma.Schema]:
    own = {item.name: field_of(item, optional=partial) for item in items}
    made: type[ma.Schema] = Input.from_dict({**more, **own}, name=name)
    return made


def field_of(item: Item, *, optional: bool = False, outgoing: bool = False) -> fields.Field[Any]:
    more: dict[str, Any] = {
        "required": outgoing or (item.required and not optional),
        "allow_none": not item.required,
        "metadata": {"description": item.label},
    }
    if item.sort is Sort.EMPLOYER:
        # An employer that enters something need not say which unit it is.
        more["required"] = outgoing
    if item.sort is Sort.END:
        more["metadata"] = {"description": f"{item.label}：不再成立的第一天"}
    if item.sort is Sort.FIELDS:
        more |= {"allow_none": False, "required": outgoing}
        more |= {} if outgoing else {"load_default": []}
    made: fields.Field[Any] = _FIELDS[item.sort](item, more)
    return made


def _text(item: Item, more: dict[str, Any]) -> fields.Field[Any]:
    return fields.String(**more, validate=length(1, item.longest))


def _day(item: Item, more: dict[str, Any]) -> fields.Field[Any]:  # noqa: ARG001
    return fields.Date(**more)


_FIELDS: dict[Sort, Callable[[Item, dict[str, Any]], fields.Field[Any]]] = {
    Sort.TEXT: _text,
    Sort.SERIES: _text,
    Sort.FIELD: _text,
    Sort.DATE: _day,
    Sort.END: _day,
    Sort.CHOICE: lambda item, more: fields.String(
        **more, validate=one_of([value for value, _ in item.choices])
    ),
    Sort.YES_NO: lambda _, more: fields.Boolean(**more, truthy={True}, falsy={False}),
    Sort.YEAR: lambda _, more: fields.Integer(strict=True, **more, validate=between(1950, 9998)),
    Sort.REGION: lambda _, more: fields.String(**more, validate=CODE),
    Sort.EMPLOYER: lambda _, more: fields.Integer(
        strict=True, **more, validate=between(1, BIGGEST_ID)
    ),
    Sort.MOMENT: lambda _, more: fields.AwareDateTime(**more),
    Sort.HOURS: lambda _, more: Hours(**more),
    Sort.COUNT: lambda _, more: fields.Integer(strict=True, **more, validate=between(1, 999_999)),
    Sort.FIELDS: lambda item, more: fields.List(
        fields.String(validate=length(1, item.longest)),
        **more,
        validate=validate.Length(max=MOST_FIELDS, error=f"最多 {MOST_FIELDS} 个专业。"),
    ),
}
