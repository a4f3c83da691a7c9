"""What people do at units of each kind: their series and fields, and what their titles are called
from the lowest level to the highest."""

from __future__ import annotations

from dataclasses import dataclass

from ce_tracker.registry.title_series import field_of


@dataclass(frozen=True, eq=False, slots=True)
class Branch:
    series: str
    fields: tuple[str, ...]
    """Codes."""
    departments: tuple[str, ...]
    """As many as fields, or any number that people of all fields are spread over."""
    names: tuple[str, str, str, str]
    """Of the four levels."""


def _branch(series: str, fields: str, names: str, departments: str) -> Branch:
    junior, intermediate, associate, full = names.split()
    words = fields.split()
    codes = [field_of(word, series) for word in words]
    return Branch(
        series,
        tuple(code for code in codes if code is not None),
        tuple(departments.format(f=word) for word in words)
        if "{f}" in departments
        else tuple(departments.split()),
        (junior, intermediate, associate, full),
    )


_DOCTORS = "医师 主治医师 副主任医师 主任医师"
_TEACHERS = "二级教师 一级教师 高级教师 正高级教师"
_ENGINEERS = "助理工程师 工程师 高级工程师 正高级工程师"
_LECTURERS = "助理讲师 讲师 高级讲师 正高级讲师"

DOCTOR = _branch(
    "health",
    "内科学 外科学 儿科学 妇产科学 急诊医学 麻醉学 口腔医学 感染病学",
    _DOCTORS,
    "内科 外科 儿科 妇产科 急诊科 麻醉科 口腔科 感染科",
)
GENERAL = _branch(
    "health", "全科医学 公共卫生 妇幼保健", _DOCTORS, "全科门诊 公共卫生科 妇幼保健科"
)
CHINESE = _branch(
    "health",
    "中医内科学 中医骨伤科学 针灸推拿学",
    "中医师 主治中医师 副主任中医师 主任中医师",
    "中医科 骨伤科 针灸推拿科",
)
NURSE = _branch(
    "health", "护理学", "护师 主管护师 副主任护师 主任护师", "内科 外科 儿科 急诊科 手术室 门诊"
)
PHARMACIST = _branch("health", "药学 临床药学", "药师 主管药师 副主任药师 主任药师", "药剂科")
ANALYST = _branch(
    "health",
    "临床医学检验 放射医学技术",
    "技师 主管技师 副主任技师 主任技师",
    "检验科 放射科",
)
TEACHER = _branch(
    "school",
    "语文 数学 英语 物理 化学 生物学 历史 地理 思想政治 体育与健康 信息科技",
    _TEACHERS,
    "{f}教研组",
)
PRIMARY = _branch("school", "语文 数学 英语 科学 音乐 美术 体育与健康", _TEACHERS, "{f}教研组")
VOCATIONAL = _branch(
    "vocational",
    "语文 数学 农林牧渔 加工制造 信息技术 财经商贸 医药卫生 旅游服务",
    _LECTURERS,
    "{f}教研室",
)
INSTRUCTOR = _branch("technician", "机械加工 汽车维修 电工电子 现代服务", _LECTURERS, "{f}系")
PROFESSOR = _branch(
    "university",
    "教育学 文学 理学 工学 计算机科学与技术 农学 医学 管理学",
    "助教 讲师 副教授 教授",
    "{f}学院",
)
LABORATORY = _branch(
    "laboratory",
    "物理实验 化学实验 工程实训",
    "助理实验师 实验师 高级实验师 正高级实验师",
    "实验中心",
)
AGRONOMIST = _branch(
    "agriculture",
    "农学 园艺 植物保护 土壤肥料 农业机械化",
    "助理农艺师 农艺师 高级农艺师 正高级农艺师",
    "粮油股 园艺股 植保股 土肥股 农机股",
)
STOCKMAN = _branch("agriculture", "畜牧", "助理畜牧师 畜牧师 高级畜牧师 正高级畜牧师", "畜牧股")
VET = _branch("agriculture", "兽医", "助理兽医师 兽医师 高级兽医师 正高级兽医师", "防疫股")
FORESTER = _branch("engineering", "林业工程 森林保护 园林绿化", _ENGINEERS, "造林股 森防股 园林股")
HYDRAULIC = _branch("engineering", "水利工程 水文水资源", _ENGINEERS, "工程股 水文股")
BUILDER = _branch(
    "engineering", "建筑工程 市政工程 给水排水 测绘", _ENGINEERS, "工程部 市政部 技术部 测量队"
)
MECHANIC = _branch(
    "engineering",
    "机械工程 电气工程 电子信息 食品工程",
    _ENGINEERS,
    "设备部 电气部 研发部 质量部",
)
STATISTICIAN = _branch(
    "statistics", "统计 普查与调查", "助理统计师 统计师 高级统计师 正高级统计师", "综合股 普查股"
)
ACCOUNTANT = _branch(
    "accounting", "会计 审计", "助理会计师 会计师 高级会计师 正高级会计师", "财务部 审计部"
)
ECONOMIST = _branch(
    "economics", "工商管理 人力资源管理", "助理经济师 经济师 高级经济师 正高级经济师", "人事部"
)
LIBRARIAN = _branch("library", "图书 群众文化", "助理馆员 馆员 副研究馆员 研究馆员", "借阅部")
CURATOR = _branch("museum", "文物保护 考古", "助理馆员 馆员 副研究馆员 研究馆员", "保管部 考古队")
JOURNALIST = _branch("news", "采访 新媒体", "助理记者 记者 主任记者 高级记者", "采访部 新媒体部")
SCIENTIST = _branch(
    "science",
    "生物学 农业科学",
    "研究实习员 助理研究员 副研究员 研究员",
    "育种研究所 生物技术研究所",
)

# Kind of unit → who works there, with their shares.
AT: dict[str, tuple[tuple[int, Branch], ...]] = {
    "hospital": (
        (38, DOCTOR), (36, NURSE), (7, PHARMACIST), (9, ANALYST), (6, CHINESE), (4, ACCOUNTANT),
    ),
    "tcm": ((35, CHINESE), (15, DOCTOR), (35, NURSE), (10, PHARMACIST), (5, ANALYST)),
    "health_centre": ((35, GENERAL), (10, CHINESE), (40, NURSE), (8, PHARMACIST), (7, ANALYST)),
    "school": ((96, TEACHER), (2, LABORATORY), (2, ACCOUNTANT)),
    "primary": ((97, PRIMARY), (3, ACCOUNTANT)),
    "town_school": ((50, PRIMARY), (50, TEACHER)),
    "vocational": ((94, VOCATIONAL), (3, LABORATORY), (3, LIBRARIAN)),
    "technician": ((95, INSTRUCTOR), (5, LABORATORY)),
    "university": ((88, PROFESSOR), (7, LABORATORY), (5, LIBRARIAN)),
    "agriculture": ((60, AGRONOMIST), (20, STOCKMAN), (20, VET)),
    "science": ((60, SCIENTIST), (40, AGRONOMIST)),
    "forestry": ((100, FORESTER),),
    "water": ((100, HYDRAULIC),),
    "statistics": ((100, STATISTICIAN),),
    "library": ((100, LIBRARIAN),),
    "museum": ((100, CURATOR),),
    "news": ((100, JOURNALIST),),
    "builder": ((85, BUILDER), (8, ACCOUNTANT), (7, ECONOMIST)),
    "factory": ((85, MECHANIC), (8, ACCOUNTANT), (7, ECONOMIST)),
    "accountants": ((100, ACCOUNTANT),),
}  # fmt: skip
