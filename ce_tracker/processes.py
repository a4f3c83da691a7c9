"""Child processes that never outlive us, and end in good order.

Each child leads a session of its own, so that Ctrl-C in a terminal reaches us alone and we decide
the order of the end. Should a process die without a word, nobody is left behind: on Linux the
kernel ends our children with us (`on_our_death`) and their children with them (`end_with`); and
what outlives a child of ours becomes ours, so that we can end it before a new one starts
(`adopt_orphans`, `end_strays`). That matters: orphans of a web server keep its port and answer.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LARGEST_LOG = 50 * 2**20

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def on_our_death(signum: int) -> Callable[[], None] | None:
    """What a child does between fork and exec: have itself sent `signum` when we are gone."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return arrange


def end_with(parent: int) -> None:
    """Called by a grandchild of ours in its own process: end at once when `parent` has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def adopt_orphans() -> None:
    """Grandchildren whose parent was killed become our children, so that we can end them too."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


@dataclass
class Child:
    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when we die. Nobody is left then to insist, so nothing is asked."""
    patience_seconds: float = 20
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.turn_log_over()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=on_our_death(self.death_signal),  # noqa: PLW1509  we start no threads before
            )

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask, wait, then insist; nothing of its whole family is left afterwards."""
        if self.process is None:
            return
        family = _family(self.process.pid)
        if self.alive:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.patience_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        end_all(family)
        self.process = None

    def turn_log_over(self, largest: int = LARGEST_LOG) -> None:
        """A long log becomes the old one; the two are all that is kept.

        Copied and emptied, not renamed: its writer has it open, and appends.
        """
        if self.log.exists() and self.log.stat().st_size > largest:
            shutil.copyfile(self.log, self.log.with_suffix(".old.log"))
            os.truncate(self.log, 0)

    def last_words(self, lines: int = 3) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _family(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=5)


def end_strays(children: Collection[int]) -> None:
    """Whoever is our child but none of `children`: left over from one that died."""
    end_all([child for child in psutil.Process().children() if child.pid not in children])


def end_descendants() -> None:
    """The last thing before we go: whoever still descends from us."""
    end_all(psutil.Process().children(recursive=True))
