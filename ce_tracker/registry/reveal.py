"""The whole ID number of a person, for those who need it, before the person's own eyes.

The web's role cannot read the sealed number. A function of the database hands it out to whoever
employs the person or is in charge of them, and in the same breath writes into the audit who asked
and what for; only we, who have the keys, can open it. The number goes to the page and nowhere
else. That whoever asks has just proved who they are is the page's affair (`accounts/proof.py`).
"""

from __future__ import annotations

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.errors import NotAllowed, NotFound
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.logs import current_request_id
from ce_tracker.registry.reasons import written
from ce_tracker.sealing import Keyring

MAY_REVEAL = frozenset({Role.EMPLOYER, Role.AUTHORITY})


def reveal(keyring: Keyring, actor: Actor, professional_id: int, purpose: str) -> str:
    if actor.role not in MAY_REVEAL or actor.token_scopes is not None:
        raise NotAllowed("完整的证件号码只对登录网页的用人单位和主管部门显示，不能用令牌查看。")
    purpose = written(purpose, "purpose", "用途")
    sealed: bytes | None = db.session.scalar(
        select(
            func.reveal_id_number(
                professional_id, purpose, clock.now(), actor.display_name, current_request_id()
            )
        )
    )
    if sealed is None:
        raise NotFound
    return keyring.open(sealed, PLACE).decode()
