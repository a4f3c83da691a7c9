"""An actor sees what it may and nothing else, twice over: by `visible_to` and by row security.

Tables are found in PostgreSQL's catalogue and models in the mapper, so a new one is covered by
itself: the tests then say what the world below lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ce_tracker import clock
from ce_tracker.accounts.models import ApiToken, Password, SignInAttempt, User, WebSession
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.audit import AuditEntry
from ce_tracker.extensions import Base, act_as, db
from ce_tracker.idempotency import IdempotentAnswer
from ce_tracker.jobs import Heartbeat, Job, State
from config import DatabaseRole, Settings
from tests.compliance.scattered import judged
from tests.factories import HUANCUI, SHANDONG, WEIHAI, YINCHUAN, Factory
from tests.ledger.world import scattered
from tests.notices.world import told
from tests.promotions.duties import scattered_duties
from tests.promotions.rows import applied
from tests.registry.lists import scattered_lists
from tests.registry.world import registry, rosters

PUBLIC = {
    "regions": "public knowledge",
    "heartbeats": "when the worker was last seen; /readyz asks without a sign-in",
    "alembic_version": "the number of a migration; /readyz asks without a sign-in",
    "title_series": "a catalogue, the same for everybody",
    "fields": "a catalogue, the same for everybody",
}
"""Tables that the web may read without row security, each with its reason."""

NAMELESS = {
    "sign_in_attempts": "keyed digests that name nobody, counted before anybody has signed in",
    "policy_versions": "rules are public, also those of long ago",
    "policies_known": "and when they were known",
    "rulesets": "which rules were found together",
    "year_closings": "which years are closed, and by whom",
    "directories_in_force": "which approved list is in force where; the lists are public",
    "sweeps": "when everybody was judged, and how many flags opened and closed",
    "postings": "the chain's digests and times; whose they are is not among what the web reads",
}
"""Tables whose rows the web may read whoever asks, each with its reason."""

ANNOUNCED = {
    "training_sessions": ("published_at IS NOT NULL", "what was published is for all to come to"),
    "directories": ("state = 'approved'", "a list that was approved is public"),
    "directory_lines": (
        "directory_id IN (SELECT id FROM directories WHERE state = 'approved')",
        "and so are its lines",
    ),
}
"""Tables of which whoever has signed in sees some rows: which, and why."""

REGIONS = ("000000", SHANDONG, WEIHAI, HUANCUI, YINCHUAN)

CORRECTED = (
    "accreditations",
    "appointments",
    "appraisals",
    "directories_in_force",
    "employer_facts",
    "employer_funds",
    "exemptions",
    "provider_facts",
    "service_spells",
    "titles",
)
"""Facts that the web may add and end its belief in; of employments and merges it may not."""

WRITES = {
    "web_sessions": {"INSERT", "UPDATE"},
    "api_tokens": {"INSERT", "UPDATE"},
    "sign_in_attempts": {"INSERT", "DELETE"},
    "jobs": {"INSERT", "UPDATE"},
    "audit_entries": {"INSERT"},
    "idempotent_answers": {"INSERT", "UPDATE"},
    "employers": {"INSERT", "UPDATE"},
    "providers": {"INSERT", "UPDATE"},
    **{table: {"INSERT", "UPDATE"} for table in CORRECTED},
    "roster_imports": {"INSERT", "UPDATE"},
    "year_closings": {"INSERT"},
    "late_decisions": {"INSERT"},
    "training_sessions": {"INSERT", "UPDATE"},
    "uploads": {"INSERT", "UPDATE"},
    "upload_pages": {"DELETE"},
    "message_reads": {"INSERT"},
    "mail_addresses": {"INSERT", "UPDATE", "DELETE"},
    "mails": {"UPDATE"},
    "application_seats": {"INSERT"},
    "applications": {"INSERT", "UPDATE"},
    "promotion_verdicts": {"INSERT"},
    "promotion_overrides": {"INSERT"},
    "application_events": {"INSERT"},
    "directories": {"INSERT", "UPDATE"},
    "directory_lines": {"INSERT", "UPDATE", "DELETE"},
    "directory_steps": {"INSERT"},
}
"""All that the web may write, however little of it; anything else is refused."""


ENTERED = sorted(
    {
        *("provider_name", "code", "title", "course", "subject", "series_code", "field_code"),
        *("purpose", "form", "online", "place", "starts_at", "ends_at", "hours_x100", "capacity"),
        *("state", "published_at", "closed_at", "revoked_at", "revoked_because"),
    }
)
"""What of a session the web may update, as long as no hours are posted of it."""


STEPS = sorted(
    {
        *("state", "employers_word", "recommended_at", "submitted_on", "year", "verdict_id"),
        *("examiners_word", "examined_at"),
    }
)
"""What of an application changes with its state."""


def world(make: Factory, seed: int) -> list[Actor]:
    """Rows in every table, of people in many places; committed. Who they are."""
    random = Random(seed)
    now = clock.now()
    paths = [make.path(code) for code in REGIONS]

    def kept(*rows: Any) -> None:
        db.session.add_all(rows)
        db.session.flush()

    there = registry(make, random, paths)
    employers, providers, people = there.employers, there.providers, there.people
    users = []
    for i in range(14):
        role = random.choice(list(Role)) if i >= len(Role) else list(Role)[i]
        users.append(
            User(
                login=f"user-{i}",
                display_name=f"用户{i}",
                role=role,
                region_path=random.choice(paths),
                sector=random.choice([None, *Sector]) if role is Role.AUTHORITY else None,
                provider_id=random.choice(providers).id if role is Role.PROVIDER else None,
                employer_id=random.choice(employers).id if role is Role.EMPLOYER else None,
                professional_id=random.choice(people).id if role is Role.PROFESSIONAL else None,
                must_change_password=False,
                created_at=now,
            )
        )
    kept(*users)
    rosters(there, users[0].id)
    scattered(there, users[0].id, random)
    judged(there, random)
    applied(there, make.settings.keyring(), users, random)
    told(make, users, random)
    scattered_lists(make, paths, users, random)
    scattered_duties(paths, there, random)
    ids: list[UUID | None] = [None, *(user.id for user in users)]
    life = {"created_at": now, "expires_at": now + timedelta(hours=1)}
    for user in users:
        kept(
            Password(user_id=user.id, argon2="$argon2id$secret", changed_at=now),
            WebSession(digest=uuid4().bytes, user_id=user.id, device="x", last_seen_at=now, **life),
            ApiToken(
                digest=uuid4().bytes, prefix="ce_x", user_id=user.id, name="x", scopes=[], **life
            ),
            IdempotentAnswer(
                user_id=user.id, key_digest=uuid4().bytes, request_index=b"x", made_at=now
            ),
        )
    for i in range(30):
        kept(
            Job(
                kind="tidy",
                key=str(i),
                payload={},
                due_at=now,
                created_at=now,
                state=random.choice(list(State)),
                asked_by=random.choice(ids),
                region_path=random.choice([None, *paths]),
            ),
            AuditEntry(
                at=now,
                actor_name="x",
                action="token.created",
                subject="x",
                actor_id=random.choice(ids),
                subject_user_id=random.choice(ids),
                professional_id=random.choice([None, *(person.id for person in people)]),
            ),
        )
    kept(SignInAttempt(bucket=b"x", at=now), Heartbeat(name="worker", at=now))
    db.session.commit()
    return [
        Actor(
            user_id=user.id,
            login=user.login,
            display_name=user.display_name,
            role=Role(user.role),
            region_path=user.region_path,
            place="",
            employer_id=user.employer_id,
            provider_id=user.provider_id,
            professional_id=user.professional_id,
            sector=Sector(user.sector) if user.sector else None,
        )
        for user in users
    ]


def stranger(make: Factory) -> Actor:
    """Signed in, and with nothing in the world that is theirs or in their charge."""
    return Actor(
        user_id=uuid4(),
        login="stranger",
        display_name="陌生人",
        role=Role.PROFESSIONAL,
        region_path=make.path(YINCHUAN),
        place="",
        professional_id=999_999,
    )


@contextmanager
def as_web(settings: Settings, actor: Actor | None) -> Iterator[psycopg.Connection]:
    """Raw SQL in the web's database role, with the actor set as the application sets it."""
    with psycopg.connect(settings.database_for(DatabaseRole.WEB)) as connection:
        for name, value in (actor.scope() if actor else {}).items():
            connection.execute("SELECT set_config(%s, %s, true)", (f"ce.{name}", value))
        yield connection
        connection.rollback()


