"""The demo's sign-ins: each role in each regime. Public by intent: README prints them, and
production refuses to start on a database that has one."""

from __future__ import annotations

from dataclasses import dataclass

from ce_tracker.actor import Role, Sector

DEMO_PASSWORD = "jiaoyu-90-xueshi"  # noqa: S105  it is meant to be known


_PROVINCES = {
    "37": "山东（威海）",
    "23": "黑龙江",
    "43": "湖南",
    "50": "重庆",
    "64": "宁夏",
    "32": "江苏（只有国家规定）",
}


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
    unit: str = ""
    """The kind of unit that it is, or that the person works at (`units.py`, `providers.py`)."""

    @property
    def role_title(self) -> str:
        return self.role.label

    @property
    def province(self) -> str:
        """Whose rules it shows; the sign-in page groups by it."""
        return _PROVINCES[self.region_code[:2]]


def _authority(
    login: str, name: str, code: str, place: str, sector: Sector | None = None
) -> DemoAccount:
    return DemoAccount(login, Role.AUTHORITY, name, code, place, sector)


def _provider(login: str, name: str, code: str, place: str, unit: str) -> DemoAccount:
    return DemoAccount(login, Role.PROVIDER, name, code, place, unit=unit)


def _employer(login: str, name: str, code: str, place: str, unit: str) -> DemoAccount:
    return DemoAccount(login, Role.EMPLOYER, name, code, place, unit=unit)


def _person(
    login: str, name: str, code: str, unit: str, *, first_password: bool = False
) -> DemoAccount:
    return DemoAccount(
        login, Role.PROFESSIONAL, name, code, name, first_password=first_password, unit=unit
    )


DEMO_ACCOUNTS = (
    # 山东, with 威海 and a development zone
    _authority("shandong", "孙立群", "370000", "山东省"),
    _authority("weihai", "于海宁", "371000", "威海市"),
    _authority("weihai-health", "丛静", "371000", "威海市", Sector.HEALTH),
    _authority("huancui", "毕建国", "371002", "环翠区"),
    _authority("zone", "戚少波", "371072", "威海经济技术开发区"),
    _provider("base", "刘培训", "371002", "环翠区专业技术人员继续教育基地", "base"),
    _employer("school", "宋人事", "371002", "环翠区海晏中学", "school"),
    _employer("factory", "邹凯", "371072", "威海经济技术开发区鼎泰装备制造有限公司", "factory"),
    _person("teacher", "王晓岚", "371002", "school"),
    _person("agronomist", "丛佳禾", "371082", "agriculture"),
    # 黑龙江
    _authority("heilongjiang", "赵立新", "230000", "黑龙江省"),
    _provider(
        "heilongjiang-university", "郭毅", "230000", "黑龙江省文澜学院继续教育学院", "university"
    ),
    _employer("heilongjiang-school", "姜敏", "230125", "宾县明德中学", "school"),
    _person("heilongjiang-teacher", "那雪梅", "230125", "school"),
    # 湖南
    _authority("hunan", "彭向东", "430000", "湖南省"),
    _authority("liuyang-education", "罗敏", "430181", "浏阳市", Sector.EDUCATION),
    _provider("hunan-superior", "谭志刚", "430181", "浏阳市教师发展中心", "superior_unit"),
    _employer("hospital", "何敏", "430181", "浏阳市康宁中心医院", "hospital"),
    _person("hunan-doctor", "向思源", "430181", "hospital"),
    _person("hunan-hydraulic", "龙春生", "430181", "water"),
    # 重庆, inside and outside the sixteen districts and counties
    _authority("chongqing", "冉光明", "500000", "重庆市"),
    _provider("chongqing-association", "秦岚", "500000", "重庆市卫生健康协会", "association"),
    _employer("yunyang-school", "向红", "500235", "云阳县启明中学", "school"),
    _person("newcomer", "欧阳𬭎", "500235", "school", first_password=True),
    _employer("beibei-hospital", "唐洁", "500109", "北碚区仁和中心医院", "hospital"),
    _person("beibei-nurse", "诸葛静", "500109", "hospital"),
    # 宁夏
    _authority("ningxia", "马文涛", "640000", "宁夏回族自治区"),
    _provider("ningxia-base", "哈建军", "640104", "兴庆区专业技术人员继续教育基地", "base"),
    _employer("ningxia-vocational", "虎秀英", "640422", "西吉县弘毅职业教育中心", "vocational"),
    _person("doctor", "阿依古丽·麦麦提", "640104", "hospital"),
    _person("ningxia-teacher", "马晓燕", "640422", "vocational"),
    # 江苏: the national rules alone
    _authority("jiangsu", "钱文斌", "320000", "江苏省"),
    _provider("jiangsu-base", "徐亚平", "320000", "江苏省专业技术人员继续教育基地", "base"),
    _employer("jiangsu-hospital", "顾蓉", "320000", "江苏省普爱医院", "hospital"),
    _person("jiangsu-pharmacist", "陆珺", "320000", "hospital"),
)
