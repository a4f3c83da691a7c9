"""The kinds of dated facts: what is known of units and people (`facts.py` says how)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ARRAY, BigInteger, ColumnElement, ForeignKey, Index, Text, select, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ce_tracker.actor import Actor
from ce_tracker.extensions import Base
from ce_tracker.registry.facts import Fact
from ce_tracker.registry.models import Employer, Professional, Provider


class UnitLevel(StrEnum):
    """At which level of government a unit stands, and to which one belongs."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"

    @property
    def label(self) -> str:
        return {"province": "省级", "city": "市级", "county": "县级", "township": "乡镇级"}[self]


class ProviderKind(StrEnum):
    BASE = "base"
    UNIVERSITY = "university"
    SUPERIOR_UNIT = "superior_unit"
    ASSOCIATION = "association"

    @property
    def label(self) -> str:
        return {
            "base": "继续教育基地",
            "university": "高等院校",
            "superior_unit": "上级单位",
            "association": "行业协会",
        }[self]


class AccreditationLevel(StrEnum):
    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"

    @property
    def label(self) -> str:
        return {"national": "国家级", "province": "省级", "city": "市级", "county": "县级"}[self]


class TitleLevel(StrEnum):
    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    ASSOCIATE_SENIOR = "associate_senior"
    FULL_SENIOR = "full_senior"

    @property
    def label(self) -> str:
        return {
            "junior": "初级",
            "intermediate": "中级",
            "associate_senior": "副高级",
            "full_senior": "正高级",
        }[self]


class Track(StrEnum):
    UNIFIED = "unified"
    GRASSROOTS = "grassroots"

    @property
    def label(self) -> str:
        return {"unified": "全省统一职称", "grassroots": "基层职称"}[self]


class Grade(StrEnum):
    """The result of a yearly appraisal."""

    EXCELLENT = "excellent"
    COMPETENT = "competent"
    BASICALLY_COMPETENT = "basically_competent"
    INCOMPETENT = "incompetent"

    @property
    def label(self) -> str:
        return {
            "excellent": "优秀",
            "competent": "合格",
            "basically_competent": "基本合格",
            "incompetent": "不合格",
        }[self]


class OfEmployer(Fact):
    @declared_attr
    @classmethod
    def employer_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey("employers.id"))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index(None, "employer_id", "valid_from"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.employer_id.in_(select(Employer.id).where(Employer.visible_to(actor)))


class OfProvider(Fact):
    @declared_attr
    @classmethod
    def provider_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey("providers.id"))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index(None, "provider_id", "valid_from"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.provider_id.in_(select(Provider.id).where(Provider.visible_to(actor)))


class OfProfessional(Fact):
    @declared_attr
    @classmethod
    def professional_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey("professionals.id"))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index(None, "professional_id", "valid_from"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.professional_id.in_(
            select(Professional.id).where(Professional.visible_to(actor))
        )


class EmployerFact(OfEmployer, Base):
    """A unit's name, place and standing. Who is grassroots follows from these, said differently
    by each province: by place, by affiliation, or by the directory."""

    __tablename__ = "employer_facts"
    one_at_a_time: ClassVar = ("employer_id",)

    name: Mapped[str]
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    level: Mapped[str]
    affiliation: Mapped[str]
    """Whose unit it is: a provincial hospital in a county town lies in the county and belongs to
    the province."""
    sector: Mapped[str]
    public_institution: Mapped[bool]


class ProviderFact(OfProvider, Base):
    __tablename__ = "provider_facts"
    one_at_a_time: ClassVar = ("provider_id",)

    name: Mapped[str]
    kind: Mapped[str]
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    sector: Mapped[str]


class Accreditation(OfProvider, Base):
    """A base's right to hold training, for a period and in some fields."""

    __tablename__ = "accreditations"

    level: Mapped[str]
    document: Mapped[str]
    """The number under which it was granted."""
    field_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Empty: all fields."""


class Employment(OfProfessional, Base):
    """The main employment: on any day a person has one, or none."""

    __tablename__ = "employments"
    __table_args__ = (
        Index(None, "professional_id", "valid_from"),
        # For the night: what was learnt, what began and what ended since the one before.
        Index(None, "known_from", postgresql_using="brin"),
        Index(
            "employments_known_to_idx", "known_to", postgresql_where=text("known_to IS NOT NULL")
        ),
        Index(None, "valid_from"),
        Index(
            "employments_valid_to_idx", "valid_to", postgresql_where=text("valid_to IS NOT NULL")
        ),
    )
    one_at_a_time: ClassVar = ("professional_id",)

    employer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("employers.id"), index=True)
    department: Mapped[str | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Where somebody worked before is no employer's business."""
        seen = super().visible_to(actor)
        return seen if actor.employer_id is None else seen & (cls.employer_id == actor.employer_id)


class Title(OfProfessional, Base):
    """A title, valid from the day it was obtained (取得资格时间)."""

    __tablename__ = "titles"

    level: Mapped[str]
    track: Mapped[str]
    series_code: Mapped[str] = mapped_column(ForeignKey("title_series.code"))
    field_code: Mapped[str | None] = mapped_column(ForeignKey("fields.code"))
    name: Mapped[str]
    """As the certificate says it: 一级教师, 主治医师."""


class Appointment(OfProfessional, Base):
    """聘任: holding a post of a title's level at a unit."""

    __tablename__ = "appointments"

    employer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("employers.id"))
    level: Mapped[str]
    track: Mapped[str]
    series_code: Mapped[str] = mapped_column(ForeignKey("title_series.code"))


class ServiceSpell(OfProfessional, Base):
    """Time served at the grassroots (基层服务经历)."""

    __tablename__ = "service_spells"

    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    unit: Mapped[str]
    rural: Mapped[bool]
    """In the countryside (农村基层), which some clauses ask for."""
    township: Mapped[bool]


class Appraisal(OfProfessional, Base):
    """The result of a year's appraisal; valid for that year."""

    __tablename__ = "appraisals"
    one_at_a_time: ClassVar = ("professional_id",)

    grade: Mapped[str]


class Merge(OfProfessional, Base):
    """Two records turned out to be one person: `professional_id` is read as part of `into_id`.

    No fact is moved, so a merge that was wrong is undone by believing it no longer.
    """

    __tablename__ = "merges"
    one_at_a_time: ClassVar = ("professional_id",)

    into_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("professionals.id"), index=True)
    reason: Mapped[str]
