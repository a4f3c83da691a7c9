"""500 ID numbers go through the whole running service, by every road that takes one; afterwards
none of them stands anywhere that anybody could look: logs, Redis, metrics, answers, the database.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
import redis

from ce_tracker.actor import Role
from ce_tracker.embedded import postgres_program
from ce_tracker.identity import check_character
from config import DatabaseRole
from tests.faults.promises import arranging
from tests.faults.service import Service, running
from tests.waiting import until

PATIENCE_SECONDS = 240
PEOPLE = 500


def _number(serial: int) -> str:
    body = (
        f"379900{1960 + serial % 40}{1 + serial % 12:02d}{1 + serial % 28:02d}{serial % 1000:03d}"
    )
    return body + check_character(body)


NUMBERS = [_number(serial) for serial in range(PEOPLE)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("nowhere") / "home") as service:
        yield service


class Client:
    """Every answer is kept, to be looked through at the end."""

    def __init__(self, service: Service, bearer: dict[str, str]) -> None:
        self.port = service.settings.port
        self.bearer = bearer
        self.heard = b""

    def ask(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        headers = {**self.bearer, "Content-Type": kind} if content else {**self.bearer}
        connection.request(method, path, body=content, headers=headers)
        answer = connection.getresponse()
        content_back = answer.read()
        self.heard += repr(answer.getheaders()).encode() + content_back
        connection.close()
        return answer.status, content_back, dict(answer.getheaders())


def _import(client: Client, rows: list[dict[str, str]]) -> str:
    status, body, _ = client.ask("POST", "/api/v1/roster-imports", {"rows": rows, "mode": "add"})
    assert status == 202, body
    address = f"/api/v1/roster-imports/{json.loads(body)['id']}"
    _await_state(client, address, "previewed")
    client.ask("GET", f"{address}/rows")
    assert client.ask("POST", f"{address}/apply")[0] in {200, 202}
    _await_state(client, address, "applied")
    return address


def _await_state(client: Client, address: str, state: str) -> None:
    def look() -> bool:
        answer: dict[str, str] = json.loads(client.ask("GET", address)[1])
        assert answer["state"] != "failed", answer
        return answer["state"] == state

    until(look, PATIENCE_SECONDS, state)


def _everywhere_one_might_type_it(client: Client, number: str) -> None:
    client.ask("GET", f"/api/v1/professionals/{number}")
    client.ask("GET", f"/api/v1/professionals?q={quote(number)}")
    client.ask("GET", f"/api/v1/regions/{number}")
    client.ask("GET", f"/{number}")
    client.ask("POST", "/api/v1/professionals/search", {"id_number": number})
    client.ask("POST", "/api/v1/professionals/search", {"id_number": number, number: number})
    client.ask("POST", "/api/v1/tokens", {"name": number, "scopes": [number]})
    client.ask("POST", "/api/v1/tokens", f'{{"name": "{number}"'.encode())
    form = f"login={number}&password={number}".encode()
    client.ask("POST", "/sign-in", form, "application/x-www-form-urlencoded")


@pytest.mark.fault
@pytest.mark.xdist_group("nowhere")
def test_500_id_numbers_are_found_nowhere(service: Service) -> None:
    with arranging(service) as make:
        account = make.account(Role.EMPLOYER)
    client = Client(service, account.bearer)
    rows = [{"name": f"人员{n}", "id_number": number} for n, number in enumerate(NUMBERS)]
    _import(client, rows[: PEOPLE - 1])
    wrong = [{**row, "name": "另一个人"} for row in rows[:20]]
    address = _import(client, [*wrong, rows[-1]])
    client.ask("GET", f"{address}/rows?outcome=wrong")
    for number in NUMBERS:
        search = client.ask("POST", "/api/v1/professionals/search", {"id_number": number})
        assert search[0] == 200, search
    for number in NUMBERS[:5]:
        _everywhere_one_might_type_it(client, number)
    client.ask("GET", "/metrics")

    places = {
        "answers": client.heard.decode(errors="replace"),
        "logs": _logs(service),
        "redis": _redis(service),
        "database": _dump(service),
    }
    assert all(len(text) > 1000 for name, text in places.items() if name != "redis")
    found = {
        name: [number for number in NUMBERS if number in text or number[:17] in text]
        for name, text in places.items()
    }
    assert not any(found.values()), found
    in_hex = [number for number in NUMBERS if number.encode().hex() in places["database"]]
    assert in_hex == []


def _logs(service: Service) -> str:
    files: list[Path] = list((service.settings.home / "logs").iterdir())
    return "\n".join(file.read_text(errors="replace") for file in files)


def _redis(service: Service) -> str:
    client = redis.Redis.from_url(str(service.settings.redis_url))
    said = "".join(repr((key, client.dump(key))) for key in client.scan_iter("*"))
    client.close()
    return said


def _dump(service: Service) -> str:
    parts = urlsplit(service.settings.database_for(DatabaseRole.OWNER))
    where = parts._replace(netloc=f"{parts.username}@").geturl()
    done = subprocess.run(
        [postgres_program("pg_dump"), "--dbname", where],
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "professionals" in done.stdout
    return done.stdout
