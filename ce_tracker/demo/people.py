"""The demo's people: the cast first, then as many more as were asked for."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from ce_tracker.demo import branches, cast, names
from ce_tracker.demo.branches import Branch
from ce_tracker.demo.careers import YEAR, Career, World, invented
from ce_tracker.demo.numbers import IdNumbers
from ce_tracker.demo.sheets import NOTHING, Sheets, iso
from ce_tracker.demo.units import Unit
from ce_tracker.identity import PLACE
from ce_tracker.registry.names import pinyin
from ce_tracker.sealing import Keyring

_pinyin = cache(pinyin)
# Of ten thousand: permits and foreigners' cards.
_KINDS = ((30, "hong_kong"), (40, "macao"), (60, "taiwan"), (75, "foreign_permanent"))
_YOUNGEST, _OLDEST, _COMMONEST = 22.2, 61.0, 37.0


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    id_kind: str
    id_number: str
    career: Career


def everybody(world: World, units: Sequence[Unit], count: int) -> Iterator[Person]:
    numbers = IdNumbers(world.random)
    for account in cast.ACTORS:
        part = cast.CAST[account.login]
        number = numbers.next(
            "resident", account.region_code[:2], f"{part.born:%Y%m%d}", female=part.female
        )
        career = cast.career(world, units, account)
        yield Person(account.display_name, "resident", number, career)
    shares = list(accumulate(unit.weight for unit in units))
    for _ in range(count - len(cast.ACTORS)):
        unit = units[bisect(shares, world.random.random() * shares[-1])]
        yield _somebody(world, numbers, unit)


def _somebody(world: World, numbers: IdNumbers, unit: Unit) -> Person:
    random = world.random
    branch = _branch(world, unit.kind)
    female = random.random() < (0.93 if branch is branches.NURSE else 0.5)
    born = world.today - int(random.triangular(_YOUNGEST, _OLDEST, _COMMONEST) * YEAR)
    dice = random.random() * 10_000
    kind = next((kind for below, kind in _KINDS if dice < below), "resident")
    province, day = unit.place.province, iso(born).replace("-", "")
    if kind == "resident":
        name = names.invented(random, female, int(day[:4]), province)
    else:
        name = names.foreign(random) if kind == "foreign_permanent" else names.of_hong_kong(random)
    return Person(
        name,
        kind,
        numbers.next(kind, province, day, female=female),
        invented(world, unit, branch, born, female=female),
    )


def _branch(world: World, kind: str) -> Branch:
    shares, found = _shares(kind)
    return found[bisect(shares, world.random.random() * shares[-1])]


@cache
def _shares(kind: str) -> tuple[list[int], list[Branch]]:
    return list(accumulate(share for share, _ in branches.AT[kind])), [
        branch for _, branch in branches.AT[kind]
    ]


def write(sheets: Sheets, keyring: Keyring, person_id: int, person: Person, today: int) -> None:
    """The person's own row, a copy of today's employment on it, and the career."""
    plain = person.id_number.encode()
    sealed, index = keyring.seal(plain, PLACE).hex(), keyring.index(plain, PLACE).hex()
    now = f"{NOTHING}\t{NOTHING}\t{NOTHING}\t{NOTHING}"
    for job in sorted(person.career.jobs, key=lambda job: job.begins):
        if job.begins <= today:  # who works nowhere today keeps the place of the last employer
            employed = job.ends is None or job.ends > today
            here = f"{job.unit.id}\t{job.department}" if employed else f"{NOTHING}\t{NOTHING}"
            now = f"{here}\t{job.unit.place.path}\t{job.unit.sector}"
    sheets.lines["professionals"].append(
        f"{person_id}\t{person.name}\t{_pinyin(person.name)}\t{person.id_kind}"
        f"\t{person.id_number[-4:]}\t\\\\x{sealed}\t\\\\x{index}\t{now}\n"
    )
    sheets.career(person_id, person.career)
