"""Numbers that are well-formed and nobody's.

A resident's ID number begins with the code of a county. Ours begin with a province and `99`, a
group that GB/T 2260 has never given to any city; so the checksum holds, the birthday is
believable, the province can be seen, and yet no such card was ever issued. A foreigner's carries
the country 999, which nobody is from. Permits of Hong Kong, Macao and Taiwan have one fixed region
each and leave no room there: ours have sequence numbers from 900 on, which a few hundred thousand
permits over some thirty thousand birthdays do not come near.

A unit's credit code is of the region 990000, where no authority registers anything.
"""

from __future__ import annotations

from random import Random

from ce_tracker.identity import check_character, credit_check_character

NOBODYS_GROUP = "99"
NOBODYS_REGION = "990000"
_PERMITS = {"hong_kong": "810000", "macao": "820000", "taiwan": "830000"}


class IdNumbers:
    """Hands out numbers, none of them twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()

    def next(self, kind: str, province: str, born: str, *, female: bool) -> str:
        """`born` as 19900131."""
        while True:
            body = self._beginning(kind, province) + born + self._sequence(kind, female=female)
            if body not in self._given:
                self._given.add(body)
                return body + check_character(body)

    def _beginning(self, kind: str, province: str) -> str:
        if kind == "resident":
            return f"{province}{NOBODYS_GROUP}{int(self._random.random() * 100):02d}"
        return f"9{province}999" if kind == "foreign_permanent" else _PERMITS[kind]

    def _sequence(self, kind: str, *, female: bool) -> str:
        """Men have odd numbers."""
        pairs = int(self._random.random() * 50) + 450 if kind in _PERMITS else None
        if pairs is None:
            pairs = int(self._random.random() * 500)
        return f"{pairs * 2 + (not female):03d}"


def credit_code(number: int, *, public: bool) -> str:
    """The code of the demo's unit of that number; 12 is a public institution, 91 a firm."""
    body = f"{'12' if public else '91'}{NOBODYS_REGION}{_organisation_code(number)}"
    return body + credit_check_character(body)


def _organisation_code(number: int) -> str:
    """GB 11714: eight places and a check character."""
    body = f"{number:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    check = (11 - sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11) % 11
    return body + ("X" if check == 10 else str(check))
