"""Whatever becomes of the child, the parent has one clear error and nothing is left behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from ce_tracker.sheets import reading
from ce_tracker.sheets.limits import Limits
from ce_tracker.sheets.reading import read, read_our_own
from ce_tracker.sheets.refusals import Refusal, Stuck, TooLargeInside
from tests.sheets.files import TITLES, ZHANG, csv_text, xlsx

GOOD = xlsx([TITLES, ZHANG])
LONG = csv_text([["姓名", "学时"], *[["张三" * 15, "8"]] * 100_000]).encode()
LOOKED = '{"looked":true}'
SHEET = (
    '{"sheet":"","kind":"csv","height":1,"width":1,"other_sheets":[],"hidden_sheets":[],'
    '"encoding":"","epoch_1904":false}'
)


def _behave(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """In place of the child."""
    command = [sys.executable, "-I", "-c", textwrap.dedent(script)]
    monkeypatch.setattr(reading, "child_command", lambda _: command)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("import os; os._exit(0)", Stuck),
        ("raise SystemExit(3)", Stuck),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", TooLargeInside),
        ("import os; os.abort()", TooLargeInside),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", TooLargeInside),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", TooLargeInside),
        ("print('garbage')", Stuck),
        ("print('[1,')", Stuck),
        ("print('[' * 100_000)", Stuck),
        ("print('1')", Stuck),
        ("print('{}')", Stuck),
        ('print(\'{"d":"no day"}\')', Stuck),
        ('print(\'{"refused":"never heard of","detail":null}\')', Refusal),
        ("import os; os.write(1, bytes(range(256)) + b'\\n')", Stuck),
        ("print('x' * 9_000_000)", Stuck),
        ("import time; time.sleep(60)", Stuck),
        ("print('{\"looked\":true}', flush=True); import time; time.sleep(60)", Stuck),
        ("print('{\"looked\":true}'); print('{\"sheet\":1}')", Stuck),
        ("import sys; sys.stdin.close(); print('{\"looked\":true}')", Stuck),
    ],
)
def test_a_child_that_misbehaves_is_one_clear_error(
    script: str, kind: type[Refusal], monkeypatch: pytest.MonkeyPatch
) -> None:
    _behave(monkeypatch, script)
    patience = 0.5 if "sleep" in script else 60  # whoever does not sleep ends by himself
    with pytest.raises(Refusal) as refused:
        read(GOOD * 100, limits=Limits(look_seconds=patience, silence_seconds=patience))
    assert type(refused.value) is kind


@pytest.mark.parametrize(
    "then",
    [
        "",  # ends without saying so
        '[1,[["a"]]]\n',
        '[2,[["a"]]]\n{"end":1}\n',  # a row that was not there
        '[1,[["a"]]]\n{"end":2}\n',  # fewer than it says
        '[1,"ab"]\n{"end":3}\n',
        '[1,{"d":"2026-01-01"}]\n',
        '{"end":"x"}\n',
        "[]\n",
        "null\n",
        '["1",[]]\n',
        "garbage\n",
    ],
)
def test_rows_that_break_off_or_do_not_add_up_are_an_error_and_never_a_short_list(
    then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"{LOOKED}\n{SHEET}\n{then}"
    _behave(monkeypatch, f"import sys; sys.stdout.write({said!r})")
    with pytest.raises(Stuck):
        list(read(GOOD))


def test_a_hang_ends_by_the_clock_and_the_child_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(psutil.Process().children())
    _behave(monkeypatch, "import time; time.sleep(600)")
    with pytest.raises(Stuck, match="时限"):
        read(GOOD, limits=Limits(look_seconds=0.2))
    assert set(psutil.Process().children()) == before


def test_a_loop_ends_by_the_processors_time() -> None:
    page = b"<table>" + b"<!--" * 2_900_000
    with pytest.raises(TooLargeInside, match=r"0\.3 秒"):
        read(page, limits=Limits(look_cpu_seconds=0.3))


def test_a_sheet_that_is_closed_or_forgotten_leaves_no_child() -> None:
    before = set(psutil.Process().children())
    with read(LONG) as sheet:
        assert next(sheet).number == 1
        assert set(psutil.Process().children()) != before
    assert set(psutil.Process().children()) == before
    sheet = read(LONG)
    assert next(sheet).number == 1
    del sheet
    gc.collect()
    assert set(psutil.Process().children()) == before


def test_every_row_of_a_long_file_arrives_in_order() -> None:
    assert [row.number for row in read(LONG)] == list(range(1, 100_002))


def test_the_child_has_no_environment_no_files_and_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CE_KEYS", "secret")
    with read(LONG) as sheet:
        (child,) = (
            c
            for c in psutil.Process().children()
            if "ce_tracker.sheets.child" in " ".join(c.cmdline())
        )
        assert child.environ().keys().isdisjoint({"CE_KEYS", "PATH", "HOME"})
        limits = Limits()
        assert child.rlimit(psutil.RLIMIT_AS) == (limits.memory_bytes,) * 2
        assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_CPU)[0] == limits.cpu_seconds
        assert {fd.name for fd in Path(f"/proc/{child.pid}/fd").iterdir()} == {"0", "1", "2"}
        assert next(sheet).number == 1


def test_the_child_dies_with_its_parent() -> None:
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from ce_tracker.sheets.reading import read\n"
        "sheet = read(('张三,8\\n' * 100_000).encode()); next(sheet)\n"
        "print(sheet._answers._process.pid, flush=True); time.sleep(600)"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", script, root], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=10)
    assert gone
    assert not alive


@pytest.mark.parametrize("data", [GOOD, csv_text([TITLES, ZHANG]).encode()], ids=["xlsx", "csv"])
def test_a_file_of_our_own_is_read_the_same_without_a_child(data: bytes) -> None:
    before = psutil.Process().children()
    with read_our_own(data, "名单", Limits()) as own:
        assert psutil.Process().children() == before
        ours = (own.kind, own.height, own.width, list(own))
    with read(data, "名单") as sheet:
        assert (sheet.kind, sheet.height, sheet.width, list(sheet)) == ours
