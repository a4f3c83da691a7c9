"""Asking the API as somebody, and the people that the registry's tests ask about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask

from ce_tracker.extensions import db
from ce_tracker.identity import credit_check_character
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import EmployerFact, ProviderFact, Title
from ce_tracker.registry.models import Employer, Professional, Provider
from tests.factories import Account, Factory

SINCE = date(2020, 9, 1)


@dataclass(frozen=True)
class Asker:
    web: Flask
    account: Account

    def ask(self, method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        headers = {**self.account.bearer, **more.pop("headers", {})}
        answer = self.web.test_client().open(
            f"/api/v1{path}", method=method, headers=headers, **more
        )
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def get(self, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
        return self.ask("GET", path, status, query_string=query)

    def post(self, path: str, body: Any, status: int = 200, **headers: str) -> dict[str, Any]:
        return self.ask("POST", path, status, json=body, headers=headers)

    def patch(self, path: str, body: Any, status: int = 200) -> dict[str, Any]:
        return self.ask("PATCH", path, status, json=body)

    def refused(self, method: str, path: str, body: Any) -> dict[str, str]:
        """Field → what is wrong with it."""
        answer = self.ask(method, path, 422, json=body)
        return {entry["field"]: entry["message"] for entry in answer["errors"]}


def employed(
    make: Factory, employer_id: int, name: str = "王晓岚", department: str | None = "数学组"
) -> Professional:
    person = make.professional(name)
    people.employ(person, employer_id, department, SINCE, "test")
    db.session.commit()
    return person


def titled(person: Professional, **changes: Any) -> Title:
    values: dict[str, Any] = {
        "level": "intermediate",
        "track": "unified",
        "series_code": "school",
        "field_code": None,
        "name": "一级教师",
        "valid_from": date(2019, 12, 1),
    }
    fact = facts.record(Title(professional_id=person.id, **(values | changes)), "test")
    db.session.commit()
    return fact


def described(unit: Employer | Provider, since: date = date(2015, 1, 1)) -> None:
    """What is known of a unit that a test has made."""
    common: dict[str, Any] = {
        "name": unit.name,
        "region_path": unit.region_path,
        "sector": unit.sector,
        "valid_from": since,
    }
    if isinstance(unit, Employer):
        facts.put(
            EmployerFact(
                employer_id=unit.id,
                level="county",
                affiliation="county",
                public_institution=True,
                **common,
            ),
            "test",
        )
    else:
        facts.put(ProviderFact(provider_id=unit.id, kind="base", **common), "test")
    db.session.commit()


def credit_code(number: int, kind: str = "12") -> str:
    body = f"{kind}371002{number:09d}"
    return body + credit_check_character(body)
