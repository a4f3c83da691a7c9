"""Exemptions, granted and withdrawn by the authority, and read by everybody concerned.

An exemption is entered like any other fact about a person (`registry/corrections.py`): it takes the
place of what the same year had before, nothing is overwritten, and the audit has the reason where
the person reads it. The next sweep judges the person anew, since it was learnt after the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.compliance.closings import is_closed
from ce_tracker.compliance.exemptions import Exemption, ExemptionKind
from ce_tracker.compliance.models import RulesetRow
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.hours import shown
from ce_tracker.ledger.models import Standing
from ce_tracker.registry import corrections
from ce_tracker.registry.items import Errors, Item, Sort, choices
from ce_tracker.registry.kinds import EARLIEST, Kind
from ce_tracker.registry.merging import same_person_ids
from ce_tracker.registry.models import Professional
from ce_tracker.registry.reasons import LONGEST, written

AHEAD = 1
"""A posting elsewhere or a birth is known before its year begins."""


def _check(fact: Any, new: frozenset[str], errors: Errors) -> None:  # noqa: ARG001
    latest = clock.today().year + AHEAD
    if not EARLIEST.year <= fact.year <= latest:
        errors["year"] = f"年度应在 {EARLIEST.year} 到 {latest} 之间。"
        return
    if is_closed(fact.year):
        errors["year"] = _closed(fact.year)
        return
    full = _full_x100(fact.professional_id, fact.year)
    if full is not None and fact.required_x100 >= full:
        errors["required"] = f"应少于全年应学的 {shown(full)} 学时；全部免除的填 0。"


def _closed(year: int) -> str:
    return f"{year} 年度已封账，不能再批准或撤回学时减免。"


def _full_x100(person_id: int, year: int) -> int | None:
    """What the year asks where nothing is reduced, if the person was judged already."""
    return db.session.scalar(
        select(RulesetRow.full_x100)
        .join(Standing, Standing.ruleset == RulesetRow.id)
        .where(
            Standing.professional_id == person_id, Standing.year == year, RulesetRow.full_x100 > 0
        )
    )


EXEMPTION = Kind(
    "exemptions",
    "学时减免",
    Exemption,
    (
        Item("year", "年度", Sort.YEAR, "valid_from", hint="例如：2026"),
        Item("kind", "事由", Sort.CHOICE, "kind", choices(ExemptionKind)),
        Item(
            "required", "减免后全年应学", Sort.HOURS, "required_x100",
            hint="学时。全部免除的填 0，减半的填 45；专业科目的比例不变，按减免后的要求计算。",
        ),
        Item(
            "reason", "理由", Sort.TEXT, "reason", longest=LONGEST,
            hint="写明依据，本人和用人单位能看到，例如：产假，见单位 3 月 2 日证明",
        ),
    ),
    _check,
    "没有学时减免",
)  # fmt: skip


def grant(person: Professional, values: Mapping[str, Any], source: str) -> Exemption:
    reason = written(str(values.get("reason") or ""), "reason", "理由")
    granted = corrections.enter(
        person, EXEMPTION, {**values, "reason": reason}, source, reason=reason
    )
    assert isinstance(granted, Exemption)  # noqa: S101  what this kind is made of
    return granted


def withdraw(person: Professional, fact_id: int, reason: str) -> Exemption:
    fact = corrections.believed(person, EXEMPTION, fact_id)
    if is_closed(fact.valid_from.year):
        raise Conflict(_closed(fact.valid_from.year))
    withdrawn = corrections.withdraw(person, EXEMPTION, fact_id, reason)
    assert isinstance(withdrawn, Exemption)  # noqa: S101  what this kind is made of
    return withdrawn


def granted_to(person: Professional) -> Sequence[Exemption]:
    """Every one that there ever was, withdrawn ones included: the latest year first."""
    return db.session.scalars(
        select(Exemption)
        .where(Exemption.professional_id.in_(same_person_ids(person.id)))
        .order_by(Exemption.valid_from.desc(), Exemption.known_from.desc(), Exemption.id.desc())
    ).all()


def known(found: Sequence[Exemption], moment: datetime | None) -> list[Exemption]:
    """Those of them that hold as known at a moment; without one, as known now."""
    if moment is None:
        return [each for each in found if each.known_to is None]
    return [
        each
        for each in found
        if each.known_from <= moment and (each.known_to is None or each.known_to > moment)
    ]
