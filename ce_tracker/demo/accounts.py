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
    shows: str = ""
    """What there is to see, as README prints it."""

    @property
    def role_title(self) -> str:
        return self.role.label

    @property
    def province(self) -> str:
        """Whose rules it shows; the sign-in page groups by it."""
        return _PROVINCES[self.region_code[:2]]


def _authority(
    login: str, name: str, code: str, place: str, shows: str, sector: Sector | None = None
) -> DemoAccount:
    return DemoAccount(login, Role.AUTHORITY, name, code, place, sector, shows=shows)


def _provider(login: str, name: str, code: str, place: str, unit: str, shows: str) -> DemoAccount:
    return DemoAccount(login, Role.PROVIDER, name, code, place, unit=unit, shows=shows)


def _employer(login: str, name: str, code: str, place: str, unit: str, shows: str) -> DemoAccount:
    return DemoAccount(login, Role.EMPLOYER, name, code, place, unit=unit, shows=shows)


def _person(
    login: str, name: str, code: str, unit: str, shows: str, *, first_password: bool = False
) -> DemoAccount:
    return DemoAccount(
        login,
        Role.PROFESSIONAL,
        name,
        code,
        name,
        first_password=first_password,
        unit=unit,
        shows=shows,
    )


DEMO_ACCOUNTS = (
    # 山东, with 威海 and a development zone
    _authority("shandong", "孙立群", "370000", "山东省", "全省达标情况、基层单位目录清单"),
    _authority("weihai", "于海宁", "371000", "威海市", "各区市目录清单报备了没有；审核申报"),
    _authority(
        "weihai-health", "丛静", "371000", "威海市", "只看得到卫生健康行业", Sector.HEALTH
    ),
    _authority(
        "huancui", "毕建国", "371002", "环翠区", "各个阶段的申报；一份申报的依据被撤销，不能通过"
    ),
    _authority(
        "zone", "戚少波", "371072", "威海经济技术开发区", "今年的目录清单被退回，写明了理由"
    ),
    _provider(
        "base", "刘培训", "371002", "环翠区专业技术人员继续教育基地", "base",
        "一份名单等待确认，有待登记人员；一个班次已撤销",
    ),
    _employer(
        "school", "宋人事", "371002", "环翠区海晏中学", "school",
        "推荐、退回、未通过、撤回的申报；应安排岗前培训的人",
    ),
    _employer(
        "factory", "邹凯", "371072", "威海经济技术开发区鼎泰装备制造有限公司", "factory",
        "不在目录清单的企业，只执行国家规定",
    ),
    _person(
        "teacher", "王晓岚", "371002", "school",
        "凡晋必学：没有语文专业的培训，不能申报高级教师；前年专业科目正好三分之二",
    ),
    _person(
        "physics-teacher", "宫海洋", "371002", "school",
        "已提交的申报，依据的培训后来被撤销",
    ),
    _person(
        "agronomist", "丛佳禾", "371082", "agriculture",
        "申报已提交评审；取得基层职称未满 5 年，不能申报同级的统一职称；乡镇工作满 20 年的倾斜",
    ),
    _person(
        "engineer", "毕海峰", "371072", "factory",
        "离开基层单位，基层职称失效",
    ),
    # 黑龙江
    _authority(
        "heilongjiang", "赵立新", "230000", "黑龙江省", "特批过的申报等待审核"
    ),
    _provider(
        "heilongjiang-university", "郭毅", "230000", "黑龙江省文澜学院继续教育学院", "university",
        "一份读不出来的文件",
    ),
    _employer(
        "heilongjiang-school", "姜敏", "230125", "宾县明德中学", "school",
        "推荐申报须书面说明；继续教育登记册",
    ),
    _person(
        "heilongjiang-teacher", "那雪梅", "230125", "school",
        "凡晋必下：农村服务差 1 天，经特批后提交；去年专业科目 59.99 学时，不到三分之二",
    ),
    _person(
        "heilongjiang-agronomist", "关东升", "230125", "agriculture",
        "乡村基层工作满 30 年的倾斜；晋升后应参加专项培训",
    ),
    # 湖南
    _authority("hunan", "彭向东", "430000", "湖南省", "全省达标情况"),
    _authority(
        "liuyang-education", "罗敏", "430181", "浏阳市", "只看得到教育行业", Sector.EDUCATION
    ),
    _provider(
        "hunan-superior", "谭志刚", "430181", "浏阳市教师发展中心", "superior_unit",
        "一份撤回后重新上传的名单",
    ),
    _employer(
        "hospital", "何敏", "430181", "浏阳市康宁中心医院", "hospital",
        "书面说明后推荐的申报",
    ),
    _person(
        "hunan-doctor", "向思源", "430181", "hospital",
        "凡晋必下：农村服务正好 365 天，可以申报；单位已推荐，等本人提交",
    ),
    _person(
        "changsha-doctor", "易文博", "430100", "hospital",
        "凡晋必下：市级医院也一样，没有农村服务经历，不能申报副高级",
    ),
    _person(
        "hunan-hydraulic", "龙春生", "430181", "water",
        "在乡镇连续工作满 30 年的聘任倾斜；从未参加培训",
    ),
    # 重庆, inside and outside the sixteen districts and counties
    _authority(
        "chongqing", "冉光明", "500000", "重庆市", "哪些单位继续教育经费不足或没有填报"
    ),
    _provider(
        "chongqing-association", "秦岚", "500000", "重庆市卫生健康协会", "association",
        "一个已撤销的班次",
    ),
    _employer(
        "yunyang-school", "向红", "500235", "云阳县启明中学", "school",
        "继续教育经费不到工资总额的 1.5%",
    ),
    _employer(
        "yunyang-hospital", "谭雪", "500235", "云阳县博爱中心医院", "hospital",
        "去年的继续教育经费没有填报",
    ),
    _person(
        "newcomer", "欧阳𬭎", "500235", "school",
        "今年入职，全年 90 学时照算", first_password=True,
    ),
    _person(
        "yunyang-teacher", "冉秋实", "500235", "school",
        "晋升后还没有专项培训；申报前的学时和农村服务只提示、不阻止",
    ),
    _employer(
        "beibei-hospital", "唐洁", "500109", "北碚区仁和中心医院", "hospital",
        "不在十六个区县，只执行国家规定",
    ),
    _person(
        "beibei-nurse", "诸葛静", "500109", "hospital",
        "去年的学时随班次撤销",
    ),
    # 宁夏
    _authority(
        "ningxia", "马文涛", "640000", "宁夏回族自治区", "哪个县没有继续教育基地、谁还没有轮训"
    ),
    _authority("tongxin", "周立军", "640324", "同心县", "本县的继续教育基地已经到期"),
    _provider(
        "ningxia-base", "哈建军", "640104", "兴庆区专业技术人员继续教育基地", "base",
        "认定的期限和专业",
    ),
    _employer(
        "ningxia-vocational", "虎秀英", "640422", "西吉县弘毅职业教育中心", "vocational",
        "本轮还没有轮训的教师",
    ),
    _person(
        "doctor", "阿依古丽·麦麦提", "640100", "hospital",
        "凡晋必下：两段服务重叠，同一天只计一次，不足 365 天，不能申报",
    ),
    _person(
        "ningxia-teacher", "马晓燕", "640422", "vocational",
        "5 年一周期的轮训还没有参加",
    ),
    _person(
        "ningxia-township", "田占彪", "640422", "town_school",
        "乡镇工作满 20 年的倾斜；三次考核优秀，年限可缩短 1 年",
    ),
    # 江苏: the national rules alone
    _authority("jiangsu", "钱文斌", "320000", "江苏省", "一份申报等待审核"),
    _provider(
        "jiangsu-base", "徐亚平", "320000", "江苏省专业技术人员继续教育基地", "base",
        "一条学时由 8 更正为 6",
    ),
    _employer(
        "jiangsu-hospital", "顾蓉", "320000", "江苏省普爱医院", "hospital",
        "申报前的学时不足，书面说明后推荐",
    ),
    _person(
        "jiangsu-pharmacist", "陆珺", "320000", "hospital",
        "以前年度学时不足，只提示、不阻止；去年一条学时由 8 更正为 6",
    ),
)  # fmt: skip
