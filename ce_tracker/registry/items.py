"""What people enter by hand about units and people, item by item, as data.

An item is described once and read three times: the API makes its schemas of it, the pages their
forms, and both show what is known with it. What an item means for the database (a region's code is
a path there, a year two dates) is said here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ce_tracker.errors import Invalid, NotFound
from ce_tracker.registry import regions

Errors = dict[str, str]
BIGGEST_ID = 2**63 - 1


class Sort(StrEnum):
    """What is entered, and how."""

    TEXT = "text"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"
    END = "end"
    """The first day on which it no longer holds; people think of the last day on which it does."""
    YEAR = "year"
    REGION = "region"
    EMPLOYER = "employer"
    SERIES = "series"
    FIELD = "field"
    FIELDS = "fields"
    MOMENT = "moment"
    HOURS = "hours"
    COUNT = "count"


@dataclass(frozen=True)
class Item:
    name: str
    """In the API and in forms."""
    label: str
    sort: Sort
    column: str
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True
    hint: str = ""
    longest: int = 60

    def shown(self, fact: Any) -> Any:
        """As the API says it."""
        value = getattr(fact, self.column)
        match self.sort:
            case Sort.REGION:
                return value.rpartition("/")[2]
            case Sort.YEAR:
                return value.year
            case _:
                return value


def shown(items: Iterable[Item], fact: Any) -> dict[str, Any]:
    return {item.name: item.shown(fact) for item in items}


def columns(items: Iterable[Item], values: Mapping[str, Any], errors: Errors) -> dict[str, Any]:
    """What was entered, as the database keeps it; what cannot be kept is added to `errors`."""
    kept: dict[str, Any] = {}
    for item in items:
        if item.name not in values:
            continue
        value = values[item.name]
        if isinstance(value, str):
            value = value.strip() or None
        if value is None and item.required:
            errors[item.name] = f"请填写{item.label}。"
        elif item.sort is Sort.REGION:
            region = regions.by_code(value)
            if region is None:
                errors[item.name] = "没有这个代码的行政区划。"
            else:
                kept[item.column] = region.path
        elif item.sort is Sort.YEAR:
            kept["valid_from"] = date(value, 1, 1)
            kept["valid_to"] = date(value + 1, 1, 1)
        else:
            kept[item.column] = value
    return kept


def missing(items: Iterable[Item], values: Mapping[str, Any]) -> Errors:
    return {
        item.name: f"请填写{item.label}。"
        for item in items
        if item.required and values.get(item.name) in (None, "", [])
    }


def refuse(errors: Errors) -> None:
    if errors:
        raise Invalid(
            errors=[{"field": name, "message": message} for name, message in errors.items()]
        )


def choices(kind: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Of one of our enumerations: what is kept, and what it is called."""
    return tuple((each.value, each.label) for each in kind)


def numbered(number: int) -> int:
    """A number out of an address; one that the database cannot hold is nobody's."""
    if number > BIGGEST_ID:
        raise NotFound
    return number


Check = Callable[[Any, frozenset[str], Errors], None]
"""Looks at a fact as it would be, and at which of its columns are new."""
