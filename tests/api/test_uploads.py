"""Attendance over the API: uploaded, looked at, posted; never a whole ID number."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ce_tracker.actor import Role
from tests.factories import WEIHAI, YINCHUAN, Account, Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, rounded_number, xlsx

UPLOADS = "/uploads"
A, B, C = (id_number(n) for n in (711, 713, 715))
DATA = xlsx(HEADER, ("孙一", A, 8, "合格"), ("孙二", B[:17] + "?", 8, "合格"))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    found = ProviderDesk.open(make, web, worker)
    found.registered("孙一", A)
    return found


def ask(
    desk: ProviderDesk, method: str, path: str, who: Account | None = None, **more: Any
) -> TestResponse:
    headers = {**(who or desk.account).bearer, **more.pop("headers", {})}
    return desk.web.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)


def attendance(desk: ProviderDesk) -> str:
    return f"/sessions/{desk.session_id}/attendance"


def form(data: bytes = DATA, **fields: str) -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(data), "签到表.xlsx"), "mode": "add", **fields}}


def uploaded(desk: ProviderDesk, data: bytes = DATA, **fields: str) -> str:
    answer = ask(desk, "POST", attendance(desk), **form(data, **fields))
    assert answer.status_code == 202, answer.text
    return f"{UPLOADS}/{answer.get_json()['id']}"


def shown(desk: ProviderDesk, path: str, who: Account | None = None) -> dict[str, Any]:
    answer = ask(desk, "GET", path, who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def counts(desk: ProviderDesk, path: str) -> dict[str, int]:
    return {name: n for name, n in shown(desk, path)["counts"].items() if n}


def test_a_file_is_taken_looked_at_and_posted(desk: ProviderDesk) -> None:
    answer = ask(desk, "POST", attendance(desk), **form())
    found = answer.get_json()
    assert (answer.status_code, found["state"]) == (202, "reading")
    assert answer.headers["Location"] == f"/api/v1/uploads/{found['id']}"
    assert (found["session_id"], found["file_name"]) == (desk.session_id, "签到表.xlsx")
    desk.work()
    path = f"{UPLOADS}/{found['id']}"
    assert shown(desk, path)["state"] == "previewed"
    assert counts(desk, path) == {"new": 1, "wrong": 1}
    assert desk.hours_x100() == 0
    agreed = ask(desk, "POST", f"{path}/post", json={})
    assert (agreed.status_code, agreed.get_json()["state"]) == (202, "posting")
    desk.work()
    posted = shown(desk, path)
    assert (posted["state"], posted["posted_at"] is not None) == ("posted", True)
    assert desk.hours_x100() == 800


def test_post_in_advance_posts_what_is_right_and_reports_what_is_wrong(desk: ProviderDesk) -> None:
    path = uploaded(desk, post="true")
    desk.work()
    assert shown(desk, path)["state"] == "posted"
    assert desk.hours_x100() == 800
    [line] = shown(desk, f"{path}/lines")["items"]
    assert (line["outcome"], line["row_number"]) == ("wrong", 3)
    assert [remark["column"] for remark in line["remarks"]] == ["身份证号"]


def test_lines_show_what_was_and_what_will_be_and_no_number(desk: ProviderDesk) -> None:
    uploaded(desk, post="true")
    desk.work()
    path = uploaded(desk, xlsx(HEADER, ("孙一", A, 6.5, "合格"), ("孙三", C, 8, "合格")))
    desk.work()
    [held, changed] = shown(desk, f"{path}/lines")["items"]
    assert (held["outcome"], held["name"], held["id_tail"]) == ("held", "孙三", C[-4:])
    assert (changed["outcome"], changed["was"], changed["now"]) == ("changed", "8", "6.5")
    assert changed["session"] == desk.session.code
    first = shown(desk, f"{path}/lines?limit=1")
    second = shown(desk, f"{path}/lines?limit=1&cursor={first['next_cursor']}")
    assert [line["name"] for line in (*first["items"], *second["items"])] == ["孙三", "孙一"]
    assert second["next_cursor"] is None
    only = shown(desk, f"{path}/lines?outcome=changed")
    assert [line["name"] for line in only["items"]] == ["孙一"]
    whole = ask(desk, "GET", f"{path}/lines").text
    for number in (A, C):
        assert number[:14] not in whole


def test_a_cursor_of_one_list_of_lines_opens_no_other(desk: ProviderDesk) -> None:
    path = uploaded(desk)
    desk.work()
    cursor = shown(desk, f"{path}/lines?limit=1")["next_cursor"]
    assert ask(desk, "GET", f"{path}/lines?outcome=new&cursor={cursor}").status_code == 422


def test_a_correction_says_why(desk: ProviderDesk) -> None:
    uploaded(desk, post="true")
    desk.work()
    path = uploaded(desk, xlsx(HEADER, ("孙一", A, 6, "合格")))
    desk.work()
    short = ask(desk, "POST", f"{path}/post", json={"reason": "错了"})
    assert (short.status_code, short.get_json()["errors"][0]["field"]) == (422, "reason")
    answer = ask(desk, "POST", f"{path}/post", json={"reason": "第二天的签到有误"})
    assert answer.get_json()["reason"] == "第二天的签到有误"
    desk.work()
    assert desk.hours_x100() == 600


def test_a_complete_list_takes_out_who_is_missing(desk: ProviderDesk) -> None:
    desk.registered("孙三", C)
    uploaded(desk, xlsx(HEADER, ("孙一", A, 8, "合格"), ("孙三", C, 8, "合格")), post="true")
    desk.work()
    path = uploaded(desk, xlsx(HEADER, ("孙一", A, 8, "合格")), mode="replace")
    desk.work()
    assert counts(desk, path) == {"already": 1, "removed": 1}
    [line] = shown(desk, f"{path}/lines?outcome=removed")["items"]
    assert (line["row_number"], line["was"], line["now"]) == (None, "8", None)
    ask(desk, "POST", f"{path}/post", json={})
    desk.work()
    assert desk.hours_x100() == 800


def test_people_are_given_one_by_one(desk: ProviderDesk) -> None:
    rows = [
        {"name": "孙一", "id_number": A, "hours": "7.5", "unit": "环翠区海晏中学"},
        {"name": "孙三", "id_number": C, "hours": "8", "finished_on": "2026-03-05"},
    ]
    answer = ask(desk, "POST", attendance(desk), json={"rows": rows, "post": True})
    assert answer.status_code == 202, answer.text
    desk.work()
    assert counts(desk, f"{UPLOADS}/{answer.get_json()['id']}") == {"new": 1, "held": 1}
    assert desk.hours_x100() == 750
    [held] = shown(desk, "/held-rows")["items"]
    assert held["finished_on"] == "2026-03-05"


def test_a_typed_number_that_ends_in_000_was_not_rounded(desk: ProviderDesk) -> None:
    row = {"name": "赵圆", "id_number": rounded_number()}
    answer = ask(desk, "POST", attendance(desk), json={"rows": [row]})
    desk.work()
    assert counts(desk, f"{UPLOADS}/{answer.get_json()['id']}") == {"held": 1}


def test_one_file_serves_many_sessions(desk: ProviderDesk, make: Factory) -> None:
    other = make.session(desk.account)
    codes = desk.session.code, other.code
    data = xlsx(("班次编号", *HEADER), *((code, "孙一", A, 8, "合格") for code in codes))
    answer = ask(desk, "POST", "/attendance", **form(data, post="true"))
    assert (answer.status_code, answer.get_json()["session_id"]) == (202, None)
    desk.work()
    assert desk.hours_x100() == 1600


def test_rows_of_many_sessions_say_which(desk: ProviderDesk) -> None:
    row = {"name": "孙一", "id_number": A}
    refused = ask(desk, "POST", "/attendance", json={"rows": [row]})
    assert [each["field"] for each in refused.get_json()["errors"]] == ["rows.0.session"]
    rows = [row | {"session": desk.session.code}]
    answer = ask(desk, "POST", "/attendance", json={"rows": rows, "post": True})
    assert answer.status_code == 202, answer.text
    desk.work()
    assert desk.hours_x100() == 4000, "without hours those of the session"


def test_the_same_file_is_the_same_upload_and_asking_to_post_is_the_yes(
    desk: ProviderDesk,
) -> None:
    path = uploaded(desk)
    assert uploaded(desk) == path
    desk.work()
    assert uploaded(desk, post="true") == path
    desk.work()
    assert shown(desk, path)["state"] == "posted"


def test_an_idempotent_upload_of_rows_is_answered_once(desk: ProviderDesk) -> None:
    sent: dict[str, Any] = {
        "json": {"rows": [{"name": "孙一", "id_number": A}]},
        "headers": {"Idempotency-Key": "attendance-1"},
    }
    first, again = (ask(desk, "POST", attendance(desk), **sent) for _ in range(2))
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Location"] == first.headers["Location"]


def test_saying_yes_twice_is_saying_it_once_and_withdrawing_then_is_refused(
    desk: ProviderDesk,
) -> None:
    path = uploaded(desk)
    assert ask(desk, "POST", f"{path}/post", json={}).status_code == 409, "not looked at yet"
    desk.work()
    for _ in range(2):
        assert ask(desk, "POST", f"{path}/post").status_code == 202
    desk.work()
    assert ask(desk, "POST", f"{path}/post").get_json()["state"] == "posted"
    assert ask(desk, "POST", f"{path}/withdraw").status_code == 409
    assert desk.hours_x100() == 800


def test_a_withdrawn_upload_is_over(desk: ProviderDesk) -> None:
    path = uploaded(desk)
    desk.work()
    assert ask(desk, "POST", f"{path}/withdraw").get_json()["state"] == "withdrawn"
    assert ask(desk, "POST", f"{path}/post").status_code == 409
    assert ask(desk, "GET", f"{path}/problems.xlsx").status_code == 409
    assert shown(desk, f"{path}/lines")["items"] == []


def test_the_marked_file_is_the_providers_own_with_what_is_wrong(desk: ProviderDesk) -> None:
    path = uploaded(desk)
    desk.work()
    answer = ask(desk, "GET", f"{path}/problems.xlsx")
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = [[cell for cell in row if cell] for row in sheet.iter_rows(values_only=True)]
    assert rows[0][-1] == "问题"
    [line] = [row for row in rows if "孙二" in row]
    assert "身份证号" in str(line[-1])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"data": {"mode": "add"}, "content_type": "multipart/form-data"}, "file"),
        (form(mode="full"), "mode"),
        (form(post="perhaps"), "post"),
        (form(reason="错了"), "reason"),
        (form(surprise="1"), "surprise"),
        (form(b""), "file"),
        ({"json": {"rows": []}}, "rows"),
        ({"json": {"rows": [{"name": "孙一"}]}}, "rows.0.id_number"),
        ({"json": {"rows": [{"name": "孙一", "id_number": A, "hours": 8}]}}, "rows.0.hours"),
        ({"json": {"rows": [{"name": "孙一", "id_number": A}] * 501}}, "rows"),
    ],
)
def test_what_is_wrong_with_an_upload_is_said_field_by_field(
    desk: ProviderDesk, sent: dict[str, Any], field: str
) -> None:
    answer = ask(desk, "POST", attendance(desk), **sent)
    assert answer.status_code == 422, answer.text
    assert field in [entry["field"] for entry in answer.get_json()["errors"]]


def test_what_is_no_published_session_of_ones_own_takes_nothing(
    desk: ProviderDesk, make: Factory
) -> None:
    draft, other = make.session(desk.account, state="draft"), make.session()
    for session, status in ((draft, 409), (other, 404)):
        answer = ask(desk, "POST", f"/sessions/{session.id}/attendance", **form())
        assert answer.status_code == status
    assert ask(desk, "POST", f"/sessions/{2**70}/attendance", **form()).status_code == 404
    assert shown(desk, UPLOADS)["items"] == []


def test_the_authority_in_charge_reads_it_and_decides_nothing(
    desk: ProviderDesk, make: Factory
) -> None:
    path = uploaded(desk, xlsx(HEADER, ("孙三", C, 8, "合格")), post="true")
    desk.work()
    above, elsewhere = (make.account(Role.AUTHORITY, place) for place in (WEIHAI, YINCHUAN))
    assert [each["id"] for each in shown(desk, UPLOADS, above)["items"]] == [path[9:]]
    assert shown(desk, path, above)["counts"]["held"] == 1
    [row] = shown(desk, "/held-rows", above)["items"]
    assert (row["name"], row["provider_name"]) == ("孙三", desk.account.actor.place)
    assert shown(desk, UPLOADS, elsewhere)["items"] == []
    assert shown(desk, "/held-rows", elsewhere)["items"] == []
    assert ask(desk, "GET", path, elsewhere).status_code == 404
    assert ask(desk, "POST", f"{path}/withdraw", above).status_code == 403
    assert ask(desk, "POST", f"/held-rows/{row['id']}/release", above).status_code == 403
    assert ask(desk, "GET", f"{path}/problems.xlsx", above).status_code == 403


def test_an_unreadable_file_fails_with_what_to_do(desk: ProviderDesk) -> None:
    path = uploaded(desk, b"not a table at all \x00\x01" * 50)
    desk.work()
    found = shown(desk, path)
    assert found["state"] == "failed"
    assert "请" in found["error"]
