"""An employer at its desk: uploads a list, looks at it, agrees; the worker does the rest."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import openpyxl
from flask import Flask
from sqlalchemy import select

from ce_tracker.actor import Role
from ce_tracker.extensions import act_as, db
from ce_tracker.identity import check_character
from ce_tracker.registry import roster_requests
from ce_tracker.registry.roster_requests import ShownRow
from ce_tracker.registry.rosters import Mode, RosterImport, RosterRow
from ce_tracker.registry.title_series import load_title_series
from tests.factories import HUANCUI, Account, Factory
from workers import doing
from workers.tasks import KINDS

AS_OF = date(2026, 9, 1)
HEADER = ("姓名", "身份证号", "部门")
Cells = Sequence[object]


def id_number(sequence: int, region: str = "371002", born: str = "19850312") -> str:
    body = f"{region}{born}{sequence:03d}"
    return body + check_character(body)


def rounded_number(born: str = "198503") -> str:
    """A right one that ends in 000, as one in a thousand does."""
    return next(
        number
        for day in range(1, 29)
        for hundred in range(0, 1000, 100)
        if (number := id_number(hundred, born=f"{born}{day:02d}")).endswith("000")
    )


def xlsx(*rows: Cells, merge: Sequence[str] = (), more_sheets: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merge:
        sheet.merge_cells(cells)
    for name in more_sheets:
        book.create_sheet(name).append(["别的内容"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(*rows: Cells, encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


@dataclass
class Desk:
    make: Factory
    web: Flask
    worker: Flask
    account: Account

    @classmethod
    def open(cls, make: Factory, web: Flask, worker: Flask, region: str = HUANCUI) -> Desk:
        load_title_series()
        db.session.commit()
        return cls(make, web, worker, make.account(Role.EMPLOYER, region))

    @property
    def employer_id(self) -> int:
        found = self.account.actor.employer_id
        assert found is not None
        return found

    def upload(
        self,
        data: bytes,
        mode: Mode = Mode.ADD,
        as_of: date = AS_OF,
        name: str = "名单.xlsx",
        *,
        typed: bool = False,
    ) -> UUID:
        with self.web.app_context():
            act_as(self.account.actor)
            roster = roster_requests.upload(
                self.make.settings.keyring(),
                self.account.actor,
                data,
                name,
                mode,
                as_of,
                typed=typed,
            )
            found = roster.id
            db.session.commit()
            db.session.remove()
        return found

    def work(self) -> None:
        with self.worker.app_context():
            while doing.run_next(KINDS, 60):
                pass

    def preview(self, data: bytes, mode: Mode = Mode.ADD, as_of: date = AS_OF) -> UUID:
        found = self.upload(data, mode, as_of)
        self.work()
        return found

    def agree(self, import_id: UUID) -> None:
        with self.web.app_context():
            act_as(self.account.actor)
            roster_requests.request_apply(self.account.actor, import_id)
            db.session.commit()
            db.session.remove()

    def apply(self, data: bytes, mode: Mode = Mode.ADD, as_of: date = AS_OF) -> UUID:
        found = self.preview(data, mode, as_of)
        self.agree(found)
        self.work()
        return found

    def roster(self, import_id: UUID) -> RosterImport:
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(RosterImport, import_id)

    def counts(self, import_id: UUID) -> dict[str, int]:
        """Without what there is none of."""
        return {name: n for name, n in self.roster(import_id).counts.items() if n}

    def rows(self, import_id: UUID) -> list[ShownRow]:
        with self.web.app_context():
            act_as(self.account.actor)
            rows = db.session.scalars(
                select(RosterRow)
                .where(RosterRow.import_id == import_id, RosterRow.visible_to(self.account.actor))
                .order_by(RosterRow.id)
            ).all()
            found = roster_requests.shown(self.make.settings.keyring(), self.account.actor, rows)
            db.session.remove()
        return found
