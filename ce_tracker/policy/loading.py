"""From text files to packs. All that is wrong in a folder is said at once, each thing with its
file, its key and what was expected there: an official mends a file in one go.

The service's own packs come first; a folder of local ones adds versions to a regime that is there
(same `regime`), or a regime for a smaller region, which then nests in the one around it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ce_tracker.errors import PacksError
from ce_tracker.policy.duties import KINDS, OF_COUNTIES, OF_EMPLOYERS
from ce_tracker.policy.packs import (
    Citation,
    Conversion,
    Document,
    Grassroots,
    GrassrootsText,
    Pack,
    Packs,
    Rule,
    Scope,
    Settings,
    Version,
)
from ce_tracker.policy.reading import (
    Param,
    date_of,
    hours_of,
    list_of,
    region_of,
    text_of,
    whole_of,
    word_of,
    yes_no,
)
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.tables import Problem, Table
from ce_tracker.policy.words import SECTORS, SERIES, TITLE_LEVELS, Strength, Who

OWN = Path(__file__).parent / "packs"

_YEARLY = frozenset(kind.name for kind in YEARLY)
_UNITS = (Who.EMPLOYERS, Who.COUNTIES)
_QUOTE = Param("quote", text_of)
_EACH_REGION = list_of(region_of)
_WHO = word_of({who.value: who.label for who in Who}, Who)
_STRENGTH = word_of({strength.value: strength.label for strength in Strength}, Strength)
_GRASSROOTS = word_of({by.value: by.label for by in Grassroots}, Grassroots)
_PART_YEAR = word_of({"whole": "全年照算", "by_month": "按整月折算"})


@cache
def load(local: Path | None = None, known_regions: Collection[str] | None = None) -> Packs:
    """Our own packs and those of the local folder."""
    problems: list[Problem] = []
    packs: dict[str, Pack] = {}
    for file in [*_files(OWN), *(_local_files(local, problems) if local else ())]:
        pack = _read(file, problems)
        if pack is not None:
            _add(packs, pack, file, problems)
    for pack in packs.values():
        if known_regions is not None and pack.region not in known_regions:
            file = pack.versions[0].file
            problems.append(Problem(file, "region", f"没有代码为 {pack.region} 的行政区划"))
    if problems:
        raise PacksError([problem.in_words() for problem in problems])
    return packs


def pack_of(found: dict[str, Any], file: str, problems: list[Problem]) -> Pack | None:
    table = Table(found, file, problems)
    regime = table.take(Param("regime", text_of))
    name = table.take(Param("name", text_of))
    region = table.take(Param("region", region_of))
    versions = [
        _version(each, f"{regime} {region}".encode()) for each in table.tables("version", least=1)
    ]
    table.done()
    if table.wrong or any(version is None for version in versions):
        return None
    whole = sorted(
        (version for version in versions if version), key=lambda version: version.in_force_from
    )
    return Pack(regime, name, region, tuple(whole))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _local_files(folder: Path, problems: list[Problem]) -> list[Path]:
    if not folder.is_dir():
        problems.append(Problem(str(folder), "", "没有这个文件夹"))
        return []
    return _files(folder)


def _read(file: Path, problems: list[Problem]) -> Pack | None:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        problems.append(Problem(file.name, "", "应是 UTF-8 编码的文本文件"))
        return None
    except (tomllib.TOMLDecodeError, OSError) as error:
        problems.append(Problem(file.name, "", f"不是写法正确的 TOML 文件：{error}"))
        return None
    return pack_of(found, file.name, problems)


def _version(table: Table, regime: bytes) -> Version | None:
    said = json.dumps(table.found, sort_keys=True, ensure_ascii=False, default=str)
    begins = table.take(Param("in_force_from", date_of))
    ends = table.take(Param("in_force_until", date_of, default=None))
    note = table.take(Param("note", text_of, default=""))
    documents = {
        document.number: document
        for each in table.tables("document", least=1)
        if (document := _document(each))
    }
    grassroots = table.table("grassroots", required=False)
    text = _grassroots(grassroots, documents) if grassroots else None
    rules = [_rule(each, documents, text) for each in table.tables("rule")]
    settings = _settings(table)
    table.done()
    if begins and ends and ends < begins:
        table.say("in_force_until", f"失效日期不能早于施行日期 {begins}")
    if table.wrong:
        return None
    return Version(
        begins,
        ends,
        tuple(documents.values()),
        tuple(rule for rule in rules if rule),
        text,
        settings,
        sha256(regime + b"\0" + said.encode()).hexdigest(),
        table.file,
        note,
        table.found,
    )


def _document(table: Table) -> Document | None:
    read = [table.take(Param(key, text_of)) for key in ("number", "title", "issuer", "issued")]
    table.done()
    return None if table.wrong else Document(*read)


def _citation(table: Table, documents: dict[str, Document]) -> Citation | None:
    number = table.take(Param("document", text_of))
    clause = table.take(Param("clause", text_of))
    withheld = table.take(Param("not_quoted", text_of, default=""))
    quote = table.take(Param("quote", text_of, default="") if withheld else _QUOTE)
    if number and number not in documents:
        listed = "、".join(documents) or "（还没有列出）"
        table.say("document", f"应是本版本 document 中列出的文号：{listed}")
    if table.wrong:
        return None
    return Citation(documents[number], clause, quote, withheld)


def _grassroots(table: Table, documents: dict[str, Document]) -> GrassrootsText | None:
    by = table.take(Param("by", _GRASSROOTS))
    regions = table.take(Param("regions", _EACH_REGION, default=()))
    citation = _citation(table, documents)
    if by and (by is Grassroots.NAMED_PLACES) != bool(regions):
        table.say("regions", 'by = "named_places" 时必须、其他情况不得写明区县代码')
    table.done()
    return GrassrootsText(by, citation, regions) if citation and not table.wrong else None


def _rule(
    table: Table, documents: dict[str, Document], grassroots: GrassrootsText | None
) -> Rule | None:
    name = table.take(Param("rule", word_of({name: kind.label for name, kind in KINDS.items()})))
    strength = table.take(Param("strength", _STRENGTH))
    note = table.take(Param("note", text_of, default=""))
    citation = _citation(table, documents)
    inner = table.table("scope", required=True)
    scope = _scope(inner) if inner else None
    if scope and scope.who is Who.GRASSROOTS and grassroots is None:
        table.say("scope.who", "本版本没有用 grassroots 写明谁是基层")
    if name is None:
        return None
    kind = KINDS[name]
    given = {field: table.take(param) for field, param in kind.params.items()}
    table.done()
    if table.wrong or citation is None or scope is None:
        return None
    owed_by = [
        who for who, kinds in zip(_UNITS, (OF_EMPLOYERS, OF_COUNTIES), strict=True) if kind in kinds
    ]
    if owed_by != [each for each in _UNITS if each is scope.who]:
        expected = owed_by[0].value if owed_by else "everybody、grassroots 或 township_institutions"
        table.say("scope.who", f"“{kind.label}”的 who 应是 {expected}")
        return None
    if name in _YEARLY and (scope.series or scope.titles):
        table.say("scope", "年度学时的规定按单位划定范围，不能写 series 或 titles")
        return None
    made = kind(**given)
    wrong = made.wrong() if hasattr(made, "wrong") else None
    if wrong:
        table.say("", wrong)
        return None
    return Rule(made, scope, strength, citation, note)


def _scope(table: Table) -> Scope | None:
    who = table.take(Param("who", _WHO))
    sectors = table.take(Param("sectors", list_of(word_of(SECTORS)), default=()))
    series = table.take(Param("series", list_of(word_of(SERIES)), default=()))
    titles = table.take(Param("titles", list_of(word_of(TITLE_LEVELS)), default=()))
    regions = table.take(Param("regions", _EACH_REGION, default=()))
    open_list = table.take(Param("open_list", yes_no, default=False))
    table.done()
    return None if table.wrong else Scope(who, sectors, series, titles, regions, open_list)


def _settings(version: Table) -> Settings:
    daily = version.take(Param("daily_limit", hours_of, default=None))
    part_year = version.take(Param("part_year", _PART_YEAR, default=None))
    make_up = version.take(Param("make_up_years", whole_of(0, 10), default=None))
    conversions = []
    for table in version.tables("conversion"):
        form = table.take(Param("form", text_of))
        unit = table.take(Param("unit", text_of))
        hours = table.take(Param("hours", hours_of))
        most = table.take(Param("most", hours_of, default=None))
        table.done()
        if not table.wrong:
            conversions.append(Conversion(form, unit, hours, most))
    return Settings(daily, part_year, make_up, tuple(conversions))


def _add(packs: dict[str, Pack], pack: Pack, file: Path, problems: list[Problem]) -> None:
    known = packs.get(pack.regime)
    if known is not None:
        if (known.name, known.region) != (pack.name, pack.region):
            said = f"{known.regime} 已是 {known.name}（{known.region}），补充版本时应与它一致"
            problems.append(Problem(file.name, "regime", said))
            return
        versions = sorted((*known.versions, *pack.versions), key=lambda each: each.in_force_from)
        pack = Pack(known.regime, known.name, known.region, tuple(versions))
    for other in packs.values():
        if other.region == pack.region and other.regime != pack.regime:
            said = f"{pack.region} 已有规定 {other.regime}，请用这个名称补充版本"
            problems.append(Problem(file.name, "region", said))
    for earlier, later in zip(pack.versions, pack.versions[1:], strict=False):
        ends = earlier.in_force_until
        if earlier.in_force_from == later.in_force_from or (ends and ends >= later.in_force_from):
            said = f"与 {earlier.in_force_from} 起施行的版本在时间上重叠"
            problems.append(Problem(later.file, f"version {later.in_force_from}", said))
    packs[pack.regime] = pack
