"""The packs hold every row of what the documents ask, and quote them; bad packs are refused."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from ce_tracker.actor import Sector
from ce_tracker.errors import PacksError
from ce_tracker.policy import catalog, words
from ce_tracker.policy.duties import KINDS
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.loading import OWN, load
from ce_tracker.policy.packs import Citation
from ce_tracker.policy.rules import Base, SpecialtyShare
from ce_tracker.registry.dated import ProviderKind, TitleLevel, Track, UnitLevel
from ce_tracker.registry.title_series import catalogue
from tests.policy.case_files import LOCAL
from tests.policy.regions import trail

DOCUMENTS = Path(__file__).parents[2] / "docs/policies"
FILES = {
    "人力资源和社会保障部令第25号": "national-2015-25-article-8.txt",
    "黑人社规〔2017〕28号": "heilongjiang-2017-28.txt",
    "湘人社发〔2016〕91号": "hunan-2016-91.txt",
    "渝人社发〔2017〕206号": "chongqing-2017-206.txt",
    "鲁人社字〔2020〕42号": "weihai-2020-36-shandong-2020-42.txt",
    "威人社字〔2020〕36号": "weihai-2020-36-shandong-2020-42.txt",
    "宁党办〔2020〕48号": "ningxia-2020-48.txt",
}

ROWS = """
national      第八条    annual_hours               flags    everybody
national      第八条    specialty_share            flags    everybody
national      第十六条  hours_before_promotion     flags    everybody
heilongjiang  （十三）  annual_hours               flags    grassroots
heilongjiang  （十三）  specialty_share            flags    grassroots
heilongjiang  （十三）  register                   feature  employers
heilongjiang  （十三）  hours_before_promotion     flags    grassroots
heilongjiang  （二）    service_before_promotion   blocks   everybody
heilongjiang  （二）    right_by_service           advises  grassroots
heilongjiang  （十四）  training_after_promotion   advises  grassroots
hunan         （九）    bridge                     flags    grassroots
hunan         （九）    both_subjects              feature  grassroots
hunan         （十三）  service_before_promotion   blocks   everybody
hunan         （六）    right_by_service           advises  township_institutions
chongqing     （十七）  annual_hours               flags    grassroots
chongqing     （十七）  bridge                     flags    grassroots
chongqing     （十七）  employer_fund              advises  employers
chongqing     （十七）  hours_before_promotion     advises  grassroots
chongqing     （十七）  training_after_promotion   advises  grassroots
chongqing     （十六）  rotation                   advises  grassroots
chongqing     （二十）  service_before_promotion   advises  everybody
shandong      五（一）  training_before_promotion  blocks   grassroots
shandong      七        annual_hours               flags    grassroots
shandong      七        training_after_promotion   flags    grassroots
shandong      四        track_exclusive            blocks   grassroots
shandong      四        track_conversion           advises  everybody
shandong      六        right_by_service           advises  township_institutions
shandong      八        directory                  feature  counties
weihai        二        directory                  feature  counties
ningxia       （十五）  service_before_promotion   blocks   everybody
ningxia       （三）    right_by_appraisal         advises  township_institutions
ningxia       （三）    right_by_service           advises  township_institutions
ningxia       （十六）  rotation                   advises  everybody
ningxia       （十六）  bases_per_county           advises  counties
"""
SECTORS = {
    "heilongjiang": ({"health"}, {"school"}),
    "hunan": ({"agriculture", "forestry", "water", "health"}, {"school"}),
    "chongqing": ({"health"}, {"school"}),
    "ningxia": ({"education", "health", "agriculture"}, set()),
}
"""Whom 凡晋必下 names: sectors, and title series."""


def _rules() -> list[tuple[str, str, str, str, str]]:
    return [
        (regime, rule.citation.clause, rule.name, rule.strength.value, rule.scope.who.value)
        for regime, pack in load().items()
        for version in pack.versions
        for rule in version.rules
    ]


def _citations() -> list[Citation]:
    found = []
    for pack in load().values():
        for version in pack.versions:
            found += [rule.citation for rule in version.rules]
            if version.grassroots:
                found.append(version.grassroots.citation)
    return found


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_row_of_what_the_documents_ask_is_a_rule_with_its_strength_and_scope() -> None:
    rows = [tuple(line.split()) for line in ROWS.strip().splitlines()]
    assert sorted(_rules()) == sorted(rows)


@pytest.mark.parametrize("citation", _citations(), ids=lambda c: c.document.number + c.clause)
def test_every_quote_stands_in_its_document_to_the_letter(citation: Citation) -> None:
    if citation.not_quoted:
        assert (citation.document.number, citation.clause) == (
            "人力资源和社会保障部令第25号",
            "第十六条",
        )
        assert not citation.quote
        return
    text = (DOCUMENTS / FILES[citation.document.number]).read_text()
    assert _bare(citation.quote) in _bare(text)


def test_every_document_number_stands_in_its_document_and_in_the_list_of_documents() -> None:
    listed = (DOCUMENTS / "README.md").read_text()
    for number, file in FILES.items():
        assert number in listed
        if not file.startswith("national"):
            text = _bare((DOCUMENTS / file).read_text())
            assert number in text


def test_service_before_promotion_names_the_sectors_that_each_document_names() -> None:
    found = {
        regime: (set(rule.scope.sectors), set(rule.scope.series))
        for regime, pack in load().items()
        for rule in pack.versions[0].rules
        if rule.name == "service_before_promotion"
    }
    assert found == SECTORS


def test_the_share_is_taken_of_the_hours_earned_by_nation_and_heilongjiang() -> None:
    kinds = {
        regime: rule.kind
        for regime, pack in load().items()
        for rule in pack.versions[0].rules
        if isinstance(rule.kind, SpecialtyShare)
    }
    assert {regime: (str(kind.share), kind.of) for regime, kind in kinds.items()} == {
        "national": ("2/3", Base.EARNED),
        "heilongjiang": ("2/3", Base.EARNED),
    }


def test_chongqing_names_sixteen_places_and_they_are_those_of_its_text() -> None:
    text = load()["chongqing"].versions[0].grassroots
    assert text is not None
    regions = {
        row.split(",")[0]: row.split(",")[1]
        for row in (Path(__file__).parents[2] / "ce_tracker/registry/regions.csv")
        .read_text()
        .splitlines()
    }
    assert len(text.regions) == 16
    named = re.split(r"[、，]", text.citation.quote.partition("：")[2])
    for code, name in zip(text.regions, named, strict=True):
        assert regions[code].startswith(name.removesuffix("县").removesuffix("区"))
        assert regions[code][-1] == name[-1]


def test_numbers_of_kinds_are_given_once_and_stay() -> None:
    numbers = {name: kind.number for name, kind in KINDS.items()}
    assert numbers == {
        "annual_hours": 0,
        "specialty_share": 1,
        "general_hours": 2,
        "specialty_hours": 3,
        "hours_before_promotion": 4,
        "service_before_promotion": 5,
        "training_before_promotion": 6,
        "training_after_promotion": 7,
        "track_exclusive": 8,
        "track_conversion": 9,
        "rotation": 10,
        "right_by_service": 11,
        "right_by_appraisal": 12,
        "employer_fund": 13,
        "bases_per_county": 14,
        "bridge": 15,
        "register": 16,
        "both_subjects": 17,
        "directory": 18,
    }


def test_the_words_are_those_of_the_other_rooms() -> None:
    assert {sector.value: sector.label for sector in Sector} == words.SECTORS
    assert {level.value: level.label for level in UnitLevel} == words.UNIT_LEVELS
    assert {level.value: level.label for level in TitleLevel} == words.TITLE_LEVELS
    assert {track.value: track.label for track in Track} == words.TRACKS
    assert {kind.value: kind.label for kind in ProviderKind} == words.PROVIDER_KINDS
    assert {code: series.name for code, series in catalogue().items()} == words.SERIES


# --- nesting and settings --------------------------------------------------------------------


def test_regimes_nest_from_the_country_to_the_city() -> None:
    unit = Unit(trail("371002"))
    assert [pack.regime for pack in catalog.covering(load(), unit)] == [
        "weihai",
        "shandong",
        "national",
    ]


def test_a_setting_is_inherited_until_an_inner_regime_sets_it() -> None:
    day = date(2025, 12, 31)
    nation = catalog.settings(catalog.in_force(load(), Unit(trail("371002")), day))
    assert (nation.daily_limit_x100, nation.part_year, nation.make_up_years) == (800, "whole", 0)
    local = catalog.settings(catalog.in_force(load(LOCAL), Unit(trail("320000")), day))
    assert (local.daily_limit_x100, local.part_year) == (800, "by_month")


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("230125", True),
        ("230183", True),
        ("230103", False),
        ("230671", False),
        ("232701", True),
        ("500101", False),
        ("500235", True),
        ("230100", None),
    ],
)
def test_a_county_is_told_from_a_district_by_its_code(code: str, inside: bool | None) -> None:
    assert catalog.in_a_county(Unit(trail(code))) is inside


# --- files -----------------------------------------------------------------------------------

GOOD = """
regime = "beijing"
name = "北京市"
region = "110000"

