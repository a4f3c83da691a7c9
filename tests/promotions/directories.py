"""The offices that a directory goes through, asking the API as they would."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import xlsxwriter
from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry.models import Employer
from tests.api.asking import Asker
from tests.factories import HUANCUI, WEIHAI, Factory

ANNEX = ("序号", "单位名称", "所在地址", "是否享受乡镇工作补贴", "备注")


def xlsx(*rows: Sequence[Any]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("清单")
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if value is not None:
                sheet.write(number, place, value)
    book.close()
    return out.getvalue()


class Offices:
    """The county of Huancui, the city of Weihai above it, and units in the county."""

    def __init__(self, web: Flask, make: Factory) -> None:
        self.web, self.make = web, make
        self.county, self.city = self._office(HUANCUI), self._office(WEIHAI)

    def _office(self, region: str) -> Asker:
        """Which can be asked for months."""
        account = self.make.account(Role.AUTHORITY, region)
        token = self.make.token(account.user, life=timedelta(days=400))
        return Asker(self.web, replace(account, token=token))

    def unit(self, name: str, region: str = HUANCUI) -> Employer:
        unit = self.make.employer(region)
        unit.name = name
        db.session.commit()
        return unit

    def begins(self, year: int = 2026, start: str = "empty", status: int = 201) -> dict[str, Any]:
        return self.county.post("/directories", {"year": year, "from": start}, status)

    def adds(self, to: dict[str, Any], *names: str) -> None:
        for name in names:
            self.county.post(f"/directories/{to['id']}/lines", {"name": name}, 201)

    def uploads(self, to: dict[str, Any], data: bytes, status: int = 200) -> dict[str, Any]:
        path = f"/directories/{to['id']}/upload"
        return self.county.ask("POST", path, status, data={"file": (io.BytesIO(data), "清单.xlsx")})

    def files(self, found: dict[str, Any], status: int = 200) -> dict[str, Any]:
        return self.county.post(f"/directories/{found['id']}/file", None, status)

    def approves(
        self, found: dict[str, Any], since: str | None = None, status: int = 200
    ) -> dict[str, Any]:
        body = {} if since is None else {"in_force_from": since}
        return self.city.post(f"/directories/{found['id']}/approve", body, status)

    def returns(self, found: dict[str, Any], reason: str, status: int = 200) -> dict[str, Any]:
        return self.city.post(f"/directories/{found['id']}/return", {"reason": reason}, status)

    def lines(self, of: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.county.get(f"/directories/{of['id']}/lines")["items"]
        return found

    def list_in_force(
        self, *names: str, year: int = 2026, since: str | None = None
    ) -> dict[str, Any]:
        """Drafted, filed and approved, all at once."""
        found = self.begins(year)
        self.adds(found, *names)
        self.files(found)
        return self.approves(found, since)
