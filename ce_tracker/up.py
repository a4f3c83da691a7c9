"""`ce-tracker up`: everything at once, and nothing left behind.

Starts what has no address of its own (PostgreSQL, Redis), brings the database up to date, starts
web, worker and beat, and then looks after them: what dies is started again. Each process is told
only what it needs; the web never learns the owner's address.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import structlog

from ce_tracker import embedded
from ce_tracker.errors import CeTrackerError
from ce_tracker.home import Home
from ce_tracker.processes import Child, adopt_orphans, end_descendants, end_strays
from config import DatabaseRole, Settings

ROOT = Path(__file__).parent.parent
READY_SECONDS = 180
WATCH_SECONDS = 0.2
TURNS_A_SWEEP = 10
PATIENCE_SECONDS = 10.0
WORKER_PATIENCE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class CannotStartError(CeTrackerError):
    pass


@dataclass
class Service:
    """One process that we look after."""

    child: Child
    launch: Callable[[], None]
    """Starts it, waiting for nothing: while one is mended the others are looked after."""
    quick_deaths: int = 0
    started_at: float = field(default=0.0)

    @property
    def wants_to_run(self) -> bool:
        return not self.child.alive and monotonic() >= self.started_at + self._patience()

    def run_again(self) -> None:
        lived = monotonic() - self.started_at
        self.quick_deaths = self.quick_deaths + 1 if lived < 10 else 0  # noqa: PLR2004
        self.started_at = monotonic()
        try:
            self.launch()
        except (CeTrackerError, OSError):
            # No memory, a full disk: it may come with a later try, and the others shall live on.
            log.exception("cannot start", service=self.child.name)

    def _patience(self) -> float:
        """Not at all the first times; then longer, since something is wrong for good."""
        return min(10.0, 0.1 * 2 ** max(0, self.quick_deaths - 3)) if self.quick_deaths else 0


class Supervisor:
    def __init__(self, settings: Settings, *, celery_app: str = "workers.celery_app") -> None:
        self.home = Home(settings.home)
        self.wanted = settings
        self.settings = settings
        self.celery_app = celery_app
        self.services: dict[str, Service] = {}
        self.stopping = False

    @contextmanager
    def servers(self) -> Iterator[Settings]:
        """PostgreSQL and Redis, as far as they are ours to run."""
        self.home.prepare()
        with ExitStack() as stack:
            if not stack.enter_context(self.home.locked()):
                raise CannotStartError(
                    f"数据目录 {self.home.path} 已有服务在用，请先停止它，或用 CE_HOME 另选目录。"
                )
            self.settings = embedded.completed(self.wanted)
            stack.callback(self._stop_all)
            if self.wanted.needs_postgres:
                server = embedded.postgres(self.home)
                self._keep(server, lambda: embedded.launch_postgres(server, self.home))
                embedded.start_postgres(server, self.home)
            if self.wanted.needs_redis:
                bell = embedded.redis_server(self.home)
                self._keep(bell, lambda: embedded.launch_redis(bell, self.home))
                embedded.start_redis(bell, self.home)
            yield self.settings

    def start_application(self) -> None:
        for child in (self.worker(), self.beat(), self.web()):
            self._keep(child, child.start)
            child.start()

    def web(self) -> Child:
        settings = self.settings
        numbers = self.home.path / "metrics"
        shutil.rmtree(numbers, ignore_errors=True)
        numbers.mkdir()
        return self._child(
            "web",
            [
                *("granian", "--interface", "wsgi"),
                *("--host", settings.host, "--port", str(settings.port)),
                *("--workers", str(settings.web_processes)),
                *("--blocking-threads", str(settings.web_threads)),
                # One that is told to stop while it loads does not hear it.
                *("--workers-kill-timeout", "5", "--respawn-failed-workers"),
                *("--no-ws", "--log-level", "warning"),
                *("--factory", "ce_tracker.serving:web_application"),
            ],
            settings.with_(
                database_url=None,
                web_database_url=settings.database_for(DatabaseRole.WEB),
                worker_database_url=None,
            ),
            PROMETHEUS_MULTIPROC_DIR=str(numbers),
        )

    def worker(self) -> Child:
        return self._celery(
            "worker",
            [
                *("worker", "--concurrency", str(self.settings.worker_processes)),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
                *("--loglevel", self.settings.log_level),
            ],
            # A job that is cut short goes on after its last step; nobody need wait for its end.
            patience_seconds=WORKER_PATIENCE_SECONDS,
        )

    def beat(self) -> Child:
        return self._celery("beat", ["beat", "--loglevel", self.settings.log_level])

    def wait_until_ready(self) -> None:
        address = f"{self.url}/readyz"
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline and not self.stopping:
            web = self.services["web"].child
            if not web.alive:
                raise CannotStartError(f"网页服务没有启动：\n{web.last_words(10)}")
            try:
                with urlopen(address, timeout=5):  # noqa: S310  our own address
                    return
            except (URLError, OSError):
                sleep(0.1)
        if not self.stopping:
            raise CannotStartError(
                f"网页服务 {READY_SECONDS} 秒内没有就绪，日志在 {self.home.logs}。"
            )

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.settings.host in {"", "0.0.0.0"} else self.settings.host  # noqa: S104
        return f"http://{host}:{self.settings.port}"

    def look_after(self) -> None:
        """Until told to stop."""
        for turn in count():
            if self.stopping:
                return
            if turn % TURNS_A_SWEEP == 0:  # what was orphaned a moment too late for the one below
                self._end_strays()
            for service in self.services.values():
                if service.wants_to_run:
                    # Its own children first: they would hold its port, or its memory.
                    self._end_strays()
                    service.run_again()
                service.child.turn_log_over()
            sleep(WATCH_SECONDS)

    def _end_strays(self) -> None:
        end_strays({one.child.pid for one in self.services.values() if one.child.pid})

    def stop_on_signals(self) -> None:
        def stop(_: int, __: FrameType | None) -> None:
            self.stopping = True

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, stop)

    def _celery(
        self, name: str, arguments: list[str], patience_seconds: float = PATIENCE_SECONDS
    ) -> Child:
        settings = self.settings
        child = self._child(
            name,
            ["celery", "--app", self.celery_app, *arguments],
            settings.with_(
                database_url=None,
                worker_database_url=settings.database_for(DatabaseRole.WORKER),
                web_database_url=None,
            ),
        )
        child.patience_seconds = patience_seconds
        return child

    def _child(self, name: str, command: list[str], settings: Settings, **more: str) -> Child:
        program = Path(sys.executable).parent / command[0]
        return Child(
            name,
            [str(program), *command[1:]],
            self.home.logs / f"{name}.log",
            environment={
                **_without_settings(os.environ),
                **settings.environment(),
                **more,
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
            },
        )

    def _keep(self, child: Child, launch: Callable[[], None]) -> None:
        self.services[child.name] = Service(child, launch, started_at=monotonic())

    def _stop_all(self) -> None:
        """Whoever asks for work first, then who does it, then what it is done with."""
        for service in reversed(self.services.values()):
            service.child.stop()
        self.services.clear()
        end_descendants()


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """A child is told its own settings alone: not another role's address by inheritance."""
    ours = Settings.names()
    return {name: value for name, value in environ.items() if name not in ours}


def require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStartError(
                f"端口 {settings.host}:{settings.port} 不能使用（{error.strerror}），"
                "请用 PORT 另选一个，如：make run PORT=8001"
            ) from error


@contextmanager
def everything(
    settings: Settings, *, celery_app: str = "workers.celery_app"
) -> Iterator[Supervisor]:
    """For a process that does nothing else: all its children count as the supervisor's."""
    require_free_port(settings)
    adopt_orphans()
    supervisor = Supervisor(settings, celery_app=celery_app)
    supervisor.stop_on_signals()
    with supervisor.servers():
        yield supervisor
