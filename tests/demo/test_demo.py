"""The demo: complete, consistent, nobody's, and the same every time."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

import pytest

from ce_tracker.actor import Role, Sector
from ce_tracker.demo import build
from ce_tracker.demo.accounts import DEMO_ACCOUNTS
from ce_tracker.demo.providers import WITHOUT_A_BASE
from ce_tracker.demo.sheets import TABLES
from ce_tracker.identity import IdKind, parse_credit_code, parse_id_number
from ce_tracker.registry.dated import (
    AccreditationLevel,
    Employment,
    Grade,
    ProviderKind,
    TitleLevel,
    Track,
    UnitLevel,
)
from ce_tracker.registry.names import pinyin
from ce_tracker.sealing import Keyring
from config import Settings
from tests.demo.conftest import MOMENT, PEOPLE, Rows, asking, one, values, with_demo

TODAY = f"DATE '{MOMENT:%Y-%m-%d}'"
BELIEVED = "known_to IS NULL"
NOW = f"{BELIEVED} AND valid_from <= {TODAY} AND (valid_to IS NULL OR valid_to > {TODAY})"

pytestmark = pytest.mark.xdist_group("demo")


# --- the same every time --------------------------------------------------------------------


def _contents(ask: Rows) -> dict[str, object]:
    """A digest of each table; seals, and what is made of an account's id, differ by design."""
    differing = "{id_number_sealed,line_sealed,created_by,upload_id,digest,entries_digest}"
    return {
        table: one(
            ask(
                "SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (SELECT (to_jsonb(t)"
                f" - '{differing}'::text[])::text AS line FROM {table} t) s"
            )
        )
        for table in (*TABLES, "training_sessions", "ledger_entries", "standings", "held_rows")
    }


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(settings: Settings) -> None:
    def made(name: str, seed: int) -> dict[str, object]:
        with asking(with_demo(settings, name, build.FEWEST_PEOPLE, seed)) as ask:
            return _contents(ask)

    ours = made("one", 1)
    assert made("same", 1) == ours
    theirs = made("other", 2)
    # Every place has the same providers; only how old they are is left to chance.
    same_for_all = {table for table in ours if ours[table] == theirs[table]}
    assert same_for_all == {"providers"}


# --- as much as was asked for ---------------------------------------------------------------


def test_there_are_exactly_as_many_people_as_were_asked_for(ask: Rows) -> None:
    assert one(ask("SELECT count(*) FROM professionals")) == PEOPLE
    assert one(ask("SELECT max(id) FROM professionals")) == PEOPLE


def test_whoever_is_registered_next_gets_the_next_id(ask: Rows) -> None:
    for table in ("professionals", "employers", "providers"):
        following = one(ask(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))"))
        assert following == one(ask(f"SELECT max(id) + 1 FROM {table}"))


def test_every_sign_in_is_there_with_what_it_is_bound_to(ask: Rows) -> None:
    found = ask(
        "SELECT u.login, u.role, coalesce(e.name, v.name, p.name, r.name), u.demo FROM users u"
        " JOIN regions r ON r.path = u.region_path LEFT JOIN employers e ON e.id = u.employer_id"
        " LEFT JOIN providers v ON v.id = u.provider_id"
        " LEFT JOIN professionals p ON p.id = u.professional_id WHERE u.disabled_at IS NULL"
    )
    assert set(found) == {(a.login, a.role, a.place, True) for a in DEMO_ACCOUNTS}


def test_whoever_acted_for_other_providers_cannot_sign_in(ask: Rows) -> None:
    others = "SELECT count(*) FROM users u LEFT JOIN passwords p ON p.user_id = u.id WHERE "
    assert one(ask(f"{others} u.disabled_at IS NOT NULL"))
    assert not one(ask(f"{others} u.disabled_at IS NOT NULL AND p.user_id IS NOT NULL"))
    assert not one(ask(f"{others} u.disabled_at IS NOT NULL AND NOT u.demo"))


def test_each_of_the_six_regimes_has_a_sign_in_for_each_role() -> None:
    for province in ("32", "23", "43", "50", "37", "64"):
        roles = {a.role for a in DEMO_ACCOUNTS if a.region_code.startswith(province)}
        assert roles == set(Role), province


# --- everything is there --------------------------------------------------------------------


def test_people_work_in_all_six_regimes_and_in_weihai_and_a_development_zone(ask: Rows) -> None:
    assert values(ask("SELECT DISTINCT substr(region_path, 8, 6) FROM professionals")) == {
        "320000", "230000", "430000", "500000", "370000", "640000",
    }  # fmt: skip
    for place in ("000000/370000/371000/%", "%/371072", "%/500235", "%/500109"):
        assert one(
            ask(f"SELECT count(*) > 0 FROM professionals WHERE region_path LIKE '{place}'")
        ), place


