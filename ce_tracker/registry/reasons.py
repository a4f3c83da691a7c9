"""What somebody must write down before they may do a thing to a person's record."""

from __future__ import annotations

from ce_tracker.errors import Invalid
from ce_tracker.identity import hidden

SHORTEST, LONGEST = 4, 200


def written(text: str, field: str, name: str) -> str:
    """As it is kept for everybody concerned to read, for ever; so nothing in it that must not be.

    `field` is the form's, `name` what the form calls it."""
    tidy = " ".join(text.split())
    if objection := _objection(tidy, name):
        raise Invalid(objection, errors=[{"field": field, "message": objection}])
    return tidy


def _objection(text: str, name: str) -> str | None:
    if len(text) < SHORTEST:
        return f"请写明{name}，至少 {SHORTEST} 个字。"
    if len(text) > LONGEST:
        return f"{name}最多 {LONGEST} 个字。"
    if hidden(text) != text:
        return f"{name}会长期保存，请不要在其中写证件号码。"
    return None
