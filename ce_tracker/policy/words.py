"""The words that packs and verdicts are made of, with what a person calls them.

Written out here, although other rooms have some of them too, since this one imports no other; a
test compares them.
"""

from __future__ import annotations

from enum import StrEnum

SECTORS = {
    "education": "教育",
    "health": "卫生健康",
    "agriculture": "农业农村",
    "forestry": "林业",
    "water": "水利",
    "industry": "工业和信息化",
    "statistics": "统计",
    "other": "其他",
}
UNIT_LEVELS = {"province": "省级", "city": "市级", "county": "县级", "township": "乡镇级"}
TITLE_LEVELS = {
    "junior": "初级",
    "intermediate": "中级",
    "associate_senior": "副高级",
    "full_senior": "正高级",
}
TRACKS = {"unified": "全省统一职称", "grassroots": "基层职称"}
PROVIDER_KINDS = {
    "base": "继续教育基地",
    "university": "高等院校",
    "superior_unit": "上级单位",
    "association": "行业协会",
}
SERIES = {
    "university": "高等学校教师",
    "philosophy": "哲学社会科学研究",
    "science": "自然科学研究",
    "health": "卫生技术",
    "engineering": "工程技术",
    "agriculture": "农业技术",
    "news": "新闻",
    "publishing": "出版",
    "library": "图书资料",
    "museum": "文物博物",
    "archives": "档案",
    "crafts": "工艺美术",
    "technician": "技工院校教师",
    "sports": "体育",
    "translation": "翻译",
    "broadcasting": "播音主持",
    "accounting": "会计",
    "statistics": "统计",
    "economics": "经济",
    "laboratory": "实验技术",
    "vocational": "中等职业学校教师",
    "school": "中小学教师",
    "arts": "艺术",
    "notary": "公证",
    "law": "律师",
    "ships": "船舶",
    "aviation": "民用航空飞行",
}


class Strength(StrEnum):
    BLOCKS = "blocks"
    FLAGS = "flags"
    ADVISES = "advises"
    FEATURE = "feature"
    """Nobody's duty: what the service itself provides because a document asks for it."""

    @property
    def label(self) -> str:
        return {"blocks": "不得申报", "flags": "预警", "advises": "提示", "feature": "系统功能"}[
            self.value
        ]


class Who(StrEnum):
    """Whom a rule speaks of; what `grassroots` means, each document says for itself."""

    EVERYBODY = "everybody"
    GRASSROOTS = "grassroots"
    TOWNSHIP_INSTITUTIONS = "township_institutions"
    EMPLOYERS = "employers"
    COUNTIES = "counties"

    @property
    def label(self) -> str:
        return {
            "everybody": "全体专业技术人员",
            "grassroots": "基层专业技术人员",
            "township_institutions": "乡镇事业单位专业技术人员",
            "employers": "用人单位",
            "counties": "县（市、区）",
        }[self.value]


class Outcome(StrEnum):
    MET = "met"
    SHORT = "short"
    FAILED = "failed"
    EXEMPT = "exempt"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> str:
        return {
            "met": "已达标",
            "short": "尚有差额",
            "failed": "未达标",
            "exempt": "不作要求",
            "undetermined": "暂不能判定",
        }[self.value]


WORST_FIRST = (Outcome.FAILED, Outcome.UNDETERMINED, Outcome.SHORT, Outcome.MET, Outcome.EXEMPT)
