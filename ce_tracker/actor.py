"""Who is asking.

An account has one role and is bound to one thing: a provider, an employer, a person, or a region
with or without a sector. What it may see follows from that binding twice over: in each model's
`visible_to(actor)` and in PostgreSQL's row security, which reads the same binding from the
transaction's settings (`ce.*`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID


class Role(StrEnum):
    PROVIDER = "provider"
    EMPLOYER = "employer"
    PROFESSIONAL = "professional"
    AUTHORITY = "authority"

    @property
    def label(self) -> str:
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.PROVIDER: "施教机构",
    Role.EMPLOYER: "用人单位",
    Role.PROFESSIONAL: "专业技术人员",
    Role.AUTHORITY: "主管部门",
}


class Sector(StrEnum):
    """The industries that the policies name; an authority may be responsible for one alone."""

    EDUCATION = "education"
    HEALTH = "health"
    AGRICULTURE = "agriculture"
    FORESTRY = "forestry"
    WATER = "water"
    INDUSTRY = "industry"
    STATISTICS = "statistics"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _SECTOR_LABELS[self]


_SECTOR_LABELS = {
    Sector.EDUCATION: "教育",
    Sector.HEALTH: "卫生健康",
    Sector.AGRICULTURE: "农业农村",
    Sector.FORESTRY: "林业",
    Sector.WATER: "水利",
    Sector.INDUSTRY: "工业和信息化",
    Sector.STATISTICS: "统计",
    Sector.OTHER: "其他",
}


@dataclass(frozen=True, slots=True)
class Actor:
    user_id: UUID
    login: str
    display_name: str
    role: Role
    region_path: str
    place: str
    """The name of what the account is bound to, as a person would say it."""
    employer_id: int | None = None
    provider_id: int | None = None
    professional_id: int | None = None
    sector: Sector | None = None
    must_change_password: bool = False
    demo: bool = False
    web_session_id: UUID | None = None
    """Set where a person signed in on a page."""
    signed_in_at: datetime | None = None
    token_scopes: frozenset[str] | None = None
    """Set where a token was shown: what it may be used for."""
    token_expires_at: datetime | None = None

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Self:
        """From what the database's `enter_…` functions answer."""
        return cls(
            user_id=UUID(facts["user_id"]),
            login=facts["login"],
            display_name=facts["display_name"],
            role=Role(facts["role"]),
            region_path=facts["region_path"],
            place=facts["place"],
            employer_id=facts["employer_id"],
            provider_id=facts["provider_id"],
            professional_id=facts["professional_id"],
            sector=Sector(facts["sector"]) if facts["sector"] else None,
            must_change_password=facts["must_change_password"],
            demo=facts["demo"],
            web_session_id=UUID(facts["web_session_id"]) if facts.get("web_session_id") else None,
            signed_in_at=_moment(facts.get("signed_in_at")),
            token_scopes=(
                frozenset(facts["token_scopes"]) if facts.get("token_scopes") is not None else None
            ),
            token_expires_at=_moment(facts.get("token_expires_at")),
        )

    @property
    def role_title(self) -> str:
        return self.role.label

    @property
    def region_code(self) -> str:
        return self.region_path.rpartition("/")[2]

    @property
    def is_authority(self) -> bool:
        return self.role is Role.AUTHORITY

    @property
    def steers(self) -> bool:
        """Answers for the whole installation: the authority of a province or of the country."""
        return self.is_authority and self.sector is None and self.region_path.count("/") <= 1

    def scope(self) -> dict[str, str]:
        """What row security compares with, as transaction settings under `ce.`."""
        return {
            "user_id": str(self.user_id),
            "role": self.role,
            "employer_id": _text(self.employer_id),
            "provider_id": _text(self.provider_id),
            "professional_id": _text(self.professional_id),
            "region": self.region_path,
            "sector": self.sector or "",
        }

    @staticmethod
    def no_scope() -> dict[str, str]:
        """Nobody: every scoped policy then hides every row."""
        names = ("user_id", "role", "employer_id", "provider_id", "professional_id", "region")
        return dict.fromkeys((*names, "sector"), "")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
