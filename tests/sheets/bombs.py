"""Files made to do harm, and what reading one costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from ce_tracker.sheets.limits import MB, Limits
from ce_tracker.sheets.reading import child_command
from tests.sheets.files import GOOD_ROWS, by_hand, lying, sheet_xml, xls

MOST_CPU_SECONDS = 2.0
"""To look takes 1.5 at most; but what runs in C is interrupted by nobody."""
CROWDED = 2
"""So many times slower may a machine be that does the whole suite at once."""
MOST_MEMORY = 300 * MB

_MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(json.loads(sys.argv[1]), stdin=sys.stdin, capture_output=True, env={})
used = resource.getrusage(resource.RUSAGE_CHILDREN)
lines = done.stdout.splitlines()
print(json.dumps({
    "last": json.loads(lines[-1]) if lines and done.returncode == 0 else None,
    "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024,
}))
"""


def _repeated(piece: bytes, times: int) -> Iterator[bytes]:
    """A member far larger than memory, a little at a time."""
    block = piece * 10_000
    yield b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    for _ in range(times // 10_000):
        yield block
    yield b"</sheetData></worksheet>"


_LAUGHS = (
    b"<!DOCTYPE x ["
    + b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(10)
    )
    + b"]>"
)
_XXE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_FAR = b'<row r="1"><c r="XFD1048576"><v>1</v></c></row>'
_STRING = (
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<si><t>%s</t></si></sst>"
)
_APART = '<row r="1"><c r="A1"><v>1</v></c></row><row r="200000"><c r="CV200000"><v>1</v></c></row>'


def _noise(rows: int) -> str:
    """Packs badly, so that no ratio gives it away."""
    state, out = 1, []
    for row in range(1, rows + 1):
        state = state * 6364136223846793005 % 2**64
        out.append(b'<row r="%d"><c r="A%d" t="e"><v>#%x</v></c></row>' % (row, row, state))
    return b"".join(out).decode()


BOMBS: dict[str, Callable[[], bytes]] = {
    "a cell at XFD1048576": lambda: by_hand(sheet_xml(_FAR.decode())),
    "the same, written so that a pattern misses it": lambda: by_hand(
        sheet_xml("<row r='1'><c r='A1'><v>1</v></c><c  r ='XFD1048576'><v>1</v></c></row>")
    ),
    "the same in small letters": lambda: by_hand(
        sheet_xml('<row r="1"><c r="a1"><v>1</v></c><c r="xfd1048576"><v>1</v></c></row>')
    ),
    "two cells within the limits, far apart": lambda: by_hand(sheet_xml(_APART)),
    "the far corner of an xls": lambda: xls([["a"]], lambda _, sheet: sheet.write(65535, 255, "x")),
    "a member that unpacks to 520 MB": lambda: by_hand(_repeated(b" " * 52, 10_000_000)),
    "the same, and the directory denies it": lambda: lying(
        by_hand(_repeated(b" " * 52, 10_000_000)), "xl/worksheets/sheet1.xml"
    ),
    "seven million tiny rows": lambda: by_hand(_repeated(b"<row><c><v>1</v></c></row>", 7_000_000)),
    "twelve million cells in a row": lambda: by_hand(_repeated(b"<c><v>1</v></c>", 12_000_000)),
    "one long text in a million cells": lambda: by_hand(
        _repeated(b"<row>" + b'<c t="s"><v>0</v></c>' * 50 + b"</row>", 20_000),
        _STRING % (b"A" * 9_000),
    ),
    "four hundred thousand error values": lambda: by_hand(sheet_xml(_noise(400_000))),
    "a billion laughs": lambda: by_hand(_LAUGHS + sheet_xml(GOOD_ROWS)),
    "laughs in the workbook": lambda: by_hand(more={"xl/workbook.xml": _LAUGHS + b"<workbook/>"}),
    "an entity that names a file": lambda: by_hand(_XXE + sheet_xml(GOOD_ROWS)),
    "an entity in UTF-16": lambda: by_hand((_XXE + sheet_xml(GOOD_ROWS)).decode().encode("utf-16")),
    "an entity in the strings": lambda: by_hand(strings=_XXE + _STRING % b"&e;"),
    "five thousand members": lambda: by_hand(more={f"xl/m/{n}.xml": b"" for n in range(5_000)}),
    "a csv line of five million cells": lambda: b"a," * 5_000_000,
    "a csv of nine million lines": lambda: b"a\n" * 9_000_000,
    "a quote that never closes": lambda: b'"' + b"a" * 19_000_000,
    "a page of nested tables": lambda: b"<table>" * 1_700_000,
    "a page of comments never closed": lambda: b"<table>" + b"<!--" * 2_900_000,
    "a page of attributes never closed": lambda: b"<table><a " + b'a="' * 2_900_000,
    "a page of cells that span all": lambda: (
        b"<table><tr>" + b"<td rowspan=65535 colspan=65535>1" * 999
    ),
}


def measured(bomb: bytes) -> dict[str, Any]:
    """What the reading child said last, its seconds of processor and the peak of its memory."""
    with tempfile.TemporaryFile() as given:
        given.write(bomb)
        given.seek(0)
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, json.dumps(child_command(Limits()))],
            stdin=given,
            capture_output=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
