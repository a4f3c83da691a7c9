"""National ID numbers: where they are kept, and that they never show.

An ID number stands in the database sealed and indexed only (`ce_tracker.sealing`). As a last
line of defence everything that leaves for a log or an error passes `hidden`, which blanks out
whatever looks like one, so that a careless message cannot publish a person.
"""

from __future__ import annotations

import re

PLACE = "professionals.id_number"

# 18 digits (the last may be X), or the 15 digits of old cards, with no other digit beside them.
# Better to hide some other number than to show a person's. Our own ids are written with dashes,
# so that they never hold so long a run of digits.
_LOOKS_LIKE_ONE = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15})(?!\d)")


def masked(number: str) -> str:
    """For a page: enough to recognise one's own, too little to learn another's."""
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def hidden(text: str) -> str:
    return _LOOKS_LIKE_ONE.sub("[证件号码已隐去]", text)
