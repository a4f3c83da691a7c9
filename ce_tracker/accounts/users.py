"""Opening an account, and changing its password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from ce_tracker import audit, clock
from ce_tracker.accounts import passwords
from ce_tracker.accounts.models import Password, User, WebSession
from ce_tracker.accounts.proof import knows_password
from ce_tracker.accounts.sign_in import count_attempt, forget_attempts
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.errors import Conflict, Invalid, NotFound
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring

CHANGES_IN_A_WINDOW = 10

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")


@dataclass(frozen=True)
class Binding:
    """What an account is bound to."""

    role: Role
    region_path: str
    sector: Sector | None = None
    provider_id: int | None = None
    employer_id: int | None = None
    professional_id: int | None = None


def open_account(
    login: str,
    display_name: str,
    password: str,
    binding: Binding,
    *,
    demo: bool = False,
    argon2: str | None = None,
) -> User:
    """Whoever opens it knows the password, so its owner must choose another at first use. Many
    accounts with one password (the demo) may bring its hash, which takes its time by design."""
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("登录名应为 3 到 40 个小写字母、数字或 . _ -，以字母或数字开头。")
    if re.fullmatch(r"\d{15}|\d{17}[\dx]", login):
        raise Invalid("不能用身份证号作登录名。")
    if db.session.scalar(select(User.id).where(User.login == login)):
        raise Conflict(f"登录名 {login} 已被使用，请换一个。")
    if (objection := passwords.objection(password, login)) and not demo:
        raise Invalid(objection)
    user = User(
        login=login,
        display_name=display_name,
        role=binding.role,
        region_path=binding.region_path,
        sector=binding.sector,
        provider_id=binding.provider_id,
        employer_id=binding.employer_id,
        professional_id=binding.professional_id,
        must_change_password=not demo,
        demo=demo,
        created_at=clock.now(),
    )
    db.session.add(user)
    db.session.flush()
    db.session.add(
        Password(
            user_id=user.id,
            argon2=argon2 or passwords.hashed(password),
            changed_at=clock.now(),
        )
    )
    audit.record("account.created", login, subject_user_id=user.id)
    db.session.flush()
    return user


def change_password(keyring: Keyring, actor: Actor, current: str, new: str, again: str) -> None:
    """The owner's own change; every other sign-in of theirs ends with it.

    Guesses at the current password are counted, or whoever finds an open browser could find out
    the password at leisure.
    """
    counted = count_attempt(keyring, {f"change {actor.login}": CHANGES_IN_A_WINDOW})
    problems = []
    if not knows_password(actor, current):
        problems.append({"field": "current", "message": "当前密码不正确。"})
    if objection := passwords.objection(new, actor.login):
        problems.append({"field": "new", "message": objection})
    elif new == current:
        problems.append({"field": "new", "message": "新密码不能与当前密码相同。"})
    elif new != again:
        problems.append({"field": "again", "message": "两次输入的新密码不一致。"})
    if problems:
        raise Invalid("密码没有修改。", errors=problems)
    db.session.execute(select(func.change_own_password(passwords.hashed(new), clock.now())))
    end_sessions(actor, except_id=actor.web_session_id)
    forget_attempts(counted)
    audit.record("account.password_changed", actor.login, subject_user_id=actor.user_id)


def reset_password(login: str, password: str) -> None:
    """By the operator, for somebody who has forgotten it; as good as a first password."""
    user = _by_login(login)
    db.session.execute(
        update(Password)
        .where(Password.user_id == user.id)
        .values(argon2=passwords.hashed(password), changed_at=clock.now())
    )
    user.must_change_password = True
    db.session.execute(
        update(WebSession)
        .where(WebSession.user_id == user.id, WebSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    audit.record("account.password_reset", user.login, subject_user_id=user.id)
    db.session.flush()


def set_disabled(login: str, *, disabled: bool) -> None:
    """From now on its sign-ins and tokens open nothing, or do so again."""
    user = _by_login(login)
    user.disabled_at = clock.now() if disabled else None
    action = "account.disabled" if disabled else "account.enabled"
    audit.record(action, user.login, subject_user_id=user.id)
    db.session.flush()


def _by_login(login: str) -> User:
    user = db.session.scalar(select(User).where(User.login == login.strip().lower()))
    if user is None:
        raise NotFound(f"没有登录名为 {login} 的账号。")
    return user


def end_sessions(
    actor: Actor, *, only_id: UUID | None = None, except_id: UUID | None = None
) -> int:
    """Revoke one's own sign-ins; says how many."""
    statement = (
        update(WebSession)
        .where(WebSession.visible_to(actor), WebSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(WebSession.id)
    )
    if only_id is not None:
        statement = statement.where(WebSession.id == only_id)
    if except_id is not None:
        statement = statement.where(WebSession.id != except_id)
    return len(db.session.execute(statement).all())
