"""People whom nobody has registered: shown by name and four digits, let go for good."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.ledger import held_requests
from ce_tracker.ledger.uploads import HeldRow
from tests.factories import Factory
from tests.ledger.desk import HEADER, ProviderDesk
from tests.registry.desk import id_number, xlsx

A, B, C = (id_number(n) for n in (621, 623, 625))
ONE = xlsx(HEADER, ("孙一", A, 8, "合格"))
THREE = xlsx(
    HEADER, *((name, who, 8, "合格") for name, who in (("孙一", A), ("孙二", B), ("孙三", C)))
)


@pytest.fixture
def desk(make: Factory, web: Flask, worker: Flask) -> ProviderDesk:
    return ProviderDesk.open(make, web, worker)


def test_a_held_row_shows_a_name_and_four_digits(desk: ProviderDesk) -> None:
    desk.post(ONE)
    [row] = desk.held()
    assert (row.name, row.id_tail, row.hours_x100) == ("孙一", A[-4:], 800)
    assert (row.session_code, row.row_number, row.problem) == (desk.session.code, 2, None)


def test_released_rows_are_forgotten_and_written_down(desk: ProviderDesk) -> None:
    desk.post(THREE)
    actor, [first, *_] = desk.account.actor, desk.held()
    with desk.signed_in():
        assert held_requests.release(actor, first.id) == 1
        assert held_requests.release(actor, first.id) == 0
    assert len(desk.held()) == 2
    with desk.signed_in():
        assert held_requests.release_all(actor, session_id=desk.session_id) == 2
    assert desk.held() == []
    db.session.rollback()
    kept = db.session.scalars(
        select(func.count()).where(HeldRow.id_number_sealed.is_not(None))
    ).one()
    assert kept == 0
    released = select(AuditEntry).where(AuditEntry.action == "held.released")
    said = db.session.scalars(released.order_by(AuditEntry.id)).all()
    assert [(entry.subject, entry.facts) for entry in said] == [
        (desk.session.title, {"rows": 1}),
        (desk.session.title, {"rows": 2}),
    ]
    desk.registered("孙一", A)
    assert desk.hours_x100() == 0


def test_nobody_lets_go_of_another_providers_rows(
    desk: ProviderDesk, make: Factory, web: Flask, worker: Flask
) -> None:
    found = desk.post(ONE)
    [row] = desk.held()
    other = ProviderDesk.open(make, web, worker)
    with other.signed_in():
        with pytest.raises(NotFound):
            held_requests.release(other.account.actor, row.id)
        assert held_requests.release_all(other.account.actor, upload_id=found) == 0
        released = db.session.scalars(select(func.release_held_rows([row.id], func.now()))).all()
        assert released == []
    assert len(desk.held()) == 1


def test_letting_go_of_all_needs_a_word_of_which(desk: ProviderDesk) -> None:
    with desk.signed_in(), pytest.raises(Invalid):
        held_requests.release_all(desk.account.actor)
