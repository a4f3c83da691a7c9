"""Roster imports over the API: uploaded, looked at, applied; never a whole ID number."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Professional
from tests.factories import WEIHAI, YINCHUAN, Account, Factory
from tests.registry.desk import HEADER, Desk, id_number, xlsx

ROSTERS = "/api/v1/roster-imports"
A, B, C = (id_number(n) for n in (411, 413, 415))
DATA = xlsx(HEADER, ("孙一", A, "内科"), ("孙二", B[:17] + "?", "内科"))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> Desk:
    return Desk.open(make, web, worker)


def ask(
    desk: Desk, method: str, path: str = "", who: Account | None = None, **more: Any
) -> TestResponse:
    headers = {**(who or desk.account).bearer, **more.pop("headers", {})}
    return desk.web.test_client().open(ROSTERS + path, method=method, headers=headers, **more)


def form(data: bytes = DATA, **fields: str) -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(data), "名单.xlsx"), "mode": "add", **fields}}


def raw(data: bytes) -> dict[str, Any]:
    """The same, byte for byte; the test client leaves its own temporary files open."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="mode"\r\n\r\nadd\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        + data
        + b"\r\n--x--\r\n"
    )
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


def uploaded(desk: Desk, data: bytes = DATA) -> str:
    answer = ask(desk, "POST", **form(data))
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["id"])


def test_a_file_is_taken_looked_at_and_applied(desk: Desk) -> None:
    answer = ask(desk, "POST", **form())
    assert answer.status_code == 202
    found = answer.get_json()
    assert answer.headers["Location"] == f"{ROSTERS}/{found['id']}"
    assert (found["state"], found["as_of"]) == ("reading", clock.today().isoformat())
    desk.work()
    previewed = ask(desk, "GET", f"/{found['id']}").get_json()
    assert previewed["state"] == "previewed"
    assert (previewed["counts"]["new"], previewed["counts"]["wrong"]) == (1, 1)
    assert (previewed["rows_done"], previewed["rows_total"]) == (2, 2)
    agreed = ask(desk, "POST", f"/{found['id']}/apply")
    assert (agreed.status_code, agreed.get_json()["state"]) == (202, "applying")
    desk.work()
    applied = ask(desk, "GET", f"/{found['id']}").get_json()
    assert applied["state"] == "applied"
    assert db.session.query(Professional).one().name == "孙一"
    assert [each["id"] for each in ask(desk, "GET").get_json()["items"]] == [found["id"]]


def test_rows_come_by_outcome_in_pages_with_the_last_four_figures(desk: Desk) -> None:
    rows = [("孙一", A, "内科"), ("孙三", C, "内科"), ("孙二", B[:17] + "?", "内科")]
    found = uploaded(desk, xlsx(HEADER, *rows))
    desk.work()
    first = ask(desk, "GET", f"/{found}/rows?outcome=new&limit=1")
    assert [row["name"] for row in first.get_json()["items"]] == ["孙一"]
    cursor = first.get_json()["next_cursor"]
    second = ask(desk, "GET", f"/{found}/rows?outcome=new&limit=1&cursor={cursor}")
    assert [row["id_tail"] for row in second.get_json()["items"]] == [C[-4:]]
    [wrong] = ask(desk, "GET", f"/{found}/rows?outcome=wrong").get_json()["items"]
    assert wrong["row_number"] == 4
    assert [problem["column"] for problem in wrong["problems"]] == ["身份证号"]
    whole = ask(desk, "GET", f"/{found}/rows").text
    for number in (A, B, C):
        assert number[:14] not in whole


def test_one_person_is_added_by_an_import_of_one_row(desk: Desk) -> None:
    person = {"name": "孙一", "id_number": A, "department": "内科", "joined_on": "2026-01-05"}
    answer = ask(desk, "POST", json={"rows": [person]})
    assert answer.status_code == 202, answer.text
    desk.work()
    [row] = ask(desk, "GET", f"/{answer.get_json()['id']}/rows").get_json()["items"]
    assert (row["outcome"], row["department"]) == ("new", "内科")


def test_a_typed_number_that_ends_in_000_was_not_rounded(desk: Desk) -> None:
    from tests.registry.desk import rounded_number

    answer = ask(desk, "POST", json={"rows": [{"name": "赵圆", "id_number": rounded_number()}]})
    desk.work()
    assert ask(desk, "GET", f"/{answer.get_json()['id']}").get_json()["counts"]["new"] == 1


