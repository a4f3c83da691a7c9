"""The lines of a list: entered one by one or by a file, and matched with the units they name.

A unit is found by its exact name among those of the county, or chosen by hand. A line that matches
none is kept as it was written and says so: it makes nobody grassroots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, text

from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.promotions.directory_sheet import SheetLine
from ce_tracker.registry.directories import Directory, DirectoryLine
from ce_tracker.registry.items import numbered
from ce_tracker.registry.models import Employer
from ce_tracker.sheets import cells
from ce_tracker.sheets.cells import Problem

MOST_LINES = 5000
LONGEST = {"name": ("单位名称", 100), "address": ("所在地址", 200), "remark": ("备注", 200)}

_MATCH = text("""
UPDATE directory_lines l SET employer_id = m.id
FROM (SELECT name, min(id) AS id FROM employers
      WHERE starts_with(region_path, :region) GROUP BY name HAVING count(*) = 1) m
WHERE l.directory_id = :directory AND l.employer_id IS NULL AND l.problems = '[]'
  AND l.name = m.name
  AND NOT EXISTS (SELECT FROM directory_lines o
      WHERE o.directory_id = l.directory_id AND o.employer_id = m.id)
""")


@dataclass(frozen=True)
class Content:
    name: str
    address: str = ""
    subsidy: bool | None = None
    remark: str = ""
    employer_id: int | None = None
    """Chosen; nothing: found by name."""


@dataclass(frozen=True)
class ShownLine:
    number: int
    """序号: lines are counted where they stand, whatever is removed."""
    line: DirectoryLine
    employer: str | None
    """As the unit is called now."""


def lines(found: Directory) -> Select[DirectoryLine]:
    return select(DirectoryLine).where(DirectoryLine.directory_id == found.id)


def shown(found: Directory) -> list[ShownLine]:
    rows = db.session.scalars(lines(found).order_by(DirectoryLine.place, DirectoryLine.id)).all()
    return [
        ShownLine(number, line, name) for number, (line, name) in enumerate(with_units(rows), 1)
    ]


def with_units(rows: Sequence[DirectoryLine]) -> list[tuple[DirectoryLine, str | None]]:
    """Names are public: also where the reader does not see the unit's own record."""
    wanted = [line.employer_id for line in rows if line.employer_id is not None]
    called = text("SELECT id, name FROM employer_names(:ids)")
    rows_of_names = db.session.execute(called, {"ids": wanted})
    names = {number: name for number, name in rows_of_names}  # noqa: C416  rows, not pairs
    return [(line, names.get(line.employer_id or 0)) for line in rows]


def count(found: Directory) -> tuple[int, int]:
    """All lines, and those with something wrong."""
    wrong = func.count().filter(func.jsonb_array_length(DirectoryLine.problems) > 0)
    row = db.session.execute(
        select(func.count(), wrong)
        .select_from(DirectoryLine)
        .where(DirectoryLine.directory_id == found.id)
    ).one()
    return row[0], row[1]


def unmatched(found: Directory) -> int:
    statement = lines(found).where(DirectoryLine.employer_id.is_(None)).subquery()
    return db.session.scalar(select(func.count()).select_from(statement)) or 0


def one_of(found: Directory, line_id: int) -> DirectoryLine:
    line = db.session.scalar(lines(found).where(DirectoryLine.id == numbered(line_id)))
    if line is None:
        raise NotFound
    return line


def add(found: Directory, content: Content) -> DirectoryLine:
    line = _add(found, content)
    match(found)
    return line


def replace_with(found: Directory, contents: Sequence[Content]) -> None:
    """What was typed in, in place of what the list said: all of it is right, or none is kept."""
    db.session.execute(delete(DirectoryLine).where(DirectoryLine.directory_id == found.id))
    for number, content in enumerate(contents):
        try:
            _add(found, content)
        except Invalid as error:
            raise Invalid(
                errors=[
                    {"field": f"lines.{number}.{each['field']}", "message": each["message"]}
                    for each in error.facts["errors"]
                ]
            ) from None
    match(found)


def _add(found: Directory, content: Content) -> DirectoryLine:
    said = _checked(found, content, None)
    last = db.session.scalar(
        select(func.max(DirectoryLine.place)).where(DirectoryLine.directory_id == found.id)
    )
    if (last or 0) >= MOST_LINES:
        raise Conflict(f"一份清单最多 {MOST_LINES} 个单位。")
    line = DirectoryLine(directory_id=found.id, place=(last or 0) + 1, **said)
    db.session.add(line)
    db.session.flush()
    return line


def change(found: Directory, line: DirectoryLine, content: Content) -> DirectoryLine:
    """What was wrong with it is wrong no longer: it was written anew."""
    for name, value in _checked(found, content, line).items():
        setattr(line, name, value)
    line.problems = []
    db.session.flush()
    match(found)
    return line


def remove(line: DirectoryLine) -> None:
    db.session.delete(line)
    db.session.flush()


def replace(found: Directory, said: Sequence[SheetLine]) -> None:
    """All that the list says, in place of what it said."""
    db.session.execute(delete(DirectoryLine).where(DirectoryLine.directory_id == found.id))
    db.session.add_all(
        DirectoryLine(
            directory_id=found.id,
            place=place,
            name=line.name,
            address=line.address,
            subsidy=line.subsidy,
            remark=line.remark,
            row_number=line.row_number,
            problems=line.problems,
        )
        for place, line in enumerate(said, 1)
    )
    db.session.flush()
    match(found)


def match(found: Directory) -> None:
    """Each line with the one unit of the county that has exactly its name."""
    db.session.execute(_MATCH, {"directory": found.id, "region": found.region_path})
    db.session.expire_all()


def _checked(found: Directory, content: Content, line: DirectoryLine | None) -> dict[str, Any]:
    errors: dict[str, str] = {}
    said: dict[str, Any] = {"subsidy": content.subsidy}
    for name, (label, longest) in LONGEST.items():
        value = cells.text(getattr(content, name), label, longest=longest)
        if isinstance(value, Problem):
            errors[name] = value.message
        elif value is not None and hidden(value) != value:
            errors[name] = "里面有证件号码，请检查是否填错了栏。"
        else:
            said[name] = value or ""
    if not said.get("name") and "name" not in errors:
        errors["name"] = "请填写单位名称。"
    said["employer_id"] = _chosen(found, content.employer_id, errors)
    errors |= _taken(found, said, line)
    if errors:
        raise Invalid(errors=[{"field": name, "message": told} for name, told in errors.items()])
    return said


def _chosen(found: Directory, employer_id: int | None, errors: dict[str, str]) -> int | None:
    if employer_id is None:
        return None
    unit = db.session.scalar(
        select(Employer.id).where(
            Employer.id == numbered(employer_id),
            func.starts_with(Employer.region_path, found.region_path),
        )
    )
    if unit is None:
        errors["employer_id"] = "本地没有登记过这个单位，请重新选择。"
    return unit


def _taken(found: Directory, said: Mapping[str, Any], line: DirectoryLine | None) -> dict[str, str]:
    others = lines(found).where(DirectoryLine.id != (line.id if line else 0))
    errors = {}
    if said.get("name") and db.session.scalar(
        others.where(DirectoryLine.name == said["name"]).limit(1)
    ):
        errors["name"] = f"清单中已有“{said['name']}”。"
    if said["employer_id"] and db.session.scalar(
        others.where(DirectoryLine.employer_id == said["employer_id"]).limit(1)
    ):
        errors["employer_id"] = "清单中另一行已经对应这个单位。"
    return errors