[[version]]
in_force_from = 2025-01-01

[[version.document]]
number = "甲〔2024〕1号"
title = "办法"
issuer = "甲"
issued = "2024-12-01"

[[version.rule]]
rule = "specialty_share"
share = "2/3"
of = "earned"
scope = { who = "everybody" }
strength = "flags"
document = "甲〔2024〕1号"
clause = "三"
quote = "三分之二"
"""
HOURS = GOOD.replace(
    'rule = "specialty_share"\nshare = "2/3"\nof = "earned"', 'rule = "annual_hours"\nhours = "90"'
)


def _folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def _refusal(folder: Path) -> str:
    with pytest.raises(PacksError) as refused:
        load(folder)
    return "\n".join(refused.value.problems)


def test_a_local_pack_nests_and_a_local_version_is_added(tmp_path: Path) -> None:
    packs = load(_folder(tmp_path, beijing=GOOD))
    assert [pack.regime for pack in catalog.covering(packs, Unit(trail("110000")))] == [
        "beijing",
        "national",
    ]
    amended = load(LOCAL)["shandong"]
    assert [version.in_force_from for version in amended.versions] == [
        date(2020, 4, 22),
        date(2026, 7, 1),
    ]


@pytest.mark.parametrize(
    ("before", "after", "where", "expected"),
    [
        ('clause = "三"', 'clause = "三"\nclauses = "三"', "rule[1].clauses", "没有这一项"),
        ('clause = "三"\n', "", "rule[1].clause", "缺少这一项"),
        ('quote = "三分之二"\n', "", "rule[1].quote", "缺少这一项"),
        ('document = "甲〔2024〕1号"\n', "", "rule[1].document", "缺少这一项"),
        ('document = "甲〔2024〕1号"', 'document = "乙"', "rule[1].document", "甲〔2024〕1号"),
        ('clause = "三"', 'clause = " "', "rule[1].clause", "不能为空"),
        ('share = "2/3"', 'share = "0/3"', "rule[1].share", "2/3"),
        ('share = "2/3"', 'share = "3/2"', "rule[1].share", "2/3"),
        ('share = "2/3"', 'share = "2/0"', "rule[1].share", "2/3"),
        ('share = "2/3"', 'share = "3/3"', "rule[1]", "必须小于 1"),
        ('share = "2/3"', 'share = "6666/9999"', "rule[1].share", "2/3"),
        ('share = "2/3"', "share = 0.67", "rule[1].share", "2/3"),
        ('of = "earned"', 'of = "all"', "rule[1].of", "earned"),
        ('of = "earned"', 'of = "required"', "rule[1]", "hours"),
        ('of = "earned"', 'of = "earned"\nhours = "90"', "rule[1]", "hours"),
        ('"specialty_share"', '"speciality"', "rule[1].rule", "annual_hours"),
        ('who = "everybody"', 'who = "all"', "scope.who", "grassroots"),
        ('who = "everybody"', 'who = "grassroots"', "scope.who", "谁是基层"),
        ('who = "everybody"', 'who = "employers"', "scope.who", "应是 everybody"),
        ("{ who =", '{ sectors = ["health", "trade"], who =', "scope.sectors", "education"),
        ("{ who =", "{ sectors = [], who =", "scope.sectors", "至少 1 项"),
        ("{ who =", '{ titles = ["senior"], who =', "scope.titles", "associate_senior"),
        ("{ who =", '{ series = ["teacher"], who =', "scope.series", "school"),
        ("{ who =", '{ place = "x", who =', "scope.place", "没有这一项"),
        ('strength = "flags"', 'strength = "warns"', "rule[1].strength", "blocks"),
        ("2025-01-01", "2025-01-01\nin_force_until = 2024-12-31", "in_force_until", "不能早于"),
        ("2025-01-01", '"2025-01-01"', "in_force_from", "不加引号的日期"),
        ("in_force_from = 2025-01-01", "", "in_force_from", "缺少这一项"),
        ("2025-01-01", '2025-01-01\ndaily_limit = "0"', "daily_limit", "大于 0"),
        ("2025-01-01", '2025-01-01\npart_year = "half"', "part_year", "by_month"),
        ("2025-01-01", "2025-01-01\nmake_up_years = true", "make_up_years", "整数"),
        ('region = "110000"', 'region = "1100"', "region", "六位"),
        ('title = "办法"\n', "", "document[1].title", "缺少这一项"),
    ],
)
def test_a_mistake_is_refused_with_file_key_and_what_was_expected(
    tmp_path: Path, before: str, after: str, where: str, expected: str
) -> None:
    assert before in GOOD
    said = _refusal(_folder(tmp_path, beijing=GOOD.replace(before, after, 1)))
    assert said.startswith("beijing.toml：")
    assert where in said
    assert expected in said


@pytest.mark.parametrize("hours", ['"90.125"', '"-90"', '"0"', '"NaN"', '"8785"', "90", "90.5"])
def test_hours_are_a_quoted_number_with_two_decimals_at_most(tmp_path: Path, hours: str) -> None:
    said = _refusal(_folder(tmp_path, beijing=HOURS.replace('hours = "90"', f"hours = {hours}")))
    assert "version[1].rule[1].hours：应是加引号的学时数" in said


def test_versions_that_overlap_are_refused(tmp_path: Path) -> None:
    version = GOOD.partition("[[version]]")[2]
    same_day = _folder(tmp_path, beijing=f"{GOOD}\n[[version]]{version}")
    assert "重叠" in _refusal(same_day)
    first = GOOD.replace("2025-01-01", "2025-01-01\nin_force_until = 2026-01-01")
    second = GOOD.replace("2025-01-01", "2026-01-01")
    (tmp_path / "next").mkdir()
    assert "重叠" in _refusal(_folder(tmp_path / "next", one=first, two=second))
    (tmp_path / "apart").mkdir()
    later = GOOD.replace("2025-01-01", "2026-01-02")
    assert len(load(_folder(tmp_path / "apart", one=first, two=later))["beijing"].versions) == 2


def test_a_regime_that_ended_is_not_in_force_again(tmp_path: Path) -> None:
    ended = GOOD.replace("2025-01-01", "2025-01-01\nin_force_until = 2025-06-30")
    pack = load(_folder(tmp_path, beijing=ended))["beijing"]
    assert pack.on(date(2025, 6, 30)) is not None
    assert pack.on(date(2025, 7, 1)) is None


def test_a_second_regime_for_the_same_place_is_refused(tmp_path: Path) -> None:
    said = _refusal(_folder(tmp_path, other=GOOD.replace("110000", "370000")))
    assert "other.toml：region：370000 已有规定 shandong" in said


def test_an_added_version_must_name_its_regime_alike(tmp_path: Path) -> None:
    said = _refusal(_folder(tmp_path, more=GOOD.replace('"beijing"', '"shandong"')))
    assert "shandong 已是 山东省（370000）" in said


def test_a_region_that_is_none_is_refused_where_regions_are_known(tmp_path: Path) -> None:
    with pytest.raises(PacksError, match="没有代码为 119900 的行政区划"):
        load(
            _folder(tmp_path, beijing=GOOD.replace("110000", "119900")),
            frozenset({"000000", *(pack.region for pack in load().values())}),
        )


def test_all_that_is_wrong_in_a_folder_is_said_at_once(tmp_path: Path) -> None:
    twice = GOOD.replace('clause = "三"\n', "").replace("2/3", "9/3")
    said = _refusal(_folder(tmp_path, a=twice, b="regime = ", c="x = 1"))
    lines = said.splitlines()
    assert [line for line in lines if line.startswith("a.toml：version[1].rule[1].clause")]
    assert [line for line in lines if line.startswith("a.toml：version[1].rule[1].share")]
    assert [line for line in lines if line.startswith("b.toml：不是写法正确的 TOML")]
    assert [line for line in lines if line.startswith("c.toml：x：没有这一项")]


def test_a_file_in_another_encoding_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes('name = "北京市"'.encode("gb18030"))
    assert "gbk.toml：应是 UTF-8" in _refusal(tmp_path)
    assert "没有这个文件夹" in _refusal(tmp_path / "none")


def test_minimums_of_a_subject_must_be_part_of_the_year(tmp_path: Path) -> None:
    def minimum(hours: str, whole: str) -> str:
        return HOURS.replace(
            'rule = "annual_hours"\nhours = "90"',
            f'rule = "general_hours"\nhours = "{hours}"\nof_hours = "{whole}"',
        )

    assert "不能多于" in _refusal(_folder(tmp_path, beijing=minimum("91", "90")))
    (tmp_path / "two").mkdir()
    assert "过于零碎" in _refusal(_folder(tmp_path / "two", beijing=minimum("30.01", "90")))
    (tmp_path / "three").mkdir()
    assert load(_folder(tmp_path / "three", beijing=minimum("30", "90")))["beijing"].versions


@pytest.mark.parametrize(
    ("rule", "owed_by"),
    [
        ('rule = "employer_fund"\npercent = "1.5"', "employers"),
        ('rule = "bases_per_county"\nat_least = 1', "counties"),
    ],
)
def test_what_employers_or_counties_owe_is_asked_of_nobody_else(
    tmp_path: Path, rule: str, owed_by: str
) -> None:
    pack = HOURS.replace('rule = "annual_hours"\nhours = "90"', rule)
    assert "scope.who：" in (said := _refusal(_folder(tmp_path, beijing=pack)))
    assert f"应是 {owed_by}" in said
    (tmp_path / "right").mkdir()
    right = pack.replace('"everybody"', f'"{owed_by}"')
    assert load(_folder(tmp_path / "right", beijing=right))["beijing"].versions


def test_a_versions_digest_follows_what_it_says_and_not_how_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "written").mkdir()
    (tmp_path / "changed").mkdir()
    written = f"# 说明\n{GOOD.replace('who =', '  who  =')}"
    digests = [
        load(_folder(folder, beijing=text))["beijing"].versions[0].digest
        for folder, text in (
            (tmp_path, GOOD),
            (tmp_path / "written", written),
            (tmp_path / "changed", GOOD.replace("2/3", "1/2")),
        )
    ]
    assert digests[0] == digests[1] != digests[2]


def test_our_own_packs_are_one_file_for_each_regime() -> None:
    assert {path.stem for path in OWN.glob("*.toml")} == set(load())
