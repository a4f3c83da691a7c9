"""What a ledger must say, in plain Python: a list at a time, a line at a time, nothing set-wise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import NamedTuple


class Line(NamedTuple):
    """A line of a list. `who` and `session` count our people and sessions."""

    who: int
    session: int | None
    """Of a list of many; nothing is a number that no session has."""
    hours_x100: int | None
    day: date | None
    result: str | None
    """A word that means passed or failed, if any."""
    name_is_anothers: bool = False
    number_is_unreadable: bool = False


PASSED, FAILED = "合格", "不合格"


class Credit(NamedTuple):
    hours_x100: int
    day: date
    result: str | None


@dataclass
class Session:
    subject: str
    first: date
    last: date
    hours_x100: int
    state: str = "published"


@dataclass
class Upload:
    lines: Sequence[Line]
    session: int | None
    replace: bool


class Wait(NamedTuple):
    credit: Credit
    upload: int
    place: int
    """Among all that ever waited: the first to come stays the first."""


@dataclass
class Judged:
    """One line, on its way to an outcome."""

    line: Line
    session: int | None
    person: int | None
    credited: bool
    said: Credit | None
    """As it would be written."""
    was: list[int]
    """Records of the person that hold hours of this session."""
    problem: bool = False
    twin: bool = False
    """Another line says the same."""

    def outcome(self, book: Book) -> str:
        if self.twin:
            return "already"
        if self.problem or self.session is None:
            return "wrong"
        if self.person is None:
            return "held" if self.credited else "not_credited"
        if not self.was:
            return "new" if self.credited else "not_credited"
        held = [book.holds[record, self.session] for record in self.was]
        return "already" if self.credited and held == [self.said] else "changed"


@dataclass
class Book:
    sessions: list[Session]
    record: dict[int, int] = field(default_factory=dict)
    """Whoever of our people is registered, under which record."""
    root: dict[int, int] = field(default_factory=dict)
    """Records that were merged, into which."""
    holds: dict[tuple[int, int], Credit] = field(default_factory=dict)
    """(record, session) → what holds."""
    waiting: dict[tuple[int, int], Wait] = field(default_factory=dict)
    """(session, who) → what is held for somebody unknown."""
    postings: int = 0
    _places: Iterator[int] = field(default_factory=count)

    def person(self, who: int) -> int | None:
        record = self.record.get(who)
        return None if record is None else self.root.get(record, record)

    def standings(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(record, year) → general, specialty; without what is nothing."""
        sums: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        for (record, session), credit in self.holds.items():
            sums[record, credit.day.year][self.sessions[session].subject] += credit.hours_x100
        return {key: (said["general"], said["specialty"]) for key, said in sums.items()}

    # --- what a list would do ----------------------------------------------------------------

    def judge(self, upload: Upload) -> tuple[list[Judged], list[tuple[int, int]]]:
        """Each line that could be read, and who is in the ledger and no longer in the list."""
        readable = [line for line in upload.lines if not line.number_is_unreadable]
        given = any(line.result for line in readable)
        judged = [self._judge(upload, line, results_given=given) for line in readable]
        self._twins(judged)
        return judged, self._gone(upload, judged) if upload.replace else []

    def counts(self, upload: Upload) -> dict[str, int]:
        judged, gone = self.judge(upload)
        found = Counter(each.outcome(self) for each in judged)
        found["wrong"] += len(upload.lines) - len(judged)
        found["removed"] += len(gone)
        return dict(+found)

    def _judge(self, upload: Upload, line: Line, *, results_given: bool) -> Judged:
        number = upload.session if upload.session is not None else line.session
        person = self.person(line.who)
        failed = line.result == FAILED or line.hours_x100 == 0
        if number is None:
            return Judged(line, None, person, not failed, None, [])
        session = self.sessions[number]
        was = [] if person is None else self._holding(person, number)
        before = self.holds[was[0], number] if was else None
        day = line.day or (before.day if before else session.last)
        result = line.result or (before.result if before else None)
        hours = session.hours_x100 if not line.hours_x100 else line.hours_x100
        judged = Judged(line, number, person, not failed, Credit(hours, day, result), was)
        judged.problem = (
            (not failed and line.hours_x100 is None)
            or session.state != "published"
            or (not failed and results_given and line.result is None)
            or (not failed and (hours > session.hours_x100))
            or (
                not failed
                and line.day is not None
                and not session.first <= line.day <= session.last
            )
            or (line.name_is_anothers and person is not None)
        )
        return judged

    def _holding(self, person: int, session: int) -> list[int]:
        """Its records that hold, who has most first."""
        found = [
            record
            for (record, of), _ in self.holds.items()
            if of == session and self.root.get(record, record) == person
        ]
        return sorted(found, key=lambda record: (-self.holds[record, session].hours_x100, record))

    def _twins(self, judged: list[Judged]) -> None:
        groups: defaultdict[object, list[Judged]] = defaultdict(list)
        for each in judged:
            if not each.problem and each.session is not None:
                who = ("nobody", each.line.who) if each.person is None else each.person
                groups[each.session, who].append(each)
        for group in groups.values():
            alike = len({(each.said, each.credited) for each in group}) == 1
            for each in group[1:] if alike else group if len(group) > 1 else ():
                each.twin, each.problem = alike, True

    def _gone(self, upload: Upload, judged: Iterable[Judged]) -> list[tuple[int, int]]:
        judged = list(judged)
        of = {upload.session} if upload.session is not None else {j.session for j in judged}
        named = {
            (j.person, session)
            for j in judged
            for session in ([j.session] if j.session is not None else of)
        }
        meant = {
            line.who
            for line in upload.lines
            if line.number_is_unreadable and not line.name_is_anothers
        }
        spared = {self.record[who] for who in meant if who in self.record}
        return [
            (record, session)
            for record, session in self.holds
            if session in of
            and self.sessions[session].state == "published"
            and (self.root.get(record, record), session) not in named
            and record not in spared
        ]

    # --- what is done ------------------------------------------------------------------------

    def post(self, number: int, upload: Upload) -> None:
        judged, gone = self.judge(upload)
        outcomes = [(each, each.outcome(self)) for each in judged]
        for key in gone:
            del self.holds[key]
        moved = bool(gone)
        for each, outcome in outcomes:
            session = each.session
            if session is None or outcome not in ("new", "changed"):
                continue
            moved = True
            for record in each.was:
                del self.holds[record, session]
            if each.credited and each.person is not None and each.said is not None:
                self.holds[each.person, session] = each.said
        self.postings += moved
        self._wait(number, upload, outcomes)

    def _wait(self, number: int, upload: Upload, outcomes: list[tuple[Judged, str]]) -> None:
        for each, outcome in outcomes:
            if each.session is None or outcome == "wrong" or each.said is None:
                continue
            key = each.session, each.line.who
            if outcome == "held":
                before = self.waiting.get(key)
                place = before.place if before else next(self._places)
                self.waiting[key] = Wait(each.said, number, place)
            elif not each.twin:
                self.waiting.pop(key, None)
        if not upload.replace:
            return
        of = {each.session for each, _ in outcomes}
        named = {(each.session, each.line.who) for each, _ in outcomes}
        for session, who in list(self.waiting):
            if session in of and not {(session, who), (None, who)} & named:
                del self.waiting[session, who]

    def revoke(self, session: int) -> None:
        gone = [key for key in self.holds if key[1] == session]
        for key in gone:
            del self.holds[key]
        self.postings += bool(gone)
        self.waiting = {key: wait for key, wait in self.waiting.items() if key[0] != session}

    def night(self) -> None:
        posted = set()
        coming = sorted(self.waiting.items(), key=lambda item: item[1][1:])
        for (session, who), wait in coming:
            person = self.person(who)
            if person is None:
                continue
            del self.waiting[session, who]
            if self.sessions[session].state == "revoked" or self._holding(person, session):
                continue
            self.holds[person, session] = wait.credit
            posted.add(wait.upload)
        self.postings += len(posted)
