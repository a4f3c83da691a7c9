"""`ce-tracker up` mends what dies, leaves nobody behind, and says why it cannot start."""

from __future__ import annotations

import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from tests.faults.leaving import COMMAND, MARK, end, lives, marked, start, up
from tests.faults.load import Load
from tests.faults.service import (
    PARTS,
    REPAIR_SECONDS,
    ROOT,
    START_SECONDS,
    Service,
    environment,
    free_port,
    running,
)
from tests.waiting import until

ours = pytest.mark.xdist_group("faults")
apart = pytest.mark.xdist_group("faults-up")
pytestmark = pytest.mark.fault


def zombies(service: Service) -> list[psutil.Process]:
    return [one for one in service.process.children() if is_zombie(one)]


def is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@ours
@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_started_again_and_its_children_are_gone(
    service: Service, part: str
) -> None:
    killed = service.victim(part)
    family = [killed, *killed.children(recursive=True)]
    killed.kill()
    until(lambda: service.victim(part).pid != killed.pid, REPAIR_SECONDS, "a successor")
    until(lambda: not any(lives(one) for one in family), REPAIR_SECONDS, "its children are gone")
    until(service.is_ready, REPAIR_SECONDS, "the service is ready again")
    until(lambda: not zombies(service), REPAIR_SECONDS, "nobody is left unburied")
    load = Load(service, 5)
    load.ask()
    load.wait_until_done(REPAIR_SECONDS)
    assert not load.done_wrongly()


@apart
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_nobody_outlives_it_in_the_midst_of_work(tmp_path: Path, signum: signal.Signals) -> None:
    with running(tmp_path / "home") as busy:
        load = Load(busy, 1_000_000)
        load.ask()
        load.wait_for_progress(REPAIR_SECONDS)
        visitor = HTTPConnection("127.0.0.1", busy.settings.port, timeout=60)
        visitor.request("GET", "/healthz")
        assert visitor.getresponse().read()  # and the visitor does not hang up
        try:
            end(busy, busy.settings.home, signum)
        finally:
            visitor.close()


@apart
def test_ended_by_ctrl_c_or_killed_it_starts_again_and_finds_its_data(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(home) as first:
        users = first.facts("SELECT id FROM users ORDER BY id")
        end(first, home, signal.SIGINT)
    with up(home) as second:
        assert second.facts("SELECT id FROM users ORDER BY id") == users
        second.process.kill()  # and nobody waits for what it leaves
        third = Service(second.settings, start(home, second.settings.port))
        try:
            until(third.is_ready, START_SECONDS, "it is ready again")
            assert third.facts("SELECT id FROM users ORDER BY id") == users
        finally:
            third.process.kill()
            third.process.wait(10)


def refused(home: Path, port: int) -> str:
    """What it says when it does not start."""
    ended = subprocess.run(
        [COMMAND, "up"],
        env=environment(home, port, **{MARK: str(home)}),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        cwd=ROOT,
    )
    said = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == 1, said
    assert len(said.splitlines()) == 1, said
    assert not marked(home)
    return said


@ours
def test_a_second_one_on_the_same_home_is_refused_and_the_first_goes_on(service: Service) -> None:
    said = refused(service.settings.home, free_port())
    assert "已有服务在用" in said
    assert service.is_ready()


@ours
def test_a_taken_port_is_named_and_nothing_is_made(service: Service, tmp_path: Path) -> None:
    said = refused(tmp_path / "home", service.settings.port)
    assert str(service.settings.port) in said
    assert not (tmp_path / "home").exists()


@ours
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    said = refused(home, free_port())
    assert str(home) in said
