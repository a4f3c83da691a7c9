"""An application as it goes out: with its person and unit, and whole with all that happened."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.api.conventions import actor
from ce_tracker.api.hours import Whose
from ce_tracker.api.promotion_verdicts import TargetOut, TitleVerdictOut
from ce_tracker.api.schema import Output, one_of
from ce_tracker.promotions import applications, proofs, reading, verdicts
from ce_tracker.promotions.models import Application, ApplicationState, EventKind, Occasion
from ce_tracker.promotions.reading import Step
from ce_tracker.registry.record import employer_names


class RecommenderOut(Output):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class ApplicationOut(Output):
    id = fields.Integer(required=True)
    professional_id = fields.Integer(required=True)
    person = fields.Nested(
        Whose, required=True, allow_none=True, metadata={"description": "空：已不在本单位"}
    )
    employer = fields.Nested(RecommenderOut, required=True, metadata={"description": "推荐单位"})
    target = fields.Nested(TargetOut, required=True)
    state = fields.String(required=True, validate=one_of(list(ApplicationState)))
    drafted_at = fields.AwareDateTime(required=True)
    recommended_at = fields.AwareDateTime(required=True, allow_none=True)
    employers_word = fields.String(
        required=True, allow_none=True, metadata={"description": "用人单位的书面说明"}
    )
    submitted_on = fields.Date(required=True, allow_none=True)
    year = fields.Integer(required=True, allow_none=True, metadata={"description": "申报年度"})
    examined_at = fields.AwareDateTime(required=True, allow_none=True)
    examiners_word = fields.String(required=True, allow_none=True)
    broken_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "何时发现所依据的记录已失效"}
    )
    broken_because = fields.String(required=True, allow_none=True)


class ApplicationEventOut(Output):
    at = fields.AwareDateTime(required=True)
    what = fields.String(required=True, validate=one_of(list(EventKind)))
    by = fields.String(required=True, attribute="actor_name")
    reason = fields.String(required=True, allow_none=True)


class ApplicationOverrideOut(Output):
    rules = fields.List(
        fields.String(), required=True, metadata={"description": "特批不再要求的规定"}
    )
    reason = fields.String(required=True)
    granted_at = fields.AwareDateTime(required=True)
    granted_by_name = fields.String(required=True)


class KeptVerdictOut(TitleVerdictOut):
    occasion = fields.String(required=True, validate=one_of(list(Occasion)))
    judged_at = fields.AwareDateTime(required=True)


class WholeApplicationOut(ApplicationOut):
    history = fields.List(fields.Nested(ApplicationEventOut), required=True)
    overrides = fields.List(fields.Nested(ApplicationOverrideOut), required=True)
    verdict = fields.Nested(
        KeptVerdictOut,
        required=True,
        allow_none=True,
        metadata={"description": "最近一次判定；空：还没有判定过"},
    )
    next = fields.List(
        fields.String(validate=one_of(list(Step))),
        required=True,
        metadata={"description": "本账号接下来可以办的"},
    )


def whole(found: Application) -> dict[str, Any]:
    who = actor()
    kept = reading.verdict(who, found)
    return application_out(found, reading.people(who, [found]), employer_names([found])) | {
        "history": reading.events(who, found),
        "overrides": [
            {
                "rules": [kind.name for kind in applications.set_aside(each.rules)],
                "reason": each.reason,
                "granted_at": each.granted_at,
                "granted_by_name": each.granted_by_name,
            }
            for each in reading.overrides(who, found)
        ],
        "verdict": kept
        and proofs.told(who, verdicts.read(kept)["verdict"])
        | {"occasion": kept.occasion, "judged_at": kept.judged_at},
        "next": reading.possible(who, found),
    }


def application_out(
    found: Application, people: dict[int, Any], units: dict[int, str]
) -> dict[str, Any]:
    columns = {
        name: getattr(found, name)
        for name in ApplicationOut._declared_fields  # noqa: SLF001
        if name not in {"person", "employer", "target"}
    }
    return columns | {
        "person": people.get(found.professional_id),
        "employer": {"id": found.employer_id, "name": units.get(found.employer_id, "")},
        "target": {
            "level": found.level,
            "track": found.track,
            "series": found.series_code,
            "field": found.field_code,
        },
    }