def tables(make: Factory, condition: str = "true") -> list[str]:
    found = db.session.execute(
        text(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
            f" AND relnamespace = 'public'::regnamespace AND {condition} ORDER BY relname"
        )
    )
    return list(found.scalars())


def readable(make: Factory) -> list[str]:
    return tables(make, "has_any_column_privilege('ce_web', oid, 'SELECT')")


def count(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def announced(table: str) -> int:
    """How many rows of it somebody sees for having signed in alone."""
    which, _ = ANNOUNCED.get(table, ("false", ""))
    query = text(f"SELECT count(*) FROM {table} WHERE {which}")
    return int(db.session.execute(query).scalar_one())


def scoped_models() -> list[Any]:
    return [
        mapper.class_
        for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
        if hasattr(mapper.class_, "visible_to")
    ]


def test_every_table_that_the_web_may_read_has_row_security_or_a_reason(make: Factory) -> None:
    secured = set(tables(make, "relrowsecurity"))
    assert set(readable(make)) - secured == set(PUBLIC)
    assert secured.isdisjoint(PUBLIC)


def test_no_view_reads_past_row_security(make: Factory) -> None:
    loose = tables(
        make,
        "relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
        " AND has_any_column_privilege('ce_web', oid, 'SELECT')",
    )
    assert loose == []


def test_every_table_with_rows_of_somebodys_says_whom_they_are_visible_to(make: Factory) -> None:
    scoped = {model.__tablename__ for model in scoped_models()}
    assert set(readable(make)) - set(PUBLIC) - set(NAMELESS) - scoped == set(), (
        "give the model a visible_to(actor)"
    )


def test_a_stranger_sees_no_row_of_any_table(make: Factory, settings: Settings) -> None:
    world(make, seed=1)
    with as_web(settings, stranger(make)) as connection:
        for table in readable(make):
            if table in PUBLIC or table in NAMELESS:
                continue
            there = db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            assert there > 0, f"tests/test_isolation.py: put rows of {table} into world()"
            assert count(connection, table) == announced(table), table


def test_nobody_sees_no_row_of_any_table(make: Factory, settings: Settings) -> None:
    world(make, seed=1)
    with as_web(settings, None) as connection:
        seen = {table: count(connection, table) for table in readable(make)}
    assert {table for table, rows in seen.items() if rows} == set(PUBLIC) | set(NAMELESS)


def test_an_authority_without_a_region_sees_nothing(make: Factory, settings: Settings) -> None:
    """A setting that was forgotten must not mean everything."""
    world(make, seed=1)
    lost = replace(stranger(make), role=Role.AUTHORITY, region_path="", professional_id=None)
    with as_web(settings, lost) as connection:
        for table in set(readable(make)) - set(PUBLIC) - set(NAMELESS):
            assert count(connection, table) == announced(table), table


@pytest.mark.parametrize("seed", range(4))
def test_visible_to_and_row_security_show_the_same_rows(
    make: Factory, settings: Settings, seed: int
) -> None:
    actors = [*world(make, seed), stranger(make)]
    some_but_not_all = set()
    for actor in actors:
        with as_web(settings, actor) as connection:
            for model in scoped_models():
                key = list(model.__table__.primary_key.columns)
                allowed = set(db.session.execute(select(*key).where(model.visible_to(actor))).all())
                names = sql.SQL(", ").join(sql.Identifier(column.name) for column in key)
                shown = connection.execute(
                    sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(model.__tablename__))
                ).fetchall()
                assert set(shown) == {tuple(row) for row in allowed}, (actor, model)
                there = len(db.session.execute(select(*key)).all())
                if 0 < len(shown) < there:
                    some_but_not_all.add(model.__tablename__)
    scoped = {model.__tablename__ for model in scoped_models()} - set(PUBLIC) - set(NAMELESS)
    assert some_but_not_all == scoped, "the world is too poor to tell the rules apart"