def test_every_sector_has_people(ask: Rows) -> None:
    assert values(ask("SELECT DISTINCT sector FROM professionals")) == set(Sector)


@pytest.mark.parametrize(
    ("table", "column", "kinds"),
    [
        ("titles", "level", TitleLevel),
        ("titles", "track", Track),
        ("appointments", "level", TitleLevel),
        ("appointments", "track", Track),
        ("employer_facts", "level", UnitLevel),
        ("employer_facts", "affiliation", set(UnitLevel) - {UnitLevel.TOWNSHIP}),
        ("employer_facts", "public_institution", {True, False}),
        ("provider_facts", "kind", ProviderKind),
        ("accreditations", "level", set(AccreditationLevel) - {AccreditationLevel.NATIONAL}),
        ("appraisals", "grade", Grade),
        ("service_spells", "rural", {True, False}),
        ("professionals", "id_kind", IdKind),
    ],
)
def test_every_kind_is_there(ask: Rows, table: str, column: str, kinds: object) -> None:
    assert values(ask(f"SELECT DISTINCT {column} FROM {table}")) == set(kinds)  # type: ignore[call-overload]


def test_a_province_has_a_hospital_in_a_county_town(ask: Rows) -> None:
    assert ask(
        "SELECT f.name FROM employer_facts f JOIN regions r ON r.path = f.region_path"
        " WHERE f.affiliation = 'province' AND r.level = 'county' AND f.sector = 'health'"
    )


def test_names_have_interpuncts_rare_characters_and_two_to_four_characters(ask: Rows) -> None:
    names = [str(row[0]) for row in ask("SELECT name FROM professionals")]
    assert any("·" in name for name in names)
    assert any(ord(ch) > 0xFFFF for name in names for ch in name)
    assert {2, 3, 4} <= {len(name) for name in names}
    assert len(set(names)) < len(names), "some people share a name"


def test_all_names_can_be_found_by_sound(ask: Rows) -> None:
    for table in ("professionals", "employers", "providers"):
        for name, sound in ask(f"SELECT name, pinyin FROM {table} LIMIT 300"):
            assert sound == pinyin(name)


# --- somebody is there for every rule -------------------------------------------------------

_HELD = f"(SELECT * FROM titles WHERE {BELIEVED})"
_DAYS_SERVED = (
    "(SELECT professional_id, sum(upper(r) - lower(r)) AS days FROM (SELECT professional_id,"
    f" unnest(range_agg(daterange(valid_from, coalesce(valid_to, {TODAY})))) AS r"
    f" FROM service_spells WHERE {BELIEVED} AND rural GROUP BY 1) s GROUP BY 1)"
)


@pytest.mark.parametrize("province", ["23", "43", "50", "64"])
def test_some_who_may_want_a_senior_title_have_served_a_year_in_the_country_and_some_not(
    ask: Rows, province: str
) -> None:
    served = values(
        ask(
            f"SELECT DISTINCT coalesce(d.days, 0) >= 365 FROM professionals p JOIN {_HELD} t"
            f" ON t.professional_id = p.id AND t.level = 'intermediate' LEFT JOIN {_DAYS_SERVED} d"
            " ON d.professional_id = p.id WHERE p.sector IN ('education', 'health')"
            f" AND p.region_path LIKE '000000/{province}%'"
        )
    )
    assert served == {True, False}


def test_some_have_served_a_day_too_few_and_some_just_enough(ask: Rows) -> None:
    days = values(ask(f"SELECT days FROM {_DAYS_SERVED} d"))
    assert {364, 365} <= days


def test_some_spells_of_one_person_overlap_and_some_are_broken(ask: Rows) -> None:
    pairs = (
        "SELECT count(*) FROM service_spells a JOIN service_spells b ON a.professional_id ="
        f" b.professional_id AND a.id < b.id WHERE a.{BELIEVED} AND b.{BELIEVED}"
        " AND b.valid_from {} a.valid_to"
    )
    assert one(ask(pairs.format("<")))
    assert one(ask(pairs.format(">")))


def test_shandong_has_both_tracks_too_close_and_far_enough_apart(ask: Rows) -> None:
    apart = values(
        ask(
            "SELECT DISTINCT g.valid_from + interval '5 years' <="
            f" coalesce(u.valid_from, {TODAY}) FROM {_HELD} g LEFT JOIN {_HELD} u"
            " ON u.professional_id = g.professional_id AND u.level = g.level"
            " AND u.track = 'unified' WHERE g.track = 'grassroots'"
        )
    )
    assert apart == {True, False}


