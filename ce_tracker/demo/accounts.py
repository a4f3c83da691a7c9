"""The demo's sign-ins. Public by intent: README prints them, and production refuses to start on a
database that has one."""

from __future__ import annotations

from dataclasses import dataclass

from ce_tracker.actor import Role, Sector

DEMO_PASSWORD = "jiaoyu-90-xueshi"  # noqa: S105  it is meant to be known


@dataclass(frozen=True)
class DemoAccount:
    login: str
    role: Role
    display_name: str
    region_code: str
    place: str
    sector: Sector | None = None
    first_password: bool = False
    """Shows what somebody sees who signs in for the first time."""

    @property
    def role_title(self) -> str:
        return self.role.label


DEMO_ACCOUNTS = (
    DemoAccount("shandong", Role.AUTHORITY, "孙立群", "370000", "山东省"),
    DemoAccount("weihai", Role.AUTHORITY, "于海宁", "371000", "威海市"),
    DemoAccount("weihai-health", Role.AUTHORITY, "丛静", "371000", "威海市", Sector.HEALTH),
    DemoAccount("huancui", Role.AUTHORITY, "毕建国", "371002", "环翠区"),
    DemoAccount("ningxia", Role.AUTHORITY, "马文涛", "640000", "宁夏回族自治区"),
    DemoAccount("base", Role.PROVIDER, "刘培训", "371002", "环翠区专业技术人员继续教育基地"),
    DemoAccount("school", Role.EMPLOYER, "宋人事", "371002", "环翠区海晏中学"),
    DemoAccount("hospital", Role.EMPLOYER, "何敏", "430181", "浏阳市康宁中心医院"),
    DemoAccount("teacher", Role.PROFESSIONAL, "王晓岚", "371002", "王晓岚"),
    DemoAccount("doctor", Role.PROFESSIONAL, "阿依古丽·麦麦提", "640104", "阿依古丽·麦麦提"),
    DemoAccount("newcomer", Role.PROFESSIONAL, "欧阳𬭎", "500235", "欧阳𬭎", first_password=True),
)
