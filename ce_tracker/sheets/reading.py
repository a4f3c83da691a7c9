"""From a file's bytes to rows, by a child process that may be lost without harm.

The parent never looks into the file. It gives the bytes, waits no longer than it said, believes
nothing that does not parse, and makes one clear error of whatever goes wrong.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from ce_tracker.processes import on_our_death
from ce_tracker.sheets.child import LARGEST_PIECE, answer
from ce_tracker.sheets.limits import MB, Limits
from ce_tracker.sheets.refusals import Empty, Refusal, Stuck, TooLargeInside, by_reason
from ce_tracker.sheets.values import Row, Value, from_line

__all__ = ["Limits", "Row", "Sheet", "Value", "read"]

_ROOT = Path(__file__).parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from ce_tracker.sheets.child import main; main()"
)
_CHUNK = 2**18
_PIPE_BYTES = 2**20
_LONGEST_LINE = 8 * LARGEST_PIECE
_LONGEST_DETAIL = 500
_ENDINGS = frozenset({signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS})
"""How a process ends that was refused memory, by itself or by the kernel."""


class Sheet:
    """The rows of one sheet, as they come. Ends the child when closed, exhausted or forgotten."""

    def __init__(self, answers: _Answers | _OwnAnswers, name: str, limits: Limits) -> None:
        self.file_name = name
        self._answers = answers
        self._limits = limits
        self._rows: Iterator[Row] = iter(())
        try:
            self._answers.expect("looked", limits.look_seconds)
            said = self._answers.expect("sheet", limits.silence_seconds)
            self.name = str(said["sheet"])
            self.kind = str(said["kind"])
            self.height = int(said["height"])
            self.width = int(said["width"])
            self.encoding = str(said["encoding"])
            self.other_sheets = [str(other) for other in said["other_sheets"]]
            self.hidden_sheets = [str(hidden) for hidden in said["hidden_sheets"]]
            self.epoch_1904 = bool(said["epoch_1904"])
        except (KeyError, TypeError, ValueError):
            self.close()
            raise Stuck from None
        except BaseException:
            self.close()
            raise
        self._rows = self._read()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        return next(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._answers.end()

    def _read(self) -> Iterator[Row]:
        try:
            number = 0
            while True:
                said = self._answers.next(self._limits.silence_seconds)
                if isinstance(said, dict):
                    if said.get("end") != number:
                        raise Stuck
                    return
                first, rows = said
                if first != number + 1 or number + len(rows) > self._limits.rows:
                    raise Stuck
                for values in rows:
                    number += 1
                    yield Row(number, values)
        except (TypeError, ValueError):
            raise Stuck from None
        finally:
            self.close()


def read(data: bytes, name: str = "", limits: Limits | None = None) -> Sheet:
    """The first sheet with something on it. Raises UnreadableFile, here or while rows are read."""
    limits = limits or Limits()
    if not data:
        raise Empty("文件是空的，可能没有传完。")
    if len(data) > limits.file_bytes:
        raise TooLargeInside(
            f"文件有 {len(data) / MB:.1f} MB，最多 {limits.file_bytes // MB} MB。",
            limit=limits.file_bytes,
        )
    return Sheet(_Answers(data, limits), name, limits)


def read_our_own(data: bytes, name: str, limits: Limits) -> Sheet:
    """A small file that we have just made ourselves, read as any other but for the child: nothing
    in it can hurt us, and starting a child takes longer than reading it. From the main thread."""
    return Sheet(_OwnAnswers(data, limits), name, limits)


def child_command(limits: Limits) -> list[str]:
    return [sys.executable, "-I", "-B", "-c", _START, str(_ROOT), json.dumps(asdict(limits))]


class _Answers:
    """What the child says, line by line, while it is still being given the file."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits = limits
        self._process = process = subprocess.Popen(
            child_command(limits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            close_fds=True,
            start_new_session=True,
            bufsize=0,
            preexec_fn=on_our_death(signal.SIGKILL),  # noqa: PLW1509  nothing but a system call
        )
        self.end = weakref.finalize(self, _end, process)
        if process.stdin is None or process.stdout is None:  # pragma: no cover
            raise Stuck
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._in, False)
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # many of them, and the kernel says no
                fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._left = memoryview(data)
        self._waiting = selectors.DefaultSelector()
        weakref.finalize(self, self._waiting.close)
        self._waiting.register(self._in, selectors.EVENT_WRITE)
        self._waiting.register(self._out, selectors.EVENT_READ)
        self._heard = b""
        self._lines: Iterator[bytes] = iter(())

    def expect(self, word: str, seconds: float) -> dict[str, Any]:
        return _with(word, self.next(seconds))

    def next(self, seconds: float) -> Any:
        """The next thing said; a refusal is raised. Whatever is not understood is `Stuck`."""
        line = next(self._lines, None)
        if line is None:
            self._listen(time.monotonic() + seconds)
            line = next(self._lines)
        try:
            said = from_line(line)
        except (ValueError, TypeError, RecursionError, ArithmeticError):
            raise Stuck from None
        if isinstance(said, dict) and "refused" in said:
            kind = by_reason().get(str(said["refused"]), Refusal)
            detail = said.get("detail")
            raise kind(str(detail)[:_LONGEST_DETAIL] if detail else None)
        return said

    def _listen(self, deadline: float) -> None:
        """Until there is at least one whole line."""
        heard = [self._heard]
        length = len(self._heard)
        while True:
            chunk = self._chunk(deadline)
            if not chunk:
                raise self._broken_off()
            heard.append(chunk)
            length += len(chunk)
            if b"\n" in chunk:
                break
            if length > _LONGEST_LINE:
                raise Stuck
        *lines, self._heard = b"".join(heard).split(b"\n")
        self._lines = iter(lines)

    def _chunk(self, deadline: float) -> bytes:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Stuck("读取超过了时限，还没有结果。")
            for key, _ in self._waiting.select(left):
                if key.fd == self._out:
                    return os.read(self._out, _CHUNK)
                self._give()

    def _give(self) -> None:
        try:
            written = os.write(self._in, self._left[: 2**16])
        except BlockingIOError:
            return
        except BrokenPipeError:
            written = len(self._left)  # it ended early; its answer says why
        self._left = self._left[written:]
        if not self._left:
            self._left = memoryview(b"")  # even an empty slice would keep the file
            self._waiting.unregister(self._in)
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _broken_off(self) -> Refusal:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Stuck()
        if -code == signal.SIGXCPU:
            raise TooLargeInside(f"读取它用了 {self._limits.cpu_seconds} 秒还没有完。")
        if -code in _ENDINGS:
            limits = self._limits
            return TooLargeInside(
                f"读取它需要的内存超过了上限。表格最多 {limits.rows} 行、{limits.columns} 列；"
                "很远的地方有一个单元格，或同一段长文字重复了很多遍，也会这样。",
                limit=limits.memory_bytes,
            )
        return Stuck()


class _OwnAnswers:
    """What a child would say, said by ourselves."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._lines = answer(data, limits)

    def expect(self, word: str, seconds: float) -> dict[str, Any]:
        return _with(word, self.next(seconds))

    def next(self, _: float) -> Any:
        return from_line(next(self._lines))

    def end(self) -> None:
        self._lines.close()


def _with(word: str, said: Any) -> dict[str, Any]:
    if not isinstance(said, dict) or word not in said:
        raise Stuck
    return said


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()