def test_grassroots_titles_are_held_by_people_of_shandong_alone(ask: Rows) -> None:
    assert values(
        ask(
            "SELECT DISTINCT substr(f.region_path, 8, 2) FROM titles t JOIN employments e"
            f" ON e.professional_id = t.professional_id AND e.{BELIEVED}"
            " AND daterange(e.valid_from, e.valid_to) @> t.valid_from"
            f" JOIN employer_facts f ON f.employer_id = e.employer_id AND f.{BELIEVED}"
            f" AND daterange(f.valid_from, f.valid_to) @> t.valid_from AND t.{BELIEVED}"
            " WHERE t.track = 'grassroots'"
        )
    ) == {"37"}


def test_some_have_worked_in_townships_for_ten_twenty_and_thirty_years(ask: Rows) -> None:
    for years in (10, 20, 30):
        assert one(ask(f"SELECT count(*) FROM {_DAYS_SERVED} d WHERE days > {years} * 366")), years


def test_some_in_ningxia_were_excellent_three_times(ask: Rows) -> None:
    assert ask(
        "SELECT p.id FROM professionals p JOIN appraisals a ON a.professional_id = p.id"
        f" AND a.{BELIEVED} WHERE p.region_path LIKE '000000/64%' AND a.grade = 'excellent'"
        " GROUP BY 1 HAVING count(*) >= 3"
    )


def test_one_county_of_ningxia_alone_has_no_base_today(ask: Rows) -> None:
    with_one = (
        "SELECT FROM providers p JOIN accreditations a ON a.provider_id = p.id"
        f" AND a.valid_from <= {TODAY} AND a.valid_to > {TODAY} WHERE p.region_path = r.path"
    )
    without = ask(
        "SELECT r.code FROM regions r WHERE r.level IN ('county', 'zone')"
        f" AND r.path LIKE '000000/640000/%' AND r.valid_to IS NULL AND NOT EXISTS ({with_one})"
    )
    assert without == [(WITHOUT_A_BASE,)]


def test_every_regime_has_newly_won_titles_leavers_joiners_and_movers(ask: Rows) -> None:
    for province in ("23", "43", "50", "37", "64", "32"):
        here = f"(SELECT id FROM employers WHERE region_path LIKE '000000/{province}%')"
        ours = f"SELECT count(*) FROM employments WHERE {BELIEVED} AND employer_id IN {here}"
        assert one(ask(f"{ours} AND valid_to > {TODAY} - 1800 AND valid_to <= {TODAY}")), province
        assert one(ask(f"{ours} AND valid_from > {TODAY} - 730")), province
    assert one(ask(f"SELECT count(*) FROM titles WHERE valid_from > {TODAY} - 365"))
    assert one(
        ask(
            "SELECT count(*) FROM employments a JOIN employments b USING (professional_id)"
            " JOIN employers x ON x.id = a.employer_id JOIN employers y ON y.id = b.employer_id"
            " WHERE a.valid_to = b.valid_from"
            " AND substr(x.region_path, 8, 2) <> substr(y.region_path, 8, 2)"
        )
    ), "somebody moved to another province"
    assert one(ask(f"SELECT count(*) FROM employments WHERE valid_from > {TODAY}"))


# --- facts hang together --------------------------------------------------------------------


def test_the_copies_on_people_equal_todays_facts(ask: Rows) -> None:
    assert (
        ask(
            "SELECT p.id FROM professionals p"
            f" LEFT JOIN (SELECT * FROM employments WHERE {NOW}) e ON e.professional_id = p.id"
            " LEFT JOIN LATERAL (SELECT employer_id FROM employments last"
            f" WHERE last.professional_id = p.id AND {BELIEVED} AND valid_from <= {TODAY}"
            " ORDER BY valid_from DESC LIMIT 1) last ON true"
            f" LEFT JOIN (SELECT * FROM employer_facts WHERE {NOW}) f"
            " ON f.employer_id = last.employer_id"
            " WHERE (p.employer_id, p.department, p.region_path, p.sector)"
            " IS DISTINCT FROM (e.employer_id, e.department, f.region_path, f.sector)"
        )
        == []
    )


@pytest.mark.parametrize("unit", ["employer", "provider"])
def test_the_copies_on_units_equal_todays_facts(ask: Rows, unit: str) -> None:
    assert (
        ask(
            f"SELECT u.id FROM {unit}s u LEFT JOIN (SELECT * FROM {unit}_facts WHERE {NOW}) f"
            f" ON f.{unit}_id = u.id WHERE (u.name, u.region_path, u.sector)"
            " IS DISTINCT FROM (f.name, f.region_path, f.sector)"
        )
        == []
    )


