"""The lines of an upload, a stretch at a time, in the order in which they want attention."""

from __future__ import annotations

import pytest
from flask import Flask

from ce_tracker.extensions import db
from ce_tracker.ledger import upload_lines, upload_requests
from ce_tracker.ledger.uploads import Outcome, ShownLine, UploadPage, sealed_page
from tests.factories import Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, xlsx

ONE = xlsx(HEADER, ("孙一", id_number(631), 8, "合格"))


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    return ProviderDesk.open(make, web, worker)


def test_lines_are_read_on_from_where_the_last_stretch_ended(desk: ProviderDesk) -> None:
    found, keyring = desk.upload(ONE), desk.make.settings.keyring()
    for outcome, page, names in (
        (Outcome.NEW, 0, "甲乙"),
        (Outcome.NEW, 1, "丙"),
        (Outcome.WRONG, 0, "丁戊己"),
        (Outcome.HELD, 0, "庚"),
    ):
        lines = [ShownLine(None, "", name, "0000", None, None, []) for name in names]
        page_sealed = sealed_page(keyring, lines)
        db.session.add(
            UploadPage(upload_id=found, outcome=outcome, page=page, lines_sealed=page_sealed)
        )
    db.session.commit()
    for limit in (1, 2, 3, 7, 50):
        names, place = "", None
        with desk.signed_in():
            upload = upload_requests.visible(desk.account.actor, found)
            for _ in range(8):
                found_lines, place = upload_lines.stretch(keyring, upload, None, place, limit)
                names += "".join(each.line.name for each in found_lines)
                if place is None:
                    break
        assert names == "丁戊己庚甲乙丙", limit
    assert [each.line.name for each in desk.lines(found, "new")] == ["甲", "乙", "丙"]
