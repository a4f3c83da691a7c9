"""/professionals/…: entering, correcting and withdrawing facts; the same routes for every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ce_tracker.api.conventions import actor, endpoint
from ce_tracker.api.facts import SCHEMAS, fact_out
from ce_tracker.api.items import Reason, incoming
from ce_tracker.api.professionals import ONE, READERS, blueprint
from ce_tracker.registry import corrections
from ce_tracker.registry.kinds import KINDS, Kind
from ce_tracker.registry.record import source_of, visible_person

_SINGULAR = {
    "titles": "Title",
    "appointments": "Appointment",
    "service-spells": "ServiceSpell",
    "appraisals": "Appraisal",
}


def _named(view: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    """What the API's description calls it."""
    view.__name__ = view.__qualname__ = name
    view.__doc__ = doc
    return view


def _install(kind: Kind) -> None:
    name, key = _SINGULAR[kind.path], kind.path.replace("-", "_")
    changes = incoming(f"{name}Changes", kind.items, partial=True)
    correction = Reason.from_dict(
        {
            "changes": fields.Nested(
                changes,
                required=True,
                validate=validate.Length(1, error="至少写出一项更正。"),
                metadata={"description": "只写要更正的项"},
            )
        },
        name=f"{name}Correction",
    )

    def enter(body: dict[str, Any], professional_id: int) -> tuple[Any, int, dict[str, str]]:
        person = visible_person(actor(), professional_id)
        fact = corrections.enter(person, kind, body, source_of(actor(), "api"))
        return fact_out(key, fact), 201, {"Location": f"/api/v1/professionals/{person.id}"}

    def correct(body: dict[str, Any], professional_id: int, fact_id: int) -> dict[str, Any]:
        person = visible_person(actor(), professional_id)
        fact = corrections.correct(
            person, kind, fact_id, body["changes"], body["reason"], source_of(actor(), "api")
        )
        return fact_out(key, fact)

    def withdraw(body: dict[str, Any], professional_id: int, fact_id: int) -> dict[str, Any]:
        person = visible_person(actor(), professional_id)
        return fact_out(key, corrections.withdraw(person, kind, fact_id, body["reason"]))

    rule, one = f"{ONE}/{kind.path}", f"{ONE}/{kind.path}/<int:fact_id>"
    _route(rule, incoming(f"New{name}", kind.items), key, 201)(
        _named(enter, f"enter_{key}", f"登记{kind.label}")
    )
    _route(f"{one}/correct", correction, key)(
        _named(correct, f"correct_{key}", f"更正{kind.label}：原来的登记留在历史中")
    )
    _route(f"{one}/withdraw", Reason, key)(
        _named(withdraw, f"withdraw_{key}", f"撤回{kind.label}：登记有误，从来不是这样")
    )


def _route(
    rule: str, body: type[ma.Schema], key: str, status: int = 200
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return endpoint(
        blueprint,
        "POST",
        rule,
        roles=READERS,
        scope="registry:write",
        body=body,
        answer=SCHEMAS[key],
        status=status,
    )


for _kind in KINDS.values():
    _install(_kind)
