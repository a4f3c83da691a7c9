"""The head of the ledger, signed: a line that is kept elsewhere and held against it later.

The chain shows whether something in the middle was changed; whoever takes links off its end, or
writes all of it anew, leaves a chain that is right. It is not the one that a kept head was of.
The signing key is kept outside the database, so nobody with the database alone makes a head.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.errors import BadRequest
from ce_tracker.extensions import db
from ce_tracker.ledger.chain import BEFORE_ALL
from ce_tracker.ledger.models import Posting
from ce_tracker.sealing import Keyring

USE = "ledger head"
SIGNATURE_BYTES = 32


@dataclass(frozen=True)
class Head:
    position: int
    digest: str
    posted_at: str | None
    entries: int
    """All of the ledger's up to here."""

    def said(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()

    def signed(self, keyring: Keyring) -> str:
        """One line, to be kept in an e-mail or on paper."""
        signature = urlsafe_b64encode(keyring.sign(self.said(), USE)).decode().rstrip("=")
        return json.dumps(asdict(self) | {"signature": signature})


def current() -> Head:
    last = db.session.scalar(select(Posting).order_by(Posting.position.desc()).limit(1))
    if last is None:
        return Head(0, BEFORE_ALL.hex(), None, 0)
    posted_at = last.posted_at.astimezone(clock.SHANGHAI).isoformat()
    return Head(last.position, last.digest.hex(), posted_at, _entries(last.position))


def kept(line: str, keyring: Keyring) -> Head:
    """A head that was signed here, by this key or an older one that is still kept."""
    try:
        fields = json.loads(line)
        signature = fields.pop("signature")
        head = Head(**fields)
        shown = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise BadRequest("这不是台账摘要：应是 ce-tracker ledger head 印出的一行。") from None
    if len(shown) != SIGNATURE_BYTES or not keyring.signed_by_us(head.said(), shown, USE):
        raise BadRequest(
            "台账摘要的签名不对：不是这套系统签发的，被改动过，或者签发它的密钥已经停用。"
        )
    return head


def held_against(head: Head) -> list[str]:
    """What of the ledger is not as it was when this head was its last."""
    if head.position == 0:
        return []
    name = f"保存的台账摘要（第 {head.position} 批，{head.posted_at}）"
    there = db.session.scalar(select(Posting).where(Posting.position == head.position))
    if there is None:
        newest = db.session.scalar(select(func.max(Posting.position))) or 0
        if newest < head.position:
            return [f"台账被截短：{name}之后，第 {newest + 1} 批及以后的入账不见了。"]
        return [f"台账缺少第 {head.position} 批入账，{name}中有它。"]
    if there.digest.hex() != head.digest:
        return [f"台账被改写：第 {head.position} 批入账与{name}不符。"]
    if _entries(head.position) != head.entries:
        return [f"台账被改写：到第 {head.position} 批为止的记录数与{name}不符。"]
    return []


def _entries(position: int) -> int:
    summed = select(func.sum(Posting.entries)).where(Posting.position <= position)
    return int(db.session.scalar(summed) or 0)