def test_the_web_writes_nothing_that_it_was_not_granted(make: Factory, settings: Settings) -> None:
    [actor, *_] = world(make, seed=1)
    for table in tables(make, "relkind IN ('r', 'p')"):
        column = db.session.execute(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass)"
                " AND attnum > 0 AND attgenerated = '' LIMIT 1"
            ),
            {"table": table},
        ).scalar_one()
        name = sql.Identifier(table)
        attempts = {
            "INSERT": sql.SQL("INSERT INTO {} DEFAULT VALUES").format(name),
            "UPDATE": sql.SQL("UPDATE {} SET {c} = {c}").format(name, c=sql.Identifier(column)),
            "DELETE": sql.SQL("DELETE FROM {}").format(name),
            "TRUNCATE": sql.SQL("TRUNCATE {}").format(name),
        }
        for what, attempt in attempts.items():
            if what in WRITES.get(table, set()):
                continue
            with (
                as_web(settings, actor) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(attempt)


def test_the_web_cannot_change_the_identity_or_owner_of_what_it_may_update(make: Factory) -> None:
    columns = db.session.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE grantee = 'ce_web' AND privilege_type = 'UPDATE' ORDER BY 1, 2"
        )
    ).all()
    assert [tuple(row) for row in columns] == [
        ("accreditations", "known_to"),
        ("api_tokens", "revoked_at"),
        *(("applications", name) for name in STEPS),
        ("appointments", "known_to"),
        ("appraisals", "known_to"),
        *(("directories", name) for name in ("in_force_from", "state", "state_since")),
        ("directories_in_force", "known_to"),
        *(
            ("directory_lines", name)
            for name in ("address", "employer_id", "name", "problems", "remark", "subsidy")
        ),
        ("employer_facts", "known_to"),
        ("employer_funds", "known_to"),
        *(("employers", name) for name in ("name", "pinyin", "region_path", "sector")),
        ("exemptions", "known_to"),
        ("idempotent_answers", "answer_sealed"),
        ("jobs", "attempts"),
        ("jobs", "due_at"),
        ("jobs", "error"),
        ("jobs", "finished_at"),
        ("jobs", "state"),
        ("mail_addresses", "address_sealed"),
        ("mail_addresses", "changed_at"),
        *(("mails", name) for name in ("attempts", "due_at", "error", "state")),
        ("provider_facts", "known_to"),
        *(("providers", name) for name in ("name", "pinyin", "region_path", "sector")),
        ("roster_imports", "file_sealed"),
        ("roster_imports", "state"),
        ("service_spells", "known_to"),
        ("titles", "known_to"),
        *(("training_sessions", name) for name in ENTERED),
        ("uploads", "agreed_by"),
        *(("uploads", name) for name in ("file_sealed", "post_asked", "reason", "state")),
        ("web_sessions", "revoked_at"),
    ]


