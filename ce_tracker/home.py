"""CE_HOME: the one folder in which an installation without servers of its own keeps everything.

postgres/        the embedded PostgreSQL's data
logs/            what each process says
keys             this installation's demo keys (CE_KEYS overrides)
owner-password   of the embedded PostgreSQL
lock             held by the `ce-tracker up` that runs on it
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile, gettempdir, mkstemp

from ce_tracker.errors import CeTrackerError
from ce_tracker.sealing import Keyring

# The kernel allows 107 bytes; the longest name in the folder is `.s.PGSQL.5432.lock`.
LONGEST_SOCKET_FOLDER = 85


class HomeError(CeTrackerError):
    """The home cannot be used; the message says why in one line."""


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make it, private to us, and make sure that it can be written."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryFile(dir=self.path) as probe:
                probe.write(b"writable")
        except OSError as error:
            raise HomeError(
                f"数据目录 {self.path} 不能使用（{error.strerror}），"
                "请检查权限和磁盘，或用 CE_HOME 指定另一个目录。"
            ) from error

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def keys(self) -> Keyring:
        """This home's own keys, made at the first call; marked as demo keys for ever."""
        return Keyring.parse(self._kept("keys", lambda: str(Keyring.for_demo())))

    def keep_keys(self, keyring: Keyring) -> None:
        """Instead of those it had."""
        with _private_draft(self.path / "keys", str(keyring)) as draft:
            draft.replace(self.path / "keys")

    def owner_password(self) -> str:
        return self._kept("owner-password", lambda: secrets.token_hex(24))

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        """What the home keeps by this name; of processes that come first together one makes it."""
        path = self.path / name
        if not path.exists():
            with _private_draft(path, make()) as draft, suppress(FileExistsError):
                path.hardlink_to(draft)
        return path.read_text().strip()

    def socket_folder(self) -> Path:
        """Where the servers' sockets lie: in the home, or in a short place for a deep one."""
        inside = self.path / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            folder = inside
        else:
            name = sha256(os.fsencode(self.path)).hexdigest()[:12]
            folder = Path(gettempdir()) / f"ce-{os.getuid()}-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != os.getuid() or folder.is_symlink():
            raise HomeError(f"套接字目录 {folder} 属于别人，请删除它或更换 CE_HOME。")
        folder.chmod(0o700)
        return folder

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether it is ours alone; False where another process runs on it."""
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


@contextmanager
def _private_draft(path: Path, text: str) -> Iterator[Path]:
    """The text, safely on disk beside its place and readable by us alone; gone afterwards."""
    handle, name = mkstemp(dir=path.parent, prefix=f"{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
