"""The roads to *submitted*: somebody whom a rule stops, and everybody who might try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from ce_tracker.actor import Actor, Role
from ce_tracker.cli import commands
from ce_tracker.extensions import db
from ce_tracker.ledger.proof import pieces
from ce_tracker.promotions import proving
from ce_tracker.promotions.models import RESTING, PromotionVerdict
from config import DatabaseRole, Settings
from tests.factories import HUANCUI, YINCHUAN, Account, Factory
from tests.promotions.applicants import Applicant


@dataclass
class Road:
    """An application that was recommended when it could be, and is stopped by now."""

    applicant: Applicant
    application: int
    passed: int
    """Somebody else's, submitted as it should be."""

    @classmethod
    def of(cls, make: Factory, web: Flask, worker: Flask) -> Road:
        stopped = Applicant.comes(make, web, worker)
        stopped.is_listed()
        session_id, _ = stopped.attends()
        application = stopped.drafts()
        stopped.is_recommended(application)
        stopped.is_reversed(session_id)
        other = Applicant.comes(make, web, worker)
        passed = other.drafts(track="unified", target="intermediate")
        other.is_recommended(passed)
        other.submits(passed)
        return cls(stopped, application, passed)

    @cached_property
    def askers(self) -> list[Account]:
        """Everybody who has to do with it, and one of each kind who has not."""
        make, applicant = self.applicant.make, self.applicant
        return [
            applicant.own,
            applicant.school,
            applicant.authority,
            *(make.account(role, HUANCUI) for role in (Role.PROFESSIONAL, Role.EMPLOYER)),
            make.account(Role.PROVIDER, HUANCUI),
            make.account(Role.AUTHORITY, YINCHUAN),
        ]

    def verdicts(self, application: int) -> list[PromotionVerdict]:
        return list(
            db.session.scalars(
                select(PromotionVerdict)
                .where(PromotionVerdict.application_id == application)
                .order_by(PromotionVerdict.id)
            )
        )

    @property
    def leads_nowhere(self) -> bool:
        return self.applicant.of(self.application).state not in RESTING


@contextmanager
def connected(
    settings: Settings, role: DatabaseRole, actor: Actor | None
) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.database_for(role), autocommit=True) as connection:
        for name, value in (actor.scope() if actor else {}).items():
            connection.execute("SELECT set_config(%s, %s, false)", (f"ce.{name}", value))
        yield connection


def everybody(road: Road) -> list[tuple[DatabaseRole, Actor | None]]:
    return [
        *((DatabaseRole.WEB, asker.actor) for asker in road.askers),
        (DatabaseRole.WEB, None),
        (DatabaseRole.WORKER, None),
        # As much as a process of the worker's could claim.
        (DatabaseRole.WORKER, road.applicant.own.actor),
    ]


def fails(connection: psycopg.Connection, statement: str, values: dict[str, Any]) -> bool:
    """Or there is nothing that it could do."""
    try:
        done = connection.execute(statement.encode(), values)
    except (psycopg.errors.InsufficientPrivilege, psycopg.IntegrityError):
        return True
    return done.rowcount == 0


def found_by_the_proof() -> list[str]:
    db.session.expire_all()
    return [
        finding
        for part in proving.PARTS.values()
        for piece in pieces(part)
        for finding in piece.findings
    ]


def run(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(commands, ["promotion", *words], env=settings.environment())
