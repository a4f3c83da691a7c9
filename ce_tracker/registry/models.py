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
    and_,
    false,
    func,
    or_,
    true,
)
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
    __tablename__ = "employers"
    __table_args__ = (Index(None, "region_path"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
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
    __tablename__ = "providers"
    __table_args__ = (Index(None, "region_path"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
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
    __tablename__ = "professionals"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    id_number_sealed: Mapped[bytes] = mapped_column(
        LargeBinary, info={"sealed": "professionals.id_number"}
    )
    id_number_index: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, info={"index_of": "id_number_sealed"}
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.role is Role.PROFESSIONAL:
            return cls.id == actor.professional_id
        return false()


def in_charge(
    actor: Actor, region_path: Mapped[str], sector: Mapped[str] | None = None
) -> ColumnElement[bool]:
    """Whether an authority's region, and its sector if it has one, cover a row."""
    covered: ColumnElement[bool] = func.starts_with(region_path, actor.region_path)
    if actor.sector is None or sector is None:
        return covered
    return and_(covered, sector == actor.sector)
