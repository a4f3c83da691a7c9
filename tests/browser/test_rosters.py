"""A person at an employer uploads the list that is really kept there, mends it, and agrees."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ce_tracker.extensions import db
from ce_tracker.registry.models import Professional
from tests.browser.at_work import working
from tests.browser.conftest import SignIn
from tests.browser.looks import assert_usable
from tests.factories import Factory
from tests.registry.desk import Desk, id_number, xlsx

A, B, C, D = (id_number(n) for n in (511, 513, 515, 517))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> Desk:
    return Desk.open(make, web, worker)


def messy() -> bytes:
    return xlsx(
        ("环翠区第一中学教职工花名册", None, None, None, None),
        ("截至 2026 年 9 月", None, None, None, None),
        ("序号", "姓 名", "身份证号（18位）", "年级组", "职称"),
        (1, "孙一", A, "一年级组", "一级教师"),
        (2, "孙二", int(B[:15]) * 1000, "一年级组", None),
        (3, "孙三", C, "二年级组", None),
        (4, "孙三", C, "二年级组", None),
        (None, None, None, None, None),
        ("合计", "4 人", None, None, None),
        merge=["A1:E1"],
    )


def mended(data: bytes) -> bytes:
    """Whoever mends it reads the column 问题 and changes what stands beside it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.active
    assert sheet is not None
    doubled: list[int] = []
    for row in sheet.iter_rows():
        texts = [str(cell.value) for cell in row]
        if "孙二" in texts:
            assert any("文本" in text for text in texts)
            cell = row[texts.index("孙二") + 1]
            cell.value, cell.number_format = B, "@"
        if "孙三" in texts:
            assert any("相同" in text for text in texts)
            doubled.append(int(row[0].row or 0))
    sheet.delete_rows(doubled[-1])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(page: Page, data: bytes, mode: str) -> None:
    page.goto("/rosters/new")
    page.get_by_label("名单文件").set_input_files(
        {"name": "花名册.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    )
    page.get_by_label(mode).check()
    page.get_by_role("button", name="上传并核对").click()


def test_a_messy_list_is_uploaded_marked_mended_and_applied(
    desk: Desk, signed_in: SignIn, tmp_path: Path
) -> None:
    page = signed_in(desk.account)
    page.get_by_role("link", name="导入花名册").click()
    assert_usable(page)
    with working(desk.work):
        upload(page, messy(), "完整名单")
        expect(page.get_by_role("heading", name="导入后会怎样")).to_be_visible()
        expect(page.get_by_text("1 人将登记为新人员")).to_be_visible()
        expect(page.get_by_text("3 行有问题，不会导入")).to_be_visible()
        expect(page.get_by_role("row", name="孙二")).to_contain_text("数值格式")
        assert A not in page.content()
        assert_usable(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="下载标出问题的表格").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        page.get_by_role("button", name="撤回，不导入").click()
        expect(page.get_by_text("名单已撤回")).to_be_visible()
        upload(page, mended(file.read_bytes()), "完整名单")
        expect(page.get_by_text("3 人将登记为新人员")).to_be_visible()
        page.get_by_role("button", name="确认导入：登记 3 人").click()
        expect(page.get_by_text("登记了 3 名新人员")).to_be_visible()
        assert_usable(page)
    names = {person.name for person in db.session.query(Professional)}
    assert names == {"孙一", "孙二", "孙三"}
    page.goto("/rosters")
    expect(page.get_by_role("row", name="花名册").first).to_contain_text("已导入")
    assert_usable(page)


def test_who_is_missing_is_shown_before_anybody_leaves(desk: Desk, signed_in: SignIn) -> None:
    header = ("姓名", "身份证号")
    desk.apply(xlsx(header, ("孙一", A), ("孙二", B), ("孙三", C)))
    page = signed_in(desk.account)
    with working(desk.work):
        upload(page, xlsx(header, ("孙一", A), ("孙四", D)), "完整名单")
        expect(page.get_by_text("2 人将标记为离职")).to_be_visible()
        expect(page.get_by_role("row", name="孙二")).to_be_visible()
        button = page.get_by_role("button", name="确认导入：登记 1 人，离职 2 人")
        expect(button).to_be_visible()
        assert_usable(page)
        button.click()
        expect(page.get_by_text("2 人标记为离职")).to_be_visible()


def test_one_person_is_added_by_a_form(desk: Desk, signed_in: SignIn) -> None:
    page = signed_in(desk.account, target="/rosters/person")
    page.get_by_label("姓名").fill("孙一")
    page.get_by_label("证件号码").fill(A[:-1])
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert_usable(page)
    page.get_by_label("证件号码").fill(A)
    page.get_by_label("部门").fill("数学组")
    with working(desk.work):
        page.get_by_role("button", name="核对").click()
        page.get_by_role("button", name="确认导入：登记 1 人").click()
        expect(page.get_by_text("登记了 1 名新人员")).to_be_visible()


def test_a_form_without_a_file_says_so(desk: Desk, signed_in: SignIn) -> None:
    page = signed_in(desk.account, target="/rosters/new")
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择要上传的文件")
    expect(page.get_by_role("alert")).to_contain_text("完整名单还是部分人员")
    assert_usable(page)


def test_what_is_no_table_is_explained(desk: Desk, signed_in: SignIn) -> None:
    page = signed_in(desk.account)
    with working(desk.work):
        upload(page, b"\x89PNG\r\n" + b"x" * 500, "部分人员")
        expect(page.get_by_role("alert")).to_contain_text("没有读出来")
        assert_usable(page)
