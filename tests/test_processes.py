"""Child processes: their logs stay bounded while they run."""

from __future__ import annotations

import sys
from pathlib import Path

from ce_tracker.processes import Child
from tests.waiting import until

TALKER = """
import itertools, sys
for n in itertools.count():
    print(f"line {n} " + "x" * 80, flush=True)
    if sys.stdin.closed: break
"""


def test_a_talkative_childs_log_stays_short_and_loses_no_new_line(tmp_path: Path) -> None:
    child = Child("talker", [sys.executable, "-c", TALKER], tmp_path / "talker.log")
    child.start()
    old = tmp_path / "talker.old.log"
    try:
        until(lambda: child.log.stat().st_size > 200_000, 20, "a long log")
        child.turn_log_over(largest=100_000)
        assert old.stat().st_size > 100_000
        until(lambda: child.log.stat().st_size > 0, 20, "new lines")
    finally:
        child.stop()
    assert "\0" not in child.log.read_text(), "the writer went on at its old place"
    assert child.log.read_text().splitlines()[-1].startswith(("line", "l"))


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    child = Child("quiet", [sys.executable, "-c", "print('one')"], tmp_path / "quiet.log")
    child.start()
    assert child.process is not None
    child.process.wait()
    child.turn_log_over(largest=100)
    assert child.log.read_text() == "one\n"
    assert not (tmp_path / "quiet.old.log").exists()
