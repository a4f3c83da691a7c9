"""Whether a provider may hold a session: a continuing-education base needs an accreditation for
each of its days and each of its fields; other kinds of provider need none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select

from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.registry import accreditations
from ce_tracker.registry.dated import Accreditation, ProviderFact, ProviderKind
from ce_tracker.registry.facts import FOREVER
from ce_tracker.registry.models import Field, Provider
from ce_tracker.training.models import TrainingSession

_ONE_DAY = timedelta(days=1)
_MOST_NAMED = 5


def refuse_without(session: TrainingSession, provider: Provider) -> None:
    if objection := obstacle(session, provider):
        raise Conflict(objection)


def obstacle(session: TrainingSession, provider: Provider) -> str | None:
    """What keeps this provider from publishing the session, in words; nothing if it may."""
    kind = _kind_on(provider, session.first_day)
    if kind is None:
        return "本机构的类别还没有登记，不能发布。请与主管部门联系补登。"
    if kind != ProviderKind.BASE:
        return None
    granted = accreditations.all_of(provider)
    if not granted:
        return "本机构是继续教育基地，但没有登记过认定，不能发布。请与主管部门联系。"
    days = session.first_day, session.last_day
    wanted = _fields_of(session)
    if day := _first_day_without(granted, *days):
        lack = f"{day} 没有有效的继续教育基地认定"
    elif lacking := [code for code in wanted if _first_day_without(granted, *days, code)]:
        lack = f"培训期间的继续教育基地认定不包括{_named(lacking)}"
    else:
        return None
    return f"{lack}，不能发布。{_described(granted)}"


def _kind_on(provider: Provider, day: date) -> str | None:
    """As known of that day; of a day before all that is known, as of the first one after."""
    facts = db.session.scalars(
        select(ProviderFact)
        .where(ProviderFact.provider_id == provider.id, ProviderFact.known_at())
        .order_by(ProviderFact.valid_from)
    ).all()
    begun = [fact for fact in facts if fact.valid_from <= day]
    return (begun[-1] if begun else facts[0]).kind if facts else None


def _fields_of(session: TrainingSession) -> Sequence[str]:
    """A session for a whole series is one for each of its fields."""
    if session.field_code is not None:
        return [session.field_code]
    if session.series_code is None:
        return []
    return db.session.scalars(
        select(Field.code).where(Field.series_code == session.series_code).order_by(Field.code)
    ).all()


def _first_day_without(
    granted: Sequence[Accreditation], first: date, last: date, field: str | None = None
) -> date | None:
    """The first of these days on which nothing was granted, or not this field. One accreditation
    may follow upon another in the middle of a session."""
    fitting = sorted(
        (each for each in granted if field is None or not each.field_codes
         or field in each.field_codes),
        key=lambda each: each.valid_from,
    )  # fmt: skip
    day = first
    for each in fitting:
        if each.valid_from <= day:
            day = max(day, each.valid_to or FOREVER)
    return day if day <= last else None


def _described(granted: Sequence[Accreditation]) -> str:
    known = "；".join(
        f"{each.document}，{each.valid_from} 至 {(each.valid_to or FOREVER) - _ONE_DAY}，"
        + (_named(each.field_codes) if each.field_codes else "所有专业")
        for each in granted
    )
    return f"已登记的认定：{known}。"


def _named(codes: Sequence[str]) -> str:
    names = db.session.scalars(
        select(Field.name).where(Field.code.in_(codes)).order_by(Field.code)
    ).all()
    more = f"等 {len(names)} 个专业" if len(names) > _MOST_NAMED else ""
    return "、".join(f"“{name}”" for name in names[:_MOST_NAMED]) + more
