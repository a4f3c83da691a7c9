"""Put the few files that browsers load from npm packages where Flask serves them.

The packages hold thousands of files and node_modules must never be served, while the pages
may load nothing from foreign hosts (`default-src 'self'`). So exactly what the table names,
with each licence, goes into one git-ignored folder; the Makefile calls this after `npm ci`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "ce_tracker" / "web" / "static" / "vendor"

# (what, as a pattern below node_modules; into which folder below vendor)
ASSETS = (
    ("bootstrap/dist/css/bootstrap.min.css", "bootstrap"),
    ("bootstrap/LICENSE", "bootstrap"),
    ("htmx.org/dist/htmx.min.js", "htmx"),
    ("htmx.org/LICENSE", "htmx"),
    ("swagger-ui-dist/swagger-ui.css", "swagger-ui"),
    ("swagger-ui-dist/swagger-ui-bundle.js", "swagger-ui"),
    ("swagger-ui-dist/LICENSE", "swagger-ui"),
    ("@fontsource-variable/noto-sans-sc/wght.css", "noto-sans-sc"),
    ("@fontsource-variable/noto-sans-sc/files/*-wght-normal.woff2", "noto-sans-sc/files"),
    ("@fontsource-variable/noto-sans-sc/LICENSE", "noto-sans-sc"),
)


def collect(modules: Path, target: Path) -> int:
    """Copy what the table names into `target`; an entry that matches nothing is an error."""
    copied = 0
    for pattern, folder in ASSETS:
        sources = sorted(modules.glob(pattern))
        if not sources:
            raise FileNotFoundError(pattern)
        destination = target / folder
        destination.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copyfile(source, destination / source.name)
            copied += 1
    return copied


def replace(fresh: Path, vendor: Path, attic: Path) -> None:
    """Swap whole folders by renaming: a page never meets half of the old and half of the new."""
    vendor.parent.mkdir(parents=True, exist_ok=True)
    if vendor.exists():
        vendor.rename(attic)
    fresh.rename(vendor)


def main() -> int:
    if not MODULES.is_dir():
        print("node_modules is missing: run `npm ci --ignore-scripts` first", file=sys.stderr)
        return 1
    # Beside the packages, because renaming works within one file system only, and git ignores it.
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=MODULES) as scratch:
        fresh = Path(scratch) / "fresh"
        try:
            copied = collect(MODULES, fresh)
        except FileNotFoundError as missing:
            print(
                f"node_modules has no {missing}: run `npm ci --ignore-scripts` again",
                file=sys.stderr,
            )
            return 1
        replace(fresh, VENDOR, Path(scratch) / "attic")
    print(f"{copied} files in {VENDOR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
