"""What is taught in the demo's sessions: the titles and contents that a base's notice would have.

Of each field two contents, taught in turn from year to year; of what is for everybody, more.
"""

from __future__ import annotations

from functools import cache

from ce_tracker.registry.title_series import catalogue, field_of

GENERAL = (
    "人工智能应用与数字素养提升",
    "“十五五”规划与高质量发展",
    "发展新质生产力与现代化产业体系建设",
)
TALKS = (
    "科研诚信与职业道德",
    "知识产权保护与运用",
    "心理健康与压力管理",
    "公文写作与调查研究",
    "数据安全与个人信息保护",
)

_OF_FIELDS = """
health 内科学|心脑血管疾病与糖尿病的规范管理|慢性阻塞性肺疾病的诊疗进展
health 外科学|微创外科与加速康复|急腹症的诊断与处理
health 儿科学|儿童呼吸系统疾病诊疗进展|新生儿急救与转运
health 妇产科学|高危妊娠的筛查与管理|产后出血的预防与抢救
health 急诊医学|胸痛与卒中的急诊救治流程|心肺复苏新指南
health 麻醉学|困难气道与围手术期安全|舒适化医疗与日间手术麻醉
health 口腔医学|牙体牙髓与牙周常见病诊治|儿童口腔预防保健
health 感染病学|发热待查与抗菌药物合理使用|新发传染病的识别与处置
health 全科医学|家庭医生签约与慢病管理|社区常见急症的识别与转诊
health 公共卫生|突发公共卫生事件应急处置|预防接种与传染病监测
health 妇幼保健|孕产妇与儿童健康管理|出生缺陷综合防治
health 中医内科学|脾胃病的辨证论治|中医治未病与体质调养
health 中医骨伤科学|颈肩腰腿痛的中医手法|骨折的中西医结合治疗
health 针灸推拿学|针灸适宜技术基层推广|推拿手法在儿科的应用
health 护理学|静脉治疗与压力性损伤护理|优质护理与护理安全
health 药学|处方审核与合理用药|药品不良反应监测
health 临床药学|抗感染药物的药学监护|用药咨询与居家药学服务
health 临床医学检验|检验质量控制与危急值管理|分子诊断技术及其应用
health 放射医学技术|CT 与磁共振检查技术规范|辐射防护与影像质量控制
school 语文|统编教材的整本书阅读与单元教学|写作教学与评价
school 数学|核心素养导向的数学单元教学|数学命题与学业质量评价
school 英语|英语学习活动观与课堂实践|听说教学与作业设计
school 物理|实验教学与科学探究|跨学科实践的设计
school 化学|化学实验教学与安全|大概念统领的单元教学
school 生物学|生命观念与探究性实验|生物学跨学科主题学习
school 历史|史料实证与课堂教学|中华文明史教学专题
school 地理|地理实践力的培养|信息技术支持的地理教学
school 思想政治|大中小学思政课一体化建设|议题式教学的设计与实施
school 体育与健康|体能训练与运动损伤预防|“教会、勤练、常赛”的课堂
school 信息科技|人工智能教育进课堂|项目式学习与编程教学
school 科学|小学科学探究教学|科学实验与安全
school 音乐|合唱与器乐进课堂|音乐学科核心素养教学
school 美术|美术欣赏与表现|非遗项目进美术课堂
vocational 语文|中职语文课程标准与教学设计|职业场景中的表达与写作
vocational 数学|中职数学与专业课的衔接|数学信息化教学
vocational 农林牧渔|现代农业实训教学|设施园艺与智慧农业
vocational 加工制造|数控加工与智能制造实训|工业机器人教学应用
vocational 信息技术|网络搭建与应用实训|大数据基础教学
vocational 财经商贸|直播电商与新零售教学|智慧财税实训
vocational 医药卫生|护理技能竞赛与实训教学|药品购销实训教学
vocational 旅游服务|导游与研学旅行教学|酒店数字化运营实训
technician 机械加工|五轴加工与工学一体化教学|精密检测技术
technician 汽车维修|新能源汽车检测与维修|汽车电控系统诊断
technician 电工电子|可编程控制器与工业网络|电气安全与实训教学
technician 现代服务|养老服务与家政实训|现代物流实训教学
university 教育学|高校教学设计与学业评价|教育数字化转型
university 文学|中国文学经典教学研究|写作课程建设
university 理学|理科基础课程的混合式教学|科学计算方法及其应用
university 工学|工程教育认证与课程建设|产教融合与实践教学
university 计算机科学与技术|大语言模型及其教学应用|网络空间安全进展
university 农学|作物育种前沿|农科实践教学改革
university 医学|基础医学与临床整合教学|医学人文与科研伦理
university 管理学|管理案例教学与案例开发|数据驱动的决策方法
laboratory 物理实验|大学物理实验的数字化改造|实验误差分析与评价
laboratory 化学实验|危险化学品与实验室安全|现代仪器分析
laboratory 工程实训|工程训练中心的安全与管理|增材制造实训
agriculture 农学|小麦玉米单产提升关键技术|主要粮食作物绿色高产高效栽培
agriculture 园艺|果树省力化栽培与品质提升|设施蔬菜连作障碍治理
agriculture 植物保护|草地贪夜蛾与重大病虫害统防统治|农药减量增效技术
agriculture 土壤肥料|测土配方施肥与耕地质量提升|盐碱地改良利用
agriculture 农业机械化|北斗导航与智能农机应用|粮食机收减损技术
agriculture 畜牧|畜禽标准化规模养殖|饲用豆粕减量替代
agriculture 兽医|重大动物疫病防控|兽用抗菌药减量使用
engineering 林业工程|森林经营与国家储备林建设|林草湿调查监测
engineering 森林保护|松材线虫病防治|森林防火与预警
engineering 园林绿化|城市绿地养护与海绵城市|古树名木保护
engineering 水利工程|小型水库安全运行与除险加固|数字孪生水利建设
engineering 水文水资源|水文监测与洪水预报|水资源刚性约束与节水
engineering 建筑工程|装配式建筑与绿色施工|既有建筑安全鉴定与加固
engineering 市政工程|城市更新与地下管网改造|市政工程质量通病防治
engineering 给水排水|污水处理提质增效|城镇供水管网漏损控制
engineering 测绘|实景三维与无人机测绘|地理信息数据安全
engineering 机械工程|智能制造与数字化车间|机械可靠性设计
engineering 电气工程|新型电力系统与储能技术|电气设备状态检修
engineering 电子信息|工业互联网与边缘计算|嵌入式系统设计
engineering 食品工程|食品安全风险防控|食品冷链与保鲜技术
statistics 统计|统计法与数据质量|国民经济核算方法
statistics 普查与调查|第五次全国经济普查数据开发|抽样调查方法
accounting 会计|企业会计准则新变化|管理会计与数智化转型
accounting 审计|内部控制审计|大数据审计方法
economics 工商管理|企业战略与组织变革|供应链管理
economics 人力资源管理|薪酬设计与绩效管理|劳动用工风险防范
library 图书|全民阅读推广与智慧图书馆|古籍保护基础
library 群众文化|公共文化活动的策划|非物质文化遗产保护与传承
museum 文物保护|可移动文物的预防性保护|文物数字化保护
museum 考古|考古现场保护与资料整理|区域考古调查方法
news 采访|媒体融合与新闻采写|马克思主义新闻观
news 新媒体|短视频创作与传播|舆情分析与引导
science 生物学|基因编辑与合成生物学进展|生物信息学方法
science 农业科学|种业振兴与育种新技术|农业科研数据管理
"""