def test_what_the_web_may_update_it_cannot_update_of_others(
    make: Factory, settings: Settings
) -> None:
    world(make, seed=1)
    with as_web(settings, stranger(make)) as connection:
        for change in (
            "UPDATE api_tokens SET revoked_at = now()",
            "UPDATE web_sessions SET revoked_at = now()",
            "UPDATE idempotent_answers SET answer_sealed = ''",
            "UPDATE jobs SET state = 'waiting'",
            "UPDATE employers SET name = 'x'",
            "UPDATE providers SET name = 'x'",
            "UPDATE roster_imports SET state = 'applying'",
            "UPDATE training_sessions SET title = 'x'",
            "UPDATE uploads SET state = 'posting'",
            "UPDATE directories SET state = 'filed'",
            "UPDATE directory_lines SET name = 'x'",
            "DELETE FROM directory_lines",
            "DELETE FROM upload_pages",
            "UPDATE applications SET state = 'withdrawn'",
            *(f"UPDATE {table} SET known_to = now()" for table in CORRECTED),
        ):
            assert connection.execute(change.encode()).rowcount == 0, change


def test_no_id_number_can_be_read_or_tried_out_by_the_web(
    make: Factory, settings: Settings
) -> None:
    """Sealed it is handed out by `reveal_id_number()` alone, which writes down that it was."""
    for actor in world(make, seed=1):
        with as_web(settings, actor) as connection:
            for query in (
                "SELECT id_number_sealed FROM professionals",
                "SELECT * FROM professionals",
                "SELECT p FROM professionals p",
                "SELECT id_number_sealed FROM roster_rows",
                "SELECT id_number_index FROM roster_rows",
                "SELECT id_number_sealed FROM held_rows",
                "SELECT id_number_index FROM held_rows",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(query.encode())
                connection.rollback()


def test_the_web_moves_nobody_into_or_out_of_anybodys_sight(
    make: Factory, settings: Settings
) -> None:
    """Who employs a person, and who is one person, decides who sees whom."""
    for actor in world(make, seed=1):
        with as_web(settings, actor) as connection:
            for attempt in (
                "INSERT INTO merges SELECT * FROM merges",
                "UPDATE merges SET known_to = now()",
                "INSERT INTO employments SELECT * FROM employments",
                "UPDATE employments SET known_to = now()",
                "UPDATE professionals SET employer_id = 1",
                "UPDATE professionals SET merged_into = 1",
                "INSERT INTO professionals (name) VALUES ('x')",
                "SELECT settle_person(1, CURRENT_DATE)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(attempt.encode())
                connection.rollback()


@pytest.mark.parametrize(
    "attempt",
    [
        (
            "INSERT INTO web_sessions"
            " (digest, user_id, device, created_at, last_seen_at, expires_at)"
            " SELECT 'x', id, 'x', now(), now(), now() + interval '1 day' FROM u"
        ),
        (
            "INSERT INTO api_tokens (digest, prefix, user_id, name, scopes, created_at, expires_at)"
            " SELECT 'x', 'x', id, 'x', '{me:read}', now(), now() + interval '1 day' FROM u"
        ),
        (
            "INSERT INTO idempotent_answers (user_id, key_digest, request_index, made_at)"
            " SELECT id, 'x', 'x', now() FROM u"
        ),
        (
            "INSERT INTO jobs (kind, key, payload, due_at, asked_by, created_at)"
            " SELECT 'tidy', 'x', '{}', now(), id, now() FROM u"
        ),
        (
            "INSERT INTO audit_entries (at, actor_id, actor_name, action, subject)"
            " SELECT now(), id, 'x', 'token.created', 'x' FROM u"
        ),
        (
            "INSERT INTO appraisals"
            " (professional_id, grade, valid_from, known_from, recorded_by, source)"
            " SELECT 1, 'excellent', now(), now(), id, 'x' FROM u"
        ),
        (
            "INSERT INTO year_closings (year, asked_at, asked_by, asked_by_name)"
            " SELECT 1999, now(), id, 'x' FROM u"
        ),
        (
            "INSERT INTO roster_imports (employer_id, asked_by, file_name, file_index, typed, mode,"
            " as_of, state, created_at)"
            " SELECT 1, id, 'x', 'x', false, 'full', now(), 'reading', now() FROM u"
        ),
        (
            "INSERT INTO training_sessions (provider_id, provider_name, code, title, course,"
            " subject, purpose, form, online, starts_at, ends_at, hours_x100, state, created_by,"
            " created_at) SELECT 1, 'x', 'x', 'x', 'x', 'general', 'ordinary', 'class', true,"
            " now(), now() + interval '1 day', 800, 'draft', id, now() FROM u"
        ),
        (
            "INSERT INTO uploads (provider_id, asked_by, file_name, file_index, typed, mode,"
            " post_asked, state, created_at)"
            " SELECT 1, id, 'x', 'x', false, 'add', false, 'reading', now() FROM u"
        ),
        (
            "INSERT INTO promotion_overrides"
            " (application_id, rules, reason, granted_at, granted_by, granted_by_name)"
            " SELECT 1, '{6}', 'x', now(), id, 'x' FROM u"
        ),
        (
            "INSERT INTO application_events (application_id, at, what, actor_id, actor_name)"
            " SELECT 1, now(), 'submitted', id, 'x' FROM u"
        ),
        (
            "INSERT INTO applications (professional_id, employer_id, region_path, sector, level,"
            " track, series_code, drafted_at) SELECT 1, 1, '000000', 'other', 'junior', 'unified',"
            " 'school', now() FROM u"
        ),
    ],
)
def test_the_web_adds_nothing_in_somebody_elses_name(
    make: Factory, settings: Settings, attempt: str
) -> None:
    [other, *_] = world(make, seed=1)
    with as_web(settings, stranger(make)) as connection:
        query = f"WITH u AS (SELECT '{other.user_id}'::uuid AS id) {attempt}"
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(query.encode())


def test_no_hash_of_a_password_can_be_read_by_the_web(make: Factory, settings: Settings) -> None:
    actors = world(make, seed=1)
    for actor in actors:
        with as_web(settings, actor) as connection:
            for query in ("SELECT argon2 FROM passwords", "SELECT count(*) FROM passwords"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(query)
                connection.rollback()


def test_functions_with_the_owners_rights_trust_no_temporary_table(make: Factory) -> None:
    """Unless named, the temporary schema comes first: `CREATE TEMP TABLE users` would be read."""
    trusting = db.session.execute(
        text(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND NOT coalesce('search_path=public, pg_temp' = ANY(proconfig), false)"
        )
    )
    assert trusting.scalars().all() == []


def test_only_what_was_granted_may_be_executed(make: Factory) -> None:
    open_to_all = db.session.execute(
        text(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))"
        )
    )
    assert open_to_all.scalars().all() == []


def test_neither_role_of_the_service_can_step_around_row_security(make: Factory) -> None:
    roles = db.session.execute(
        text(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname IN ('ce_web', 'ce_worker') ORDER BY 1"
        )
    )
    assert [tuple(row) for row in roles] == [
        ("ce_web", False, False, False, False),
        ("ce_worker", False, False, False, False),
    ]


def test_an_actor_does_not_leak_to_the_next_user_of_a_pooled_connection(
    make: Factory, web: Flask
) -> None:
    [actor, *_] = world(make, seed=1)

    def asks() -> tuple[int, int, str | None]:
        row = db.session.execute(
            text(
                "SELECT pg_backend_pid(), (SELECT count(*) FROM users),"
                " nullif(current_setting('ce.user_id', true), '')"
            )
        ).one()
        return row[0], row[1], row[2]

    with web.app_context():
        db.engine.dispose()  # so that there is one connection, and each of us gets it
    seen = []
    for who in (actor, None, actor, None):
        with web.app_context():
            if who is not None:
                act_as(who)
            seen.append(asks())
            db.session.commit() if len(seen) % 2 else db.session.rollback()
            db.session.remove()
    assert len({pid for pid, _, _ in seen}) == 1, "not one connection, so nothing was shown"
    assert [(rows > 0, who) for _, rows, who in seen] == [
        (True, str(actor.user_id)),
        (False, None),
        (True, str(actor.user_id)),
        (False, None),
    ]


def test_the_actor_is_told_anew_in_each_transaction_of_a_request(make: Factory, web: Flask) -> None:
    [actor, *_] = world(make, seed=1)
    with web.app_context():
        act_as(actor)
        for _ in range(2):
            assert db.session.scalars(select(User.id).where(User.id == actor.user_id)).all()
            db.session.commit()
        act_as(None)
        assert db.session.scalars(select(User.id)).all() == []
        db.session.remove()


def test_the_worker_writes_no_accounts_password_away(make: Factory, worker: Flask) -> None:
    """What the worker may not do at all: remove people, passwords or the audit."""
    world(make, seed=1)
    with worker.app_context():
        for table in ("users", "passwords", "audit_entries"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                db.session.execute(text(f"DELETE FROM {table}"))
            db.session.rollback()
