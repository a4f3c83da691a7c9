"""Files made to do harm: each refused, in bounded time and memory, with the machine unharmed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from ce_tracker.sheets.limits import MB, Limits
from ce_tracker.sheets.reading import read
from ce_tracker.sheets.refusals import Damaged, Refusal, Suspicious, TooLargeInside, by_reason
from tests.sheets.bombs import BOMBS, CROWDED, MOST_CPU_SECONDS, MOST_MEMORY, measured
from tests.sheets.files import TITLES, ZHANG, by_hand, lying, xlsx


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_time_and_memory(name: str) -> None:
    bomb = BOMBS[name]()
    with pytest.raises(Refusal) as refused:
        list(read(bomb))
    assert refused.value.remedy
    cost = measured(bomb)
    assert cost["cpu"] < CROWDED * MOST_CPU_SECONDS
    assert cost["peak"] < MOST_MEMORY
    if cost["last"] is not None:
        reasons = {by_reason()[cost["last"]["refused"]], type(refused.value)}
        # On a slow machine either look may run out of its time before it comes to the reason.
        assert len(reasons - {TooLargeInside}) <= 1


@pytest.mark.parametrize("name", [name for name in BOMBS if "entity" in name or "laughs" in name])
def test_a_document_type_is_refused_before_any_parser_sees_it(name: str) -> None:
    with pytest.raises(Suspicious, match="DTD"):
        read(BOMBS[name]())


def test_a_member_that_lies_about_its_size_is_unpacked_to_its_true_end() -> None:
    honest = by_hand()
    assert [row.number for row in read(honest)] == [1, 2]
    with pytest.raises(Damaged):
        read(lying(honest, "xl/worksheets/sheet1.xml"))


def test_each_limit_can_be_set_and_is_named_in_the_refusal() -> None:
    data = xlsx([TITLES, ZHANG])
    for change, says in (
        ({"rows": 1}, "最多可读 1 行"),
        ({"columns": 2}, "最多可读 2 列"),
        ({"cell_length": 5}, "最多 5 个"),
        ({"unpacked_bytes": 100}, "解压后超过"),
        ({"members": 3}, "超过 3 个"),
    ):
        with pytest.raises(Refusal, match=says):
            list(read(data, limits=Limits(**{**asdict(Limits()), **change})))


def test_a_hundred_thousand_rows_stay_below_two_hundred_megabytes(tmp_path: Path) -> None:
    rows = [
        [f"张三{n}", f"{370602199001010000 + n}", "某某市第一中学", 8.5] for n in range(100_000)
    ]
    path = tmp_path / "large.xlsx"
    path.write_bytes(xlsx([[*row, *row] for row in rows], constant_memory=True, in_memory=False))
    script = (
        "import sys, resource; sys.path.insert(0, sys.argv[2])\n"
        "from ce_tracker.sheets.reading import read\n"
        "n = sum(1 for _ in read(open(sys.argv[1], 'rb').read()))\n"
        "peak = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]\n"
        "print(n, peak, "
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    root = str(Path(__file__).parents[2])
    said = subprocess.run(
        [sys.executable, "-c", script, str(path), root], capture_output=True, text=True, check=True
    ).stdout
    count, ours, childs = map(int, said.split())
    assert count == 100_000
    assert max(ours, childs) * 1024 < 200 * MB
