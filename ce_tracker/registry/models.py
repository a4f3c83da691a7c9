"""The anchors of the registry: what other rows point to.

An anchor holds what makes a thing the same thing all its life. Numbers are `bigint` here, unlike
elsewhere, since the ledger repeats them millions of times.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    and_,
    false,
    func,
    or_,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base


class RegionLevel(StrEnum):
    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    ZONE = "zone"

    @property
    def label(self) -> str:
        return {
            RegionLevel.NATION: "全国",
            RegionLevel.PROVINCE: "省级",
            RegionLevel.CITY: "地级",
            RegionLevel.COUNTY: "县级",
            RegionLevel.ZONE: "国家级开发区",
        }[self]


class Region(Base):
    """A region by its GB/T 2260 code; a national development zone by its code in the statistics,
    or by one of ours (Z…) where none was published.

    What ends (a county that became a district gets a new code) keeps its row and its last day.
    """

    __tablename__ = "regions"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("level IN ('nation', 'province', 'city', 'county', 'zone')", name="level"),
        Index(None, "parent_path"),
    )

    path: Mapped[str] = mapped_column(primary_key=True)
    """All codes from the country down: 000000/370000/371000/371002. What lies in a region is
    what starts with its path."""
    code: Mapped[str] = mapped_column(
        Computed("substring(path from '[^/]+$')", persisted=True), unique=True
    )
    name: Mapped[str]
    level: Mapped[str]
    parent_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    valid_from: Mapped[date | None]
    """Nothing: longer than our records reach."""
    valid_to: Mapped[date | None]
    """The first day on which it no longer was; nothing: it still is."""

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        return and_(
            or_(cls.valid_from.is_(None), cls.valid_from <= day),
            or_(cls.valid_to.is_(None), cls.valid_to > day),
        )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:  # noqa: ARG003
        """Regions are public knowledge."""
        return true()


class Employer(Base):
    """A unit by its unified social credit code. Name, place and sector are a copy of what is known
    of today (`EmployerFact`), kept here for lists and for row security; see `snapshot.py`."""

    __tablename__ = "employers"
    __table_args__ = (Index(None, "region_path"), Index(None, "pinyin"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    credit_code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    pinyin: Mapped[str]
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    sector: Mapped[str]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        match actor.role:
            case Role.AUTHORITY:
                return in_charge(actor, cls.region_path, cls.sector)
            case Role.EMPLOYER:
                return cls.id == actor.employer_id
            case _:
                return false()


class Provider(Base):
    """Who holds training. Name, place and sector are a copy of what is known of today."""

    __tablename__ = "providers"
    __table_args__ = (Index(None, "region_path"), Index(None, "pinyin"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    credit_code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    pinyin: Mapped[str]
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    sector: Mapped[str]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        match actor.role:
            case Role.AUTHORITY:
                return in_charge(actor, cls.region_path, cls.sector)
            case Role.PROVIDER:
                return cls.id == actor.provider_id
            case _:
                return false()


class Professional(Base):
    """A person by their ID number. Employer, department, place and sector are a copy of today's
    main employment. Without one there is no employer and no department, and place and sector stay
    those of the last: only the person and that place's authority see the record."""

    __tablename__ = "professionals"
    __table_args__ = (
        Index(None, "employer_id", "pinyin"),
        Index(None, "pinyin", "id"),
        Index(None, "initials"),
        Index(None, "name", postgresql_ops={"name": "text_pattern_ops"}),
        Index(None, "region_path"),
        Index(None, "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    pinyin: Mapped[str] = mapped_column(Text(collation="C"))
    """Sorts and finds by sound: the full spelling, a space, the initials."""
    initials: Mapped[str] = mapped_column(
        Text(collation="C"), Computed("split_part(pinyin, ' ', 2)", persisted=True)
    )
    id_kind: Mapped[str]
    id_tail: Mapped[str]
    """The last four, by which two people of one name are told apart."""
    id_number_sealed: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, info={"sealed": "professionals.id_number"}
    )
    """Not among what the web's role may read: `reveal_id_number()` hands it out, and audits."""
    id_number_index: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, deferred=True, info={"index_of": "id_number_sealed"}
    )
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employers.id"))
    department: Mapped[str | None]
    region_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    sector: Mapped[str | None]
    merged_into: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("professionals.id"))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        match actor.role:
            case Role.AUTHORITY:
                return in_charge(actor, cls.region_path, cls.sector)
            case Role.EMPLOYER:
                return cls.employer_id == actor.employer_id
            case Role.PROFESSIONAL:
                return or_(
                    cls.id == actor.professional_id, cls.merged_into == actor.professional_id
                )
            case Role.PROVIDER:
                return false()


class TitleSeries(Base):
    """A series of titles (职称系列), with what its levels are called."""

    __tablename__ = "title_series"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sector: Mapped[str]
    title_names: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    """Level → the names that certificates use."""


class Field(Base):
    """A profession within a series (专业)."""

    __tablename__ = "fields"
    __table_args__ = (Index(None, "series_code"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    series_code: Mapped[str] = mapped_column(ForeignKey("title_series.code"))


def in_charge(
    actor: Actor,
    region_path: Mapped[str] | Mapped[str | None],
    sector: Mapped[str] | Mapped[str | None] | None = None,
) -> ColumnElement[bool]:
    """Whether an authority's region, and its sector if it has one, cover a row."""
    covered: ColumnElement[bool] = func.starts_with(region_path, actor.region_path)
    if actor.sector is None or sector is None:
        return covered
    return and_(covered, sector == actor.sector)
