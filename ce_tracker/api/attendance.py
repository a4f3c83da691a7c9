"""/sessions/…/attendance and /attendance: who attended, of one session or of many."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import fields

from ce_tracker import hours
from ce_tracker.api.conventions import actor, endpoint, keyring
from ce_tracker.api.describing import FileOr
from ce_tracker.api.lists import file_field, received, rows_field
from ce_tracker.api.schema import Input, length, one_of
from ce_tracker.api.uploads import (
    MODE,
    POST,
    PROVIDER,
    REASON,
    Accepted,
    UploadOut,
    accepted,
    blueprint,
)
from ce_tracker.ledger import upload_requests
from ce_tracker.ledger.uploads import Mode
from ce_tracker.registry.reasons import LONGEST as LONGEST_REASON
from ce_tracker.training.models import TrainingSession


class AttendeeIn(Input):
    name = fields.String(required=True, validate=length(1, 60))
    id_number = fields.String(required=True, validate=length(1, 30))
    hours = hours.Hours(metadata={"description": "学时；都不写则按班次的学时计"})
    result = fields.String(
        validate=length(1, 40), metadata={"description": "如“合格”“不合格”，或 0 到 100 的成绩"}
    )
    finished_on = fields.Date(metadata={"description": "完成日期，默认班次结束之日"})
    unit = fields.String(validate=length(1, 200), metadata={"description": "工作单位，不入账"})


class AttendeeOfManyIn(AttendeeIn):
    session = fields.String(
        required=True, validate=length(1, 60), metadata={"description": "班次编号"}
    )


class _Asked(Input):
    post = fields.Boolean(load_default=False, metadata=POST)
    reason = fields.String(validate=length(1, LONGEST_REASON), metadata=REASON)


class AttendanceIn(_Asked):
    rows = rows_field(AttendeeIn)
    mode = fields.String(load_default=Mode.ADD, validate=one_of(list(Mode)), metadata=MODE)


class AttendanceOfManyIn(AttendanceIn):
    rows = rows_field(AttendeeOfManyIn)


class AttendanceUpload(_Asked):
    file = file_field()
    mode = fields.String(required=True, validate=one_of(list(Mode)), metadata=MODE)


@endpoint(
    blueprint,
    "POST",
    "/sessions/<int:session_id>/attendance",
    roles=PROVIDER,
    scope="attendance:write",
    body=FileOr(form=AttendanceUpload, json=AttendanceIn),
    answer=UploadOut,
    status=202,
)
def upload_attendance(sent: dict[str, Any], session_id: int) -> Accepted:
    """上传一个班次的学时名单，或逐人给出；先核对，确认后才入账。同一份名单重复上传是同一次"""
    return _uploaded(sent, upload_requests.own_session(actor(), session_id))


@endpoint(
    blueprint,
    "POST",
    "/attendance",
    roles=PROVIDER,
    scope="attendance:write",
    body=FileOr(form=AttendanceUpload, json=AttendanceOfManyIn),
    answer=UploadOut,
    status=202,
)
def upload_attendance_of_many(sent: dict[str, Any]) -> Accepted:
    """上传多个班次的学时名单，由“班次编号”一列说明每行属于哪个班次；其余同上"""
    return _uploaded(sent, None)


def _uploaded(sent: dict[str, Any], session: TrainingSession | None) -> Accepted:
    typed = "rows" in sent
    if typed:
        rows = [{name: _written(name, said) for name, said in row.items()} for row in sent["rows"]]
        data, name = upload_requests.as_file(rows), upload_requests.TYPED_NAME
    else:
        data, name = received(sent)
    return accepted(
        upload_requests.upload(
            keyring(),
            actor(),
            data,
            name,
            session,
            Mode(sent["mode"]),
            post=sent["post"],
            reason=sent.get("reason"),
            typed=typed,
        )
    )


def _written(name: str, said: Any) -> str:
    if name == "hours":
        return hours.shown(said)
    return said.isoformat() if isinstance(said, date) else str(said)
