"""Whose business a directory is, and by when: out of the policy packs, and nothing else."""

from __future__ import annotations

from datetime import date

from ce_tracker.compliance import policies
from ce_tracker.policy import catalog
from ce_tracker.policy.catalog import InForce
from ce_tracker.policy.duties import Directory as DirectoryRule
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.packs import Grassroots


def by_directory(region_path: str, day: date) -> bool:
    """Whether the directory says who is grassroots there: the innermost document that says how."""
    texts = [each.version.grassroots for each in _regimes(region_path, day)]
    first = next((text for text in texts if text is not None), None)
    return first is not None and first.by is Grassroots.DIRECTORY


def due(region_path: str, day: date) -> date | None:
    """The last day for handing in that year's list; nothing: no document names one."""
    for regime in _regimes(region_path, day):
        for rule in regime.version.rules:
            if isinstance(rule.kind, DirectoryRule) and rule.kind.due is not None:
                month, number = map(int, rule.kind.due.split("-"))
                return date(day.year, month, number)
    return None


def _regimes(region_path: str, day: date) -> list[InForce]:
    return catalog.in_force(policies.current(), Unit(tuple(region_path.split("/"))), day)
