"""The address to which an account has its messages sent as well: entered twice, kept sealed."""

from __future__ import annotations

import re

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import audit, clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Invalid
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.notices.models import PLACE, MailAddress
from ce_tracker.sealing import Keyring

LONGEST = 254
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)


def own_address(keyring: Keyring, actor: Actor) -> str | None:
    row = db.session.get(MailAddress, actor.user_id)
    return None if row is None else keyring.open(row.address_sealed, PLACE).decode()


def enter(keyring: Keyring, actor: Actor, address: str, again: str) -> None:
    address, again = address.strip(), again.strip()
    errors = _objections(address, again)
    if errors:
        raise Invalid(errors=[{"field": name, "message": said} for name, said in errors.items()])
    values = {
        "address_sealed": keyring.seal(address.encode(), PLACE),
        "changed_at": clock.now(),
    }
    db.session.execute(
        insert(MailAddress)
        .values(user_id=actor.user_id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    audit.record("account.mail_entered", actor.login, subject_user_id=actor.user_id)


def remove(actor: Actor) -> None:
    removed = db.session.execute(
        delete(MailAddress)
        .where(MailAddress.user_id == actor.user_id)
        .returning(MailAddress.user_id)
    ).scalar_one_or_none()
    if removed is not None:
        audit.record("account.mail_removed", actor.login, subject_user_id=actor.user_id)


def _objections(address: str, again: str) -> dict[str, str]:
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        return {"address": "请填写完整的邮箱地址，如 name@example.cn。"}
    if hidden(address) != address:
        return {"address": "邮箱地址中含有证件号码，请换一个邮箱。"}
    if again != address:
        return {"again": "两次填写的邮箱地址不一样，请核对。"}
    return {}
