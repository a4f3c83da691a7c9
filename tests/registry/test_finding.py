"""A person is found by how the name begins or sounds, or by the whole ID number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker.actor import Actor, Role
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Invalid
from ce_tracker.extensions import act_as, db
from ce_tracker.http.paging import page
from ce_tracker.registry import finding, merging
from ce_tracker.registry.models import Professional
from ce_tracker.sealing import Keyring
from tests.factories import WEIHAI, YINCHUAN, Factory
from tests.registry.crowd import number, person

NAMES = ("王晓岚", "王小兰", "汪萱乐", "吕宁", "阿依古丽·买买提", "欧阳修", "John Smith", "㐂嫄")


@contextmanager
def as_web(web: Flask, actor: Actor | None) -> Iterator[None]:
    with web.app_context():
        act_as(actor)
        try:
            yield
            db.session.commit()
        finally:
            db.session.remove()


@pytest.fixture
def employer(make: Factory) -> Actor:
    """With one employee of each name, and others of the same names elsewhere."""
    account = make.account(Role.EMPLOYER)
    elsewhere = make.employer(YINCHUAN)
    for name in NAMES:
        person(make, name, account.actor.employer_id)
        person(make, name, elsewhere)
    return account.actor


def found(actor: Actor, q: str) -> set[str]:
    return set(db.session.scalars(finding.people(actor, q).with_only_columns(Professional.name)))


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("王", {"王晓岚", "王小兰"}),
        ("王晓", {"王晓岚"}),
        ("晓岚", set()),
        ("wxl", {"王晓岚", "王小兰", "汪萱乐"}),
        ("WXL", {"王晓岚", "王小兰", "汪萱乐"}),
        ("ｗｘｌ", {"王晓岚", "王小兰", "汪萱乐"}),
        ("wx", {"王晓岚", "王小兰", "汪萱乐"}),
        ("xl", set()),
        ("wangxiao", {"王晓岚", "王小兰"}),
        ("Wang Xiao", {"王晓岚", "王小兰"}),
        ("wang xuan le", {"汪萱乐"}),
        ("lü", {"吕宁"}),
        ("lvning", {"吕宁"}),
        ("阿依古丽.买买", {"阿依古丽·买买提"}),
        ("阿依古丽·", {"阿依古丽·买买提"}),
        ("john", {"John Smith"}),
        ("John S", {"John Smith"}),
        ("㐂", {"㐂嫄"}),
        ("%", set()),
        ("_", set()),
        ("%王", set()),
        ("w%", {"王晓岚", "王小兰", "汪萱乐"}),
        ("", set(NAMES)),
        ("  ", set(NAMES)),
    ],
)
def test_a_name_is_found_by_its_beginning_and_by_its_sound(
    web: Flask, employer: Actor, q: str, names: set[str]
) -> None:
    with as_web(web, employer):
        assert found(employer, q) == names


def test_a_part_of_a_number_finds_nobody(web: Flask, employer: Actor) -> None:
    with as_web(web, employer):
        for q in ("371002", "３７１００２1990", "王371002199001"):
            with pytest.raises(Invalid, match="按姓名或拼音"):
                finding.people(employer, q)


def test_nobody_finds_whom_they_do_not_see(make: Factory, web: Flask, employer: Actor) -> None:
    sighted = {
        make.account(Role.AUTHORITY, YINCHUAN).actor: 2,
        make.account(Role.AUTHORITY, WEIHAI).actor: 2,
        make.account(Role.EMPLOYER).actor: 0,
        make.account(Role.PROVIDER).actor: 0,
    }
    for actor, count in sighted.items():
        with as_web(web, actor):
            rows = db.session.scalars(finding.people(actor, "王")).all()
            assert len(rows) == count, actor.role


def test_a_merged_record_is_not_listed_beside_the_person(make: Factory, web: Flask) -> None:
    unit = make.employer()
    one, other = (person(make, "王晓岚", unit).id for _ in range(2))
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    with as_web(web, authority):
        merging.merge(one, other, "同一人的两条记录")
        rows = db.session.scalars(finding.people(authority, "wxl")).all()
        assert [row.id for row in rows] == [other]


def test_pages_go_on_where_the_last_one_ended_though_people_come_and_go(
    make: Factory, web: Flask
) -> None:
    account = make.account(Role.EMPLOYER)
    for name in ("王芳", "王芳", "王芳", "李娜", "赵敏", "王方"):
        person(make, name, account.actor.employer_id)
    keyring = make.settings.keyring()

    def read(cursor: str | None) -> tuple[list[tuple[str, int]], str | None]:
        shown = page(
            keyring,
            finding.people(account.actor),
            finding.ORDER,
            lambda row: [row.pinyin, str(row.id)],
            cursor,
            2,
        )
        return [(row.name, row.id) for row in shown.items], shown.next_cursor

    with as_web(web, account.actor):
        first, cursor = read(None)
    person(make, "安宁", account.actor.employer_id)  # before all that was read
    seen = list(first)
    while cursor:
        with as_web(web, account.actor):
            more, cursor = read(cursor)
        seen += more
    assert [name for name, _ in seen] == ["李娜", "王芳", "王芳", "王芳", "王方", "赵敏"]
    assert len({i for _, i in seen}) == 6


def ask(make: Factory, web: Flask, actor: Actor, number: str) -> int | None:
    with as_web(web, actor):
        row = finding.by_id_number(make.settings.keyring(), actor, number)
        return None if row is None else row.id


def searches() -> list[tuple[str, int | None]]:
    db.session.rollback()
    rows = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action == "person.searched_by_id_number")
        .order_by(AuditEntry.id)
    )
    return [(row.subject, row.professional_id) for row in rows]


def test_the_whole_number_finds_its_owner_however_it_is_typed_and_leaves_a_trace(
    make: Factory, web: Flask
) -> None:
    account = make.account(Role.EMPLOYER)
    mine = number(born="19850312")
    wanted = person(make, "王晓岚", account.actor.employer_id, mine).id
    other_number = number()
    person(make, "王晓岚", make.employer(), other_number)
    old_form = mine[:6] + mine[8:17]
    for typed in (mine, f" {mine[:6]} {mine[6:]}", old_form):
        assert ask(make, web, account.actor, typed) == wanted
    assert ask(make, web, account.actor, other_number) is None, "somebody else's employee"
    assert ask(make, web, account.actor, number()) is None, "nobody's number"
    assert searches() == [("王晓岚", wanted)] * 3 + [("没有找到", None)] * 2
    kept = db.session.execute(text("SELECT string_agg(a::text, ' ') FROM audit_entries a"))
    assert mine not in kept.scalar_one()


def test_a_part_of_a_number_is_refused_before_anything_is_looked_up(
    make: Factory, web: Flask
) -> None:
    account = make.account(Role.EMPLOYER)
    mine = number()
    person(make, "王晓岚", account.actor.employer_id, mine)
    for typed in (mine[:17], mine[6:], "", "王晓岚"):
        with pytest.raises(Invalid) as refusal:
            ask(make, web, account.actor, typed)
        assert [entry["field"] for entry in refusal.value.facts["errors"]] == ["id_number"]
    assert searches() == []


def test_a_number_is_found_while_keys_are_being_changed(make: Factory, web: Flask) -> None:
    account = make.account(Role.EMPLOYER)
    mine = number()
    wanted = person(make, "王晓岚", account.actor.employer_id, mine).id
    newer: Keyring = make.settings.keyring().with_new_key()
    with as_web(web, account.actor):
        row = finding.by_id_number(newer, account.actor, mine)
        assert row is not None
        assert row.id == wanted


def test_either_number_of_a_merged_person_finds_the_person(make: Factory, web: Flask) -> None:
    unit, numbers = make.employer(), (number(), number())
    one, other = (person(make, "王晓岚", unit, each).id for each in numbers)
    authority = make.account(Role.AUTHORITY, WEIHAI).actor
    with as_web(web, authority):
        merging.merge(one, other, "同一人的两条记录")
    assert [ask(make, web, authority, each) for each in numbers] == [other, other]


CROWD = """
INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index,
                           employer_id, region_path, sector)