@cache
def _of_fields() -> dict[str, tuple[str, str]]:
    """Field's code → its contents."""
    found = {}
    for line in _OF_FIELDS.strip().splitlines():
        field, one, other = line.split("|")
        series, name = field.split(" ")
        code = field_of(name, series)
        if code is None:
            raise LookupError(field)
        found[code] = (one, other)
    return found


def of_field(code: str, year: int) -> str:
    return _of_fields()[code][year % 2]


def of_everybody(year: int) -> str:
    return GENERAL[year % len(GENERAL)]


def of_a_talk(turn: int) -> str:
    return TALKS[turn % len(TALKS)]


# Group of series → what its people come together for: a course in a room, and something else.
_COURSES = {
    "health": ("卫生技术人员业务能力培训班", "基层常见病诊疗、医院感染防控与医患沟通"),
    "school": ("中小学教师暑期集中培训", "师德师风、新课程标准与作业设计"),
    "vocational": ("{series}教学能力研修班", "专业教学标准、工学一体化与企业实践"),
    "university": ("{series}教学能力研修班", "课程思政、教学创新与科研诚信"),
    "agriculture": ("农业技术人员知识更新培训班", "粮油单产提升、农产品质量安全与绿色防控"),
    "other": ("{series}专业技术人员研修班", "行业政策、标准规范与新技术应用"),
}
_GATHERINGS = {
    "health": ("academic_meeting", "卫生健康学术年会", "专题报告、病例讨论与论文交流"),
    "school": ("practice", "教研实践活动", "听课评课、集体备课与教学展示"),
    "vocational": ("practice", "{series}企业实践", "到企业跟岗，参与技术改造和项目开发"),
    "university": ("academic_meeting", "{series}学术报告会", "前沿报告与学术交流"),
    "agriculture": ("practice", "农技推广实践活动", "包村联户、田间指导与示范展示"),
    "other": ("other", "{series}专业交流与课题研究", "参与标准编制、课题研究和专业交流"),
}


def together(series: str, group: str, *, course: bool) -> tuple[str, str, str]:
    """The form, what it is called, and its content."""
    group = group if group in _COURSES else "other"
    form, called, content = ("class", *_COURSES[group]) if course else _GATHERINGS[group]
    return form, called.format(series=catalogue()[series].name), content