def test_the_same_file_is_the_same_import(desk: Desk) -> None:
    assert uploaded(desk) == uploaded(desk)


def test_an_idempotent_upload_is_answered_once(desk: Desk) -> None:
    sent = {**raw(DATA), "headers": {"Idempotency-Key": "roster-1"}}
    first = ask(desk, "POST", **sent)
    assert first.status_code == 202, first.text
    again = ask(desk, "POST", **sent)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Location"] == first.headers["Location"]


def test_agreeing_twice_is_agreeing_once_and_withdrawing_then_is_refused(desk: Desk) -> None:
    found = uploaded(desk)
    assert ask(desk, "POST", f"/{found}/apply").status_code == 409, "not looked at yet"
    desk.work()
    for _ in range(2):
        assert ask(desk, "POST", f"/{found}/apply").status_code == 202
    desk.work()
    assert ask(desk, "POST", f"/{found}/apply").get_json()["state"] == "applied"
    assert ask(desk, "POST", f"/{found}/withdraw").status_code == 409


def test_a_withdrawn_import_is_over(desk: Desk) -> None:
    found = uploaded(desk)
    desk.work()
    assert ask(desk, "POST", f"/{found}/withdraw").get_json()["state"] == "withdrawn"
    assert ask(desk, "POST", f"/{found}/apply").status_code == 409
    assert ask(desk, "GET", f"/{found}/problems.xlsx").status_code == 409


def test_the_marked_file_is_the_employers_own_with_what_is_wrong(desk: Desk) -> None:
    found = uploaded(desk)
    desk.work()
    answer = ask(desk, "GET", f"/{found}/problems.xlsx")
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = [[cell for cell in row if cell] for row in sheet.iter_rows(values_only=True)]
    assert any("问题" in row for row in rows)
    [line] = [row for row in rows if "孙二" in row]
    assert any("证件号码" in str(cell) or "身份证号" in str(cell) for cell in line)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"data": {"mode": "add"}, "content_type": "multipart/form-data"}, "file"),
        (form(mode="some"), "mode"),
        (form(as_of="2099-01-01"), "as_of"),
        (form(as_of="gestern"), "as_of"),
        (form(surprise="1"), "surprise"),
        (form(b""), "file"),
        ({"json": {"rows": []}}, "rows"),
        ({"json": {"rows": [{"name": "孙一"}]}}, "rows.0.id_number"),
    ],
)
def test_what_is_wrong_with_an_upload_is_said_field_by_field(
    desk: Desk, sent: dict[str, Any], field: str
) -> None:
    answer = ask(desk, "POST", **sent)
    assert answer.status_code == 422, answer.text
    assert field in [entry["field"] for entry in answer.get_json()["errors"]]


def test_a_file_of_megabytes_is_taken_here_and_a_body_of_megabytes_nowhere_else(
    desk: Desk,
) -> None:
    large = raw(b"x" * (3 * 2**20))
    assert ask(desk, "POST", **large).status_code == 202
    too_large = raw(b"x" * (22 * 2**20))
    assert ask(desk, "POST", **too_large).status_code == 413
    elsewhere = desk.web.test_client().post(
        "/api/v1/tokens", headers=desk.account.bearer, json={"name": "x" * (3 * 2**20)}
    )
    assert elsewhere.status_code == 413


def test_a_body_of_another_kind_is_refused(desk: Desk) -> None:
    answer = ask(desk, "POST", data="<rows/>", content_type="text/xml")
    assert answer.status_code == 415


def test_the_authority_in_charge_reads_it_and_decides_nothing(desk: Desk, make: Factory) -> None:
    found = uploaded(desk)
    desk.work()
    above, elsewhere = (make.account(Role.AUTHORITY, place) for place in (WEIHAI, YINCHUAN))
    assert ask(desk, "GET", f"/{found}", above).status_code == 200
    assert len(ask(desk, "GET", f"/{found}/rows", above).get_json()["items"]) == 2
    assert ask(desk, "GET", f"/{found}", elsewhere).status_code == 404
    assert ask(desk, "POST", f"/{found}/apply", above).status_code == 403


def test_an_unreadable_file_fails_with_what_to_do(desk: Desk) -> None:
    answer = ask(desk, "POST", **form(b"not a table at all \x00\x01" * 50))
    desk.work()
    found = ask(desk, "GET", f"/{answer.get_json()['id']}").get_json()
    assert found["state"] == "failed"
    assert "请" in found["error"]
