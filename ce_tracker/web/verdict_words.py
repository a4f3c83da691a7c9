"""A verdict as pages say it."""

from __future__ import annotations

from typing import Any

from ce_tracker.hours import shown
from ce_tracker.policy.judge import Verdict
from ce_tracker.policy.words import Outcome

TONES = {
    Outcome.MET: "good",
    Outcome.SHORT: "wait",
    Outcome.FAILED: "wrong",
    Outcome.EXEMPT: "plain",
    Outcome.UNDETERMINED: "wait",
}


def in_words(found: Verdict) -> dict[str, Any]:
    return {
        "year": found.year,
        "day": found.day,
        "outcome": found.outcome.label,
        "tone": TONES[found.outcome],
        "exempt": found.outcome is Outcome.EXEMPT,
        "plan": found.plan.in_words() if found.plan else "",
        "findings": [
            {
                "label": each.rule.label,
                "outcome": each.outcome.label,
                "tone": TONES[each.outcome],
                "asked": shown(each.asked_x100),
                "have": shown(each.have_x100),
                "missing": shown(each.missing_x100),
                "from": each.regime_name,
                "inherited": each.inherited,
                "citation": each.citation,
                "notes": each.notes,
            }
            for each in found.findings
        ],
    }
