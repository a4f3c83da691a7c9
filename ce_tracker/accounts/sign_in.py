"""Signing in on a page, and how guessing is slowed without locking the owner out.

Failures are counted in buckets:

* one device, one account: the browser of somebody who has signed in here before carries a signed
  cookie that says so, and is counted alone. An attacker elsewhere cannot use it up.
* one address, one account: where that cookie is missing.
* one account, all unknown devices: a guesser with many addresses.
* one address, all accounts: a guesser with many logins.

A full bucket means "wait", never "locked"; what it turns away counts in no other bucket, or one
guesser's refused attempts would fill the account's for everybody. An attempt is counted before
the password is looked at, under a lock, so a thousand at once are a thousand.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import delete, func, select, text

from ce_tracker import audit, clock
from ce_tracker.accounts import passwords
from ce_tracker.accounts.models import SignInAttempt, WebSession
from ce_tracker.actor import Actor
from ce_tracker.errors import NotSignedIn, TooMany
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring

WINDOW = timedelta(minutes=15)
LONGEST_SESSION = timedelta(hours=12)
SECRET_BYTES = 32
_DEVICE_NAME_LENGTH = 200


@dataclass(frozen=True)
class Visitor:
    """What a request says of who is behind it, before it has said who it is."""

    address: str
    device: str
    device_cookie: str = ""


@dataclass(frozen=True)
class SignedIn:
    actor: Actor
    secret: str
    """For the browser alone."""


class WrongPasswordError(NotSignedIn):
    title = "登录名或密码不正确"
    remedy = "请检查后重新输入；忘记密码请联系为您开通账号的单位。"


def sign_in(keyring: Keyring, visitor: Visitor, login: str, password: str) -> SignedIn:
    """Commits by itself what must be remembered of an attempt, whatever becomes of it."""
    login = login.strip().lower()
    counted = count_attempt(keyring, buckets(keyring, visitor, login))
    found = db.session.execute(
        select(func.password_of(login).table_valued("user_id", "argon2"))
    ).first()
    if not passwords.matches(found.argon2 if found else None, password):
        if found is not None:
            audit.record(
                "account.sign_in_refused",
                login,
                subject_user_id=found.user_id,
                address=visitor.address,
                device=visitor.device[:_DEVICE_NAME_LENGTH],
            )
            db.session.commit()
        raise WrongPasswordError
    actor = _enter_as(found.user_id) if found else None
    if actor is None:  # a demo account in production
        raise WrongPasswordError
    forget_attempts(counted)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    db.session.add(
        WebSession(
            digest=digest(secret),
            user_id=actor.user_id,
            device=visitor.device[:_DEVICE_NAME_LENGTH],
            address=visitor.address or None,
            created_at=clock.now(),
            last_seen_at=clock.now(),
            expires_at=clock.now() + LONGEST_SESSION,
        )
    )
    audit.record("account.signed_in", actor.login, by=actor, subject_user_id=actor.user_id)
    db.session.flush()
    return SignedIn(actor, secret)


def enter_by_session(secret: str, idle: timedelta) -> Actor | None:
    return _entered(
        db.session.execute(
            select(func.enter_by_session(digest(secret), clock.now(), idle))
        ).scalar_one()
    )


def enter_by_token(secret: str) -> Actor | None:
    return _entered(
        db.session.execute(select(func.enter_by_token(digest(secret), clock.now()))).scalar_one()
    )


def digest(secret: str) -> bytes:
    """What is kept of a secret of ours: it is random and long, so it needs no salt."""
    return sha256(secret.encode()).digest()


def device_cookie(keyring: Keyring, login: str) -> str:
    """For a browser in which `login` has signed in."""
    nonce = secrets.token_urlsafe(12)
    return f"{nonce}.{keyring.sign(_device(login, nonce), 'device').hex()}"


def _device(login: str, nonce: str) -> bytes:
    return f"{login} {nonce}".encode()


def _known_device(keyring: Keyring, visitor: Visitor, login: str) -> str | None:
    nonce, _, signature = visitor.device_cookie.partition(".")
    try:
        signed = bytes.fromhex(signature)
    except ValueError:
        return None
    return nonce if keyring.signed_by_us(_device(login, nonce), signed, "device") else None


def buckets(keyring: Keyring, visitor: Visitor, login: str) -> dict[str, int]:
    """Each bucket that this attempt counts for, and how much it holds."""
    if nonce := _known_device(keyring, visitor, login):
        named = {f"device {login} {nonce}": 10}
    else:
        named = {f"pair {login} {visitor.address}": 5, f"account {login}": 50}
    named[f"address {visitor.address}"] = 100
    return named


def count_attempt(keyring: Keyring, named: Mapping[str, int]) -> list[UUID]:
    """Count one attempt in each of the buckets, or in none where one is full; commits."""
    now = clock.now()
    buckets = {
        keyring.index(name.encode(), "sign_in_attempts.bucket"): most
        for name, most in named.items()
    }
    for bucket, most in sorted(buckets.items()):
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(encode(:b, 'hex'), 1))"),
            {"b": bucket},
        )
        earlier, first = db.session.execute(
            select(func.count(), func.min(SignInAttempt.at)).where(
                SignInAttempt.bucket == bucket, SignInAttempt.at > now - WINDOW
            )
        ).one()
        if earlier >= most:
            raise TooMany("登录尝试过多，请稍后再试。", retry_after=_seconds(first + WINDOW - now))
    attempts = [SignInAttempt(bucket=bucket, at=now) for bucket in buckets]
    db.session.add_all(attempts)
    db.session.flush()
    counted = [attempt.id for attempt in attempts]
    db.session.commit()
    return counted


def forget_attempts(counted: list[UUID]) -> None:
    """They were no guesses."""
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(counted)))


def _seconds(span: timedelta) -> int:
    return max(1, int(span.total_seconds()))


def _enter_as(user_id: UUID) -> Actor | None:
    return _entered(db.session.execute(select(func.enter_as(user_id))).scalar_one())


def _entered(facts: dict[str, object] | None) -> Actor | None:
    """The function has told PostgreSQL already; remember it for transactions to come."""
    production = current_app.config["CE_SETTINGS"].is_production
    actor = actor_of(facts, production=production)
    if actor is not None:
        db.session.info["actor"] = actor
    return actor


def actor_of(facts: dict[str, Any] | None, *, production: bool) -> Actor | None:
    """Whom the database's `enter_…` functions found, if they may come in here."""
    if facts is None:
        return None
    actor = Actor.from_facts(facts)
    if actor.demo and production:
        return None  # its password stands in the README
    return actor
