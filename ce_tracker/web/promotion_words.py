"""Verdicts on applications, and applications themselves, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ce_tracker.actor import Actor, Role
from ce_tracker.hours import shown
from ce_tracker.policy.promoting import GateVerdict
from ce_tracker.policy.title_telling import gate_verdict
from ce_tracker.policy.words import PROVIDER_KINDS, Outcome, Strength
from ce_tracker.promotions import applications, proofs
from ce_tracker.promotions.models import Application, ApplicationEvent, ApplicationState, EventKind
from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.title_series import catalogue

State = ApplicationState
STATE_TONES = {
    State.DRAFT: "plain",
    State.RECOMMENDED: "wait",
    State.SUBMITTED: "run",
    State.TO_BOARD: "good",
    State.RETURNED: "wait",
    State.REFUSED: "wrong",
    State.WITHDRAWN: "plain",
}
_EVENT_TONES = {
    EventKind.BLOCKED: "wrong",
    EventKind.BROKEN: "wrong",
    EventKind.REFUSED: "wrong",
    EventKind.OVERRIDDEN: "wait",
    EventKind.RETURNED: "wait",
    EventKind.TO_BOARD: "good",
}
_NOT_MET = {
    Strength.BLOCKS: ("不符合，不能申报", "wrong"),
    Strength.FLAGS: ("不符合，推荐时单位须书面说明", "wait"),
    Strength.ADVISES: ("不符合，仅作提示", "wait"),
}
_NOT_KNOWN = {
    Strength.BLOCKS: "情况不明，不能申报",
    Strength.FLAGS: "情况不明，推荐时单位须书面说明",
    Strength.ADVISES: "情况不明，仅作提示",
}


def judged(actor: Actor, found: GateVerdict) -> dict[str, Any]:
    return verdict(actor, gate_verdict(found))


def verdict(actor: Actor, said: dict[str, Any]) -> dict[str, Any]:
    """`said`: as `policy.title_telling` makes it, live or kept."""
    told = proofs.told(actor, said)
    rules = [_rule(each) for each in told["rules"]]
    return {
        "passes": told["passes"],
        "no_way": told["no_way"],
        "target": aim(**{name: told["target"][name] for name in _AIM}),
        "on": told["target"]["on"],
        "blocking": [each["title"] for each in told["rules"] if each["blocks"]],
        "asks_for_a_word": [each for each in rules if each["needs_a_word"] and not each["blocks"]],
        "rules": rules,
        "rights": [_right(each) for each in told["rights"]],
        "not_applicable": told["not_applicable"],
    }


_AIM = ("level", "track", "series", "field")


def aim(level: str, track: str, series: str | None, field: str | None) -> str:
    """基层职称副高级（中小学教师，语文）"""
    known = catalogue().get(series or "")
    parts = [known.name, known.fields.get(field or "", "")] if known else []
    what = "，".join(part for part in parts if part)
    return f"{Track(track).label}{TitleLevel(level).label}" + (f"（{what}）" if what else "")


def line(application: Application, person: Any, units: Mapping[int, str]) -> dict[str, Any]:
    state = State(application.state)
    return {
        "id": application.id,
        "name": person.name if person else "（已不在本单位）",
        "id_tail": person.id_tail if person else "",
        "unit": units.get(application.employer_id, ""),
        "aim": aim(
            application.level, application.track, application.series_code, application.field_code
        ),
        "state": state.label,
        "tone": STATE_TONES[state],
        "broken": application.broken_at is not None,
        "since": application.submitted_on or application.drafted_at,
        "submitted": application.submitted_on is not None,
    }


def event(found: ApplicationEvent) -> dict[str, Any]:
    kind = EventKind(found.what)
    return {
        "at": found.at,
        "what": kind.label,
        "tone": _EVENT_TONES.get(kind, "plain"),
        "by": found.actor_name,
        "reason": found.reason,
    }


def set_aside(rules: list[int]) -> str:
    return "、".join(kind.label for kind in applications.set_aside(rules))


def next_words(actor: Actor, application: Application) -> str:
    """What the application waits for, as it concerns this reader."""
    state, role = State(application.state), actor.role
    if state is State.SUBMITTED and application.broken_at:
        return _BROKEN.get(role, _BROKEN[None])
    return _NEXT[state].get(role, _NEXT[state][None])


_BROKEN: dict[Role | None, str] = {
    None: "提交时依据的记录已经失效，主管部门不能通过。请核对原因，"
    "更正以后会自动恢复；也可以撤回。",
    Role.AUTHORITY: "提交时依据的记录已经失效，不能通过：可以退回补正或不予通过，"
    "也可以等更正以后再审核。",
}
_NEXT: dict[ApplicationState, dict[Role | None, str]] = {
    State.DRAFT: {
        None: "等用人单位推荐。单位推荐以后，由本人或单位提交。",
        Role.EMPLOYER: "请核对下面的判定，然后推荐。没有满足的规定，推荐以前要先补齐。",
        Role.AUTHORITY: "还在单位推荐的阶段。确有特殊情况的，可以书面特批，不再要求某些规定。",
    },
    State.RECOMMENDED: {
        None: "单位已经推荐，可以提交了。提交时按当时的情况再判定一次。",
        Role.AUTHORITY: "单位已经推荐，还没有提交。",
    },
    State.SUBMITTED: {
        None: "等主管部门审核资格。审核以前可以撤回。",
        Role.AUTHORITY: "请核对判定和所依据的培训，然后审核。",
    },
    State.RETURNED: {
        None: "主管部门退回补正。补正以后由用人单位重新推荐，再提交。",
        Role.EMPLOYER: "主管部门退回补正。补正以后请重新推荐，再提交。",
        Role.AUTHORITY: "已退回补正，等单位重新推荐。",
    },
    State.TO_BOARD: {None: "资格审核已经通过，由评审委员会评审。评审结果不在本系统办理。"},
    State.REFUSED: {None: "资格审核没有通过。对结果有疑问的，请向审核的主管部门询问。"},
    State.WITHDRAWN: {None: "这份申报已经撤回，可以另行申报。"},
}


def _right(told: dict[str, Any]) -> dict[str, Any]:
    """Nobody fails by what is not theirs yet."""
    said = _rule(told)
    if Outcome(told["outcome"]) is Outcome.SHORT:
        return said | {"outcome": "还没有达到", "tone": "plain"}
    return said


def _rule(told: dict[str, Any]) -> dict[str, Any]:
    outcome, strength = Outcome(told["outcome"]), Strength(told["strength"])
    label, tone = "符合", "good"
    if outcome is Outcome.UNDETERMINED:
        label, tone = _NOT_KNOWN[strength], "wait"
    elif outcome not in {Outcome.MET, Outcome.EXEMPT}:
        label, tone = _NOT_MET[strength]
    elif told["needs_a_word"]:
        label = "符合，推荐时单位须书面说明"
    return {
        **told,
        "outcome": label,
        "tone": tone,
        "proof": [
            {
                **each,
                "provider_kind": PROVIDER_KINDS.get(each["provider_kind"] or "", ""),
                "hours": shown(each["hours_x100"]),
            }
            for each in told["proof"]
        ],
    }
