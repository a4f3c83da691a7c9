"""Asking again for the password, before an act that a browser left open must not be enough for.

A wrong one counts in the very buckets that a sign-in counts in (`sign_in.py`), or here would be
where to guess.
"""

from __future__ import annotations

from sqlalchemy import func, select

from ce_tracker import audit
from ce_tracker.accounts import passwords
from ce_tracker.accounts.sign_in import Visitor, buckets, count_attempt, forget_attempts
from ce_tracker.actor import Actor
from ce_tracker.errors import NotAllowed
from ce_tracker.extensions import db
from ce_tracker.sealing import Keyring


class WrongProofError(NotAllowed):
    title = "密码不正确"
    remedy = "请输入您登录时使用的密码。"


def require_password(keyring: Keyring, visitor: Visitor, actor: Actor, password: str) -> None:
    """Commits by itself what must be remembered of an attempt, whatever becomes of it."""
    if actor.web_session_id is None:
        raise NotAllowed("这项操作只能在网页上由本人登录后进行，不能用令牌。")
    counted = count_attempt(keyring, buckets(keyring, visitor, actor.login))
    if not knows_password(actor, password):
        audit.record(
            "account.proof_refused",
            actor.login,
            subject_user_id=actor.user_id,
            address=visitor.address,
        )
        db.session.commit()
        raise WrongProofError
    forget_attempts(counted)


def knows_password(actor: Actor, password: str) -> bool:
    """Whoever calls this counts the attempt first."""
    argon2: str | None = db.session.scalar(
        select(func.password_of(actor.login).table_valued("user_id", "argon2").c.argon2)
    )
    return passwords.matches(argon2, password)
