"""Accounts. Passwords stand apart (`passwords`) so that the web's database role, which must read
users, has no right to read a single hash: it asks the database's own functions instead."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base
from ce_tracker.registry.models import in_charge

Moment = DateTime(timezone=True)


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("login = lower(login) AND login <> ''", name="login"),
        CheckConstraint(
            "CASE role"
            " WHEN 'provider' THEN provider_id IS NOT NULL"
            " AND num_nonnulls(employer_id, professional_id, sector) = 0"
            " WHEN 'employer' THEN employer_id IS NOT NULL"
            " AND num_nonnulls(provider_id, professional_id, sector) = 0"
            " WHEN 'professional' THEN professional_id IS NOT NULL"
            " AND num_nonnulls(provider_id, employer_id, sector) = 0"
            " WHEN 'authority' THEN num_nonnulls(provider_id, employer_id, professional_id) = 0"
            " ELSE false END",
            name="binding",
        ),
        Index(None, "region_path"),
        Index(None, "professional_id", postgresql_where=text("professional_id IS NOT NULL")),
        Index(None, "employer_id", postgresql_where=text("employer_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    login: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    role: Mapped[str]
    region_path: Mapped[str] = mapped_column(ForeignKey("regions.path"))
    """Of an authority what it is in charge of, of all others where they are."""
    sector: Mapped[str | None]
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"))
    employer_id: Mapped[int | None] = mapped_column(ForeignKey("employers.id"))
    professional_id: Mapped[int | None] = mapped_column(ForeignKey("professionals.id"))
    must_change_password: Mapped[bool]
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    """A sign-in whose password is printed in the README, or whoever acted for another provider of
    the demo, who has no password."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        own = cls.id == actor.user_id
        if actor.role is Role.AUTHORITY and actor.sector is None:
            return or_(own, in_charge(actor, cls.region_path))
        return own


class Password(Base):
    __tablename__ = "passwords"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    argon2: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(Moment)


class WebSession(Base):
    """A sign-in on a page. The browser holds a secret; here is only its SHA-256."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    device: Mapped[str]
    address: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id


class ApiToken(Base):
    """A secret that acts for its user within `scopes`. Shown once; here is only its SHA-256."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index(None, "user_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    prefix: Mapped[str]
    """The first characters, by which its owner recognises it."""
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= clock.now() else "active"

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id


class SignInAttempt(Base):
    """A sign-in that has not succeeded, under each of the buckets that it counts for."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "bucket", "at"), Index(None, "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    bucket: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(Moment)
