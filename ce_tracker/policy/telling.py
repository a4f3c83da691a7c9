"""A verdict and the packs as programs get them, and a verdict as people read it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any

from ce_tracker.hours import shown
from ce_tracker.policy.judge import Finding, Verdict
from ce_tracker.policy.packs import Citation, GrassrootsText, Pack, Rule, Scope, Settings, Version


def verdict(found: Verdict) -> dict[str, Any]:
    return {
        "regime": found.regime,
        "outcome": found.outcome.value,
        "rules": [_finding(each) for each in found.findings],
        "plan": found.plan.in_words() if found.plan else None,
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule.name,
        "outcome": found.outcome.value,
        "asked": shown(found.asked_x100),
        "have": shown(found.have_x100),
        "missing": shown(found.missing_x100),
        "strength": found.strength.value,
        "regime": found.regime,
        "document": found.citation.document.number,
        "clause": found.citation.clause,
        "quote": found.citation.quote,
        "inherited": found.inherited,
        "note": "".join(found.notes),
    }


def in_words(found: Verdict) -> list[str]:
    """Line by line, for a terminal."""
    lines = [f"{found.year} 年度（按 {found.day} 的规定）：{found.outcome.label}"]
    if found.plan:
        lines.append(found.plan.in_words())
    for each in found.findings:
        lines += [
            "",
            f"{each.rule.label}：{each.outcome.label}",
            f"  {amounts(each)}",
            f"  依据{'（沿用）' if each.inherited else ''}：{source(each)}",
            f"  原文：“{each.citation.quote}”",
            *(f"  说明：{note}" for note in each.notes),
        ]
    return lines


def amounts(found: Finding) -> str:
    asked, have, missing = map(shown, (found.asked_x100, found.have_x100, found.missing_x100))
    return f"要求 {asked} 学时，已有 {have} 学时，还差 {missing} 学时"


def source(found: Finding) -> str:
    return f"{found.regime_name} {found.citation.document.number} {found.citation.clause}"


def pack(found: Pack) -> dict[str, Any]:
    return {
        "regime": found.regime,
        "name": found.name,
        "region": found.region,
        "versions": [_version(each) for each in found.versions],
    }


def _version(found: Version) -> dict[str, Any]:
    return {
        "digest": found.digest,
        "in_force_from": found.in_force_from,
        "in_force_until": found.in_force_until,
        "note": found.note,
        "documents": [
            {field.name: getattr(each, field.name) for field in fields(each)}
            for each in found.documents
        ],
        "grassroots": _grassroots(found.grassroots) if found.grassroots else None,
        "settings": _settings(found.settings),
        "rules": [_rule(each) for each in found.rules],
    }


def _citation(found: Citation) -> dict[str, Any]:
    return {
        "document": found.document.number,
        "clause": found.clause,
        "quote": found.quote,
        "not_quoted": found.not_quoted,
    }


def _grassroots(found: GrassrootsText) -> dict[str, Any]:
    return {"by": found.by.value, "regions": list(found.regions), **_citation(found.citation)}


def _settings(found: Settings) -> dict[str, Any]:
    limit = found.daily_limit_x100
    return {
        "daily_limit": None if limit is None else shown(limit),
        "part_year": found.part_year,
        "make_up_years": found.make_up_years,
        "conversions": [
            {
                "form": each.form,
                "unit": each.unit,
                "hours": shown(each.hours_x100),
                "most": None if each.most_x100 is None else shown(each.most_x100),
            }
            for each in found.conversions
        ],
    }


def _rule(found: Rule) -> dict[str, Any]:
    return {
        "rule": found.name,
        "title": found.kind.label,
        "in_words": found.kind.in_words(),
        "parameters": {
            param.key: _plain(name, value)
            for name, param in found.kind.params.items()
            if (value := getattr(found.kind, name)) is not None and (value or param.required)
        },
        "strength": found.strength.value,
        "scope": _scope(found.scope),
        "note": found.note,
        **_citation(found.citation),
    }


def _scope(found: Scope) -> dict[str, Any]:
    return {
        "who": found.who.value,
        "sectors": list(found.sectors),
        "series": list(found.series),
        "titles": list(found.titles),
        "regions": list(found.regions),
        "open_list": found.open_list,
    }


def _plain(name: str, value: Any) -> Any:
    """A value of ours as the file has it."""
    if isinstance(value, tuple):
        return [_plain(name, each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Fraction, date)):
        return str(value)
    return shown(value) if name.endswith("_x100") else value
