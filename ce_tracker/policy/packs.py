"""A pack: what one regime asks, version by version, as an official's text file says it.

These are the shapes; `loading.py` makes them of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from ce_tracker.policy.duties import Duty
from ce_tracker.policy.rules import Yearly
from ce_tracker.policy.words import Strength, Who


@dataclass(frozen=True)
class Document:
    number: str
    """文号."""
    title: str
    issuer: str
    issued: str
    """As precisely as the document says: a day, or a year."""


@dataclass(frozen=True)
class Citation:
    document: Document
    clause: str
    quote: str
    """Word for word; empty where the text was not received."""
    not_quoted: str = ""
    """Why there is no quote."""


class Grassroots(StrEnum):
    """How a document says who is grassroots."""

    PLACE = "place"
    AFFILIATION = "affiliation"
    NAMED_PLACES = "named_places"
    DIRECTORY = "directory"

    @property
    def label(self) -> str:
        return {
            "place": "按所在地",
            "affiliation": "按隶属关系",
            "named_places": "按列名的区县和单位层级",
            "directory": "按基层单位目录清单",
        }[self.value]


@dataclass(frozen=True)
class GrassrootsText:
    by: Grassroots
    citation: Citation
    regions: tuple[str, ...] = ()
    """The named places."""


@dataclass(frozen=True)
class Scope:
    who: Who
    sectors: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    """With sectors: of one of these sectors, or of one of these title series."""
    titles: tuple[str, ...] = ()
    """For whom applies for, or was given, a title of these levels."""
    regions: tuple[str, ...] = ()
    open_list: bool = False
    """The text ends in 等: what it names is covered, what it may also mean is not."""


@dataclass(frozen=True)
class Rule:
    kind: Yearly | Duty
    scope: Scope
    strength: Strength
    citation: Citation
    note: str = ""
    """How the house reads what the text leaves open."""

    @property
    def name(self) -> str:
        return self.kind.name


@dataclass(frozen=True)
class Conversion:
    """A form of learning that counts as so many hours."""

    form: str
    unit: str
    hours_x100: int
    most_x100: int | None
    """At most so many in a year."""


@dataclass(frozen=True)
class Settings:
    """What a regime lays down beside its rules; nothing: as the regime above."""

    daily_limit_x100: int | None = None
    part_year: str | None = None
    make_up_years: int | None = None
    """So many years later hours may still be earned for a past year."""
    conversions: tuple[Conversion, ...] = ()


@dataclass(frozen=True)
class Version:
    in_force_from: date
    in_force_until: date | None
    """The last day, where the file names one; else until the next version begins."""
    documents: tuple[Document, ...]
    rules: tuple[Rule, ...]
    grassroots: GrassrootsText | None
    settings: Settings
    digest: str
    """Of what it says, whatever the file looks like: verdicts are kept with it."""
    file: str = field(compare=False)
    note: str = ""
    says: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """As its file has it, for keeping."""

    def holds_on(self, day: date) -> bool:
        return self.in_force_from <= day and (
            self.in_force_until is None or day <= self.in_force_until
        )


@dataclass(frozen=True)
class Pack:
    regime: str
    name: str
    region: str
    versions: tuple[Version, ...]
    """By the day on which each begins."""

    def on(self, day: date) -> Version | None:
        """The latest that has begun, if it has not ended."""
        begun = [version for version in self.versions if version.in_force_from <= day]
        return begun[-1] if begun and begun[-1].holds_on(day) else None


Packs = Mapping[str, Pack]
"""By regime."""
