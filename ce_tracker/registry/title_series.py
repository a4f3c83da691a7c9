"""The title series of the country and their fields, from `titles.toml`, and what a title's name
says: 一级教师 is intermediate among school teachers, 讲师 may be that of three kinds of school.

The file is the truth; every start brings the tables in line with it. Rows are never removed: old
titles point to them. Its head says how codes are made.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from ce_tracker.extensions import db
from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.models import Field, TitleSeries


@dataclass(frozen=True)
class Series:
    code: str
    name: str
    sector: str
    title_names: dict[str, list[str]]
    """Level → the names that certificates use, the present ones first."""
    fields: dict[str, str]
    """Code → name."""


@dataclass(frozen=True)
class Reading:
    """What a title's name may mean."""

    series_code: str | None
    """Nothing: the name says the level alone (副高级)."""
    level: TitleLevel
    track: Track
    name: str


_J, _I = TitleLevel.JUNIOR, TitleLevel.INTERMEDIATE
_A, _F = TitleLevel.ASSOCIATE_SENIOR, TitleLevel.FULL_SENIOR
# As people write a level. 高级 is both of the senior ones.
_LEVELS: dict[str, tuple[TitleLevel, ...]] = {
    "初级": (_J,), "员级": (_J,), "助理级": (_J,), "初级职称": (_J,),
    "中级": (_I,), "中级职称": (_I,),
    "副高": (_A,), "副高级": (_A,), "副高职称": (_A,), "副高级职称": (_A,), "高级副高": (_A,),
    "正高": (_F,), "正高级": (_F,), "正高职称": (_F,), "正高级职称": (_F,), "高级正高": (_F,),
    "高级": (_A, _F), "高级职称": (_A, _F),
}  # fmt: skip
# What lists and cells call a series beside its name; the words behind a name are cut off anyway.
_SERIES_ALIASES = {
    "高校教师": "university", "中专教师": "vocational", "中职教师": "vocational",
    "技校教师": "technician", "技工学校教师": "technician", "中等专业学校教师": "vocational",
    "社会科学研究": "philosophy", "公证员": "notary", "体育教练": "sports", "教练员": "sports",
    "图书": "library", "文博": "museum", "群众文化": "library", "审计": "accounting",
}  # fmt: skip
_BEHIND = re.compile(r"(专业)?(技术)?(人员|人才)?(系列)?$")
_ASIDE = re.compile(r"\(([^()]*)\)")
_NO_TITLE = frozenset({"", "无", "暂无", "未评", "未评定", "无职称", "/", "-", "—"})


@cache
def catalogue() -> dict[str, Series]:
    """Code → series, in the order of the ministry's list."""
    source = files(__package__).joinpath("titles.toml").read_text(encoding="utf-8")
    return {
        code: Series(
            code=code,
            name=entry["name"],
            sector=entry["sector"],
            title_names={level.value: entry[level.value] for level in TitleLevel},
            fields={f"{code}-{number}": name for number, name in entry["fields"].items()},
        )
        for code, entry in tomllib.loads(source).items()
    }


def load_title_series() -> None:
    series = [
        {"code": s.code, "name": s.name, "sector": s.sector, "title_names": s.title_names}
        for s in catalogue().values()
    ]
    fields = [
        {"code": code, "name": name, "series_code": s.code}
        for s in catalogue().values()
        for code, name in s.fields.items()
    ]
    for model, rows in ((TitleSeries, series), (Field, fields)):
        statement = insert(model).values(rows)
        changing = [name for name in rows[0] if name != "code"]
        old = func.row(*(getattr(model, name) for name in changing))
        new = func.row(*(statement.excluded[name] for name in changing))
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["code"],
                set_={name: statement.excluded[name] for name in changing},
                where=old.is_distinct_from(new),
            )
        )


def title_of(text: str, series: str | None = None) -> list[Reading]:
    """What a title as somebody wrote it may mean: one reading is an answer, several are a question
    for whoever wrote it, none is a mistake. A series, by code or name, rules the others out."""
    name, asides = _plain(text)
    track = Track.UNIFIED
    if name.startswith("基层"):
        track, name = Track.GRASSROOTS, name.removeprefix("基层")
    wanted = None if series is None else series_of(series)
    found = [
        Reading(code, level, track, name)
        for code, level in _by_name().get(name, ())
        if wanted is None or code == wanted
    ] or [Reading(wanted, level, track, name) for level in _LEVELS.get(name, ())]
    said = {level for aside in asides for level in _LEVELS.get(aside, ())}
    return [reading for reading in found if reading.level in said] if said else found


def is_no_title(text: str) -> bool:
    """Whether a cell says that somebody has no title."""
    return _plain(text)[0] in _NO_TITLE


def series_of(text: str) -> str | None:
    """A series' code from its code or name, with or without the words that follow it in lists."""
    plain = _plain(text)[0]
    return _by_series_name().get(plain) or _by_series_name().get(_BEHIND.sub("", plain, count=1))


def field_of(text: str, series_code: str) -> str | None:
    """A field's code from its code or name within a series."""
    plain = _plain(text)[0]
    for code, name in catalogue()[series_code].fields.items():
        if plain in (code, name):
            return code
    return None


@cache
def _by_name() -> dict[str, list[tuple[str, TitleLevel]]]:
    found: dict[str, list[tuple[str, TitleLevel]]] = defaultdict(list)
    for series in catalogue().values():
        for level, names in series.title_names.items():
            for name in names:
                found[name].append((series.code, TitleLevel(level)))
    return dict(found)


@cache
def _by_series_name() -> dict[str, str]:
    found = dict(_SERIES_ALIASES)
    for series in catalogue().values():
        for name in (series.code, series.name, _BEHIND.sub("", series.name, count=1)):
            found[name] = series.code
    return found


def _plain(text: str) -> tuple[str, list[str]]:
    """Without spaces, width and brackets; what stood in brackets beside it."""
    tidy = "".join(unicodedata.normalize("NFKC", text).split())
    # 主治(主管)医师 and 主任(中)药师 of printed lists are no names; (副高级) behind a name is.
    return _ASIDE.sub("", tidy), _ASIDE.findall(tidy)
