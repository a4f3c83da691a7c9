"""A verdict on an application as programs get it; the same text is what is sealed and kept."""

from __future__ import annotations

from typing import Any

from ce_tracker.policy.promoting import GateVerdict, TitleFinding


def gate_verdict(found: GateVerdict) -> dict[str, Any]:
    return {
        "outcome": found.outcome.value,
        "passes": found.passes,
        "no_way": found.no_way or None,
        "target": {
            "level": found.wish.level,
            "track": found.wish.track,
            "series": found.wish.series,
            "field": found.wish.field,
            "on": found.wish.on.isoformat(),
        },
        "rules": [title_finding(each) for each in found.findings],
        "policy": list(found.policy),
    }


def title_finding(found: TitleFinding) -> dict[str, Any]:
    weighed = found.weighed
    return {
        "rule": found.rule.name,
        "title": found.rule.label,
        "outcome": weighed.outcome.value,
        "strength": found.strength.value,
        "blocks": found.blocks,
        "needs_a_word": found.needs_a_word,
        "found": weighed.found,
        "remedy": weighed.remedy,
        "by": weighed.by.isoformat() if weighed.by else None,
        "ready_on": weighed.ready_on.isoformat() if weighed.ready_on else None,
        "entries": list(weighed.proof),
        "regime": found.regime,
        "document": found.citation.document.number,
        "document_title": found.citation.document.title,
        "clause": found.citation.clause,
        "quote": found.citation.quote,
        "not_quoted": found.citation.not_quoted,
        "inherited": found.inherited,
        "note": "".join(found.notes),
    }
