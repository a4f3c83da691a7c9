"""Facts in words, one line each, for tables: what, of when, since when known and from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ce_tracker import clock
from ce_tracker.actor import Sector
from ce_tracker.compliance.exemptions import Exemption, ExemptionKind
from ce_tracker.hours import shown
from ce_tracker.registry import regions
from ce_tracker.registry.dated import (
    Accreditation,
    AccreditationLevel,
    Appointment,
    Appraisal,
    EmployerFact,
    Employment,
    Grade,
    ProviderFact,
    ProviderKind,
    ServiceSpell,
    Title,
    TitleLevel,
    Track,
    UnitLevel,
)
from ce_tracker.registry.record import employer_names, source_title
from ce_tracker.registry.title_series import catalogue
from ce_tracker.web.forms import ONE_DAY


@dataclass(frozen=True)
class Line:
    id: int
    headline: str
    details: str
    span: str
    source: str
    known_from: datetime
    known_to: datetime | None
    state: str
    """Of a period, where one stands today: past, present, coming."""


@dataclass(frozen=True)
class _Names:
    employers: dict[int, str]
    regions: dict[str, str]

    def place(self, path: str) -> str:
        below = path.split("/")[1:] or path.split("/")
        return "".join(self.regions.get(code, code) for code in below)


def lines(found: Sequence[Any]) -> list[Line]:
    names = _Names(
        employer_names(found),
        regions.names(fact.region_path for fact in found if hasattr(fact, "region_path")),
    )
    return [_line(fact, names) for fact in found]


def _line(fact: Any, names: _Names) -> Line:
    headline, details = _WORDS[type(fact)](fact, names)
    return Line(
        id=fact.id,
        headline=headline,
        details=" · ".join(part for part in details if part),
        span=_SPANS.get(type(fact), span)(fact.valid_from, fact.valid_to),
        source=source_title(fact.source),
        known_from=fact.known_from,
        known_to=fact.known_to,
        state=_state(fact),
    )


def span(begin: date, end: date | None) -> str:
    return f"{begin.isoformat()} 至{'今' if end is None else f' {last_day(end)}'}"


def last_day(end: date) -> str:
    return (end - ONE_DAY).isoformat()


def _since(begin: date, end: date | None) -> str:
    return f"{begin.isoformat()} 取得" + ("" if end is None else f"，{last_day(end)} 失效")


def _none(begin: date, end: date | None) -> str:  # noqa: ARG001
    return ""


def _state(fact: Any) -> str:
    today = clock.today()
    if fact.valid_from > today:
        return "coming"
    return "past" if fact.valid_to is not None and fact.valid_to <= today else "present"


def _series(code: str) -> str:
    series = catalogue().get(code)
    return f"{series.name}系列" if series else code


def _field(series: str, code: str | None) -> str:
    return catalogue()[series].fields.get(code, code) if code and series in catalogue() else ""


def _reduced(required_x100: int) -> str:
    return f"减为 {shown(required_x100)} 学时" if required_x100 else "全部免除"


def _fields(codes: Sequence[str]) -> str:
    names = {code: name for series in catalogue().values() for code, name in series.fields.items()}
    return "、".join(names.get(code, code) for code in codes) or "所有专业"


_SPANS: dict[type, Callable[[date, date | None], str]] = {
    Title: _since,
    Appraisal: _none,
    Exemption: _none,
}
_WORDS: dict[type, Callable[[Any, _Names], tuple[str, tuple[str, ...]]]] = {
    Employment: lambda f, names: (
        names.employers.get(f.employer_id, "未知单位"),
        (f.department or "未分部门",),
    ),
    Title: lambda f, _: (
        f.name,
        (
            TitleLevel(f.level).label,
            Track(f.track).label,
            _series(f.series_code),
            _field(f.series_code, f.field_code) or "未登记专业",
        ),
    ),
    Appointment: lambda f, names: (
        f"聘任为{TitleLevel(f.level).label}",
        (
            names.employers.get(f.employer_id, "未知单位"),
            _series(f.series_code),
            Track(f.track).label,
        ),
    ),
    ServiceSpell: lambda f, names: (
        f.unit,
        (
            names.place(f.region_path),
            "农村基层" if f.rural else "非农村",
            "乡镇" if f.township else "",
        ),
    ),
    Appraisal: lambda f, _: (f"{f.valid_from.year} 年度", (Grade(f.grade).label,)),
    Exemption: lambda f, _: (
        f"{f.year} 年度{_reduced(f.required_x100)}",
        (ExemptionKind(f.kind).label, f.reason),
    ),
    EmployerFact: lambda f, names: (
        f.name,
        (
            names.place(f.region_path),
            UnitLevel(f.level).label,
            f"隶属{UnitLevel(f.affiliation).label}",
            Sector(f.sector).label,
            "事业单位" if f.public_institution else "非事业单位",
        ),
    ),
    ProviderFact: lambda f, names: (
        f.name,
        (ProviderKind(f.kind).label, names.place(f.region_path), Sector(f.sector).label),
    ),
    Accreditation: lambda f, _: (
        f.document,
        (AccreditationLevel(f.level).label, _fields(f.field_codes)),
    ),
}
