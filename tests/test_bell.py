"""The doorbell: nobody who rings it waits, and nobody who cannot ring it falls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import psutil
import pytest
import redis
from structlog.testing import capture_logs

from ce_tracker import embedded
from ce_tracker.bell import MOST_WAITING, Bell
from ce_tracker.home import Home
from ce_tracker.processes import Child
from config import Settings
from tests.waiting import until

AT_ONCE_SECONDS = 4
"""Whoever waits for Redis once waits 5 s."""
QUEUE = "celery"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.prepare()
    return home


@pytest.fixture
def server(home: Home) -> Iterator[Child]:
    """A Redis of our own, since we are going to be cruel to it."""
    child = embedded.redis_server(home)
    embedded.start_redis(child, home)
    yield child
    child.stop()


@pytest.fixture
def settings_here(home: Home) -> Settings:
    return embedded.completed(Settings(home=home.path))


@pytest.fixture
def frozen(server: Child) -> Iterator[None]:
    assert server.pid is not None
    process = psutil.Process(server.pid)
    process.suspend()
    yield
    process.resume()


def lost(bell: Bell) -> bool:
    return bell.failing


def rings_heard(settings: Settings) -> int:
    with redis.Redis.from_url(str(settings.redis_url)) as client:
        heard = client.llen(QUEUE)
        assert isinstance(heard, int)
        return heard


@pytest.mark.usefixtures("server")
def test_a_ring_is_heard(settings_here: Settings) -> None:
    Bell(settings_here).ring()
    until(lambda: rings_heard(settings_here) == 1, 10, "the ring is heard")


@pytest.mark.usefixtures("frozen")
def test_ringing_returns_at_once_though_redis_is_frozen(settings_here: Settings) -> None:
    bell = Bell(settings_here)
    began = monotonic()
    for _ in range(MOST_WAITING * 3):
        bell.ring()
    assert monotonic() - began < AT_ONCE_SECONDS


def test_after_a_frozen_redis_has_thawed_rings_are_heard_again(
    server: Child, settings_here: Settings
) -> None:
    assert server.pid is not None
    process = psutil.Process(server.pid)
    bell = Bell(settings_here)
    process.suspend()
    bell.ring()
    process.resume()
    bell.ring()
    until(lambda: rings_heard(settings_here) >= 1, 30, "a ring is heard")
    until(lambda: not bell.failing, 30, "the bell is well again")


def test_a_ring_that_cannot_be_heard_is_lost_quietly_and_remembered(
    server: Child, settings_here: Settings
) -> None:
    bell = Bell(settings_here)
    bell.ring_now()
    assert not lost(bell)
    server.stop()
    with capture_logs() as said:
        bell.ring_now()
    assert lost(bell)
    assert [line["event"] for line in said] == ["the bell cannot be rung"]


@pytest.mark.usefixtures("frozen")
def test_whoever_waits_for_a_frozen_redis_waits_less_than_a_minute(settings_here: Settings) -> None:
    """Only workers wait (`ring_now`), and they must be back at their work soon."""
    bell = Bell(settings_here)
    began = monotonic()
    bell.ring_now()
    assert lost(bell)
    assert monotonic() - began < 30


def test_the_bell_is_well_again_when_redis_is(
    server: Child, home: Home, settings_here: Settings
) -> None:
    bell = Bell(settings_here)
    server.stop()
    bell.ring_now()
    assert lost(bell)
    embedded.start_redis(server, home)
    bell.ring_now()
    assert not lost(bell)
    assert rings_heard(settings_here) == 1
