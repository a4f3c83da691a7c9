"""A person at a provider uploads the list that is really kept there, looks at it, and posts it."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.ledger.models import LedgerEntry
from tests.browser.at_work import working
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import WEIHAI, Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, xlsx

A, B, C, D = (id_number(n) for n in (811, 813, 815, 817))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    return ProviderDesk.open(make, web, worker)


def messy() -> bytes:
    return xlsx(
        ("2026 年语文骨干教师培训签到表", None, None, None, None),
        ("序号", "学员姓名", "公民身份号码", "学时数", "考核结果"),
        (1, "孙一", A, "８学时", "合格"),
        (2, "孙二", int(B[:15]) * 1000, 8, "合格"),
        (3, "孙三", C, 6, "合格"),
        (4, "孙四", D, 8, "缺考"),
        ("合计", "4 人", None, None, None),
        merge=["A1:E1"],
    )


def mended(data: bytes) -> bytes:
    """Whoever mends it reads the column 问题 and changes what stands beside it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.active
    assert sheet is not None
    [row] = [row for row in sheet.iter_rows() if "孙二" in [str(cell.value) for cell in row]]
    assert any("文本" in str(cell.value) for cell in row)
    row[2].value, row[2].number_format = B, "@"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def choose(page: Page, data: bytes, mode: str = "补充名单") -> None:
    page.get_by_label("名单文件").set_input_files(
        {"name": "签到表.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    )
    page.get_by_label(mode).check()
    page.get_by_role("button", name="上传并核对").click()


def upload(desk: ProviderDesk, page: Page, data: bytes, mode: str = "补充名单") -> None:
    page.goto(f"/sessions/{desk.session_id}/attendance/new")
    choose(page, data, mode)


def test_a_messy_list_is_uploaded_marked_posted_mended_and_posted_again(
    desk: ProviderDesk, signed_in: SignIn, tmp_path: Path
) -> None:
    for name, number in (("孙一", A), ("孙二", B)):
        desk.registered(name, number)
    page = signed_in(desk.account, target=f"/sessions/{desk.session_id}")
    page.get_by_role("link", name="上传学时名单").click()
    assert_usable(page)
    with working(desk.work):
        choose(page, messy())
        expect(page.get_by_role("heading", name="入账后会怎样")).to_be_visible()
        for sentence in ("新入账 1 人", "待登记 1 人", "不计学时 1 人", "有问题 1 行"):
            expect(page.get_by_role("link", name=sentence)).to_be_visible()
        expect(page.get_by_role("row", name="孙二")).to_contain_text("数值格式")
        assert A not in page.content()
        assert_usable(page)
        page.get_by_role("navigation", name="按结果查看").get_by_role("link", name="待登记").click()
        expect(page.get_by_role("row", name="孙三")).to_contain_text("登记后自动入账")
        assert_usable(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="下载标出问题的表格").click()
        file = tmp_path / download.value.suggested_filename
        assert file.name == "签到表（标出问题）.xlsx"
        download.value.save_as(file)
        page.get_by_role("button", name="确认入账：新入账 1 人，待登记 1 人").click()
        expect(page.get_by_role("heading", name="入账的结果")).to_be_visible()
        expect(page.get_by_role("row", name="孙二")).to_contain_text("数值格式")
        expect(page.get_by_role("link", name="看待登记的 1 人")).to_be_visible()
        assert_usable(page)
        upload(desk, page, mended(file.read_bytes()))
        expect(page.get_by_role("link", name="没有变化 1 人")).to_be_visible()
        page.get_by_role("button", name="确认入账：新入账 1 人，待登记 1 人").click()
        expect(page.get_by_text("新入账 1 人")).to_be_visible()
    assert sorted(entry.hours_x100 for entry in db.session.query(LedgerEntry)) == [800, 800]
    page.goto("/uploads")
    expect(page.get_by_role("row", name="签到表").first).to_contain_text("已入账")
    assert_usable(page)
    page.goto(f"/sessions/{desk.session_id}")
    expect(page.get_by_role("table", name="上传过的名单")).to_be_visible()
    expect(page.get_by_role("link", name="待登记 1 人")).to_be_visible()
    assert_usable(page)


def test_a_correction_shows_what_was_and_what_will_be_before_it_is_made(
    desk: ProviderDesk, signed_in: SignIn
) -> None:
    for name, number in (("孙一", A), ("孙三", C)):
        desk.registered(name, number)
    desk.post(xlsx(HEADER, ("孙一", A, 8, "合格"), ("孙三", C, 8, "合格")))
    page = signed_in(desk.account)
    with working(desk.work):
        upload(desk, page, xlsx(HEADER, ("孙一", A, 6, "合格")), "完整名单")
        expect(page.get_by_role("link", name="更正 1 人（原 8 学时，现 6 学时）")).to_be_visible()
        expect(page.get_by_text("已入账的学时将全部冲销")).to_be_visible()
        expect(page.get_by_role("row", name="孙一")).to_contain_text("原 8，现 6")
        assert_usable(page)
        yes = page.get_by_role("button", name="确认入账：更正 1 人，冲销 1 人")
        page.get_by_label("更正的理由").fill("错了")
        yes.click()
        expect(page.get_by_role("alert")).to_contain_text("至少 4 个字")
        assert_usable(page)
        page.get_by_label("更正的理由").fill("第二天的签到有误")
        yes.click()
        expect(page.get_by_role("heading", name="入账的结果")).to_be_visible()
        expect(page.get_by_text("第二天的签到有误")).to_be_visible()
    assert desk.hours_x100() == 600


def test_one_file_for_many_sessions_names_the_session_of_each_line(
    desk: ProviderDesk, signed_in: SignIn, make: Factory
) -> None:
    other = make.session(desk.account)
    desk.registered("孙一", A)
    page = signed_in(desk.account, target="/uploads")
    assert_usable(page)
    page.get_by_role("link", name="一份表格登记多个班次").click()
    assert_usable(page)
    lines = [(code, "孙一", A, 8, "合格") for code in (desk.session.code, other.code)]
    with working(desk.work):
        choose(page, xlsx(("班次编号", *HEADER), *lines))
        expect(page.get_by_role("link", name="新入账 2 人次")).to_be_visible()
        expect(page.get_by_role("cell", name=other.code)).to_be_visible()
        assert_usable(page)


def test_a_list_is_taken_back(desk: ProviderDesk, signed_in: SignIn) -> None:
    page = signed_in(desk.account)
    with working(desk.work):
        upload(desk, page, xlsx(HEADER, ("孙一", A, 8, "合格")))
        page.get_by_role("button", name="撤回，不入账").click()
        expect(page.get_by_text("什么也没有入账")).to_be_visible()
        page.get_by_role("link", name="签到表.xlsx").click()
        expect(page.get_by_text("这份名单已撤回")).to_be_visible()
        assert_usable(page)


def test_progress_is_seen_without_a_script(desk: ProviderDesk, signed_in: SignIn) -> None:
    page = signed_in(desk.account)
    page.route(
        "**/htmx.min.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    upload(desk, page, xlsx(HEADER, ("孙一", A, 8, "合格")))
    expect(page.get_by_text("正在读取文件")).to_be_visible()
    assert_usable(page)
    desk.work()
    page.get_by_role("link", name="没有自动更新").click()
    expect(page.get_by_role("heading", name="入账后会怎样")).to_be_visible()


def test_a_form_without_a_file_says_so(desk: ProviderDesk, signed_in: SignIn) -> None:
    page = signed_in(desk.account, target="/attendance/new")
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择要上传的文件")
    expect(page.get_by_role("alert")).to_contain_text("补充名单还是完整名单")
    assert_usable(page)


def test_what_is_no_table_is_explained(desk: ProviderDesk, signed_in: SignIn) -> None:
    page = signed_in(desk.account)
    with working(desk.work):
        upload(desk, page, b"\x89PNG\r\n" + b"x" * 500)
        expect(page.get_by_role("alert")).to_contain_text("没有读出来")
        assert_usable(page)


def test_the_blank_list_is_understood_when_it_is_filled_in(
    desk: ProviderDesk, signed_in: SignIn, tmp_path: Path
) -> None:
    desk.registered("孙一", A)
    page = signed_in(desk.account, target="/attendance/new")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载空白表格").click()
    file = tmp_path / "blank.xlsx"
    download.value.save_as(file)
    book = openpyxl.load_workbook(file)
    sheet = book.active
    assert sheet is not None
    titles = [str(cell.value) for cell in sheet[1]]
    assert titles[:3] == ["班次编号", "姓名", "证件号码"]
    assert sheet.column_dimensions["C"].number_format == "@"
    row = {"班次编号": desk.session.code, "姓名": "孙一", "证件号码": A, "学时": 8}
    sheet.append([row.get(title) for title in titles])
    out = io.BytesIO()
    book.save(out)
    with working(desk.work):
        choose(page, out.getvalue())
        expect(page.get_by_role("link", name="新入账 1 人次")).to_be_visible()


def test_held_people_are_seen_by_both_and_let_go_by_the_provider(
    desk: ProviderDesk, signed_in: SignIn
) -> None:
    names = ("孙甲", "孙乙", "孙丙")
    desk.post(xlsx(HEADER, *((who, id_number(n), 8, "合格") for n, who in enumerate(names, 821))))
    page = signed_in(desk.account, target="/held-rows")
    expect(page.get_by_role("row", name="孙甲")).to_contain_text("等待登记")
    assert_usable(page)
    page.get_by_role("button", name="放弃孙甲的这条学时").click()
    expect(page.get_by_text("已放弃 1 条")).to_be_visible()
    expect(page.get_by_role("row", name="孙甲")).to_have_count(0)
    page.goto(f"/held-rows?session={desk.session_id}")
    assert_usable(page)
    page.get_by_role("button", name="全部放弃（2 人）").click()
    expect(page.get_by_text("已放弃 2 条")).to_be_visible()
    expect(page.get_by_text("没有待登记的人员")).to_be_visible()
    assert_usable(page)


def test_the_authority_sees_who_is_held_and_where(
    desk: ProviderDesk, signed_in: SignIn, make: Factory
) -> None:
    desk.post(xlsx(HEADER, ("孙一", A, 8, "合格")))
    page = signed_in(make.account(Role.AUTHORITY, WEIHAI), target="/held-rows")
    expect(page.get_by_role("row", name="孙一")).to_contain_text(desk.account.actor.place)
    expect(page.get_by_role("button", name="放弃")).to_have_count(0)
    assert_usable(page)
