"""/duties: each sees their own, by rule, open or over."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.promotions.duty_flags import DutyFlag
from tests.api.asking import Asker, employed
from tests.factories import HUANCUI, YINCHUAN, Account, Factory
from tests.promotions.duties import duty


@pytest.fixture
def school(make: Factory) -> Account:
    return make.account(Role.EMPLOYER, HUANCUI)


def _ended(flag: DutyFlag) -> None:
    flag.closed_at, flag.closed_on = clock.now(), clock.today()


def test_an_employer_sees_those_of_its_people_and_its_own(
    web: Flask, make: Factory, school: Account
) -> None:
    employer_id = school.actor.employer_id or 0
    person = employed(make, employer_id)
    elsewhere = employed(make, make.employer(YINCHUAN).id, "李远")
    duty(7, professional_id=person.id)
    duty(7, professional_id=elsewhere.id)
    duty(13, "undetermined", employer_id=employer_id)
    duty(14, region_path=make.path(HUANCUI))
    db.session.commit()
    found = Asker(web, school).get("/duties")["items"]
    assert [(each["rule"], each["subject"]["kind"], each["subject"]["id"]) for each in found] == [
        ("employer_fund", "employer", employer_id),
        ("training_after_promotion", "person", person.id),
    ]
    assert found[1]["subject"] == {
        "kind": "person",
        "id": person.id,
        "code": None,
        "name": "王晓岚",
        "id_tail": person.id_tail,
        "employer": school.actor.place,
    }
    assert (found[1]["document"], found[1]["clause"]) == ("鲁人社字〔2020〕42号", "七")


def test_they_are_narrowed_by_rule_and_by_whether_they_are_over(
    web: Flask, make: Factory, school: Account
) -> None:
    person = employed(make, school.actor.employer_id or 0)
    _ended(duty(7, professional_id=person.id))
    duty(7, professional_id=person.id)
    duty(11, "met", professional_id=person.id)
    db.session.commit()
    asker = Asker(web, school)

    def asked(**query: Any) -> list[tuple[str, bool]]:
        return [
            (each["rule"], each["closed_on"] is None)
            for each in asker.get("/duties", **query)["items"]
        ]

    training, right = ("training_after_promotion", True), ("right_by_service", True)
    assert asked() == [right, training]
    assert asked(rule="training_after_promotion") == [training]
    assert asked(state="closed") == [("training_after_promotion", False)]
    assert len(asked(state="all")) == 3
    assert asker.get("/duties/counts")["rules"] == [
        {"rule": "training_after_promotion", "label": "晋升后的培训", "subjects": 1, "good": 0},
        {"rule": "right_by_service", "label": "凭基层工作年限的倾斜", "subjects": 1, "good": 1},
    ]


def test_they_come_in_pages(web: Flask, make: Factory, school: Account) -> None:
    for name in ("赵一", "钱二", "孙三"):
        duty(7, professional_id=employed(make, school.actor.employer_id or 0, name).id)
    db.session.commit()
    asker = Asker(web, school)
    first = asker.get("/duties", limit=2)
    rest = asker.get("/duties", limit=2, cursor=first["next_cursor"])
    names = [each["subject"]["name"] for page in (first, rest) for each in page["items"]]
    assert (names, rest["next_cursor"]) == (["孙三", "钱二", "赵一"], None)


def test_an_authority_sees_its_counties_and_a_person_only_themselves(
    web: Flask, make: Factory
) -> None:
    own = make.account(Role.PROFESSIONAL, HUANCUI)
    duty(10, "short", professional_id=own.actor.professional_id, due_on=clock.today())
    duty(10, "short", professional_id=employed(make, make.employer(HUANCUI).id, "李远").id)
    duty(14, region_path=make.path(HUANCUI))
    db.session.commit()
    [mine] = Asker(web, own).get("/duties")["items"]
    assert (mine["subject"]["id"], mine["by"]) == (
        own.actor.professional_id,
        clock.today().isoformat(),
    )
    found = Asker(web, make.account(Role.AUTHORITY, HUANCUI)).get("/duties")["items"]
    assert found[0]["subject"]["code"] == HUANCUI
    assert found[0]["subject"]["name"] == "威海市环翠区"
    assert Asker(web, make.account(Role.AUTHORITY, YINCHUAN)).get("/duties")["items"] == []
