"""From what happened to rows: what is believed of it, and from when to when.

The service began five years ago; units were registered first and handed in their staff in the
weeks after, with all that had been until then. What came later became known some days after it
happened: until then an employment that was to end was believed to go on, so there are two rows of
it. Now and then something was wrong at first and put right later. So any day of those five years
can be asked what was known on it.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from ce_tracker.demo.careers import LEVELS, Career, World
from ce_tracker.demo.providers import Provider
from ce_tracker.demo.units import Unit
from ce_tracker.registry.names import pinyin

SOURCE = "demo"
NOTHING = r"\N"
_FIRST_DAY = date(1950, 1, 1)
_DAYS = 36_525
_ISO = [(_FIRST_DAY + timedelta(days=n)).isoformat() for n in range(_DAYS)]
_OFFSET = _FIRST_DAY.toordinal()
_CORRECTED = 0.012

TABLES = {
    "employers": "id, credit_code, name, pinyin, region_path, sector",
    "providers": "id, credit_code, name, pinyin, region_path, sector",
    "professionals": "id, name, pinyin, id_kind, id_tail, id_number_sealed, id_number_index,"
    " employer_id, department, region_path, sector",
    "employer_facts": "employer_id, name, region_path, level, affiliation, sector,"
    " public_institution",
    "provider_facts": "provider_id, name, kind, region_path, sector",
    "accreditations": "provider_id, level, document, field_codes",
    "employments": "professional_id, employer_id, department",
    "titles": "professional_id, level, track, series_code, field_code, name",
    "appointments": "professional_id, employer_id, level, track, series_code",
    "service_spells": "professional_id, region_path, unit, rural, township",
    "appraisals": "professional_id, grade",
}
"""In the order in which they refer to each other; facts have their four times and source behind."""
ANCHORS = ("employers", "providers", "professionals")


def iso(day: int) -> str:
    return _ISO[day - _OFFSET]


class Sheets:
    """Lines for COPY, table by table."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random: Random = world.random
        self.lines: dict[str, list[str]] = {table: [] for table in TABLES}

    def take(self) -> dict[str, list[str]]:
        taken, self.lines = self.lines, {table: [] for table in TABLES}
        return taken

    # --- units -----------------------------------------------------------------------------

    def employer(self, unit: Unit, code: str) -> None:
        name, path, sector = unit.name, unit.place.path, unit.sector
        self.lines["employers"].append(
            f"{unit.id}\t{code}\t{name}\t{pinyin(name)}\t{path}\t{sector}\n"
        )
        handed_in = self._registered()
        for begins, ends, called, region in unit.history:
            content = (
                f"{unit.id}\t{called}\t{region}\t{unit.level}\t{unit.affiliation}"
                f"\t{sector}\t{'t' if unit.public else 'f'}"
            )
            known = self._known(begins, handed_in, 3)
            self._tell("employer_facts", content, begins, ends, known, handed_in, 3)

    def provider(self, provider: Provider, code: str) -> None:
        name, path, sector = provider.name, provider.place.path, provider.sector
        self.lines["providers"].append(
            f"{provider.id}\t{code}\t{name}\t{pinyin(name)}\t{path}\t{sector}\n"
        )
        handed_in = self._registered()
        content = f"{provider.id}\t{name}\t{provider.kind}\t{path}\t{sector}"
        self._believe("provider_facts", content, provider.since, None, handed_in)
        for period in provider.periods:
            fields = "{" + ",".join(period.field_codes) + "}"
            content = f"{provider.id}\t{period.level}\t{period.document}\t{fields}"
            known = self._known(period.begins, handed_in, 5)
            self._believe("accreditations", content, period.begins, period.ends, known)

    # --- people ----------------------------------------------------------------------------

    def career(self, person: int, career: Career) -> None:
        handed_in, delay = self._handed_in(), self._random.randint(1, 40)
        for job in career.jobs:
            content = f"{person}\t{job.unit.id}\t{job.department}"
            known = self._known(job.begins, handed_in, delay)
            self._tell("employments", content, job.begins, job.ends, known, handed_in, delay)
        branch, series = career.branch, career.branch.series
        for title in career.titles:
            content = (
                f"{person}\t{LEVELS[title.level]}\t{title.track}\t{series}\t{career.field_code}"
                f"\t{branch.names[title.level]}"
            )
            known = self._known(title.obtained, handed_in, delay + 30)
            if self._random.random() < _CORRECTED:
                known = self._wrong_at_first("titles", content, title.obtained - 365, None, known)
            self._believe("titles", content, title.obtained, None, known)
        for post in career.posts:
            content = f"{person}\t{post.unit.id}\t{LEVELS[post.level]}\t{post.track}\t{series}"
            known = self._known(post.begins, handed_in, delay)
            self._tell("appointments", content, post.begins, post.ends, known, handed_in, delay)
        self._service_and_grades(person, career, handed_in, delay)

    def _service_and_grades(self, person: int, career: Career, handed_in: int, delay: int) -> None:
        for spell in career.spells:
            content = (
                f"{person}\t{spell.region_path}\t{spell.unit}"
                f"\t{'t' if spell.rural else 'f'}\t{'t' if spell.township else 'f'}"
            )
            known = self._known(spell.begins, handed_in, delay)
            self._tell("service_spells", content, spell.begins, spell.ends, known, handed_in, delay)
        for year, grade in career.grades:
            begins, ends = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
            known = self._known(ends, handed_in, delay + 20)
            if self._random.random() < _CORRECTED and grade == "competent":
                wrong = f"{person}\texcellent"
                known = self._wrong_at_first("appraisals", wrong, begins, ends, known)
            self._believe("appraisals", f"{person}\t{grade}", begins, ends, known)

    # --- belief ----------------------------------------------------------------------------

    def _registered(self) -> int:
        return self._world.begins + self._random.randint(1, 9)

    def _handed_in(self) -> int:
        return self._world.begins + self._random.randint(10, 80)

    def _known(self, day: int, handed_in: int, delay: int) -> int:
        return min(max(handed_in, day + delay), self._world.today - 1)

    def _tell(
        self,
        table: str,
        content: str,
        begins: int,
        ends: int | None,
        known: int,
        handed_in: int,
        delay: int,
    ) -> None:
        """What ends while the service is there was first believed to last."""
        ended = None if ends is None else self._known(ends, handed_in, delay)
        if ended is not None and ended > known:
            self._believe(table, content, begins, None, known, ended)
            known = ended
        self._believe(table, content, begins, ends, known)

    def _wrong_at_first(
        self, table: str, content: str, begins: int, ends: int | None, known: int
    ) -> int:
        """The day on which it was put right."""
        right = min(known + self._random.randint(20, 400), self._world.today - 1)
        if right <= known:
            return known
        self._believe(table, content, begins, ends, known, right)
        return right

    def _believe(
        self,
        table: str,
        content: str,
        begins: int,
        ends: int | None,
        known: int,
        until: int | None = None,
    ) -> None:
        last = NOTHING if ends is None else _ISO[ends - _OFFSET]
        over = NOTHING if until is None else f"{_ISO[until - _OFFSET]} 09:00+08"
        self.lines[table].append(
            f"{content}\t{_ISO[begins - _OFFSET]}\t{last}"
            f"\t{_ISO[known - _OFFSET]} 09:00+08\t{over}\t{SOURCE}\n"
        )
