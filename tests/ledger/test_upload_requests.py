"""What a provider asks of an upload: once whatever is asked twice, and nobody else's."""

from __future__ import annotations

import io
import threading
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger import upload_requests
from ce_tracker.ledger.models import Posting
from ce_tracker.ledger.uploads import Mode, Upload, UploadPage
from tests.factories import YINCHUAN, Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, xlsx

A, B, C, D = (id_number(n) for n in (611, 613, 615, 617))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    return ProviderDesk.open(make, web, worker)


def attended(*people: tuple[object, ...]) -> bytes:
    return xlsx(HEADER, *people)


ONE = attended(("孙一", A, 8, "合格"))


def uploads() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Upload)) or 0


def cells(data: bytes) -> list[list[str]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    return [[str(cell) for cell in row if cell] for row in sheet.iter_rows(values_only=True)]


def marked(desk: ProviderDesk, upload_id: UUID) -> list[list[str]]:
    with desk.signed_in():
        upload = upload_requests.visible(desk.account.actor, upload_id)
        return cells(upload_requests.marked(desk.make.settings.keyring(), upload))


# --- uploading -----------------------------------------------------------------------------


def test_the_same_file_is_the_same_upload_until_it_is_posted(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    first = desk.upload(ONE)
    assert desk.upload(ONE, name="另一个名字.xlsx") == first
    assert desk.upload(ONE, Mode.REPLACE) != first
    assert desk.upload(ONE, of_many=True) != first
    desk.work()
    assert desk.upload(ONE) == first
    desk.agree(first)
    desk.work()
    assert desk.upload(ONE) != first


def test_one_file_for_many_sessions_is_the_same_upload_too(desk: ProviderDesk) -> None:
    assert desk.upload(ONE, of_many=True) == desk.upload(ONE, of_many=True)


@pytest.mark.parametrize("post", [False, True])
def test_fifty_who_upload_the_same_file_at_once_make_one_upload(
    desk: ProviderDesk, *, post: bool
) -> None:
    together, found, wrong = threading.Barrier(50), set[UUID](), list[Exception]()

    def upload() -> None:
        together.wait()
        try:
            found.add(desk.upload(ONE, post=post))
        except Exception as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=upload) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(found) == uploads() == 1
    assert db.session.scalar(select(func.count()).select_from(Job)) == 1


def test_post_in_advance_posts_without_a_look(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.upload(ONE, post=True)
    assert desk.state(found) == "posting"
    desk.work()
    assert (desk.state(found), desk.hours_x100()) == ("posted", 800)


def test_asking_to_post_what_is_being_read_posts_it_once_it_is_read(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.upload(ONE)
    assert desk.upload(ONE, post=True, reason="按签到表核对") == found
    assert desk.state(found) == "reading"
    desk.work()
    assert (desk.state(found), desk.hours_x100()) == ("posted", 800)
    assert desk.upload_of(found).reason == "按签到表核对"


def test_asking_to_post_what_waits_for_a_yes_is_the_yes(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.preview(ONE)
    assert desk.state(found) == "previewed"
    assert desk.upload(ONE, post=True) == found
    desk.work()
    assert (desk.state(found), desk.hours_x100()) == ("posted", 800)


def test_nothing_is_posted_without_a_yes(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.preview(ONE)
    assert desk.counts(found) == {"new": 1}
    desk.upload(ONE)
    desk.work()
    assert (desk.state(found), desk.hours_x100()) == ("previewed", 0)


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_only_a_published_session_takes_attendance(
    desk: ProviderDesk, make: Factory, state: str
) -> None:
    desk.session_id = make.session(desk.account, state=state).id
    with pytest.raises(Conflict, match="已发布的班次"):
        desk.upload(ONE)
    assert uploads() == 0


def test_a_session_that_was_closed_after_the_look_takes_no_yes(desk: ProviderDesk) -> None:
    found = desk.preview(ONE)
    desk.session.state = "closed"
    db.session.commit()
    with pytest.raises(Conflict, match="已结班"):
        desk.agree(found)
    assert desk.state(found) == "previewed"


def test_another_providers_session_is_not_there(
    desk: ProviderDesk, make: Factory, web: Flask, worker: Flask
) -> None:
    other = ProviderDesk.open(make, web, worker)
    desk.session_id = other.session_id
    with pytest.raises(NotFound):
        desk.upload(ONE)


def test_another_providers_upload_is_not_there(
    desk: ProviderDesk, make: Factory, web: Flask, worker: Flask
) -> None:
    other = ProviderDesk.open(make, web, worker, YINCHUAN)
    found = desk.preview(ONE)
    for act in (other.agree, other.withdraw, other.lines):
        with pytest.raises(NotFound):
            act(found)
    assert desk.state(found) == "previewed"


def test_what_is_no_file_is_refused_at_the_counter(desk: ProviderDesk) -> None:
    for data, said in ((b"", "不能是空的"), (b"x" * (21 * 2**20), "超过 20 MB")):
        with pytest.raises(Invalid) as refused:
            desk.upload(data)
        assert said in refused.value.facts["errors"][0]["message"]


def test_a_reason_is_written_out_and_holds_no_id_number(desk: ProviderDesk) -> None:
    for reason in ("错了", f"{A} 的学时登记错了"):
        with pytest.raises(Invalid):
            desk.upload(ONE, reason=reason)


# --- yes and no ----------------------------------------------------------------------------


def test_saying_yes_twice_posts_once(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.preview(ONE)
    desk.agree(found)
    desk.agree(found)
    desk.work()
    desk.agree(found)
    desk.work()
    assert desk.hours_x100() == 800
    said = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "upload.posted")).all()
    assert [entry.facts["rows"]["new"] for entry in said] == [1]


def test_the_ledger_names_who_said_yes(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found, uploader = desk.preview(ONE), desk.account
    desk.account = desk.colleague()
    desk.agree(found)
    desk.work()
    assert desk.account.user.id != uploader.user.id
    assert db.session.scalars(select(Posting.posted_by)).all() == [desk.account.user.id]


def test_what_is_still_being_read_cannot_be_agreed_to(desk: ProviderDesk) -> None:
    with pytest.raises(Conflict, match="正在核对"):
        desk.agree(desk.upload(ONE))


def test_withdrawing_leaves_neither_file_nor_lines(desk: ProviderDesk) -> None:
    found = desk.preview(ONE)
    assert len(desk.lines(found)) == 1
    desk.withdraw(found)
    desk.withdraw(found)
    assert (desk.state(found), desk.upload_of(found).file_sealed) == ("withdrawn", None)
    assert db.session.scalar(select(func.count()).select_from(UploadPage)) == 0
    with pytest.raises(Conflict, match="已撤回"):
        desk.agree(found)
    with pytest.raises(Conflict, match="已撤回"):
        marked(desk, found)
    assert desk.upload(ONE) != found


def test_what_is_withdrawn_while_it_waits_to_be_read_is_never_read(desk: ProviderDesk) -> None:
    found = desk.upload(ONE)
    desk.withdraw(found)
    desk.work()
    assert desk.state(found) == "withdrawn"
    assert db.session.scalar(select(func.count()).select_from(UploadPage)) == 0


def test_what_is_posted_cannot_be_withdrawn(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.post(ONE)
    with pytest.raises(Conflict, match="不能撤回"):
        desk.withdraw(found)
    assert desk.upload_of(found).file_sealed is not None


# --- reading -------------------------------------------------------------------------------


def test_the_marked_file_says_what_is_wrong_and_who_is_held(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.preview(
        attended(("孙一", A, 8, "合格"), ("孙二", B[:17] + "?", 8, "合格"), ("孙三", C, 8, "合格"))
    )
    assert desk.counts(found) == {"new": 1, "wrong": 1, "held": 1}
    for _ in range(2):
        rows = marked(desk, found)
        assert rows[0][-1] == "问题"
        assert rows[1] == ["孙一", A, "8", "合格"]
        assert rows[2][-1].startswith("身份证号：")
        assert rows[3][-1].startswith("待登记：")
        desk.agree(found)
        desk.work()


def test_the_marked_file_of_many_sessions_says_which_line_is_of_none(desk: ProviderDesk) -> None:
    desk.registered("孙一", A)
    found = desk.preview(
        xlsx(
            ("班次编号", *HEADER),
            (desk.session.code, "孙一", A, 8, "合格"),
            ("没有这班", "孙一", A, 8, "合格"),
        ),
        of_many=True,
    )
    assert desk.counts(found) == {"new": 1, "wrong": 1}
    assert "没有这班" in marked(desk, found)[2][-1]


def test_what_could_not_be_read_has_no_marked_file(desk: ProviderDesk) -> None:
    found = desk.preview(b"\x89PNG\r\n" + b"x" * 500)
    assert desk.state(found) == "failed"
    with pytest.raises(Conflict, match="无法读取"):
        marked(desk, found)
