"""What the documents say of the code is so: settings, commands, addresses, files, sign-ins."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest

from ce_tracker.accounts.tokens import SCOPES
from ce_tracker.cli import commands
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from ce_tracker.errors import all_errors
from config import Settings

ROOT = Path(__file__).parents[2]
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
DOCS = ROOT / "docs"
API, MAP, SETTINGS = DOCS / "api.md", DOCS / "map.md", DOCS / "settings.md"


@cache
def _tracked() -> tuple[Path, ...]:
    """What is or would be committed; a copy without git has the files all the same."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())


def _documents() -> list[Path]:
    own = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    return sorted(own)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _without_fences(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _rows(path: Path) -> Iterator[list[str]]:
    """Each row of each table, as the text of its cells."""
    for line in path.read_text().splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def _code_spans(path: Path) -> Iterator[str]:
    """What stands in backticks, and each line of each block of commands."""
    text = path.read_text()
    yield from re.findall(r"`([^`\n]+)`", _without_fences(text))
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


# --- settings ------------------------------------------------------------------------------


def _documented_settings() -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in _rows(SETTINGS) if row[0].startswith("`")}


def _as_documented(value: object) -> str:
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "`1`" if value else "`0`"
    if isinstance(value, Path):
        return f"`{value.name}`"
    return f"`{value.value if isinstance(value, StrEnum) else value}`"


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    declared = {field.metadata["name"] for field in dataclasses.fields(Settings)}
    assert set(_documented_settings()) == declared


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda f: f.metadata["name"])
def test_a_setting_is_documented_with_its_default_and_an_example_that_is_accepted(
    field: dataclasses.Field[Any],
) -> None:
    name, meaning, default, example = _documented_settings()[field.metadata["name"]]
    assert default == _as_documented(field.default), name
    assert re.search(r"[\u4e00-\u9fff]", meaning), f"{name} is not explained in Chinese"
    field.metadata["read"](example.strip("`"))  # raises ValueError for one that is not accepted


# --- commands ------------------------------------------------------------------------------


def _make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    return {
        name for line in re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE) for name in line.split()
    }


def test_every_target_is_in_make_help() -> None:
    helped = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r"^  make ([a-z]+) ", helped.stdout, re.MULTILINE)) == _make_targets()


def test_every_target_that_the_documents_name_exists() -> None:
    named = {
        target
        for path in _documents()
        for span in _code_spans(path)
        for target in re.findall(r"^make ([a-z]+)\b", span)
    }
    assert {"run", "test", "help", "check"} <= named
    assert named <= _make_targets()


def test_contributing_names_every_target() -> None:
    named = {
        span.removeprefix("make ") for span in _code_spans(CONTRIBUTING) if span.startswith("make ")
    }
    assert _make_targets() <= named


def _commands_in_documents() -> Iterator[tuple[str, list[str]]]:
    for path in _documents():
        for span in _code_spans(path):
            found = re.search(r"(?:^|/|\s)ce-tracker((?: [^#`]+)?)", span)
            if found and found.group(1):
                yield _name(path), shlex.split(found.group(1))


def _follow(words: list[str]) -> tuple[click.Command | None, list[str]]:
    """The command that these words lead to, and the words that are left for it."""
    command: click.Command = commands
    left = list(words)
    while isinstance(command, click.Group) and left:
        inner = command.commands.get(left[0])
        if inner is None:
            return None, left
        command, left = inner, left[1:]
    return command, left


def test_every_command_that_the_documents_name_exists_with_its_options() -> None:
    found = list(_commands_in_documents())
    assert len(found) > 10
    for where, words in found:
        command, left = _follow(words)
        assert command is not None, f"{where}: ce-tracker {' '.join(words)}"
        options = {name for parameter in command.params for name in parameter.opts}
        unknown = [word for word in left if word.startswith("--") and word not in options]
        assert not unknown, f"{where}: ce-tracker {' '.join(words)}: {unknown}"


