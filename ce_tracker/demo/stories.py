"""What happened at the desks of those who sign in: everything that a provider's pages can show.

Hours corrected, a session taken back with its reason, colleagues whom nobody has registered yet,
lines that are wrong, a list that waits for its yes, one that was withdrawn and one that nobody can
read; drafts, what is announced and what is under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from ce_tracker.demo import cast
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.attendance import Attendance
from ce_tracker.demo.desk import Desks, work_on
from ce_tracker.demo.lists import File, Lists, Row, as_csv, as_xlsx, misread, mistyped
from ce_tracker.demo.providers import Provider
from ce_tracker.demo.trainings import Training, may_hold, platform_of, room_of
from ce_tracker.ledger.uploads import Mode
from ce_tracker.registry.title_series import field_of

REVOKED = "经核查，实际授课 3 天，与申报的 40 学时不符，本期培训未按计划完成，所登学时予以撤销。"
CORRECTED = "核对签到表，下午请假，实到 6 学时。"
_NO_SHEET = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
_SPECIALTY = {"subject": "specialty"}
_ANNOUNCED = {
    "health": ("基层卫生骨干研修班", "急诊急救、慢病管理与医患沟通"),
    "school": ("骨干教师研修班", "单元教学设计、作业改革与课题研究"),
    "university": ("青年教师教学能力研修班", "课程建设、教学创新与教学成果培育"),
    None: ("综合能力提升培训班", "沟通协调、团队管理与职业素养"),
}
"""Series → what is announced, and what of."""
_NURSING, _CLINICAL_PHARMACY = "health-24", "health-26"
_PHYSICS = field_of("物理", "school")


class Stories:
    """Sessions first, all at once with the others; then what happened, one thing after another."""

    def __init__(
        self, attendance: Attendance, lists: Lists, providers: Sequence[Provider], today: date
    ) -> None:
        self._attendance, self._lists, self._today = attendance, lists, today
        named = {provider.name: provider for provider in providers}
        self._at = {a.login: named[a.place] for a in DEMO_ACCOUNTS if a.place in named}
        self.trainings: list[Training] = []
        at, this = self._at, self._training
        self._waiting = this(
            at["base"],
            "绿色低碳发展专题培训",
            "“双碳”目标与绿色低碳发展",
            -9,
            3,
            16,
        )
        self._left_over = this(
            at["base"],
            "人工智能应用实践活动",
            "大模型工具及其在专业工作中的应用",
            -40,
            3,
            24,
            **_SPECIALTY,
            form="practice",
        )
        self._revoked = this(
            at["chongqing-association"],
            "临床护理新技术培训班",
            "静脉治疗与伤口造口护理",
            self._last_year(9, 15),
            5,
            40,
            **_SPECIALTY,
            series_code="health",
            field_code=_NURSING,
        )
        self._corrected = this(
            at["jiangsu-base"],
            "药学服务学术报告会",
            "抗感染药物的药学监护",
            self._last_year(10, 25),
            1,
            8,
            **_SPECIALTY,
            series_code="health",
            field_code=_CLINICAL_PHARMACY,
            form="academic_meeting",
        )
        self._sent_twice = this(
            at["hunan-superior"],
            "班主任工作能力培训班",
            "家校共育与学生心理健康",
            -20,
            2,
            16,
            **_SPECIALTY,
            series_code="school",
        )
        self.taken_back = this(
            at["base"],
            "物理实验教学跟岗研修",
            "探究实验的设计与实验室安全",
            -55,
            3,
            24,
            **_SPECIALTY,
            series_code="school",
            field_code=_PHYSICS,
            form="practice",
        )
        """Posted like all others; an application rests on it when it is revoked."""
        self._unreadable = this(
            at["heilongjiang-university"], "教学数字化专题讲座", "智慧教学与课堂应用", -12, 1, 8,
            **_SPECIALTY, series_code="university", form="academic_meeting",
        )  # fmt: skip
        self._fill("beibei-nurse", self._revoked)
        self._fill("jiangsu-pharmacist", self._corrected)
        self.taken_back.attend(_of_the_cast("physics-teacher"), self.taken_back.ends)
        for training in (self._waiting, self._left_over, self._sent_twice, self._unreadable):
            self._fill(None, training)
        for provider in at.values():
            self._announce(provider)

    def happen(self, desks: Desks) -> Iterator[None]:
        """One thing after another; after each, what has happened so far is whole."""
        yield from self._wait_for_a_yes(desks)
        yield from self._leave_some_behind(desks)
        yield from self._correct(desks)
        yield from self._revoke(desks)
        yield from self._withdraw(desks)
        _post(desks, self.taken_back, self._rows(self.taken_back))
        yield
        file = File("教学数字化专题讲座签到表.xlsx", _NO_SHEET, 0)
        work_on(desks.hand_in(self._unreadable.provider, file, self._unreadable, post=False))
        yield

    def _wait_for_a_yes(self, desks: Desks) -> Iterator[None]:
        """A first list is posted; the whole one, which differs from it in every way, waits."""
        training = self._waiting
        rows = self._rows(training)
        _post(desks, training, rows[:12])
        yield
        first, late = rows[2:12], rows[12:18]
        first[3:4] = [row._replace(hours_x100=1200) for row in first[3:4]]
        first[4:5] = [row._replace(result="不合格") for row in first[4:5]]
        wrong = [*map(mistyped, rows[18:19]), *map(misread, rows[19:20])]
        wrong += [row._replace(hours_x100=2400) for row in rows[20:21]]
        failed = [row._replace(result="不合格") for row in rows[21:23]]
        unknown = [self._lists.stranger(row) for row in rows[:2]]
        file = _file(training, [*first, *late, *unknown, *wrong, *failed], "完整名单")
        work_on(desks.hand_in(training.provider, file, training, Mode.REPLACE, post=False))
        yield

    def _leave_some_behind(self, desks: Desks) -> Iterator[None]:
        training = self._left_over
        rows = self._rows(training)
        unknown = [self._lists.stranger(row) for row in rows[:3]]
        wrong = [*map(misread, rows[-1:]), *map(mistyped, rows[-2:-1])]
        _post(desks, training, [*rows[:-2], *unknown, *wrong])
        yield

    def _correct(self, desks: Desks) -> Iterator[None]:
        """8 hours, then 6."""
        training = self._corrected
        rows = self._rows(training)
        _post(desks, training, rows)
        yield
        corrected = [row._replace(hours_x100=600) for row in rows[:1]]
        file = as_csv(f"{training.title}更正", corrected)
        work_on(desks.hand_in(training.provider, file, training, reason=CORRECTED))
        yield

    def _revoke(self, desks: Desks) -> Iterator[None]:
        _post(desks, self._revoked, self._rows(self._revoked))
        yield
        desks.revoke(self._revoked, REVOKED)
        yield

    def _withdraw(self, desks: Desks) -> Iterator[None]:
        training = self._sent_twice
        rows = self._rows(training)
        wrong_one = _file(training, [row._replace(hours_x100=800) for row in rows], "初稿")
        upload = desks.hand_in(training.provider, wrong_one, training, post=False)
        work_on(upload)
        desks.withdraw(upload)
        yield
        _post(desks, training, rows)
        yield

    # --- sessions ----------------------------------------------------------------------------

    def _training(
        self,
        provider: Provider,
        called: str,
        course: str,
        since: int,
        days: int,
        hours: int,
        **more: Any,
    ) -> Training:
        """`since`: its first day, counted from today."""
        begins = self._today + timedelta(days=since)
        ends = begins + timedelta(days=days - 1)
        training = Training(
            provider=provider,
            title=f"{ends.year}年{provider.place.name}{called}",
            course=course,
            place=platform_of(provider) if more.get("online") else room_of(provider),
            begins=begins.toordinal(),
            ends=ends.toordinal(),
            hours_x100=hours * 100,
            **{"subject": "general"} | more,
        )
        self.trainings.append(training)
        return training

    def _fill(self, first: str | None, training: Training) -> None:
        """With colleagues of the provider's region and sector, somebody of the cast before them."""
        if first is not None:
            training.attend(_of_the_cast(first), training.ends)
        for who in self._attendance.colleagues[training.provider.id]:
            training.attend(who, training.ends)

    def _announce(self, provider: Provider) -> None:
        """What is under way, what is to come or still being thought about; and one that is just
        over, whose list is not in yet."""
        group = {"health": "health", "education": "school"}.get(provider.sector)
        if provider.kind == "university":
            group = "university"
        called, course = _ANNOUNCED[group]
        more: dict[str, Any] = {} if group is None else {"series_code": group, **_SPECIALTY}
        self._training(
            provider, "网络专题研修", course, -6, 30, 20, form="distance", online=True, **more
        )
        for turn, since in zip("一二三", (-5, 18, 75), strict=True):
            begins = self._today.toordinal() + since
            may = since != 75 and may_hold(provider, begins, begins + 2, group)
            state = "published" if may else "draft"
            self._training(
                provider, f"{called}（第{turn}期）", course, since, 3, 24, state=state, **more
            )

    def _last_year(self, month: int, day: int) -> int:
        return (date(self._today.year - 1, month, day) - self._today).days

    def _rows(self, training: Training) -> list[Row]:
        return [self._lists.row(training, place) for place in range(len(training.people))]


def _of_the_cast(login: str) -> int:
    return [account.login for account in cast.ACTORS].index(login)


def _post(desks: Desks, training: Training, rows: list[Row]) -> None:
    work_on(desks.hand_in(training.provider, _file(training, rows, "签到表"), training))


def _file(training: Training, rows: list[Row], called: str) -> File:
    return as_xlsx(f"{training.title}{called}", f"{training.title}学时登记表", rows)
