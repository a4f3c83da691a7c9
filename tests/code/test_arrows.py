"""Who may import whom. The table is the house plan; an arrow that is not in it fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GROUND = frozenset(
    {"jobs", "audit", "actor", "identity", "extensions", "errors", "clock", "sealing", "logs"}
    | {"idempotency", "bell", "hours", "direct"}
)
MAY_IMPORT: dict[str, frozenset[str]] = {
    # the ground floor, from the bottom up
    "errors": frozenset(),
    "clock": frozenset(),
    "sealing": frozenset(),
    "hours": frozenset(),
    "actor": frozenset(),
    "identity": frozenset({"clock"}),
    "logs": frozenset({"identity"}),
    "extensions": frozenset({"actor"}),
    "direct": frozenset({"errors"}),
    "bell": frozenset({"config"}),
    "audit": frozenset({"actor", "clock", "extensions", "logs"}),
    "idempotency": frozenset({"actor", "clock", "errors", "extensions", "sealing"}),
    "jobs": frozenset({"actor", "audit", "clock", "errors", "extensions", "identity", "logs"}),
    "rotation": frozenset({"extensions", "jobs", "sealing"}),
    "sheets": frozenset({"errors", "clock", "processes"}),
    "policy": frozenset({"errors", "hours"}),
    # domains
    "registry": GROUND | {"sheets"},
    "accounts": GROUND | {"registry"},
    "training": GROUND | {"accounts", "registry"},
    "ledger": GROUND | {"training", "accounts", "registry", "sheets"},
    "compliance": GROUND | {"policy", "ledger", "training", "accounts", "registry", "sheets"},
    "promotions": GROUND
    | {"compliance", "policy", "ledger", "training", "accounts", "registry", "sheets"},
    "notices": GROUND
    | {
        "promotions",
        "compliance",
        "policy",
        "ledger",
        "training",
        "accounts",
        "registry",
        "config",
    },
    # the edges
    "http": GROUND | {"accounts", "registry", "config"},
    "api": GROUND
    | {"http", "notices", "promotions", "compliance", "policy", "ledger", "training"}
    | {"accounts", "registry", "config"},
    "web": GROUND
    | {"http", "notices", "promotions", "compliance", "policy", "ledger", "training"}
    | {"accounts", "registry", "demo", "config"},
    "demo": GROUND | {"promotions", "ledger", "training", "accounts", "registry", "sheets"},
    # what starts it
    "processes": frozenset(),
    "home": frozenset({"errors", "sealing"}),
    "embedded": frozenset({"errors", "home", "processes", "config"}),
    "database": frozenset({"errors", "extensions", "registry", "sealing", "config"}),
    "backup": frozenset(
        {"clock", "database", "embedded", "errors", "extensions", "sealing", "config"}
    ),
    "app": frozenset({"bell", "extensions", "policy", "registry", "config"}),
    "serving": GROUND | {"accounts", "api", "app", "http", "processes", "web", "config"},
    "up": frozenset({"embedded", "errors", "home", "processes", "config"}),
    "cli": GROUND
    | {
        "accounts",
        "app",
        "backup",
        "compliance",
        "database",
        "demo",
        "embedded",
        "home",
        "ledger",
        "notices",
        "policy",
        "promotions",
        "registry",
        "rotation",
        "up",
    }
    | {"config"},
    "workers": GROUND
    | {
        "accounts",
        "app",
        "compliance",
        "embedded",
        "ledger",
        "notices",
        "processes",
        "promotions",
        "registry",
        "rotation",
        "config",
    },
    "config": frozenset({"errors", "sealing"}),
    "wsgi": frozenset({"logs", "serving", "config"}),
}
"""Room → the rooms that it may import. Nothing below imports the edges."""

WITHOUT_FLASK = ("actor", "clock", "errors", "identity", "sealing", "processes", "home")


def _files() -> Iterator[Path]:
    for folder in ("ce_tracker", "workers"):
        yield from (ROOT / folder).rglob("*.py")
    yield from (ROOT / "config.py", ROOT / "wsgi.py")


def _room(module: str) -> str | None:
    """The room that a dotted name lies in; nothing for what is not ours."""
    first, _, rest = module.partition(".")
    if first == "ce_tracker":
        return rest.partition(".")[0] or None
    return first if first in {"workers", "config", "wsgi"} else None


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "ce_tracker":  # `from ce_tracker import jobs`
                yield from (f"ce_tracker.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _home_of(path: Path) -> str | None:
    return _room(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


@pytest.mark.parametrize("path", list(_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_arrow_points_up(path: Path) -> None:
    home = _home_of(path)
    if home is None:
        return
    assert home in MAY_IMPORT, f"{home} is a new room: give it a row in MAY_IMPORT"
    forbidden = {
        module
        for module in _imports(path)
        if (room := _room(module)) not in {None, home} and room not in MAY_IMPORT[home]
    }
    assert not forbidden, f"{home} may not import {sorted(forbidden)}"


@pytest.mark.parametrize("room", WITHOUT_FLASK)
def test_the_ground_floor_knows_no_framework(room: str) -> None:
    foreign = {m.partition(".")[0] for m in _imports(ROOT / "ce_tracker" / f"{room}.py")}
    assert not foreign & {"flask", "sqlalchemy", "celery", "redis"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ce_tracker/policy").glob("*.py")), ids=lambda path: path.name
)
def test_policy_is_pure(path: Path) -> None:
    foreign = {m.partition(".")[0] for m in _imports(path)}
    assert not foreign & {"flask", "sqlalchemy", "celery", "redis", "time"}


def test_the_table_of_rooms_has_no_circle() -> None:
    done: set[str] = set()
    while left := {room for room in MAY_IMPORT if room not in done}:
        free = {room for room in left if MAY_IMPORT[room] <= done}
        assert free, f"a circle among {sorted(left)}"
        done |= free


def test_only_the_clock_reads_the_time() -> None:
    culprits = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _files()
        if path.name != "clock.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "today", "utcnow"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]
    assert not culprits


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files()
        if (lines := len(path.read_text().splitlines())) > 350
    }
    assert not long
