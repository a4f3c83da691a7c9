"""Hours over the API: one's own in one round trip, and those of whom one is in charge of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import marshmallow as ma
import psycopg
import pytest
from flask import Flask, request, request_started
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.accounts.models import ApiToken
from ce_tracker.accounts.sign_in import digest
from ce_tracker.accounts.tokens import SCOPES
from ce_tracker.actor import Role
from ce_tracker.api.hours import HoursOut
from ce_tracker.extensions import db
from ce_tracker.registry import people
from ce_tracker.registry.models import Professional
from config import Env, Settings
from tests.api.asking import Asker
from tests.factories import HUANCUI, WEIHAI, Account, Factory
from tests.http.apps import another, log_lines
from tests.ledger.world import Ledger, Move

OWN = "/me/hours"
WHY = "签到表与实际到课不符"


@pytest.fixture
def ledger(make: Factory, worker: Flask) -> Ledger:
    return Ledger(worker, make)


@pytest.fixture
def own(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.PROFESSIONAL))


@pytest.fixture
def person(make: Factory, ledger: Ledger, own: Asker) -> int:
    """With 8 hours that were corrected to 6 in June, employed in Huancui."""
    found = db.session.get_one(Professional, own.account.actor.professional_id)
    people.employ(found, make.employer(HUANCUI).id, None, date(2020, 9, 1), "test")
    base = make.account(Role.PROVIDER)
    session, upload = make.session(base).id, ledger.upload(base)
    with clock.pinned(datetime(2026, 4, 1, 10, tzinfo=clock.SHANGHAI)):
        ledger.posts(Move(found.id, session, 800), upload_id=upload)
    with clock.pinned(datetime(2026, 6, 1, 10, tzinfo=clock.SHANGHAI)):
        ledger.posts(
            Move(found.id, session, -800, reason=WHY),
            Move(found.id, session, 600),
            upload_id=upload,
        )
    return found.id


def refused(web: Flask, path: str, bearer: dict[str, str]) -> tuple[int, str]:
    answer = web.test_client().get(f"/api/v1{path}", headers=bearer)
    return answer.status_code, answer.get_json()["code"]


def test_ones_own_hours_are_those_that_the_authority_sees(
    web: Flask, make: Factory, own: Asker, person: int
) -> None:
    authority = Asker(web, make.account(Role.AUTHORITY, WEIHAI))
    mine = own.get(OWN, year=2026)
    assert mine == authority.get(f"/professionals/{person}/hours", year=2026)
    assert (mine["person"]["id"], mine["total"], len(mine["entries"])) == (person, "6", 2)
    assert mine["entries"][0]["reversal"]["reason"] == WHY


@contextmanager
def long_ways(app: Flask) -> Iterator[list[str]]:
    """What the framework gets to see meanwhile."""
    seen: list[str] = []

    def note(_: Flask, **__: Any) -> None:
        seen.append(request.full_path)

    with request_started.connected_to(note, app):
        yield seen


LONG = {"Accept": "application/json, text/html;q=0.1"}
"""Nothing that the short way looks into."""


def test_both_ways_to_an_answer_give_the_same(web: Flask, own: Asker, person: int) -> None:
    client, headers = web.test_client(), {**own.account.bearer, "X-Request-ID": "both-ways-1"}
    own.get(OWN)  # notes that the token was used

    def answers(**more: str) -> list[tuple[int, bytes, dict[str, str]]]:
        with long_ways(web) as seen:
            both = [
                client.get(f"/api/v1{OWN}?year=2026", headers={**headers, **more, **form})
                for form in ({}, LONG)
            ]
        assert len(seen) == 1
        return [(a.status_code, a.data, dict(a.headers)) for a in both]

    short, long = answers()
    assert short[0] == 200
    assert short == long
    for known in (short[2]["ETag"], f'"other", W/{short[2]["ETag"]}'):
        unchanged, the_same = answers(**{"If-None-Match": known})
        assert unchanged[0] == the_same[0] == 304
        assert unchanged[1] == the_same[1] == b""
        assert unchanged[2] == {k: v for k, v in the_same[2].items() if k != "Date"}
    changed, too = answers(**{"If-None-Match": '"other"'})
    assert changed[:2] == too[:2] == short[:2]


def test_what_is_no_plain_success_goes_the_long_way(web: Flask, make: Factory, own: Asker) -> None:
    lacking = make.token(own.account.user, ("me:read",))
    with long_ways(web) as seen:
        own.get(OWN)
        assert seen == []
        client, bearer = web.test_client(), own.account.bearer
        assert client.head(f"/api/v1{OWN}", headers=bearer).status_code == 200
        assert client.post(f"/api/v1{OWN}", headers=bearer).status_code == 405
        assert client.get(f"/api/v1{OWN}?year=1", headers=bearer).status_code == 422
        assert client.get(f"/api/v1{OWN}").status_code == 401
        wanting = {**bearer, "Accept": "text/html"}
        assert client.get(f"/api/v1{OWN}", headers=wanting).status_code == 406
        bearer = {"Authorization": f"Bearer {lacking}"}
        assert client.get(f"/api/v1{OWN}", headers=bearer).status_code == 403
    assert len(seen) == 6


def test_the_answer_is_what_its_description_says(own: Asker, person: int) -> None:
    """It is made in SQL and described in Python; nothing else holds the two together."""

    def compare(schema: ma.Schema, found: Mapping[str, Any], path: str) -> None:
        assert set(found) == set(schema.fields), path
        for name, field in schema.fields.items():
            value = found[name]
            if value is None:
                assert field.allow_none, f"{path}.{name}"
            elif isinstance(field, ma.fields.Nested):
                compare(field.schema, value, f"{path}.{name}")
            elif isinstance(field, ma.fields.List) and isinstance(field.inner, ma.fields.Nested):
                assert value
                for each in value:
                    compare(field.inner.schema, each, f"{path}.{name}")
            else:
                field.deserialize(value)

    compare(HoursOut(), own.get(OWN, year=2026), "hours")


def test_without_a_year_it_is_this_year_in_china(own: Asker) -> None:
    new_year = datetime(2026, 1, 1, tzinfo=clock.SHANGHAI)
    for moment, year in ((new_year - timedelta(seconds=1), 2025), (new_year, 2026)):
        with clock.pinned(moment):
            assert own.get(OWN)["year"] == year


@pytest.mark.parametrize(
    ("asked", "total"),
    [
        ("2026-05-01T00:00", "8"),
        ("2026-05-01T00:00:00+08:00", "8"),
        ("2026-06-01T09:59", "8"),
        ("2026-06-01T10:00", "6"),
        ("2026-06-01T02:00Z", "6"),
        ("2026-06-01T01:59Z", "8"),
        ("2026-03-31T23:59", "0"),
    ],
)
def test_as_of_a_moment_with_or_without_a_zone(
    own: Asker, person: int, asked: str, total: str
) -> None:
    assert own.get(OWN, year=2026, as_of=asked)["total"] == total


def test_a_plus_that_an_address_made_a_blank_is_a_plus(own: Asker, person: int) -> None:
    typed = f"{OWN}?year=2026&as_of=2026-05-01T00:00+08:00"
    assert own.ask("GET", typed, 200)["total"] == "8"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("year=1066", "year"),
        ("year=abc", "year"),
        ("as_of=gestern", "as_of"),
        ("as_of=0001-01-01T00:00:00%2B14:00", "as_of"),
        ("jahr=2026", "jahr"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(own: Asker, query: str, field: str) -> None:
    assert list(own.refused("GET", f"{OWN}?{query}", None)) == [field]


def test_a_moment_that_has_not_come_is_refused_each_time_that_it_is_asked_for(
    own: Asker, person: int
) -> None:
    asked = f"{OWN}?year=2026&as_of=2026-05-01T00:00"
    assert own.ask("GET", asked, 200)["total"] == "8"
    with clock.pinned(datetime(2026, 4, 2, tzinfo=clock.SHANGHAI)):
        assert list(own.refused("GET", asked, None)) == ["as_of"]


def test_who_may_not_ask_is_told_that_before_what_is_wrong_with_the_question(
    web: Flask, make: Factory
) -> None:
    scopes = tuple(set(SCOPES) - {"hours:read"})
    person = make.account(Role.PROFESSIONAL)
    first = make.account(Role.PROFESSIONAL, first_password=True)
    lacking = {"Authorization": f"Bearer {make.token(person.user, scopes)}"}
    expired = {"Authorization": f"Bearer {make.token(person.user, life=-timedelta(hours=1))}"}
    for query in ("", "?year=2025", "?year=1066"):
        for bearer in ({}, expired, {"Authorization": "Bearer nobody"}, {"Authorization": "x"}):
            assert refused(web, OWN + query, bearer) == (401, "not_signed_in"), (query, bearer)
        for role in (Role.PROVIDER, Role.EMPLOYER, Role.AUTHORITY):
            assert refused(web, OWN + query, make.account(role).bearer) == (403, "not_allowed")
        assert refused(web, OWN + query, lacking) == (403, "not_allowed")
        assert refused(web, OWN + query, first.bearer) == (403, "password_change_needed")


def test_a_demo_account_reads_nothing_in_production(
    settings: Settings, make: Factory, own: Asker
) -> None:
    own.account.user.demo = True
    db.session.commit()
    assert own.get(OWN)
    with another(settings, env=Env.PRODUCTION) as app:
        answer = app.test_client().get(f"/api/v1{OWN}", headers=own.account.bearer)
        assert answer.status_code == 401


def test_an_account_that_was_closed_reads_nothing_any_more(web: Flask, own: Asker) -> None:
    assert own.get(OWN)
    own.account.user.disabled_at = clock.now()
    db.session.commit()
    assert refused(web, OWN, own.account.bearer) == (401, "not_signed_in")


def test_who_asks_too_often_is_told_when_to_come_back(settings: Settings, own: Asker) -> None:
    with another(settings, requests_per_minute=2) as app:
        client = app.test_client()
        answers = [client.get(f"/api/v1{OWN}", headers=own.account.bearer) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 60


def test_a_read_is_logged_with_its_reader_and_marks_the_token_as_used(
    web: Flask, own: Asker
) -> None:
    with log_lines() as lines:
        own.get(OWN)
    [line] = lines()
    assert (line["route"], line["status"]) == ("/api/v1/me/hours", 200)
    assert line["user"] == str(own.account.actor.user_id)
    used = select(ApiToken.last_used_at).where(ApiToken.digest == digest(own.account.token))
    assert db.session.scalar(used) is not None


def test_the_reader_of_one_request_is_not_the_reader_of_the_next(
    web: Flask, make: Factory, own: Asker, person: int
) -> None:
    """They share connections; nothing of whoever came before is left on one."""
    others: list[Account] = [make.account(Role.PROFESSIONAL) for _ in range(3)]
    for other in others:
        assert own.get(OWN, year=2026)["person"]["id"] == person
        found = Asker(web, other).get(OWN, year=2026)
        assert found["person"]["id"] == other.actor.professional_id
        assert found["entries"] == []
        assert refused(web, OWN, {"Authorization": "Bearer nobody"}) == (401, "not_signed_in")


def test_what_was_posted_since_is_sent_with_another_etag(
    web: Flask, make: Factory, ledger: Ledger, own: Asker, person: int
) -> None:
    client = web.test_client()
    first = client.get(f"/api/v1{OWN}?year=2026", headers=own.account.bearer)
    known = {**own.account.bearer, "If-None-Match": first.headers["ETag"]}
    assert client.get(f"/api/v1{OWN}?year=2026", headers=known).status_code == 304
    base = make.account(Role.PROVIDER)
    ledger.posts(Move(person, make.session(base).id, 100), upload_id=ledger.upload(base))
    again = client.get(f"/api/v1{OWN}?year=2026", headers=known)
    assert (again.status_code, again.get_json()["total"]) == (200, "7")


def test_after_its_connections_were_cut_it_answers_again(
    settings: Settings, own: Asker, person: int
) -> None:
    assert own.get(OWN, year=2026)["total"] == "6"
    with psycopg.connect(str(settings.database_url), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'ce_web'"
        )
    assert own.get(OWN, year=2026)["total"] == "6"
