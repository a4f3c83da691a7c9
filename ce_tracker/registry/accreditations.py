"""The accreditation of continuing-education bases (继续教育基地): granting and ending it.

A base may hold training for a period and in some fields. A withdrawal from a day on ends the
period there; one without a day says that it was entered by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from ce_tracker import audit
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import db
from ce_tracker.registry import facts, items, units
from ce_tracker.registry.dated import Accreditation, AccreditationLevel
from ce_tracker.registry.items import Item, Sort, choices
from ce_tracker.registry.kinds import EARLIEST
from ce_tracker.registry.models import Field, Provider
from ce_tracker.registry.reasons import written

ITEMS = (
    Item("level", "级别", Sort.CHOICE, "level", choices(AccreditationLevel)),
    Item("document", "认定文号", Sort.TEXT, "document", hint="例如：威人社字〔2026〕12 号"),
    Item("valid_from", "有效期开始", Sort.DATE, "valid_from", hint="例如：2026-01-01"),
    Item("valid_to", "有效期结束", Sort.END, "valid_to", hint="最后有效的一天，例如：2028-12-31"),
    Item(
        "fields", "专业范围", Sort.FIELDS, "field_codes", required=False,
        hint="一个也不选，就是所有专业。",
    ),
)  # fmt: skip


def accredit(provider: Provider, values: Mapping[str, Any], source: str) -> Accreditation:
    items.refuse(items.missing(ITEMS, values))
    errors: items.Errors = {}
    columns = items.columns(ITEMS, values, errors)
    columns["field_codes"] = sorted(set(columns.get("field_codes") or []))
    known = set(
        db.session.scalars(select(Field.code).where(Field.code.in_(columns["field_codes"])))
    )
    if unknown := [code for code in columns["field_codes"] if code not in known]:
        errors["fields"] = f"没有这些专业：{'、'.join(unknown)}。"
    if columns["valid_from"] < EARLIEST:
        errors["valid_from"] = f"日期过早，应在 {EARLIEST} 以后。"
    elif columns["valid_to"] <= columns["valid_from"]:
        errors["valid_to"] = "结束日期不能早于开始日期。"
    items.refuse(errors)
    return units.accredit(provider, Accreditation(**columns), source)


def withdraw(
    provider: Provider, accreditation_id: int, reason: str, since: date | None, source: str
) -> Accreditation:
    """From a day on, or, where it was entered by mistake, altogether."""
    reason = written(reason, "reason", "理由")
    errors: items.Errors = {}
    units.hold(provider)
    fact = one_of(provider, accreditation_id)
    if since is not None and not fact.valid_from < since < (fact.valid_to or facts.FOREVER):
        errors["since"] = "撤销日期应在认定的有效期之内；自始无效的，请不要填写日期。"
    items.refuse(errors)
    if fact.known_to is not None:
        raise Conflict("这条认定已被更正过，请刷新后再试。")
    if since is None:
        facts.withdraw(fact)
    else:
        fact = facts.correct(fact, source, valid_to=since)
    audit.record(
        "provider.accreditation_withdrawn",
        provider.name,
        reason=reason,
        region_path=provider.region_path,
        document=fact.document,
        since=since.isoformat() if since else None,
    )
    return fact


def all_of(
    provider: Provider, moment: datetime | None = None, *, withdrawn_too: bool = False
) -> Sequence[Accreditation]:
    """All periods, past and coming ones included."""
    statement = select(Accreditation).where(Accreditation.provider_id == provider.id)
    if not withdrawn_too:
        statement = statement.where(Accreditation.known_at(moment))
    return db.session.scalars(
        statement.order_by(Accreditation.valid_from.desc(), Accreditation.id.desc())
    ).all()


def one_of(provider: Provider, accreditation_id: int) -> Accreditation:
    fact = db.session.scalar(
        select(Accreditation).where(
            Accreditation.id == items.numbered(accreditation_id),
            Accreditation.provider_id == provider.id,
        )
    )
    if fact is None:
        raise NotFound
    return fact
