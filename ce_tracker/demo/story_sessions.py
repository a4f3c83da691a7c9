"""What the sessions of the stories are: whose, of what, when, and who of the cast is in them. What
happens to each of them is told in `stories.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ce_tracker.registry.title_series import field_of

SPECIALTY = {"subject": "specialty"}
_NURSING, _CLINICAL_PHARMACY = "health-24", "health-26"
_PHYSICS = field_of("物理", "school")


@dataclass(frozen=True, kw_only=True)
class Told:
    desk: str
    """The sign-in of its provider."""
    called: str
    course: str
    begins: int | tuple[int, int]
    """So many days from today; or a month and day of last year."""
    days: int
    hours: int
    more: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    """Who of the cast stands before all others on the list."""
    colleagues: bool = True
    """Whether those of the provider's region and sector come as well."""

    def first_day(self, today: date) -> date:
        if isinstance(self.begins, int):
            return today + timedelta(days=self.begins)
        return date(today.year - 1, *self.begins)


WAITING = Told(
    desk="base",
    called="绿色低碳发展专题培训",
    course="“双碳”目标与绿色低碳发展",
    begins=-9,
    days=3,
    hours=16,
)
LEFT_OVER = Told(
    desk="base",
    called="人工智能应用实践活动",
    course="大模型工具及其在专业工作中的应用",
    begins=-40,
    days=3,
    hours=24,
    more={**SPECIALTY, "form": "practice"},
)
REVOKED = Told(
    desk="chongqing-association",
    called="临床护理新技术培训班",
    course="静脉治疗与伤口造口护理",
    begins=(9, 15),
    days=5,
    hours=40,
    more={**SPECIALTY, "series_code": "health", "field_code": _NURSING},
    first="beibei-nurse",
)
CORRECTED = Told(
    desk="jiangsu-base",
    called="药学服务学术报告会",
    course="抗感染药物的药学监护",
    begins=(10, 25),
    days=1,
    hours=8,
    more={
        **SPECIALTY,
        "series_code": "health",
        "field_code": _CLINICAL_PHARMACY,
        "form": "academic_meeting",
    },
    first="jiangsu-pharmacist",
)
SENT_TWICE = Told(
    desk="hunan-superior",
    called="班主任工作能力培训班",
    course="家校共育与学生心理健康",
    begins=-20,
    days=2,
    hours=16,
    more={**SPECIALTY, "series_code": "school"},
)
TAKEN_BACK = Told(
    desk="base",
    called="物理实验教学跟岗研修",
    course="探究实验的设计与实验室安全",
    begins=-55,
    days=3,
    hours=24,
    more={**SPECIALTY, "series_code": "school", "field_code": _PHYSICS, "form": "practice"},
    first="physics-teacher",
    colleagues=False,
)
UNREADABLE = Told(
    desk="heilongjiang-university",
    called="教学数字化专题讲座",
    course="智慧教学与课堂应用",
    begins=-12,
    days=1,
    hours=8,
    more={**SPECIALTY, "series_code": "university", "form": "academic_meeting"},
)
