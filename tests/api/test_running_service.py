"""The service as it runs: a real web server with two processes on the test's database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from ce_tracker.accounts.models import ApiToken
from ce_tracker.accounts.sign_in import digest
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.home import Home
from config import Settings
from tests.api.schemathesis_run import examine, serving
from tests.factories import Factory
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("running service")

EXAMPLES = 4


@dataclass(frozen=True)
class Running:
    url: str
    home: Home

    def read(self, path: str, headers: dict[str, str] | None = None) -> str:
        with urlopen(Request(f"{self.url}{path}", headers=headers or {}), timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    def processes_that_counted(self) -> int:
        return len(list((self.home.path / "metrics").glob("counter_*.db")))

    def log(self) -> str:
        return (self.home.logs / "web.log").read_text()


@pytest.fixture(scope="module")
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = Home(tmp_path_factory.mktemp("home"))
    with serving(settings.with_(home=home.path, web_processes=2)) as url:
        yield Running(url, home)


def test_the_api_keeps_to_its_own_description(service: Running, make: Factory) -> None:
    authority = make.account(Role.AUTHORITY)
    job = make.job(asked_by=authority.user.id, state="dead")
    spare = digest(make.token(authority.user))
    token = db.session.scalars(select(ApiToken.id).where(ApiToken.digest == spare)).one()
    known = {"job_id": str(job.id), "token_id": str(token)}
    db.session.commit()  # the examination outlasts what a transaction may stay idle
    found = examine(service.url, authority.token, EXAMPLES, known=known)
    assert found.found_nothing, found.output
    assert found.cases > 300


def test_the_numbers_of_both_web_processes_are_summed(service: Running) -> None:
    def counted() -> float:
        line = r'ce_http_requests_total\{method="GET",route="/problems",status="200"\} (\S+)'
        found = re.search(line, service.read("/metrics"))
        return float(found[1]) if found else 0

    before, asked = counted(), 0
    while asked < 20 or service.processes_that_counted() < 2:
        service.read("/problems")
        asked += 1
        assert asked < 2000, "one process answers everything"
    assert service.processes_that_counted() == 2
    assert counted() == before + asked


def test_a_request_is_one_json_line_in_the_log_with_its_id(service: Running) -> None:
    service.read("/problems", {"X-Request-ID": "click-0042"})
    line = until(lambda: _line(service, "click-0042"), 60, "the line is written")
    assert line["route"] == "/problems"
    assert (line["method"], line["status"], line["event"]) == ("GET", 200, "request")
    assert line["milliseconds"] > 0


def _line(service: Running, request_id: str) -> dict[str, Any] | None:
    for line in service.log().splitlines():
        if request_id in line:
            found: dict[str, Any] = json.loads(line)
            return found
    return None


def test_a_running_service_logs_no_id_number(service: Running) -> None:
    number = "11010119900307451X"
    for path in (f"/regions/{number}", f"/problems/{number}?id={number}", f"/api/v1/{number}"):
        with pytest.raises(HTTPError) as refused:
            service.read(path, {"X-Request-ID": number, "User-Agent": number, "Referer": number})
        assert number not in refused.value.read().decode()
        refused.value.close()
    service.read("/problems", {"X-Request-ID": "click-0043"})
    until(lambda: _line(service, "click-0043"), 60, "the line is written")
    assert number not in service.log()
