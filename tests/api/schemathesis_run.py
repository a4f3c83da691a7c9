"""The API against its own description: schemathesis asks, a real web server answers.

`run(max_examples)` brings its own servers, for `make torture`; `examine` takes one that is there.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from sqlalchemy import func, select

from ce_tracker import database, jobs
from ce_tracker.accounts import tokens
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role
from ce_tracker.app import create_app
from ce_tracker.extensions import act_as, db
from ce_tracker.registry.regions import by_code
from ce_tracker.up import Supervisor
from config import DatabaseRole, Settings
from tests.faults.promises import Outcome
from tests.waiting import until

# Told of a rightful 422 (a day before its epoch, a name of spaces) it calls it a failure.
NOT_ASKED = "positive_data_acceptance"
SHANDONG = "370000"
START_SECONDS = 60


_SUMMARY = re.compile(r"(\d+) generated, (?:(\d+) passed)?")


@dataclass(frozen=True)
class Examination:
    cases: int
    passed: int
    let_in: bool
    """To the end; else it has examined nothing but refusals."""
    seconds: float
    output: str

    @property
    def found_nothing(self) -> bool:
        return 0 < self.cases == self.passed and self.let_in


def examine(
    url: str, token: str, max_examples: int, *, seed: int = 1, known: dict[str, str] | None = None
) -> Examination:
    """`known` names objects that are there, by path parameter; else most paths lead nowhere, or
    to the very token that lets us in, which is then soon revoked."""
    program = Path(sys.executable).parent / "schemathesis"
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="ce-schemathesis-") as folder:
        settings = [f'"path.{name}" = "{value}"' for name, value in (known or {}).items()]
        (Path(folder) / "schemathesis.toml").write_text("\n".join(["[parameters]", *settings]))
        done = subprocess.run(
            [
                *(str(program), "run", f"{url}/api/v1/openapi.json"),
                *("--header", f"Authorization: Bearer {token}"),
                *("--checks", "all", "--exclude-checks", NOT_ASKED),
                *("--max-examples", str(max_examples), "--seed", str(seed)),
                *("--continue-on-failure", "--no-color", "--request-timeout", "20"),
                *("--suppress-health-check", "all", "--generation-database", "none"),
            ],
            cwd=folder,
            env={**os.environ, "COLUMNS": "140"},
            capture_output=True,
            text=True,
            check=False,
        )
    summary = _SUMMARY.search(done.stdout)
    cases, passed = (int(count or 0) for count in summary.groups()) if summary else (0, 0)
    if done.returncode != 0:
        passed = min(passed, cases - 1)
    let_in = _answers(f"{url}/api/v1/me", {"Authorization": f"Bearer {token}"})
    return Examination(cases, passed, let_in, monotonic() - began, done.stdout + done.stderr)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The web server of `ce-tracker up`, alone, on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    supervisor = Supervisor(settings.with_(port=port, requests_per_minute=1_000_000))
    supervisor.home.prepare()
    web = supervisor.web()
    web.start()
    try:
        until(
            lambda: _answers(f"{supervisor.url}/readyz"), START_SECONDS, "the web server is ready"
        )
        yield supervisor.url
    finally:
        web.stop()


def _answers(url: str, headers: dict[str, str] | None = None) -> bool:
    try:
        with urlopen(Request(url, headers=headers or {}), timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def run(max_examples: int) -> Outcome:
    with (
        tempfile.TemporaryDirectory(prefix="ce-api-") as folder,
        Supervisor(Settings(home=Path(folder) / "home")).servers() as settings,
    ):
        token, known = _world(settings)
        with serving(settings) as url:
            found = examine(url, token, max_examples, known=known)
    figures: dict[str, Any] = {
        "cases": found.cases,
        "failures": found.cases - found.passed,
        "seconds": round(found.seconds, 1),
    }
    if not found.found_nothing:
        figures["output"] = found.output[-5000:]
    return Outcome("schemathesis finds nothing", max_examples, found.found_nothing, figures)


def _world(settings: Settings) -> tuple[str, dict[str, str]]:
    """A token of an authority, and a job and a spare token that it can see."""
    app = create_app(settings, DatabaseRole.OWNER)
    database.bring_up_to_date(app)
    with app.app_context():
        region = by_code(SHANDONG)
        assert region is not None
        user = open_account(
            "authority", "省厅", secrets.token_urlsafe(20), Binding(Role.AUTHORITY, region.path)
        )
        user.must_change_password = False
        facts = db.session.execute(select(func.enter_as(user.id))).scalar_one()
        actor = Actor.from_facts(facts)
        act_as(actor)
        all_there_are = tokens.scopes_for(Role.AUTHORITY)
        _, secret = tokens.create_token(actor, "schemathesis", all_there_are, tokens.LONGEST_DAYS)
        spare, _ = tokens.create_token(actor, "spare", all_there_are, tokens.LONGEST_DAYS)
        known = {"job_id": str(jobs.ask("tidy", "2026-01-01")), "token_id": str(spare.id)}
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return secret, known
