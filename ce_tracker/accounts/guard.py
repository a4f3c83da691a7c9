"""Production does not start where somebody could come in with a password out of the README."""

from __future__ import annotations

from sqlalchemy import select

from ce_tracker.accounts.models import User
from ce_tracker.errors import SettingsError
from ce_tracker.extensions import db


def refuse_demo_accounts() -> None:
    logins = db.session.scalars(
        select(User.login).where(User.demo, User.disabled_at.is_(None)).order_by(User.login)
    ).all()
    if logins:
        raise SettingsError(
            [f"数据库中有演示账号（{'、'.join(logins)}），正式环境不得使用，请换一个数据库。"]
        )
