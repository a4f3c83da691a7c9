"""The register as a spreadsheet: what was learnt, and nothing that a program would run."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance.register import COLUMNS, NOTHING
from ce_tracker.training.models import Form
from tests.api.asking import Asker
from tests.compliance.staff import LAST, Staff
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.ledger.world import Ledger, Move

TITLES = [column.title for column in COLUMNS]


@pytest.fixture
def staff(make: Factory, web: Flask, worker: Flask) -> Staff:
    return Staff.of_a_school(make, web, worker)


def read(asker: Asker, path: str, **query: Any) -> tuple[str, list[dict[str, Any]]]:
    """The heading, and the rows by their titles."""
    answer = asker.web.test_client().get(
        f"/api/v1{path}", headers=asker.account.bearer, query_string=query
    )
    assert answer.status_code == 200, answer.text
    [sheet] = load_workbook(io.BytesIO(answer.data)).worksheets
    heading, titles, *rows = list(sheet.iter_rows())
    assert [cell.value for cell in titles] == TITLES
    assert {cell.data_type for row in rows for cell in row} <= {"n", "s", "d"}, "no formula"
    values = [dict(zip(TITLES, (cell.value for cell in row), strict=True)) for row in rows]
    return str(heading[0].value), values


def of(staff: Staff) -> str:
    return f"/employers/{staff.account.actor.employer_id}/register.xlsx"


def test_a_register_that_has_not_changed_is_not_sent_again(staff: Staff) -> None:
    person = staff.joins("安宁")
    staff.learnt(person, date(2025, 3, 6), 600)

    def asked(at: datetime, etag: str) -> TestResponse:
        with clock.pinned(at):
            return staff.web.test_client().get(
                f"/api/v1{of(staff)}?year={LAST}",
                headers={**staff.account.bearer, "If-None-Match": etag},
            )

    morning = clock.now().replace(hour=8)
    first = asked(morning, "").headers["ETag"]
    assert asked(morning.replace(hour=17), first).status_code == 304
    staff.learnt(person, date(2025, 3, 7), 600)
    assert asked(morning.replace(hour=18), first).status_code == 200


def test_the_register_says_what_was_learnt_when_with_which_result(staff: Staff) -> None:
    person = staff.joins("安宁", "数学组")
    staff.joins("白露", None)
    staff.learnt(person, date(2025, 5, 6), 825, title="骨干教师培训班", result="优秀")
    staff.learnt(
        person, date(2025, 3, 6), 600, subject="general", series_code=None, field_code=None
    )
    staff.learnt(person, date(2024, 3, 6), 4000)
    heading, (first, second, nothing) = read(staff.asker, of(staff), year=LAST)
    assert heading == f"{staff.unit.name} 2025 年度继续教育登记册"
    assert (first["科目"], first["学时"], first["序号"]) == ("公需科目", 6, 1)
    assert {name: second[name] for name in TITLES if name != "施教机构"} == {
        "序号": 2,
        "姓名": "安宁",
        "证件尾号": person.id_tail,
        "部门": "数学组",
        "科目": "专业科目",
        "培训形式": Form.CLASS.label,
        "班次": "骨干教师培训班",
        "内容": "统编教材的单元教学",
        "开始日期": second["开始日期"],
        "结束日期": second["结束日期"],
        "完成日期": second["完成日期"],
        "学时": 8.25,
        "考核结果": "优秀",
    }
    days = {second[name].date() for name in ("开始日期", "结束日期", "完成日期")}
    assert days == {date(2025, 5, 6)}
    assert (nothing["姓名"], nothing["班次"], nothing["学时"]) == ("白露", NOTHING, 0)


def test_what_was_taken_back_is_not_in_it(staff: Staff, make: Factory, worker: Flask) -> None:
    person = staff.joins("安宁")
    base, ledger = make.account(Role.PROVIDER), Ledger(worker, make)
    session, upload = make.session(base).id, ledger.upload(base)
    day = date(2025, 11, 3)
    ledger.posts(Move(person.id, session, 800, finished_on=day), upload_id=upload)
    ledger.posts(
        Move(person.id, session, -800, finished_on=day, reason="签到表与实际不符"),
        Move(person.id, session, 600, finished_on=day),
        upload_id=upload,
    )
    _, [row] = read(staff.asker, of(staff), year=LAST)
    assert row["学时"] == 6


def test_what_looks_like_a_formula_is_only_text(staff: Staff) -> None:
    person = staff.joins("=SUM(A1:A9)", "+86")
    staff.learnt(person, date(2025, 5, 6), 800, title="@cmd", course="-1+1")
    _, [row] = read(staff.asker, of(staff), year=LAST)
    texts = [row[name] for name in ("姓名", "部门", "班次", "内容")]
    assert texts == ["'=SUM(A1:A9)", "'+86", "'@cmd", "'-1+1"]


def test_one_persons_register_is_had_by_whoever_is_in_charge(
    staff: Staff, make: Factory, web: Flask
) -> None:
    person = staff.joins("安宁")
    staff.joins("白露")
    staff.learnt(person, date(2025, 5, 6), 800)
    path = f"/professionals/{person.id}/register.xlsx"
    heading, [row] = read(staff.asker, path, year=LAST)
    assert (heading, row["姓名"], row["学时"]) == ("安宁 2025 年度继续教育登记册", "安宁", 8)
    assert read(Asker(web, make.account(Role.AUTHORITY, WEIHAI)), path, year=LAST)[1] == [row]
    for stranger in (make.account(Role.AUTHORITY, YINCHUAN), make.account(Role.EMPLOYER)):
        for each in (path, of(staff)):
            Asker(web, stranger).get(each, 404, year=LAST)


def test_two_records_of_one_person_are_one_persons_register(
    staff: Staff, make: Factory, web: Flask
) -> None:
    one, other = staff.joins("安宁"), staff.joins("安宁")
    staff.learnt(other, date(2025, 5, 6), 800)
    above = Asker(web, make.account(Role.AUTHORITY, WEIHAI))
    reason = {"into_id": one.id, "reason": "同一人的两条记录"}
    above.post(f"/professionals/{other.id}/merge", reason)
    _, [row] = read(staff.asker, of(staff), year=LAST)
    assert (row["证件尾号"], row["学时"]) == (one.id_tail, 8)
