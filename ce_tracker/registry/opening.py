"""Employers and providers as an authority enters and corrects them.

What an authority may say ends where its charge ends: a unit that moves out of it is moved by the
authority of both places. The rest is `units.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ce_tracker import clock
from ce_tracker.actor import Actor, Sector
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.identity import parse_credit_code
from ce_tracker.registry import items, units
from ce_tracker.registry.dated import EmployerFact, ProviderFact, ProviderKind, UnitLevel
from ce_tracker.registry.items import Item, Sort, choices
from ce_tracker.registry.kinds import EARLIEST
from ce_tracker.registry.models import Employer, Provider
from ce_tracker.registry.reasons import written
from ce_tracker.registry.units import EmployerContent, ProviderContent

CODE = Item(
    "credit_code", "统一社会信用代码", Sort.TEXT, "credit_code", hint="18 位，开通后不能更改。"
)
SINCE = Item("since", "自哪一天起", Sort.DATE, "valid_from", hint="例如：2026-03-05")
_NAME = Item("name", "单位全称", Sort.TEXT, "name")
_REGION = Item(
    "region", "所在地区", Sort.REGION, "region_path", hint="名称或六位代码，例如：环翠区"
)
_SECTOR = Item("sector", "行业", Sort.CHOICE, "sector", choices(Sector))


@dataclass(frozen=True)
class UnitKind:
    label: str
    unit: type[Employer | Provider]
    fact: type[EmployerFact | ProviderFact]
    subject: str
    content: Callable[..., Any]
    open: Callable[..., Any]
    change: Callable[..., Any]
    items: tuple[Item, ...]


EMPLOYERS = UnitKind(
    "用人单位",
    Employer,
    EmployerFact,
    "employer_id",
    EmployerContent,
    units.open_employer,
    units.change_employer,
    (
        _NAME,
        _REGION,
        Item(
            "level", "单位层级", Sort.CHOICE, "level", choices(UnitLevel),
            hint="按单位实际所在的层级。",
        ),
        Item(
            "affiliation", "隶属", Sort.CHOICE, "affiliation", choices(UnitLevel),
            hint="归哪一级管理。例如设在县里的省属医院，层级是县级，隶属是省级。",
        ),
        _SECTOR,
        Item("public_institution", "事业单位", Sort.YES_NO, "public_institution"),
    ),
)  # fmt: skip
PROVIDERS = UnitKind(
    "施教机构",
    Provider,
    ProviderFact,
    "provider_id",
    ProviderContent,
    units.open_provider,
    units.change_provider,
    (_NAME, Item("kind", "类别", Sort.CHOICE, "kind", choices(ProviderKind)), _REGION, _SECTOR),
)


def visible_unit(kind: UnitKind, actor: Actor, unit_id: int) -> Any:
    unit = db.session.scalar(
        select(kind.unit).where(
            kind.unit.id == items.numbered(unit_id), kind.unit.visible_to(actor)
        )
    )
    if unit is None:
        raise NotFound
    return unit


def fact_on(kind: UnitKind, unit: Any, day: date, moment: datetime | None = None) -> Any:
    """What was known at a moment of the unit on a day, or nothing."""
    return db.session.scalar(
        select(kind.fact)
        .where(
            getattr(kind.fact, kind.subject) == unit.id,
            kind.fact.holds_on(day),
            kind.fact.known_at(moment),
        )
        .limit(1)
    )


def history(kind: UnitKind, unit: Any) -> Sequence[Any]:
    fact = kind.fact
    return db.session.scalars(
        select(fact)
        .where(getattr(fact, kind.subject) == unit.id)
        .order_by(fact.valid_from.desc(), fact.known_from.desc(), fact.id.desc())
    ).all()


def open_unit(kind: UnitKind, actor: Actor, values: Mapping[str, Any], source: str) -> Any:
    items.refuse(items.missing((CODE, *kind.items, SINCE), values))
    errors: items.Errors = {}
    code = _credit_code(values["credit_code"], errors)
    columns = items.columns(kind.items, values, errors)
    _in_charge(actor, columns, errors)
    _since(values["since"], errors)
    items.refuse(errors)
    try:
        with db.session.begin_nested():
            return kind.open(code, kind.content(**columns), values["since"], source)
    except IntegrityError as error:  # one that this authority cannot see
        raise Conflict(
            f"统一社会信用代码 {code} 已在别的地区或行业登记，请与上级主管部门联系。"
        ) from error


def change_unit(
    kind: UnitKind,
    actor: Actor,
    unit: Any,
    changes: Mapping[str, Any],
    since: date,
    reason: str,
    source: str,
) -> Any:
    """From `since` on it is so; what is not among the changes stays as it was known of that day."""
    reason = written(reason, "reason", "理由")
    errors: items.Errors = {}
    columns = items.columns(kind.items, changes, errors)
    _since(since, errors)
    units.hold(unit)
    known = fact_on(kind, unit, since) or _nearest(kind, unit)
    whole = {item.column: getattr(known, item.column, None) for item in kind.items} | columns
    lacking = {item.name: f"请填写{item.label}。" for item in kind.items
               if whole[item.column] is None and item.required}  # fmt: skip
    errors = lacking | errors
    if not lacking:
        _in_charge(actor, whole, errors)
    items.refuse(errors)
    if (
        known is not None
        and known.valid_from <= since
        and all(getattr(known, name) == value for name, value in whole.items())
    ):
        raise Invalid("内容与原来相同，没有需要更正的。")
    return kind.change(unit, kind.content(**whole), since, source, reason)


def content_of(kind: UnitKind, unit: Any) -> dict[str, Any]:
    """What a form about the unit begins with."""
    known = fact_on(kind, unit, clock.today()) or _nearest(kind, unit) or unit
    return {item.name: item.shown(known) for item in kind.items if hasattr(known, item.column)}


def _nearest(kind: UnitKind, unit: Any) -> Any:
    """Of a day before all that is known, what is known of the first day after."""
    return db.session.scalar(
        select(kind.fact)
        .where(getattr(kind.fact, kind.subject) == unit.id, kind.fact.known_at())
        .order_by(kind.fact.valid_from)
        .limit(1)
    )


def _credit_code(text: str, errors: items.Errors) -> str:
    try:
        return str(parse_credit_code(text))
    except ValueError as error:
        errors["credit_code"] = str(error)
        return ""


def _in_charge(actor: Actor, columns: Mapping[str, Any], errors: items.Errors) -> None:
    path = columns.get("region_path")
    if path is not None and not path.startswith(actor.region_path):
        errors["region"] = f"只能登记{actor.place}范围内的单位。"
    if actor.sector is not None and columns.get("sector") not in (None, actor.sector.value):
        errors["sector"] = f"您只管理{actor.sector.label}行业的单位。"


def _since(since: date, errors: items.Errors) -> None:
    if since < EARLIEST:
        errors["since"] = f"日期过早，应在 {EARLIEST} 以后。"
