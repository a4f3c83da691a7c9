"""Lists as counties really keep them, read with nothing lost, and written in the annex's form."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.sheets.reading import read
from tests.factories import Factory
from tests.promotions.directories import ANNEX, Offices, xlsx

TODAY = datetime(2026, 6, 3, 10, tzinfo=clock.SHANGHAI)


@pytest.fixture
def offices(web: Flask, make: Factory) -> Offices:
    return Offices(web, make)


@pytest.fixture(autouse=True)
def _in_june() -> Iterator[None]:
    with clock.pinned(TODAY):
        yield


def test_the_annex_filled_in_is_read(offices: Offices) -> None:
    unit = offices.unit("柳林镇卫生院")
    found = offices.begins()
    whole = offices.uploads(
        found,
        xlsx(
            ("附件",),
            ("基层单位目录清单",),
            ANNEX,
            (1, "柳林镇卫生院", "柳林镇中心街 8 号", "是", None),
            (2, "石桥镇中心学校", "石桥镇", "否", "含教学点"),
        ),
    )
    assert whole["notes"] == ["读入 2 行。"]
    assert (whole["lines"], whole["wrong"], whole["unmatched"]) == (2, 0, 1)
    first, second = offices.lines(found)
    assert (first["employer_id"], first["subsidy"], first["row_number"]) == (unit.id, True, 4)
    assert (second["address"], second["subsidy"], second["remark"]) == ("石桥镇", False, "含教学点")
    assert whole["history"][-1]["what"] == "uploaded"


def test_titles_in_other_words_odd_columns_and_signatures_are_no_hindrance(
    offices: Offices,
) -> None:
    found = offices.begins()
    whole = offices.uploads(
        found,
        xlsx(
            ("环翠区基层单位名单（2026 年）",),
            ("填报单位：环翠区人社局",),
            ("编 号", "单位全称*", "联系人", "详细地址", "乡镇工作补贴", "说明"),
            (None, None, None, None, None, None),
            ("1", "　柳林镇卫生院 ", "王某", "柳林镇", "√", ""),
            ("2", "石桥镇中心学校（小学部）", "李某", "", "×", ""),
            ("合计", "2 个"),
            ("填表人：毕某", None, None, "审核人：于某"),
        ),
    )
    assert [line["name"] for line in offices.lines(found)] == [
        "柳林镇卫生院",
        "石桥镇中心学校（小学部）",
    ]
    assert [line["subsidy"] for line in offices.lines(found)] == [True, False]
    assert whole["notes"][1:] == [
        "第 7、8 行是合计或落款，没有读入。",
        "没有用到的列：“联系人”。",
    ]


def test_wrong_rows_are_kept_named_by_row_and_column_and_stop_the_filing(offices: Offices) -> None:
    found = offices.begins()
    whole = offices.uploads(
        found,
        xlsx(
            ANNEX,
            (1, "柳林镇卫生院", "柳林镇", "也许", None),
            (2, None, "石桥镇 3 号", "是", None),
            (3, "柳林镇卫生院", "", "是", None),
            (4, "371002198503127110", "", "是", None),
            (5, "双河镇中心学校", "", "", None),
        ),
    )
    assert (whole["lines"], whole["wrong"]) == (5, 4)
    lines = offices.lines(found)
    said = [(line["row_number"], [each["column"] for each in line["problems"]]) for line in lines]
    assert said == [
        (2, ["是否享受乡镇工作补贴"]),
        (3, ["单位名称"]),
        (4, ["单位名称"]),
        (5, ["单位名称"]),
        (6, []),
    ]
    assert lines[1]["address"] == "石桥镇 3 号"
    assert lines[2]["problems"][0]["message"] == "与第 2 行是同一个单位。"
    assert "371002198503127110" not in str(lines)
    assert "4 行有问题" in offices.files(found, 409)["detail"]


def test_a_wrong_row_is_mended_on_the_spot_or_removed(offices: Offices) -> None:
    unit = offices.unit("柳林镇卫生院")
    found = offices.begins()
    offices.uploads(found, xlsx(ANNEX, (1, "柳林镇卫生院", "", "也许", ""), (2, "", "路", "", "")))
    first, second = offices.lines(found)
    path = f"/directories/{found['id']}/lines"
    mended = offices.county.ask(
        "PUT", f"{path}/{first['id']}", 200, json={"name": "柳林镇卫生院", "subsidy": False}
    )
    assert (mended["problems"], mended["employer_id"]) == ([], unit.id)
    offices.county.post(f"{path}/{second['id']}/remove", None)
    assert offices.files(found)["state"] == "filed"


def test_an_upload_takes_the_place_of_what_was_there(offices: Offices) -> None:
    found = offices.begins()
    offices.adds(found, "旧单位")
    offices.uploads(found, xlsx(ANNEX, (1, "新单位", None, None, None)))
    assert [line["name"] for line in offices.lines(found)] == ["新单位"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (xlsx(("姓名", "电话"), ("王某", "1")), "header_not_found"),
        (xlsx(("所在地址", "备注"), ("柳林镇", "")), "columns_missing"),
        (b"%PDF-1.7", "not_a_spreadsheet"),
    ],
)
def test_a_file_that_is_no_list_changes_nothing(offices: Offices, data: bytes, reason: str) -> None:
    found = offices.begins()
    offices.adds(found, "旧单位")
    assert offices.uploads(found, data, 422)["reason"] == reason
    assert [line["name"] for line in offices.lines(found)] == ["旧单位"]


def test_the_list_comes_back_in_the_form_of_the_annex_and_can_be_read_again(
    offices: Offices,
) -> None:
    found = offices.begins()
    rows = ((1, "柳林镇卫生院", "中心街 8 号", "是", "附注"), (2, "=中心学校", None, "否", None))
    offices.uploads(found, xlsx(ANNEX, *rows))
    answer = offices.web.test_client().get(
        f"/api/v1/directories/{found['id']}/lines.xlsx", headers=offices.county.account.bearer
    )
    assert answer.status_code == 200
    with read(answer.data, "清单.xlsx") as sheet:
        back = [[None if v is None else str(v) for v in row.values] for row in sheet]
    assert back[0][0] == "环翠区 2026 年度基层单位目录清单"
    assert tuple(back[1]) == ANNEX
    assert back[2] == ["1", "柳林镇卫生院", "中心街 8 号", "是", "附注"]
    again = {"file": (io.BytesIO(answer.data), "清单.xlsx")}
    offices.county.ask("POST", f"/directories/{found['id']}/upload", 200, data=again)
    assert offices.lines(found)[0]["name"] == "柳林镇卫生院"
    assert [line["subsidy"] for line in offices.lines(found)] == [True, False]
