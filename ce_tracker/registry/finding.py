"""Finding a person by name, by sound, or by the whole ID number.

A beginning is asked for with `starts_with` throughout: it is one of the few functions that
PostgreSQL knows to leak nothing, and under row security only such may use an index (LIKE may not).
"""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import ColumnElement, Select, false, func, or_, select

from ce_tracker import audit
from ce_tracker.actor import Actor
from ce_tracker.errors import Invalid
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE, WrongNumberError, parse_id_number
from ce_tracker.registry.models import Employer, Professional, Provider
from ce_tracker.registry.names import tidy_name
from ce_tracker.sealing import Keyring

ORDER = (Professional.pinyin, Professional.id)
"""In which lists of people are read, and paged."""

_PART_OF_A_NUMBER = re.compile(r"[0-9]{6}")


def people(actor: Actor, q: str = "") -> Select[Professional]:
    """Whom the actor sees, one record a person, whose name begins or sounds like that."""
    seen = select(Professional).where(
        Professional.visible_to(actor), Professional.merged_into.is_(None)
    )
    return seen.where(called(Professional, q)) if q.strip() else seen


def called(kind: type[Employer | Provider | Professional], q: str) -> ColumnElement[bool]:
    """How the name begins (王晓), or how it sounds: in full (wangxiao) or by initials (wxl)."""
    name = tidy_name(q)
    if kind is Professional and _PART_OF_A_NUMBER.search(name):
        raise Invalid(
            "这里按姓名或拼音查找。",
            errors=[{"field": "q", "message": "按证件号码查找要填写完整的号码，请用专门的一栏。"}],
        )
    begins: ColumnElement[bool] = func.starts_with(kind.name, name) if name else false()
    sound = _sound(q)
    if not (sound.isascii() and sound.isalnum()):
        return begins
    initials = (
        Professional.initials
        if kind is Professional
        else func.split_part(kind.pinyin, " ", 2)  # units are few
    )
    return or_(begins, func.starts_with(kind.pinyin, sound), func.starts_with(initials, sound))


def by_id_number(keyring: Keyring, actor: Actor, text: str) -> Professional | None:
    """Whose number this is, if the actor may see them. That it was asked is written down either
    way; the number is not."""
    try:
        number = parse_id_number(text).canonical
    except WrongNumberError as error:
        raise Invalid(str(error), errors=[{"field": "id_number", "message": str(error)}]) from None
    found = db.session.scalar(
        select(Professional).where(
            Professional.id_number_index.in_(keyring.indexes(number.encode(), PLACE)),
            Professional.visible_to(actor),
        )
    )
    if found is not None and found.merged_into is not None:
        found = db.session.scalar(
            select(Professional).where(
                Professional.id == found.merged_into, Professional.visible_to(actor)
            )
        )
    audit.record(
        "person.searched_by_id_number",
        found.name if found else "没有找到",
        professional_id=found.id if found else None,
    )
    return found


def _sound(q: str) -> str:
    """As it is typed (Lü Xiao-lan, ＷＸＬ) to as it is kept (lvxiaolan, wxl)."""
    plain = unicodedata.normalize("NFKC", q).lower().replace("ü", "v")
    return "".join(ch for ch in plain if ch.isalnum())
