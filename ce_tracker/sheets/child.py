"""The process that opens the file: alone, poor, and without a secret.

It has no environment, little memory, a few seconds of processor time, may write no file, and dies
with its parent. Whatever the file does to it, the parent is told one of: a refusal, rows, or
nothing more (and then knows from the exit what happened).

It takes the limits as its argument and the file on stdin, and answers in lines of JSON: `looked`,
then `sheet` with what was found, then pieces `[number of the first row, [row, …]]`, then `end`.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ce_tracker.sheets.limits import Limits
from ce_tracker.sheets.refusals import CellTooLong, Damaged, Refusal, TooLargeInside
from ce_tracker.sheets.values import to_line

BATCH_ROWS = 200
LARGEST_PIECE = 2**20
_DESCRIPTORS = 32


@dataclass
class Opened:
    """A sheet as the child hands it over; `rows` may still be read from the file as they go."""

    rows: Iterable[Sequence[object]]
    kind: str
    height: int
    width: int
    name: str = ""
    other_sheets: list[str] = field(default_factory=list)
    hidden_sheets: list[str] = field(default_factory=list)
    encoding: str = ""
    epoch_1904: bool = False


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    _become_poor(limits)
    data = sys.stdin.buffer.read()
    out = sys.stdout.buffer
    try:
        for line in answer(data, limits):
            out.write(line)
            out.flush()
    except Refusal as refusal:
        out.write(to_line({"refused": refusal.reason, "detail": refusal.detail}))
    except MemoryError:
        out.write(to_line({"refused": TooLargeInside.reason, "detail": None}))
    except BrokenPipeError:
        return
    out.flush()


def _become_poor(limits: Limits) -> None:
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
    ):
        last = most + 1 if what == resource.RLIMIT_CPU else most  # a signal of its own comes first
        try:
            resource.setrlimit(what, (most, last))
        except (ValueError, OSError):  # not on this system, or already poorer
            continue


@contextmanager
def _cpu_limit(seconds: float) -> Iterator[None]:
    def refuse(_signal: int, _frame: object) -> None:
        raise TooLargeInside(f"查看它的内容用了 {seconds:g} 秒还没有完。")

    before = signal.signal(signal.SIGPROF, refuse)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def answer(data: bytes, limits: Limits) -> Generator[bytes]:
    from ce_tracker.sheets.opening import opened  # noqa: PLC0415  under the limits, not before

    with _cpu_limit(limits.look_cpu_seconds):
        looked = opened(data, limits)
    yield to_line({"looked": True})
    try:
        sheet = looked()
    except Exception:
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        raise Damaged from error
    yield to_line(
        {
            "sheet": sheet.name,
            "kind": sheet.kind,
            "height": sheet.height,
            "width": sheet.width,
            "other_sheets": sheet.other_sheets,
            "hidden_sheets": sheet.hidden_sheets,
            "encoding": sheet.encoding,
            "epoch_1904": sheet.epoch_1904,
        }
    )
    number = 1
    for batch in _batches(sheet.rows):
        yield from _pieces(number, batch, limits)
        number += len(batch)
    yield to_line({"end": number - 1})


def _batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    batch: list[Sequence[object]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _pieces(number: int, batch: list[Sequence[object]], limits: Limits) -> Iterator[bytes]:
    line = to_line([number, batch])
    if len(line) > limits.cell_length:
        _check_lengths(number, batch, limits)
    if len(line) <= LARGEST_PIECE or len(batch) == 1:
        yield line
        return
    middle = len(batch) // 2
    yield from _pieces(number, batch[:middle], limits)
    yield from _pieces(number + middle, batch[middle:], limits)


def _check_lengths(number: int, batch: list[Sequence[object]], limits: Limits) -> None:
    for offset, row in enumerate(batch):
        for place, value in enumerate(row):
            if isinstance(value, str) and len(value) > limits.cell_length:
                raise CellTooLong(
                    f"第 {number + offset} 行第 {place + 1} 列有 {len(value)} 个字符，"
                    f"最多 {limits.cell_length} 个。"
                )