def test_every_command_is_named_somewhere_in_the_documents() -> None:
    named = {id(_follow(words)[0]) for _, words in _commands_in_documents()}

    def leaves(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from leaves(command, f"{path}{name} ")
            else:
                yield path + name, command

    text = "\n".join(path.read_text() for path in _documents())
    missing = [
        name
        for name, command in leaves(commands, "")
        if id(command) not in named and f"`{name}`" not in text
    ]
    assert not missing


# --- addresses and errors ------------------------------------------------------------------

_PRINT_ROUTES = """
from ce_tracker.sealing import Keyring
from ce_tracker.serving import create_web_app
from config import Secret, Settings
app = create_web_app(
    Settings(
        database_url=Secret("postgresql://nobody@localhost/none"),
        redis_url=Secret("redis://localhost"),
        keys=Keyring.for_demo(),
    )
)
for rule in app.url_map.iter_rules():
    for method in rule.methods - {"HEAD", "OPTIONS"}:
        print(method, rule.rule)
"""


@cache
def _routes() -> frozenset[tuple[str, str]]:
    """Method and address of every route; asked of another process, since ours may hold an app."""
    printed = subprocess.run(
        [sys.executable, "-c", _PRINT_ROUTES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert printed.returncode == 0, printed.stderr
    routes = set()
    for line in printed.stdout.splitlines():
        method, _, rule = line.partition(" ")
        routes.add((method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)))
    return frozenset(routes)


def test_every_address_that_the_documents_name_is_a_route() -> None:
    known = {rule for _, rule in _routes()}
    for path in _documents():
        for span in _code_spans(path):
            for address in re.findall(
                r"(?:^|\s|\$URL|:8000)(/(?:api/(?:v1/|docs)|healthz|readyz|metrics)[^\s\"?]*)", span
            ):
                assert address in known, f"{_name(path)}: {address}"


def test_the_operators_document_names_every_address_that_is_for_operators() -> None:
    named = {row[0].strip("`") for row in _rows(DOCS / "operating.md")}
    for address in ("/healthz", "/readyz"):
        assert ("GET", address) in _routes()
        assert address in named
    assert ("GET", "/metrics") in _routes()
    assert "`/metrics`" in (DOCS / "operating.md").read_text()


def test_the_api_document_lists_every_resource() -> None:
    listed = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/api/v1/[^`]+)`", API.read_text()))
    served = {
        (method, rule)
        for method, rule in _routes()
        if rule.startswith("/api/v1/") and not rule.endswith("openapi.json")
    }
    assert listed == served


def test_every_error_code_is_in_the_api_document_with_its_status() -> None:
    rows = {row[0].strip("`"): row[1] for row in _rows(API) if len(row) == 4 and row[1].isdigit()}
    assert rows == {kind.code: str(kind.status) for kind in all_errors()}


def test_every_scope_is_in_the_api_document() -> None:
    rows = {row[0].strip("`") for row in _rows(API) if len(row) == 2 and ":" in row[0]}
    assert rows == set(SCOPES)


# --- files and links -----------------------------------------------------------------------


def _links(path: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", _without_fences(path.read_text())):
        if not re.match(r"[a-z]+:", target):
            yield unquote(target)


def _anchors(path: Path) -> set[str]:
    """As the usual hosts make them of headings: lower case, spaces to hyphens, no punctuation."""
    headings = re.findall(r"^#+ (.*)$", _without_fences(path.read_text()), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", _documents(), ids=_name)
def test_every_relative_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target in _links(path):
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), target
        if anchor:
            assert anchor in _anchors(aim), target


def test_the_map_names_every_module_and_package() -> None:
    mapped = {(MAP.parent / target.partition("#")[0]).resolve() for target in _links(MAP)}
    missing = [
        _name(path)
        for folder in ("ce_tracker", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if (path.parent if path.name == "__init__.py" else path) not in mapped
    ]
    assert not missing


def test_the_map_names_every_room() -> None:
    table = next(
        node.value
        for node in ast.parse((ROOT / "tests/code/test_arrows.py").read_text()).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "MAY_IMPORT"
    )
    assert isinstance(table, ast.Dict)
    rooms = {str(key.value) for key in table.keys if isinstance(key, ast.Constant)}
    text = MAP.read_text()
    assert [room for room in rooms if not re.search(rf"\b{re.escape(room)}\b", text)] == []


def test_the_regions_document_counts_as_many_rows_as_there_are() -> None:
    rows = (ROOT / "ce_tracker/registry/regions.csv").read_text().splitlines()[1:]
    levels = [row.split(",")[2] for row in rows]
    counted = {
        row[0].strip("`"): int(row[1])
        for row in _rows(DOCS / "regions.md")
        if row[0].startswith("`")
    }
    assert counted == {level: levels.count(level) for level in set(levels)}
    assert f"共 {len(rows)} 行" in (DOCS / "regions.md").read_text()


# --- what must and must not stand there ------------------------------------------------------


def test_the_readme_prints_the_demo_sign_ins() -> None:
    rows = {row[0].strip("`"): row[1:] for row in _rows(README) if row[0].startswith("`")}
    expected = {}
    for account in DEMO_ACCOUNTS:
        place = account.place
        if account.sector:
            place += f" · {account.sector.label}"
        if account.first_password:
            place += "（首次登录，要先改密码）"
        expected[account.login] = [account.role_title, place, account.shows]
    assert rows == expected
    assert f"`{DEMO_PASSWORD}`" in README.read_text()


def test_every_dependency_has_its_line_in_the_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    names = {re.split(r"[\[<>=~ ]", entry)[0] for group in groups for entry in group}
    decision = (DOCS / "decisions/0011-dependencies.md").read_text()
    assert [name for name in sorted(names) if f"`{name}`" not in decision] == []


@pytest.mark.parametrize(
    "path", sorted((DOCS / "decisions").glob("[0-9]*.md")), ids=lambda path: path.stem
)
def test_a_decision_has_its_number_its_date_and_three_headings(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"({path.name})" in (DOCS / "decisions/README.md").read_text()


# Written so that this file does not hold what it looks for.
_FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:ro[o]t|hom[e]/\w+|User[s]/\w+|wor[k])/"
    r"|pypi[.]org|pythonhosted[.]org|registry[.]npmjs|deb[.]debian[.]org"
)


def test_no_file_names_a_folder_of_a_developer_or_a_registry() -> None:
    assert _tracked(), "git lists no file"
    found = []
    for path in _tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{_name(path)}: {match.group()}" for match in _FORBIDDEN.finditer(text)]
    assert not found


@pytest.mark.parametrize("path", _documents(), ids=_name)
def test_chinese_words_are_parted_by_full_width_punctuation(path: Path) -> None:
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)|<[^>]*>", "", _without_fences(path.read_text()))
    assert not re.findall(r"[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff].*", text)
