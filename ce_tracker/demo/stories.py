"""What happened at the desks of those who sign in: everything that a provider's pages can show.

Hours corrected, a session taken back with its reason, colleagues whom nobody has registered yet,
lines that are wrong, a list that waits for its yes, one that was withdrawn and one that nobody can
read; drafts, what is announced and what is under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from ce_tracker.demo import cast, story_sessions
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.attendance import Attendance
from ce_tracker.demo.desk import Desks, work_on
from ce_tracker.demo.lists import File, Lists, Row, as_csv, as_xlsx, misread, mistyped
from ce_tracker.demo.providers import Provider
from ce_tracker.demo.story_sessions import SPECIALTY, Told
from ce_tracker.demo.trainings import Training, may_hold, platform_of, room_of
from ce_tracker.ledger.uploads import Mode

REVOKED = "经核查，实际授课 3 天，与申报的 40 学时不符，本期培训未按计划完成，所登学时予以撤销。"
CORRECTED = "核对签到表，下午请假，实到 6 学时。"
_NO_SHEET = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
_ANNOUNCED = {
    "health": ("基层卫生骨干研修班", "急诊急救、慢病管理与医患沟通"),
    "school": ("骨干教师研修班", "单元教学设计、作业改革与课题研究"),
    "university": ("青年教师教学能力研修班", "课程建设、教学创新与教学成果培育"),
    None: ("综合能力提升培训班", "沟通协调、团队管理与职业素养"),
}
"""Series → what is announced, and what of."""


class Stories:
    """Sessions first, all at once with the others; then what happened, one thing after another."""

    def __init__(
        self, attendance: Attendance, lists: Lists, providers: Sequence[Provider], today: date
    ) -> None:
        self._attendance, self._lists, self._today = attendance, lists, today
        named = {provider.name: provider for provider in providers}
        self._at = {a.login: named[a.place] for a in DEMO_ACCOUNTS if a.place in named}
        self.trainings: list[Training] = []
        self._waiting = self._held(story_sessions.WAITING)
        self._left_over = self._held(story_sessions.LEFT_OVER)
        self._revoked = self._held(story_sessions.REVOKED)
        self._corrected = self._held(story_sessions.CORRECTED)
        self._sent_twice = self._held(story_sessions.SENT_TWICE)
        self.taken_back = self._held(story_sessions.TAKEN_BACK)
        """Posted like all others; an application rests on it when it is revoked."""
        self._unreadable = self._held(story_sessions.UNREADABLE)
        for provider in self._at.values():
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

    def _held(self, told: Told) -> Training:
        since = (told.first_day(self._today) - self._today).days
        training = self._training(
            self._at[told.desk],
            told.called,
            told.course,
            since,
            told.days,
            told.hours,
            **told.more,
        )
        if told.first is not None:
            training.attend(_of_the_cast(told.first), training.ends)
        if told.colleagues:
            for who in self._attendance.colleagues[training.provider.id]:
                training.attend(who, training.ends)
        return training

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

    def _announce(self, provider: Provider) -> None:
        """What is under way, what is to come or still being thought about; and one that is just
        over, whose list is not in yet."""
        group = {"health": "health", "education": "school"}.get(provider.sector)
        if provider.kind == "university":
            group = "university"
        called, course = _ANNOUNCED[group]
        more: dict[str, Any] = {} if group is None else {"series_code": group, **SPECIALTY}
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

    def _rows(self, training: Training) -> list[Row]:
        return [self._lists.row(training, place) for place in range(len(training.people))]


def _of_the_cast(login: str) -> int:
    return [account.login for account in cast.ACTORS].index(login)


def _post(desks: Desks, training: Training, rows: list[Row]) -> None:
    work_on(desks.hand_in(training.provider, _file(training, rows, "签到表"), training))


def _file(training: Training, rows: list[Row], called: str) -> File:
    return as_xlsx(f"{training.title}{called}", f"{training.title}学时登记表", rows)
