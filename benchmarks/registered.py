"""Very many people, registered within a minute: names that sound like people's, numbers that are
well-formed and nobody's, sealed and indexed as the service does it, and no career."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import text

from ce_tracker.demo.names import invented
from ce_tracker.demo.numbers import IdNumbers
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry.models import Employer
from ce_tracker.registry.names import pinyin
from ce_tracker.sealing import Keyring

_NAMES = 20_000
_BATCH = 20_000
_COLUMNS = (
    "name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index, employer_id, region_path,"
    " sector"
)
_pinyin = cache(pinyin)


class Person(NamedTuple):
    name: str
    id_number: str


def people(count: int) -> list[Person]:
    """The same ones every time."""
    random = Random(90)
    numbers = IdNumbers(random)
    names = [invented(random, n % 2 == 0, 1965 + n % 38, "37") for n in range(_NAMES)]
    return [Person(random.choice(names), _number(random, numbers)) for _ in range(count)]


def _number(random: Random, numbers: IdNumbers) -> str:
    pick = random.random
    born = f"{1965 + int(pick() * 38)}{1 + int(pick() * 12):02d}{1 + int(pick() * 28):02d}"
    return numbers.next("resident", "37", born, female=pick() < 0.5)


def register(keyring: Keyring, who: Sequence[Person], employer: Employer) -> None:
    """All on the staff of one unit. Leaves the table as an installation of some age has it:
    vacuumed and analysed."""
    here = f"{employer.id}\t{employer.region_path}\t{employer.sector}\n"
    raw: Any = db.session.connection().connection.driver_connection
    copy = f"COPY professionals ({_COLUMNS}) FROM STDIN"
    with raw.cursor() as cursor, cursor.copy(copy) as sink:
        for lines in _lines(keyring, who, here):
            sink.write(lines)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
        alone.execute(text("VACUUM (ANALYZE) professionals"))
        alone.execute(text("CHECKPOINT"))


def _lines(keyring: Keyring, who: Sequence[Person], here: str) -> Iterator[str]:
    for start in range(0, len(who), _BATCH):
        yield "".join(
            f"{name}\t{_pinyin(name)}\tresident\t{number[-4:]}"
            f"\t\\\\x{keyring.seal(number.encode(), PLACE).hex()}"
            f"\t\\\\x{keyring.index(number.encode(), PLACE).hex()}\t{here}"
            for name, number in who[start : start + _BATCH]
        )