SELECT chr(19968 + i % 997) || chr(19968 + i % 7001), 'p' || i || ' q' || i, 'resident', '0000',
       '\\x0001', int8send(i), e.id, e.region_path, e.sector
FROM generate_series(1, 20000) i JOIN (
    SELECT *, row_number() OVER () AS number, count(*) OVER () AS units FROM employers
) e ON e.number = 1 + i % e.units
"""


@pytest.mark.parametrize("q", ["王", "王晓", "wangxiaolan", "wxl", ""])
@pytest.mark.parametrize("role", [Role.EMPLOYER, Role.AUTHORITY])
def test_no_search_reads_through_all_people(make: Factory, web: Flask, role: Role, q: str) -> None:
    account = make.account(role)
    for _ in range(100):
        db.session.add(make.employer(YINCHUAN))
    make.employer()
    db.session.execute(text(CROWD))
    db.session.commit()
    db.session.execute(text("ANALYZE professionals"))
    db.session.commit()
    person(make, "王晓岚", account.actor.employer_id or make.employer())
    with as_web(web, account.actor):
        asked = finding.people(account.actor, q).order_by(*finding.ORDER).limit(51)
        query = asked.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(db.session.execute(text(f"EXPLAIN {query}".replace(":", r"\:"))).scalars())
        assert "Seq Scan on professionals" not in plan, plan
