"""People over the API: found, read as of any day and moment, corrected by those who answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.clock import SHANGHAI
from ce_tracker.extensions import db
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import Appraisal, Merge, Title
from ce_tracker.registry.models import Employer, Professional
from tests.api.asking import SINCE, Asker, employed, titled
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Factory

TITLE = {
    "name": "高级教师",
    "level": "associate_senior",
    "track": "unified",
    "series": "school",
    "field": None,
    "valid_from": "2024-12-20",
}
APPOINTMENT = {
    "level": "intermediate",
    "track": "unified",
    "series": "school",
    "valid_from": "2020-01-01",
}
SPELL = {
    "unit": "孙家疃镇初级中学",
    "region": HUANCUI,
    "rural": True,
    "township": True,
    "valid_from": "2018-09-01",
    "valid_to": "2019-09-01",
}
APPRAISAL = {"year": 2025, "grade": "excellent"}
KINDS: dict[str, dict[str, Any]] = {
    "titles": TITLE,
    "appointments": APPOINTMENT,
    "service-spells": SPELL,
    "appraisals": APPRAISAL,
}


@pytest.fixture
def employer(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.EMPLOYER))


@pytest.fixture
def person(make: Factory, employer: Asker) -> Professional:
    return employed(make, employer.account.actor.employer_id or 0)


def test_an_employer_finds_its_people_by_name_and_by_sound(
    make: Factory, employer: Asker, person: Professional
) -> None:
    unit = employer.account.actor.employer_id or 0
    employed(make, unit, "阿依古丽·麦麦提", "外科")
    employed(make, make.employer().id, "王晓峰")

    def names(**query: Any) -> list[str]:
        return [row["name"] for row in employer.get("/professionals", **query)["items"]]

    assert names() == ["阿依古丽·麦麦提", "王晓岚"]
    assert names(q="王") == names(q="wangxiao") == names(q="wxl") == names(q="WXL") == ["王晓岚"]
    assert names(q="阿依古丽•麦") == ["阿依古丽·麦麦提"]
    assert names(q="晓岚") == names(q="%") == names(q="angxiao") == []
    assert names(department="外科") == ["阿依古丽·麦麦提"]


def test_a_list_shows_the_highest_title_and_can_be_narrowed_to_its_level(
    employer: Asker, person: Professional
) -> None:
    titled(person, level="junior", name="二级教师", valid_from=date(2015, 1, 1))
    titled(person)
    (row,) = employer.get("/professionals")["items"]
    assert row["title"] == {"name": "一级教师", "level": "intermediate"}
    assert row["department"] == "数学组"
    assert len(employer.get("/professionals", title_level="intermediate")["items"]) == 1
    assert employer.get("/professionals", title_level="full_senior")["items"] == []


def test_of_an_id_number_only_the_kind_and_the_last_four_are_shown(
    employer: Asker, person: Professional
) -> None:
    shown = employer.get(f"/professionals/{person.id}")
    assert (shown["id_kind"], shown["id_tail"]) == ("resident", person.id_tail)
    assert not any("number" in name for name in shown)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fact_is_entered_corrected_and_withdrawn_alike(
    employer: Asker, person: Professional, kind: str
) -> None:
    address = f"/professionals/{person.id}/{kind}"
    entered = employer.post(address, KINDS[kind], 201)
    assert entered["source"] == "api:employer"
    assert {name: entered[name] for name in KINDS[kind]} == KINDS[kind]
    change = (
        {"grade": "competent"}
        if kind == "appraisals"
        else {"rural": False}
        if kind == "service-spells"
        else {"valid_from": "2017-06-01"}
    )
    corrected = employer.post(
        f"{address}/{entered['id']}/correct", {"changes": change, "reason": "对照证书改正"}
    )
    assert change.items() <= corrected.items()
    employer.post(
        f"{address}/{entered['id']}/correct", {"changes": change, "reason": "再改一次吧"}, 409
    )
    employer.post(f"{address}/{corrected['id']}/withdraw", {"reason": "不是本人的"})
    name = kind.replace("-", "_")
    assert employer.get(f"/professionals/{person.id}")[name] == []
    history = employer.get(f"/professionals/{person.id}/history")[name]
    assert {row["id"] for row in history} == {entered["id"], corrected["id"]}
    assert all(row["known_to"] for row in history)
    acts = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "person.corrected").order_by(AuditEntry.id)
    ).all()
    assert [entry.facts["act"] for entry in acts] == ["entered", "corrected", "withdrawn"]
    assert {entry.professional_id for entry in acts} == {person.id}
    assert [entry.reason for entry in acts] == [None, "对照证书改正", "不是本人的"]


def test_what_was_known_then_is_answered_for_ever(
    web: Flask, make: Factory, employer: Asker, person: Professional
) -> None:
    def at(month: int) -> datetime:
        return datetime(2026, month, 1, 9, tzinfo=SHANGHAI)

    account = make.account(Role.EMPLOYER)
    unit = account.actor.employer_id or 0
    with clock.pinned(at(1)):
        who = employed(make, unit, "李敏")
        titled(who)
    asker = Asker(web, account)
    (title,) = asker.get(f"/professionals/{who.id}")["titles"]
    asker.post(
        f"/professionals/{who.id}/titles/{title['id']}/correct",
        {"changes": {"valid_from": "2021-12-01"}, "reason": "证书上是 2021 年"},
    )

    def obtained(**query: Any) -> list[str]:
        titles = asker.get(f"/professionals/{who.id}", **query)["titles"]
        return [row["valid_from"] for row in titles]

    assert obtained() == ["2021-12-01"]
    assert obtained(as_of=at(2).isoformat()) == ["2019-12-01"]
    assert obtained(on="2020-05-05") == []
    assert obtained(on="2020-05-05", as_of=at(2).isoformat()) == ["2019-12-01"]
    assert asker.get(f"/professionals/{who.id}", as_of="2025-01-01T00:00:00+08:00")["titles"] == []
    later = (clock.now() + timedelta(days=2)).isoformat()
    assert "as_of" in asker.refused("GET", f"/professionals/{who.id}?as_of={later[:19]}Z", None)


@pytest.mark.parametrize(
    ("kind", "change", "field", "said"),
    [
        ("titles", {"valid_from": "2062-12-20"}, "valid_from", "还没有到"),
        ("titles", {"valid_from": "1862-12-20"}, "valid_from", "日期过早"),
        ("titles", {"valid_from": "2024-02-30"}, "valid_from", "这样的日期"),
        ("titles", {"valid_to": "2024-12-20"}, "valid_to", "不能早于开始日期"),
        ("titles", {"series": "wizardry"}, "series", "没有这个职称系列"),
        ("titles", {"field": "health-01"}, "field", "不属于中小学教师系列"),
        ("titles", {"level": "junior"}, "level", "是副高级"),
        ("titles", {"name": " "}, "name", "请填写职称名称"),
        ("appointments", {"employer": 999_999}, "employer", "没有这个单位"),
        ("service-spells", {"region": "999999"}, "region", "没有这个代码"),
        ("service-spells", {"valid_to": "2099-01-01"}, "valid_to", "还没有到"),
        ("appraisals", {"year": 2099}, "year", "年度应在"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    employer: Asker, person: Professional, kind: str, change: dict[str, Any], field: str, said: str
) -> None:
    address = f"/professionals/{person.id}/{kind}"
    assert said in employer.refused("POST", address, KINDS[kind] | change)[field]
    for model in (Title, Appraisal):
        assert db.session.scalars(select(model)).all() == []


def test_a_second_appraisal_of_a_year_takes_the_place_of_the_first(
    employer: Asker, person: Professional
) -> None:
    address = f"/professionals/{person.id}/appraisals"
    employer.post(address, APPRAISAL, 201)
    employer.post(address, APPRAISAL | {"year": 2024}, 201)
    employer.post(address, APPRAISAL | {"grade": "incompetent"}, 201)
    shown = employer.get(f"/professionals/{person.id}")["appraisals"]
    assert [(row["year"], row["grade"]) for row in shown] == [
        (2025, "incompetent"),
        (2024, "excellent"),
    ]


def test_the_same_fact_is_not_entered_twice(employer: Asker, person: Professional) -> None:
    address = f"/professionals/{person.id}/titles"
    key = {"Idempotency-Key": "title-2024"}
    first = employer.post(address, TITLE, 201, **key)
    assert employer.post(address, TITLE, 201, **key) == first
    assert "已经登记了同样的职称" in employer.post(address, TITLE, 409)["detail"]
    assert len(db.session.scalars(select(Title)).all()) == 1


def test_a_correction_needs_a_reason_and_a_change(employer: Asker, person: Professional) -> None:
    fact = titled(person)
    address = f"/professionals/{person.id}/titles/{fact.id}"
    same = {"changes": {"name": "一级教师"}, "reason": "与证书核对"}
    assert "与原来相同" in employer.post(f"{address}/correct", same, 422)["detail"]
    assert "changes" in employer.refused("POST", f"{address}/correct", same | {"changes": {}})
    for reason in ("", "  ", "错", "     错     "):
        body = {"reason": reason}
        assert "reason" in employer.refused("POST", f"{address}/withdraw", body)


def test_of_a_past_before_it_an_employer_sees_no_other_employer(
    make: Factory, employer: Asker, person: Professional
) -> None:
    unit = employer.account.actor.employer_id or 0
    newcomer = employed(make, make.employer(YINCHUAN).id, "马骏")
    people.employ(newcomer, unit, "物理组", date(2025, 9, 1), "test")
    db.session.commit()
    history = employer.get(f"/professionals/{newcomer.id}/history")["employments"]
    assert {row["employer"] for row in history} == {unit}
    before = employer.get(f"/professionals/{newcomer.id}", on=SINCE.isoformat())
    assert before["employment"] is None


def test_an_authority_sees_and_corrects_who_is_in_its_charge_alone(
    web: Flask, make: Factory
) -> None:
    school = make.employer(HUANCUI, Sector.EDUCATION)
    clinic = make.employer(HUANCUI, Sector.HEALTH)
    teacher, doctor = employed(make, school.id, "王晓岚"), employed(make, clinic.id, "李医生")
    titled(doctor, series_code="health", name="主治医师")
    health = Asker(web, make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH))
    assert [row["id"] for row in health.get("/professionals")["items"]] == [doctor.id]
    health.get(f"/professionals/{teacher.id}", 404)
    health.post(f"/professionals/{teacher.id}/appraisals", APPRAISAL, 404)
    health.post(f"/professionals/{doctor.id}/appraisals", APPRAISAL, 201)
    appointment = APPOINTMENT | {"series": "health"}
    address = f"/professionals/{doctor.id}/appointments"
    assert "employer" in health.refused("POST", address, appointment | {"employer": school.id})
    made = health.post(address, appointment, 201)
    assert made["employer_name"] == clinic.name
    elsewhere = Asker(web, make.account(Role.AUTHORITY, YINCHUAN))
    assert elsewhere.get("/professionals")["items"] == []
    elsewhere.get(f"/professionals/{doctor.id}/history", 404)


def test_another_employers_person_and_another_persons_fact_are_not_there(
    web: Flask, make: Factory, employer: Asker, person: Professional
) -> None:
    fact = titled(person)
    other = Asker(web, make.account(Role.EMPLOYER))
    other.get(f"/professionals/{person.id}", 404)
    body = {"reason": "不是我们的人"}
    other.post(f"/professionals/{person.id}/titles/{fact.id}/withdraw", body, 404)
    colleague = employed(make, employer.account.actor.employer_id or 0, "同事")
    employer.post(f"/professionals/{colleague.id}/titles/{fact.id}/withdraw", body, 404)
    assert db.session.get_one(Title, fact.id).known_to is None


def test_a_person_reads_the_own_record_wherever_it_came_from_and_changes_nothing(
    web: Flask, make: Factory
) -> None:
    account = make.account(Role.PROFESSIONAL)
    own = db.session.get_one(Professional, account.actor.professional_id)
    unit = make.employer(YINCHUAN)
    people.employ(own, unit.id, "教务处", SINCE, "test")
    titled(own)
    asker = Asker(web, account)
    shown = asker.get("/me/record")
    assert shown["employment"]["employer_name"] == unit.name
    assert [row["name"] for row in shown["titles"]] == ["一级教师"]
    assert asker.get("/me/record", on="2019-01-01")["employment"] is None
    asker.get(f"/professionals/{own.id}", 403)
    asker.post(f"/professionals/{own.id}/titles", TITLE, 403)
    Asker(web, make.account(Role.EMPLOYER)).get("/me/record", 403)


def test_records_merged_into_one_are_read_and_corrected_as_one(
    make: Factory, employer: Asker, person: Professional
) -> None:
    double = make.professional("王晓岚")
    titled(double, name="二级教师", level="junior", valid_from=date(2012, 1, 1))
    facts.put(
        Merge(professional_id=double.id, into_id=person.id, reason="同一人", valid_from=date.min),
        "test",
    )
    double.merged_into, double.employer_id = person.id, person.employer_id
    db.session.commit()
    assert [row["id"] for row in employer.get("/professionals")["items"]] == [person.id]
    shown = employer.get(f"/professionals/{double.id}")
    assert shown["id"] == person.id
    (title,) = shown["titles"]
    employer.post(
        f"/professionals/{person.id}/titles/{title['id']}/withdraw", {"reason": "已经转评"}
    )
    assert employer.get(f"/professionals/{person.id}")["titles"] == []


def test_a_page_of_the_list_goes_on_where_the_last_ended(make: Factory, employer: Asker) -> None:
    unit = db.session.get_one(Employer, employer.account.actor.employer_id)
    for name in ("王芳", "王方", "张伟", "李娜", "李敏"):
        employed(make, unit.id, name)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        shown = employer.get("/professionals", **query)
        seen += [row["name"] for row in shown["items"]]
        if shown["next_cursor"] is None:
            break
        query["cursor"] = shown["next_cursor"]
    assert seen == ["李敏", "李娜", "王芳", "王方", "张伟"]


def test_a_person_is_found_by_the_whole_id_number_and_the_search_is_on_record(
    web: Flask, make: Factory, employer: Asker
) -> None:
    number = "11010519491231002X"
    keyring = make.settings.keyring()
    person = people.register(keyring, "张大年", number, "resident")
    people.employ(person, employer.account.actor.employer_id or 0, None, SINCE, "test")
    db.session.commit()
    (found,) = employer.post("/professionals/search", {"id_number": number.lower()})["items"]
    assert found["id"] == person.id
    other = Asker(web, make.account(Role.EMPLOYER))
    assert other.post("/professionals/search", {"id_number": number})["items"] == []
    wrong = {"id_number": "110105194912310021"}
    assert "校验不符" in employer.refused("POST", "/professionals/search", wrong)["id_number"]
    searched = db.session.scalars(
        select(AuditEntry).filter_by(action="person.searched_by_id_number").order_by(AuditEntry.id)
    ).all()
    assert [entry.professional_id for entry in searched] == [person.id, None]
    assert number not in str([(entry.subject, entry.facts) for entry in searched])
