"""Who may call a route.

Every route carries an `Access`; a test walks the routes and finds one that does not. The order of
refusals is always the same: 401 who are you, 403 not with your role, then whatever the route
itself says, and a 404 there is the same for what is missing and for what is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ce_tracker.actor import Actor, Role
from ce_tracker.errors import NotAllowed, NotSignedIn, PasswordChangeNeeded

View = TypeVar("View", bound=Callable[..., Any])
EVERYBODY = frozenset(Role)


@dataclass(frozen=True)
class Access:
    roles: frozenset[Role]
    """Empty: anybody, signed in or not."""
    scope: str | None = None
    """What a token must have been given; nothing: no token opens it."""
    before_password_change: bool = False
    """May be used with a first password: changing it, and signing out."""

    @property
    def public(self) -> bool:
        return not self.roles

    def check(self, actor: Actor | None) -> None:
        if self.public:
            return
        if actor is None:
            raise NotSignedIn
        if actor.role not in self.roles:
            raise NotAllowed(f"这项功能不对“{actor.role.label}”账号开放。")
        if actor.token_scopes is not None and self.scope not in actor.token_scopes:
            raise NotAllowed(f"这个令牌没有 {self.scope} 权限。")
        if actor.must_change_password and not self.before_password_change:
            raise PasswordChangeNeeded


PUBLIC = Access(frozenset())


def guarded(access: Access) -> Callable[[View], View]:
    """Put the rule on the view, where the test about routes looks for it."""

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark
