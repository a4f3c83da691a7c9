"""Applications over the API: asked about, drafted, recommended, submitted, examined."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import Merge
from ce_tracker.registry.models import Employer, Professional, Provider
from ce_tracker.registry.snapshot import refresh_professionals
from ce_tracker.training.models import TrainingSession
from tests.api.asking import Asker, described
from tests.compliance.world import LONG_AGO
from tests.factories import HUANCUI, YINCHUAN, Factory
from tests.promotions.applicants import FIELD, SISTER, Applicant
from tests.registry.lists import in_force

WANTED: dict[str, Any] = {"target": "associate_senior", "track": "grassroots"}
EVERYTHING = {"word": "长期支教，学时不足部分已核实"}


@pytest.fixture
def applicant(make: Factory, web: Flask, worker: Flask) -> Applicant:
    found = Applicant.comes(make, web, worker)
    found.is_listed()
    return found


@pytest.fixture
def own(applicant: Applicant) -> Asker:
    return Asker(applicant.web, applicant.own)


@pytest.fixture
def school(applicant: Applicant) -> Asker:
    return Asker(applicant.web, applicant.school)


@pytest.fixture
def authority(applicant: Applicant) -> Asker:
    return Asker(applicant.web, applicant.authority)


def rules(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["rule"]: rule for rule in answer["rules"]}


def drafted(own: Asker, **wanted: str) -> str:
    found = own.post("/promotions", WANTED | wanted, 201)
    return f"/promotions/{found['id']}"


def test_the_answer_names_what_carries_it_with_session_provider_and_hours(
    applicant: Applicant, own: Asker
) -> None:
    session_id, _ = applicant.attends()
    answer = own.get("/promotions/check", **WANTED)
    assert answer["passes"] is True
    assert answer["person"]["id"] == applicant.person_id
    assert answer["target"]["field"] == FIELD, "that of the present title"
    learnt = rules(answer)["training_before_promotion"]
    assert (learnt["outcome"], learnt["clause"], learnt["unseen"]) == ("met", "五（一）", 0)
    [training] = learnt["proof"]
    assert (training["session_id"], training["hours"]) == (session_id, "40")
    assert (training["starts_on"], training["finished_on"]) == ("2026-03-02", "2026-03-06")
    assert training["session_title"]
    assert training["provider"]


def test_the_answer_says_what_would_make_it_hold_and_by_when(
    applicant: Applicant, own: Asker
) -> None:
    day = clock.today().replace(year=clock.today().year + 1, month=3, day=1)
    answer = own.get("/promotions/check", **WANTED, on=day.isoformat())
    assert answer["passes"] is False
    learnt = rules(answer)["training_before_promotion"]
    assert (learnt["outcome"], learnt["blocks"]) == ("failed", True)
    assert (learnt["by"], learnt["proof"]) == (day.isoformat(), [])
    assert learnt["remedy"].startswith(f"{day} 前（含当日）再完成至少一项语文专业")
    assert "要有接受本专业学习培训的经历" in learnt["quote"]


def test_a_missing_fact_is_named_with_who_can_supply_it(
    make: Factory, web: Flask, worker: Flask
) -> None:
    nobody = Applicant.comes(make, web, worker)
    answer = Asker(web, nobody.own).get("/promotions/check", **WANTED)
    learnt = rules(answer)["training_before_promotion"]
    assert learnt["outcome"] == "undetermined"
    assert "目录" in learnt["remedy"]
    assert answer["passes"] is False


def test_a_kind_of_provider_is_shown(applicant: Applicant, own: Asker) -> None:
    session_id, _ = applicant.attends()
    session = db.session.get_one(TrainingSession, session_id)
    described(db.session.get_one(Provider, session.provider_id))
    learnt = rules(own.get("/promotions/check", **WANTED))["training_before_promotion"]
    assert learnt["proof"][0]["provider_kind"] == "base"


def test_an_employer_is_told_that_it_suffices_and_not_what_was_learnt_before(
    applicant: Applicant, own: Asker, school: Asker, make: Factory
) -> None:
    applicant.attends()
    later = make.account(Role.EMPLOYER)
    unit = later.actor.employer_id or 0
    described(db.session.get_one(Employer, unit))
    in_force(make, HUANCUI, [unit], date(2026, 9, 1))
    people.employ(applicant.person, unit, None, date(2026, 9, 1), "test")
    db.session.commit()
    mine: dict[str, Any] = {"professional": applicant.person_id, **WANTED}
    answer = Asker(applicant.web, later).get("/promotions/check", **mine)
    learnt = rules(answer)["training_before_promotion"]
    assert (learnt["outcome"], learnt["proof"], learnt["unseen"]) == ("met", [], 1)
    title = own.get("/me/hours", year=2026)["entries"][0]["session"]["title"]
    assert title not in str(answer)
    assert title in str(own.get("/promotions/check", **WANTED))


def test_who_asks_for_somebody_else_must_be_in_charge_of_them(
    applicant: Applicant, own: Asker, school: Asker, authority: Asker, make: Factory
) -> None:
    mine: dict[str, Any] = {"professional": applicant.person_id, **WANTED}
    for asker in (own, school, authority):
        assert asker.get("/promotions/check", **mine)["person"]["id"] == applicant.person_id
    for stranger in (
        make.account(Role.PROFESSIONAL),
        make.account(Role.EMPLOYER),
        make.account(Role.AUTHORITY, YINCHUAN),
    ):
        Asker(applicant.web, stranger).get("/promotions/check", 404, **mine)
    said = school.ask("GET", "/promotions/check", 422, query_string=WANTED)
    assert said["errors"][0]["field"] == "professional"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"field": "none"}, "field"),
        ({"series": "health", "field": FIELD}, "field"),
        ({"series": "none"}, "series"),
        ({"target": "senior"}, "target"),
        ({"track": "both"}, "track"),
        ({"on": "2020-01-01"}, "on"),
        ({"on": "2100-01-01"}, "on"),
    ],
)
def test_what_cannot_be_applied_for_is_said_field_by_field(
    own: Asker, wanted: dict[str, str], field: str
) -> None:
    said = own.ask("GET", "/promotions/check", 422, query_string=WANTED | wanted)
    assert [error["field"] for error in said["errors"]] == [field]


def test_an_application_is_drafted_recommended_submitted_and_examined(
    applicant: Applicant, own: Asker, school: Asker, authority: Asker
) -> None:
    applicant.attends()
    draft = own.post("/promotions", WANTED | {"field": FIELD}, 201)
    one = f"/promotions/{draft['id']}"
    assert (draft["state"], draft["next"], draft["verdict"]) == ("draft", ["withdraw"], None)
    assert school.get(one)["next"] == ["recommend", "withdraw"]
    recommended = school.post(f"{one}/recommend", EVERYTHING)
    assert recommended["employers_word"] == EVERYTHING["word"]
    submitted = own.post(f"{one}/submit", None)
    assert (submitted["state"], submitted["year"]) == ("submitted", clock.today().year)
    assert submitted["verdict"]["occasion"] == "submission"
    assert rules(submitted["verdict"])["training_before_promotion"]["proof"]
    assert authority.get(one)["next"] == ["examine"]
    said = authority.refused("POST", f"{one}/examine", {"decision": "refused"})
    assert set(said) == {"reason"}
    passed = authority.post(f"{one}/examine", {"decision": "to_board"})
    assert [each["what"] for each in passed["history"]] == [
        "drafted", "recommended", "submitted", "to_board",
    ]  # fmt: skip
    assert (passed["state"], passed["next"]) == ("to_board", [])


def test_an_employer_drafts_and_submits_for_its_own_people_alone(
    applicant: Applicant, school: Asker, make: Factory
) -> None:
    applicant.attends()
    wanted = {"professional": applicant.person_id, **WANTED}
    assert school.refused("POST", "/promotions", WANTED) == {"professional": "请写明是哪一位人员。"}
    Asker(applicant.web, make.account(Role.EMPLOYER)).post("/promotions", wanted, 404)
    one = f"/promotions/{school.post('/promotions', wanted, 201)['id']}"
    school.post(f"{one}/recommend", EVERYTHING)
    assert school.post(f"{one}/submit", None)["state"] == "submitted"


def test_whoever_is_blocked_reads_each_failing_rule_and_the_attempt_stays(
    applicant: Applicant, own: Asker, school: Asker
) -> None:
    applicant.attends(field_code=SISTER)
    one = drafted(own)
    said = school.post(f"{one}/recommend", EVERYTHING, 409)
    assert (said["code"], said["type"]) == ("promotion_blocked", "/problems/promotion_blocked")
    [rule] = said["rules"]
    assert (rule["rule"], rule["outcome"]) == ("training_before_promotion", "failed")
    assert rule["remedy"]
    found = own.get(one)
    assert [each["what"] for each in found["history"]] == ["drafted", "blocked"]
    assert rules(found["verdict"])["training_before_promotion"]["blocks"] is True


def test_a_key_used_for_a_blocked_attempt_may_be_used_again(
    applicant: Applicant, own: Asker, school: Asker
) -> None:
    one = drafted(own)
    key: dict[str, Any] = {"Idempotency-Key": "a-key-of-ours"}
    school.post(f"{one}/recommend", EVERYTHING, 409, **key)
    applicant.attends()
    assert school.post(f"{one}/recommend", EVERYTHING, **key)["state"] == "recommended"
    again = school.post(f"{one}/recommend", EVERYTHING, **key)
    assert again["state"] == "recommended"
    assert len(own.get(one)["history"]) == 3


def test_nobodys_number_is_written_into_what_stays(
    applicant: Applicant, own: Asker, school: Asker
) -> None:
    applicant.attends()
    word = {"word": "证件 371002198503127110"}
    assert set(school.refused("POST", f"{drafted(own)}/recommend", word)) == {"word"}


def test_what_was_set_aside_stays_on_the_application(
    own: Asker, school: Asker, authority: Asker
) -> None:
    one = drafted(own)
    reason = {"reason": "援藏三年，已由省厅核实"}
    found = authority.post(f"{one}/override", reason)
    [override] = found["overrides"]
    assert override["rules"] == ["training_before_promotion"]
    assert override["reason"] == reason["reason"]
    school.post(f"{one}/override", reason, 403)
    school.post(f"{one}/recommend", EVERYTHING)
    assert own.post(f"{one}/submit", None)["state"] == "submitted"
    assert own.get(one)["overrides"] == [override]


def test_nothing_to_set_aside_is_a_conflict(
    applicant: Applicant, own: Asker, authority: Asker
) -> None:
    applicant.attends()
    authority.post(f"{drafted(own)}/override", {"reason": "以防万一"}, 409)


def test_a_list_is_narrowed_and_comes_in_pages(
    applicant: Applicant, own: Asker, school: Asker, authority: Asker
) -> None:
    first = drafted(own)
    second = drafted(own, track="unified")
    own.post(f"{first}/withdraw", None)
    for asker in (own, school, authority):
        assert [each["state"] for each in asker.get("/promotions")["items"]] == [
            "draft", "withdrawn",
        ]  # fmt: skip
    page = own.get("/promotions", limit=1)
    rest = own.get("/promotions", limit=1, cursor=page["next_cursor"])
    assert [f"/promotions/{each['items'][0]['id']}" for each in (page, rest)] == [second, first]

    def counted(**only: Any) -> int:
        return len(authority.get("/promotions", **only)["items"])

    assert counted(state="draft") == 1
    assert counted(track="grassroots") == 1
    assert counted(year=clock.today().year) == 2
    assert counted(year=clock.today().year - 1) == 0
    assert counted(broken="true") == 0


def test_an_unchanged_application_is_not_sent_again(applicant: Applicant, own: Asker) -> None:
    one = f"/api/v1{drafted(own)}"
    client, bearer = applicant.web.test_client(), applicant.own.bearer
    tag = client.get(one, headers=bearer).headers["ETag"]
    again = client.get(one, headers={**bearer, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_what_was_drafted_twice_is_a_conflict(own: Asker) -> None:
    drafted(own)
    own.post("/promotions", WANTED, 409)


def test_who_moved_on_is_recommended_by_nobody_there(
    applicant: Applicant, own: Asker, school: Asker, make: Factory
) -> None:
    applicant.attends()
    one = drafted(own)
    unit = make.employer()
    people.employ(applicant.person, unit.id, None, date(2026, 9, 1), "test")
    db.session.commit()
    said = school.post(f"{one}/recommend", EVERYTHING, 409)
    assert "不在申报时的单位" in said["detail"]
    assert school.get(one)["person"] is None
    assert own.post(f"{one}/withdraw", None)["state"] == "withdrawn"


def test_who_works_nowhere_cannot_submit_what_was_recommended(
    applicant: Applicant, own: Asker, school: Asker
) -> None:
    applicant.attends()
    one = drafted(own)
    school.post(f"{one}/recommend", EVERYTHING)
    people.leave(applicant.person, clock.today(), "test")
    db.session.commit()
    assert "不在申报时的单位" in own.post(f"{one}/submit", None, 409)["detail"]
    assert own.get(one)["state"] == "recommended"
    assert "没有任职单位" in own.get("/promotions/check", **WANTED)["no_way"]


def test_a_person_sees_what_was_applied_for_on_a_record_that_was_merged(
    applicant: Applicant, own: Asker, school: Asker, make: Factory
) -> None:
    applicant.attends()
    one = drafted(own)
    kept = make.account(Role.PROFESSIONAL)
    person_id = kept.actor.professional_id or 0
    people.employ(
        db.session.get_one(Professional, person_id), applicant.employer_id, None, LONG_AGO, "test"
    )
    facts.record(
        Merge(
            professional_id=applicant.person_id,
            into_id=person_id,
            reason="同一个人",
            valid_from=date.min,
        ),
        "test",
    )
    refresh_professionals([applicant.person_id, person_id], clock.today())
    db.session.commit()
    merged = Asker(applicant.web, kept)
    assert merged.get(one)["state"] == "draft"
    assert [each["id"] for each in merged.get("/promotions")["items"]]
    school.post(f"{one}/recommend", EVERYTHING)
    assert merged.post(f"{one}/submit", None)["state"] == "submitted"
    merged.post("/promotions", WANTED | {"track": "unified"}, 201)
