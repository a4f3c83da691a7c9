"""Training sessions over the API: opened, found, changed, published, closed, revoked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from ce_tracker import clock
from ce_tracker.actor import Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.registry.models import Provider
from ce_tracker.training.models import TrainingSession
from tests.api.asking import Asker
from tests.factories import HUANCUI, WEIHAI, YINCHUAN, Account, Factory
from tests.training import office
from tests.training.office import ENTERED

ID_NUMBER = "371002199001011234"
POSTED_AT = office.at(date(2026, 3, 9), 10)


@pytest.fixture
def account(make: Factory) -> Account:
    """Of a university, which needs no accreditation."""
    found = make.account(Role.PROVIDER, HUANCUI)
    office.known_as(found, "university")
    return found


@pytest.fixture
def provider(web: Flask, account: Account) -> Asker:
    return Asker(web, account)


@pytest.fixture
def authority(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, WEIHAI))


def acts(action: str) -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).filter_by(action=action)))


def post_hours(session_id: int) -> None:
    """As the worker does when the first hours are posted."""
    row = db.session.get_one(TrainingSession, session_id)
    row.first_posted_at = POSTED_AT
    db.session.commit()


def test_a_session_goes_from_draft_to_published_to_closed_and_open_again(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED, 201)
    assert ENTERED.items() <= made.items()
    assert made["series"] == "school"
    assert (made["state"], made["year"], made["notes"]) == ("draft", 2026, [])
    address = f"/sessions/{made['id']}"
    assert provider.get(address) == made
    published = provider.post(f"{address}/publish", None)
    assert published["state"] == "published"
    assert published["published_at"] is not None
    closed = provider.post(f"{address}/close", None)
    assert (closed["state"], closed["closed_at"] is None) == ("closed", False)
    again = provider.post(f"{address}/publish", None)
    assert again == published
    entries = [acts(f"session.{act}") for act in ("published", "closed", "reopened")]
    assert [len(found) for found in entries] == [1, 1, 1]
    assert entries[0][0].subject == f"{made['code']} {made['title']}"


def test_publishing_or_closing_twice_is_once(provider: Asker) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    for act in ("publish", "close"):
        assert provider.post(f"{address}/{act}", None) == provider.post(f"{address}/{act}", None)
    assert len(acts("session.published")) == len(acts("session.closed")) == 1


def test_a_draft_is_not_closed(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED, 201)
    refused = provider.post(f"/sessions/{made['id']}/close", None, 409)
    assert "草稿" in refused["detail"]


def test_sessions_without_a_number_get_the_next_of_their_year(
    provider: Asker, web: Flask, make: Factory
) -> None:
    def code(asker: Asker = provider, **more: Any) -> str:
        return str(asker.post("/sessions", ENTERED | more, 201)["code"])

    assert code() == "2026-0001"
    assert code(code="2026-0011") == "2026-0011"
    assert code(code="2026-春季") == "2026-春季"
    assert code() == "2026-0012"
    new_year: dict[str, Any] = {
        "starts_at": "2025-12-30T09:00:00+08:00",
        "ends_at": "2025-12-31T16:00:00Z",
    }
    assert code(**new_year) == "2026-0013"
    assert code(**new_year | {"ends_at": "2025-12-31T15:59:59Z"}) == "2025-0001"
    assert code(Asker(web, make.account(Role.PROVIDER))) == "2026-0001"


def test_a_number_is_one_sessions_within_a_provider(
    provider: Asker, web: Flask, make: Factory
) -> None:
    first = provider.post("/sessions", ENTERED | {"code": "春-1"}, 201)
    refused = provider.post("/sessions", ENTERED | {"code": " 春-1 "}, 409)
    assert "春-1 已用于“2026 年初中语文骨干教师培训班”" in refused["errors"][0]["message"]
    other = provider.post("/sessions", ENTERED | {"code": "春-2"}, 201)
    provider.patch(f"/sessions/{other['id']}", {"code": "春-1"}, 409)
    assert provider.get(f"/sessions/{other['id']}")["code"] == "春-2"
    provider.patch(f"/sessions/{first['id']}", {"code": "春-3"})
    provider.patch(f"/sessions/{other['id']}", {"code": "春-1"})
    Asker(web, make.account(Role.PROVIDER)).post("/sessions", ENTERED | {"code": "春-1"}, 201)


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"code": "一班 二班"}, "code", "字母、数字、汉字"),
        ({"code": "1/2"}, "code", "字母、数字、汉字"),
        ({"code": ID_NUMBER}, "code", "证件号码"),
        ({"title": f"王晓岚 {ID_NUMBER}"}, "title", "证件号码"),
        ({"title": " \t "}, "title", "请填写班次名称"),
        ({"title": "一班\x07"}, "title", "不能保存的字符"),
        ({"place": None}, "place", "线下培训请填写地点"),
        ({"place": ""}, "place", "1 到 100 个字符"),
        ({"hours": "0"}, "hours", "大于 0"),
        ({"hours": "1000.01"}, "hours", "最多 1000"),
        ({"hours": "7.125"}, "hours", "最多两位小数"),
        ({"hours": 8}, "hours", "字符串"),
        ({"capacity": 0}, "capacity", "1 到"),
        ({"subject": "hobby"}, "subject", "只能是"),
        ({"series": "magic"}, "series", "没有代码为 magic"),
        ({"field": "school-99"}, "field", "没有代码为 school-99"),
        ({"series": "university"}, "field", "“语文”不属于所选的职称系列"),
        ({"subject": "general", "field": "school-02"}, "field", "公需科目不分专业"),
        (
            {"subject": "general", "field": None, "series": "school"},
            "series",
            "公需科目不分职称系列",
        ),
        ({"ends_at": ENTERED["starts_at"]}, "ends_at", "晚于开始时间"),
        ({"ends_at": "2027-03-03T09:00:01+08:00"}, "ends_at", "最长 366 天"),
        ({"starts_at": "2014-12-31T23:59:59+08:00"}, "starts_at", "应在 2015-01-01 以后"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at", "应在 2015-01-01 以后"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at", "一年之内"),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at", "最长 366 天"),
        ({"starts_at": "2026-03-02T09:00:00"}, "starts_at", "时区"),
    ],
)
def test_what_cannot_be_is_refused_in_words_beside_its_field(
    provider: Asker, change: dict[str, Any], field: str, said: str
) -> None:
    assert said in provider.refused("POST", "/sessions", ENTERED | change)[field]
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    assert said in provider.refused("PATCH", address, change)[field]
    assert provider.get(address)["title"] == ENTERED["title"]


def test_a_session_lies_at_most_a_year_ahead(provider: Asker) -> None:
    with clock.pinned(datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI)):
        last = {"starts_at": "2027-03-03T09:00:00+08:00", "ends_at": "2027-03-03T10:00:00+08:00"}
        provider.post("/sessions", ENTERED | last, 201)
        over = {"starts_at": "2027-03-03T09:00:01+08:00"}
        assert (
            "一年之内" in provider.refused("POST", "/sessions", ENTERED | last | over)["starts_at"]
        )


def test_every_field_that_is_asked_for_is_named_at_once(provider: Asker) -> None:
    assert set(provider.refused("POST", "/sessions", {})) == set(ENTERED) - {"field", "place"}


def test_a_specialty_of_no_field_is_told_what_it_does_not_prove(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED | {"field": None}, 201)
    assert (made["series"], made["field"]) == (None, None)
    [note] = made["notes"]
    assert "本专业学习培训" in note
    address = f"/sessions/{made['id']}"
    assert provider.post(f"{address}/publish", None)["notes"] == [note]
    assert provider.patch(address, {"series": "school"})["notes"] == []
    assert provider.patch(address, {"subject": "general"})["notes"] == []
    assert provider.get(address)["series"] is None


def test_a_change_touches_nothing_else_and_the_series_follows_the_field(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED, 201)
    address = f"/sessions/{made['id']}"
    changed = provider.patch(address, {"field": "university-01"})
    assert changed == made | {"field": "university-01", "series": "university"}
    online = provider.patch(address, {"online": True, "place": None, "capacity": 60})
    assert online == changed | {"online": True, "place": None, "capacity": 60}
    assert "线下" in provider.refused("PATCH", address, {"online": False})["place"]
    assert acts("session.changed") == []


def test_changing_what_was_published_is_written_down(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED, 201)
    address = f"/sessions/{made['id']}"
    provider.post(f"{address}/publish", None)
    provider.patch(address, {"title": "骨干教师培训班", "hours": "40.00"})
    [entry] = acts("session.changed")
    assert entry.facts["changed"] == ["班次名称"]
    assert entry.subject == f"{made['code']} 骨干教师培训班"


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"subject": "general"}, "科目"),
        ({"field": "school-02"}, "专业"),
        ({"field": None, "series": "university"}, "职称系列"),
        ({"purpose": "rotation"}, "培训目的"),
        ({"hours": "39.99"}, "学时"),
        ({"starts_at": "2026-03-02T09:01:00+08:00"}, "开始时间"),
        ({"ends_at": "2026-03-06T18:00:00+08:00", "title": "新名称"}, "结束时间"),
    ],
)
def test_what_hours_were_posted_for_stays_as_it_is(
    provider: Asker, change: dict[str, Any], label: str
) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    before = provider.post(f"{address}/publish", None)
    post_hours(before["id"])
    refused = provider.ask("PATCH", address, 409, json=change)
    assert label in refused["detail"]
    assert "撤销本班次" in refused["detail"]
    assert provider.get(address) == before | {"first_posted_at": POSTED_AT.isoformat()}


def test_the_rest_may_still_be_mended_and_what_stays_may_be_said_again(provider: Asker) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    post_hours(provider.post(f"{address}/publish", None)["id"])
    mended = {"title": "骨干教师培训班", "course": "单元教学", "place": "二号楼", "code": "春-1"}
    changed = provider.patch(address, ENTERED | mended | {"capacity": 80, "form": "practice"})
    assert mended.items() <= changed.items()
    assert (changed["capacity"], changed["form"]) == (80, "practice")


def test_a_base_publishes_what_it_is_accredited_for_and_changes_it_to_nothing_else(
    web: Flask, make: Factory
) -> None:
    account = make.account(Role.PROVIDER)
    office.known_as(account, "base")
    office.accredited(account, date(2026, 1, 1), date(2026, 12, 31), "school-01")
    base = Asker(web, account)
    maths = base.post("/sessions", ENTERED | {"field": "school-02"}, 201)
    refused = base.post(f"/sessions/{maths['id']}/publish", None, 409)
    assert "不包括“数学”" in refused["detail"]
    assert "威人社字〔2025〕12 号，2026-01-01 至 2026-12-31，“语文”" in refused["detail"]
    assert base.get(f"/sessions/{maths['id']}")["state"] == "draft"
    base.patch(f"/sessions/{maths['id']}", {"field": "school-01"})
    base.post(f"/sessions/{maths['id']}/publish", None)
    for change in ({"field": "school-02"}, {"starts_at": "2025-12-31T09:00:00+08:00"}):
        base.patch(f"/sessions/{maths['id']}", change, 409)
    assert base.get(f"/sessions/{maths['id']}")["field"] == "school-01"


def test_a_session_keeps_the_name_that_its_provider_had_when_it_published(
    provider: Asker, account: Account
) -> None:
    def rename(name: str) -> None:
        db.session.get_one(Provider, account.actor.provider_id).name = name
        db.session.commit()

    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    assert provider.get(address)["provider_name"] == account.actor.place
    rename("环翠学院")
    assert provider.post(f"{address}/publish", None)["provider_name"] == "环翠学院"
    rename("环翠大学")
    provider.post(f"{address}/close", None)
    assert provider.post(f"{address}/publish", None)["provider_name"] == "环翠学院"


def test_the_provider_revokes_with_a_reason_and_the_worker_is_asked_to_take_back(
    provider: Asker, account: Account
) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    session_id = provider.post(f"{address}/publish", None)["id"]
    assert "至少 4" in provider.refused("POST", f"{address}/revoke", {"reason": "无  效"})["reason"]
    assert "证件" in provider.refused("POST", f"{address}/revoke", {"reason": ID_NUMBER})["reason"]
    revoked = provider.post(f"{address}/revoke", {"reason": " 名单造假， 经查属实 "})
    assert (revoked["state"], revoked["revoked_because"]) == ("revoked", "名单造假， 经查属实")
    [entry] = acts("session.revoked")
    assert (entry.reason, entry.region_path) == ("名单造假， 经查属实", account.actor.region_path)
    job = db.session.scalars(select(Job).filter_by(kind="revoke-session")).one()
    assert (job.key, job.payload) == (str(session_id), {"session_id": session_id})
    assert job.region_path == account.actor.region_path


def test_what_was_revoked_is_neither_changed_nor_brought_back(provider: Asker) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    provider.post(f"{address}/publish", None)
    revoked = provider.post(f"{address}/revoke", {"reason": "重复办班"})
    for act, body in (("publish", None), ("close", None), ("revoke", {"reason": "再撤一次"})):
        assert "已撤销" in provider.post(f"{address}/{act}", body, 409)["detail"]
    provider.patch(address, {"title": "换个名字"}, 409)
    assert provider.get(address) == revoked


def test_a_draft_that_was_given_up_is_still_nobody_elses_business(
    provider: Asker, authority: Asker, web: Flask, make: Factory
) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    person = Asker(web, make.account(Role.PROFESSIONAL))
    person.get(address, 404)
    provider.post(f"{address}/revoke", {"reason": "不办了，作废"})
    person.get(address, 404)
    assert person.get("/sessions")["items"] == []
    assert authority.get(address)["state"] == "revoked"
    assert db.session.scalars(select(Job).filter_by(kind="revoke-session")).all() == []


def test_whoever_is_in_charge_may_revoke_and_nothing_else(
    provider: Asker, authority: Asker
) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    provider.post(f"{address}/publish", None)
    for method, path in (("POST", "/publish"), ("POST", "/close"), ("PATCH", "")):
        authority.ask(method, address + path, 403, json={"title": "另一个名字"})
    authority.post("/sessions", ENTERED, 403)
    revoked = authority.post(f"{address}/revoke", {"reason": "未按方案实施培训"})
    assert provider.get(address) == revoked


@pytest.mark.parametrize("role", [Role.EMPLOYER, Role.PROFESSIONAL])
def test_who_comes_reads_what_is_published_and_writes_nothing(
    provider: Asker, web: Flask, make: Factory, role: Role
) -> None:
    draft = provider.post("/sessions", ENTERED, 201)
    public = provider.post("/sessions", ENTERED, 201)
    provider.post(f"/sessions/{public['id']}/publish", None)
    reader = Asker(web, make.account(role, YINCHUAN))
    assert [row["id"] for row in reader.get("/sessions")["items"]] == [public["id"]]
    assert reader.get(f"/sessions/{public['id']}")["title"] == public["title"]
    reader.get(f"/sessions/{draft['id']}", 404)
    reader.post("/sessions", ENTERED, 403)
    reader.post(f"/sessions/{public['id']}/revoke", {"reason": "与我无关"}, 403)


def test_what_is_published_elsewhere_is_read_but_not_in_hand(
    provider: Asker, web: Flask, make: Factory
) -> None:
    address = f"/sessions/{provider.post('/sessions', ENTERED, 201)['id']}"
    public = provider.post(f"{address}/publish", None)
    for foreign in (
        make.account(Role.PROVIDER, HUANCUI),
        make.account(Role.AUTHORITY, YINCHUAN),
        make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH),
    ):
        asker = Asker(web, foreign)
        assert asker.get(address) == public
        assert asker.get("/sessions")["items"] == []
        named = asker.get("/sessions", provider=public["provider_id"])["items"]
        assert [row["id"] for row in named] == [public["id"]]
        asker.post(f"{address}/revoke", {"reason": "不归我管的"}, 404)
        if foreign.actor.role is Role.PROVIDER:
            asker.patch(address, {"title": "我的班"}, 404)
            asker.post(f"{address}/close", None, 404)


def test_lists_are_narrowed_down_and_read_page_by_page(
    provider: Asker, authority: Asker, account: Account, make: Factory
) -> None:
    general = {"subject": "general", "series_code": None, "field_code": None}
    days = {name: office.at(date(2025, 12, 31), hour) for name, hour in
            (("starts_at", 9), ("ends_at", 17))}  # fmt: skip
    march = make.session(account, title="语文骨干教师培训", code="A-1").id
    draft = make.session(account, state="draft", title="100%在线班", code="A-2", **general).id
    last_year = make.session(account, title="去年的班", code="b_1", **days).id
    elsewhere = make.session(make.account(Role.PROVIDER, HUANCUI), title="别处的语文培训").id

    def ids(asker: Asker = provider, **query: Any) -> list[int]:
        return [row["id"] for row in asker.get("/sessions", **query)["items"]]

    assert ids() == [draft, march, last_year]
    assert ids(authority) == [elsewhere, draft, march, last_year]
    assert ids(authority, provider=account.actor.provider_id) == [draft, march, last_year]
    assert ids(q="语文") == [march]
    assert ids(q="a-") == [draft, march]
    assert ids(q="100%在") == [draft]
    assert ids(q="_") == [last_year]
    assert ids(state="draft") == [draft]
    assert ids(subject="specialty") == [march, last_year]
    assert ids(year=2025) == [last_year]
    first = authority.get("/sessions", limit=3)
    rest = authority.get("/sessions", limit=3, cursor=first["next_cursor"])
    assert [row["id"] for row in first["items"] + rest["items"]] == ids(authority)
    assert rest["next_cursor"] is None


def test_the_hours_of_a_session_never_pass_through_a_float(provider: Asker) -> None:
    made = provider.post("/sessions", ENTERED | {"hours": "59.99"}, 201)
    assert made["hours"] == "59.99"
    stored = db.session.execute(text("SELECT hours_x100 FROM training_sessions")).scalar_one()
    assert stored == 5999


def test_a_session_over_for_years_can_still_be_entered_late(provider: Asker) -> None:
    start = datetime(2015, 1, 1, tzinfo=clock.SHANGHAI)
    late = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=8)).isoformat()}
    assert provider.post("/sessions", ENTERED | late, 201)["year"] == 2015
