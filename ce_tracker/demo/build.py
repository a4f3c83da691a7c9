"""Filling an empty database with the demo; the same every time for the same seed, number of people
and day (seals apart, which are never the same twice)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, cast

import psycopg
from sqlalchemy import func, select, text

from ce_tracker import clock
from ce_tracker.accounts import passwords
from ce_tracker.accounts.models import User
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Role
from ce_tracker.demo import directories, funds, history, people, places, providers, units
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from ce_tracker.demo.attendance import Attendance
from ce_tracker.demo.careers import World
from ce_tracker.demo.cast import ACTORS
from ce_tracker.demo.copying import Copier
from ce_tracker.demo.numbers import credit_code
from ce_tracker.demo.sheets import ANCHORS, TABLES, Sheets
from ce_tracker.extensions import db
from ce_tracker.registry.models import Employer, Professional, Provider, Region
from ce_tracker.sealing import Keyring

DEFAULT_PEOPLE = 5000
DEFAULT_SEED = 1
FEWEST_PEOPLE = 200
_A_BATCH = 4000

Progress = Callable[[int], None]


def is_empty() -> bool:
    return not db.session.scalar(select(func.count()).select_from(User))


def steps(count: int) -> int:
    """How far `build` will advance: for everybody when they are there, and with their hours."""
    return 2 * count + len(DEMO_ACCOUNTS)


def build(keyring: Keyring, count: int, seed: int, advance: Progress) -> Iterator[None]:
    """`advance` is told of people and accounts as they are done. It stops wherever all that was
    done so far is whole; whoever builds commits there, since a list is posted in a transaction of
    its own. What is left of the lists after the first stop, the worker would post as well."""
    random, today = Random(seed), clock.today()
    where = places.chosen(count, today, random)
    employers = units.invented(where, today, random, _next_id(Employer))
    bases_alone = places.with_bases_alone(where, today, random)
    offered = providers.invented(where, bases_alone, today, random, _next_id(Provider))
    world = World(employers, today, random)
    sheets = Sheets(world)
    for unit in employers:
        sheets.employer(unit, credit_code(unit.id, public=unit.public))
    for provider in offered:
        sheets.provider(provider, credit_code(provider.id + 50_000_000, public=True))
    first = _next_id(Professional)
    attendance = Attendance(world, offered, seed)
    with Copier(_connection()) as copier:
        copier.send(sheets.take())
        for number, person in enumerate(people.everybody(world, employers, count)):
            people.write(sheets, keyring, first + number, person, world.today)
            attendance.note(person)
            if number % _A_BATCH == _A_BATCH - 1:
                copier.send(sheets.take())
                advance(_A_BATCH)
        copier.send(sheets.take())
    advance(count % _A_BATCH)
    _set_counters()
    known = {account.login: first + number for number, account in enumerate(ACTORS)}
    argon2 = passwords.hashed(DEMO_PASSWORD)
    for account in DEMO_ACCOUNTS:
        _open(account, known.get(account.login), argon2)
        advance(1)
    directories.approved(where, employers, today, Random(f"directories {seed}"))
    funds.entered(employers, today, Random(f"funds {seed}"))
    db.session.execute(text(f"ANALYZE {', '.join(TABLES)}"))
    yield from history.posted(keyring, attendance, offered, count, seed, advance)


def _connection() -> psycopg.Connection[Any]:
    """psycopg's own, below the session's transaction."""
    connection: Any = db.session.connection().connection.driver_connection
    return cast(psycopg.Connection[Any], connection)


def _next_id(model: type[Employer | Provider | Professional]) -> int:
    return (db.session.scalar(select(func.max(model.id))) or 0) + 1


def _set_counters() -> None:
    """The rows brought their ids along; the next one is to follow them."""
    for table in ANCHORS:
        db.session.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"  # noqa: S608  our own names
                f" (SELECT max(id) FROM {table}))"
            )
        )


def _open(account: DemoAccount, professional_id: int | None, argon2: str) -> None:
    path = db.session.scalars(select(Region.path).where(Region.code == account.region_code)).one()
    user = open_account(
        account.login,
        account.display_name,
        DEMO_PASSWORD,
        Binding(
            role=account.role,
            region_path=path,
            sector=account.sector,
            provider_id=_unit(Provider, account, path, Role.PROVIDER),
            employer_id=_unit(Employer, account, path, Role.EMPLOYER),
            professional_id=professional_id,
        ),
        demo=True,
        argon2=argon2,
    )
    user.must_change_password = account.first_password


def _unit(
    kind: type[Employer | Provider], account: DemoAccount, path: str, role: Role
) -> int | None:
    if account.role is not role:
        return None
    return db.session.scalars(
        select(kind.id).where(kind.name == account.place, kind.region_path == path)
    ).one()