@pytest.mark.parametrize(
    ("table", "subject"),
    [
        ("employer_facts", "employer_id"),
        ("provider_facts", "provider_id"),
        ("employments", "professional_id"),
        ("appraisals", "professional_id"),
    ],
)
def test_what_excludes_each_other_was_never_believed_at_once(
    ask: Rows, table: str, subject: str
) -> None:
    assert Employment.one_at_a_time == ("professional_id",)
    assert (
        ask(
            f"SELECT a.id FROM {table} a JOIN {table} b ON a.{subject} = b.{subject}"
            " AND a.id < b.id"
            " AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)"
            " AND tstzrange(a.known_from, a.known_to) && tstzrange(b.known_from, b.known_to)"
        )
        == []
    )


def test_whoever_is_appointed_works_there_and_holds_the_title(ask: Rows) -> None:
    assert (
        ask(
            f"SELECT a.id FROM appointments a WHERE {BELIEVED} AND NOT (EXISTS (SELECT FROM"
            " employments e WHERE e.professional_id = a.professional_id AND e.known_to IS NULL"
            " AND e.employer_id = a.employer_id AND daterange(e.valid_from, e.valid_to)"
            " @> daterange(a.valid_from, a.valid_to)) AND EXISTS (SELECT FROM titles t"
            " WHERE t.professional_id = a.professional_id AND t.known_to IS NULL"
            " AND (t.level, t.track, t.series_code) = (a.level, a.track, a.series_code)"
            " AND t.valid_from <= a.valid_from))"
        )
        == []
    )


def test_nothing_is_known_of_the_future_and_some_was_known_wrongly(ask: Rows) -> None:
    for table in TABLES:
        if table in ("employers", "providers", "professionals"):
            continue
        latest = one(ask(f"SELECT max(greatest(known_from, known_to)) FROM {table}"))
        assert latest < MOMENT, table
    for table in ("titles", "appraisals", "employments"):
        assert one(ask(f"SELECT count(*) FROM {table} WHERE known_to IS NOT NULL")), table


def test_five_years_can_be_judged_for_whoever_was_there_that_long(ask: Rows) -> None:
    assert values(ask("SELECT DISTINCT extract(year FROM valid_from)::int FROM appraisals")) == set(
        range(MOMENT.year - 5, MOMENT.year)
    )


# --- nobody's -------------------------------------------------------------------------------


def _numbers(settings: Settings, ask: Rows) -> list[tuple[str, str]]:
    keyring: Keyring = settings.keyring()
    return [
        (kind, keyring.open(bytes(sealed), "professionals.id_number").decode())
        for kind, sealed in ask("SELECT id_kind, id_number_sealed FROM professionals")
    ]


def test_every_id_number_is_valid_and_of_its_kind_and_indexed(
    settings: Settings, ask: Rows
) -> None:
    for kind, number in _numbers(settings, ask):
        parsed = parse_id_number(number, MOMENT.date())
        assert (parsed.kind, parsed.canonical, parsed.warnings) == (kind, number, ())
    keyring = settings.keyring()
    some = ask("SELECT id_number_index, id_number_sealed, id_tail FROM professionals LIMIT 50")
    for index, sealed, tail in some:
        plain = keyring.open(bytes(sealed), "professionals.id_number")
        assert bytes(index) == keyring.index(plain, "professionals.id_number")
        assert plain.decode()[-4:] == tail


def test_no_id_number_can_be_anybodys(settings: Settings, ask: Rows) -> None:
    source = files("ce_tracker.registry").joinpath("regions.csv").read_text(encoding="utf-8")
    assigned = {row["code"] for row in csv.DictReader(source.splitlines())}
    for kind, number in _numbers(settings, ask):
        match kind:
            case IdKind.RESIDENT:
                assert number[2:4] == "99"
                assert number[:6] not in assigned
            case IdKind.FOREIGN_PERMANENT:
                assert number[3:6] == "999"
            case _:
                assert int(number[14:17]) >= 900


def test_no_two_people_share_an_id_number(settings: Settings, ask: Rows) -> None:
    numbers = [number for _, number in _numbers(settings, ask)]
    assert len(set(numbers)) == PEOPLE
    assert one(ask("SELECT count(DISTINCT id_number_index) FROM professionals")) == PEOPLE


def test_everybody_is_of_an_age_to_work_or_has_just_left(settings: Settings, ask: Rows) -> None:
    for _, number in _numbers(settings, ask):
        born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
        assert 21 <= (MOMENT.date() - born).days / 365.25 <= 62


def test_every_credit_code_is_valid_and_of_no_authority(ask: Rows) -> None:
    codes = [
        str(row[0])
        for row in ask(
            "SELECT credit_code FROM employers UNION ALL SELECT credit_code FROM providers"
        )
    ]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert parse_credit_code(code) == code
        assert code[2:8] == "990000"
