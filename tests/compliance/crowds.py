"""Crowds whose lives were drawn by lot, and what becomes of them from night to night: whom the
night flags and whom a verdict on each one finds short are the same. By themselves too, for
`make torture`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from time import monotonic
from typing import NamedTuple

import hypothesis
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, insert, select, text

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import circumstances, sweeping
from ce_tracker.compliance.exemptions import Exemption
from ce_tracker.extensions import db
from ce_tracker.policy.loading import load
from ce_tracker.registry import facts
from ce_tracker.registry.dated import Employment, Merge, OfProfessional
from ce_tracker.registry.models import Professional
from tests.compliance.world import LONG_AGO, Place, World
from tests.faults.promises import Outcome
from tests.ledger.seeded import own_servers
from tests.ledger.world import NO_FIELD, Ledger, Move
from tests.policy.case_files import LOCAL

YEAR = 2025
EARLIEST, LATEST = date(2024, 12, 1), date(2026, 2, 2)
REGIONS = (
    "371002",
    "370832",
    "230113",
    "230125",
    "430181",
    "500103",
    "500235",
    "640422",
    "110000",
    "320000",
    "330000",
    "350000",
)
LEVELS = ("province", "city", "county", "township")
SECTORS = ("education", "health", "agriculture")
EDGES = (1, 750, 1500, 2999, 3000, 3001, 3999, 4500, 5999, 6000, 8999, 9000, 10_000)
REQUIRED = (0, 1, 3000, 4500, 8999, 9000, 10_000)
SESSIONS = 4
PEOPLE_A_WORLD = 500


class Credit(NamedTuple):
    session: int
    day: date
    x100: int


class Crowd:
    def __init__(
        self, world: World, random: Random, size: int, regions: Sequence[str] = REGIONS
    ) -> None:
        """A unit in each region."""
        self.world, self.pick = world, random
        self.units = [self.world.unit(self.place(region)) for region in regions]
        self.people = self._born(size)
        self._lives()
        self._ledger = Ledger(world.worker, world.make)
        self._base = world.make.account(Role.PROVIDER)
        self._upload = self._ledger.upload(self._base)
        self._sessions = [
            world.make.session(self._base, subject=subject, **said).id
            for subject, said in (("general", NO_FIELD), ("specialty", {}))
            for _ in range(SESSIONS)
        ]
        self._credits: dict[int, list[Credit]] = {person: [] for person in self.people}
        self.post([move for person in self.people for move in self.earned(person)])
        for person in random.sample(self.people, size // 5):
            self.world.let_off(person, YEAR, random.choice(REQUIRED))
        for person in random.sample(self.people, size // 4):
            self.is_the_same(person)

    def place(self, region: str) -> Place:
        pick = self.pick.choice
        return Place(region, pick(LEVELS), pick(LEVELS), pick(SECTORS), pick((True, False)))

    def day(self) -> date:
        return EARLIEST + timedelta(self.pick.randrange((LATEST - EARLIEST).days))

    def _born(self, size: int) -> list[int]:
        rows = db.session.scalars(
            text(
                "INSERT INTO professionals (name, pinyin, id_kind, id_tail, id_number_sealed,"
                " id_number_index) SELECT '王晓岚', 'wangxiaolan wxl', 'resident', '0012', x, x"
                " FROM (SELECT uuid_send(uuidv4()) AS x FROM generate_series(1, :size))"
                " RETURNING id"
            ),
            {"size": size},
        )
        return list(rows)

    def _lives(self) -> None:
        """None to three units, one after the other or with time in between."""
        spells = []
        for person in self.people:
            starts = sorted({self.day() for _ in range(self.pick.randint(0, 3))})
            if self.pick.random() < 0.7:
                starts = [LONG_AGO, *starts]
            for start, following in zip(starts, [*starts[1:], None], strict=False):
                ends = following
                if self.pick.random() < 0.3:
                    ends = min(start + timedelta(self.pick.randint(1, 400)), following or LATEST)
                if ends is None or ends > start:
                    spells.append(
                        {
                            "professional_id": person,
                            "employer_id": self.pick.choice(self.units).id,
                            "valid_from": start,
                            "valid_to": ends,
                            "known_from": clock.now(),
                            "source": "test",
                        }
                    )
        db.session.execute(insert(Employment), spells)

    # --- hours ---

    def earned(self, person: int) -> list[Move]:
        """In sessions that the person has no hours of; some are taken back in the same list."""
        moves = []
        for session in self.pick.sample(self._sessions, self.pick.randint(0, 3)):
            if any(credit.session == session for credit in self._credits[person]):
                continue
            x100 = self.pick.choice(EDGES)
            credit = Credit(session, self.day(), x100)
            moves.append(Move(person, session, x100, credit.day))
            if self.pick.random() < 0.1:
                moves.append(Move(person, session, -x100, credit.day, reason="更正"))
            else:
                self._credits[person].append(credit)
        return moves

    def taken_back(self, person: int) -> list[Move]:
        if not self._credits[person]:
            return []
        credit = self._credits[person].pop()
        return [Move(person, credit.session, -credit.x100, credit.day, reason="更正")]

    def post(self, moves: list[Move]) -> None:
        db.session.commit()
        if moves:
            self._ledger.posts(*moves, upload_id=self._upload, posted_by=self._base.user.id)
        db.session.expire_all()

    # --- what else happens ---

    def changes(self) -> None:
        """To a quarter of the people and a third of the units, between two nights."""
        moves: list[Move] = []
        for person in self.pick.sample(self.people, len(self.people) // 4):
            what = self.pick.choice(
                ("earns", "loses", "let off", "owes", "moves", "leaves", "record")
            )
            if what == "earns":
                moves += self.earned(person)
            elif what == "loses":
                moves += self.taken_back(person)
            elif what == "let off":
                self.world.let_off(person, YEAR, self.pick.choice(REQUIRED))
            elif what == "owes":
                self._withdraw(Exemption, person)
            elif what == "moves":
                self.world.works(person, self.pick.choice(self.units), self.day())
            elif what == "leaves":
                self._withdraw(Employment, person)
            else:
                self.is_the_same(person)
        for merge in self._merges()[:: self.pick.randint(2, 6)]:
            self.world.is_another(merge)
        for unit in self.pick.sample(self.units, len(self.units) // 3):
            self.world.moves(unit, self.place(self.pick.choice(REGIONS)), self.day())
        self.post(moves)

    def _withdraw(self, kind: type[OfProfessional], person: int) -> None:
        believed = select(kind).where(kind.professional_id == person, kind.known_at())
        for fact in db.session.scalars(believed.limit(1)):
            facts.withdraw(fact)

    def is_the_same(self, person: int) -> None:
        other = db.session.get_one(Professional, self.pick.choice(self.people))
        if (other.merged_into or other.id) == person or self._merges(
            Merge.professional_id == person
        ):
            return
        self.world.is_the_same(person, other.id)

    def _merges(self, *conditions: ColumnElement[bool]) -> Sequence[Merge]:
        ours = Merge.professional_id.in_(self.people)
        found = select(Merge).where(Merge.known_at(), ours, *conditions).order_by(Merge.id)
        return db.session.scalars(found).all()

    # --- the night ---

    def night(self, day: date) -> int:
        """How many flags are open after it, the same as verdicts find broken."""
        self.world.night(YEAR, day)
        ours = set(self.people)
        whole = db.session.scalars(
            select(Professional.id).where(
                Professional.id.in_(ours), Professional.merged_into.is_(None)
            )
        ).all()
        broken, doubtful = self.world.judged(whole, YEAR, day)
        assert {each for each in self.world.flagged(YEAR) if each[0] in ours} == broken
        assert {each for each in self.world.doubted(YEAR) if each[0] in ours} == doubtful
        return len(broken)


def live_through(world: World, owner: Flask, random: Random, days: list[date], size: int) -> int:
    """How many flags the nights left open, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        for app in (owner, world.worker):
            patch.setitem(app.config, "CE_POLICIES", load(LOCAL))
        patch.setattr(sweeping, "PEOPLE_A_STEP", 100)  # several steps a night
        patch.setattr(circumstances, "MARGIN", timedelta())  # what it forgets is not found by luck
        crowd = Crowd(world, random, size)
        found = 0
        for day in days:
            found += crowd.night(day)
            crowd.changes()
        return found


def worlds(world: World, owner: Flask, count: int, size: int) -> tuple[int, int]:
    """Nights, and flags that were open after them."""
    figures = [0, 0]

    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32), st.lists(st.dates(EARLIEST, LATEST), min_size=2, max_size=4))
    def every_world(seed: int, days: list[date]) -> None:
        # By itself Hypothesis would try the same few seeds again and again.
        random = Random(f"{seed} {figures[0]}")
        figures[1] += live_through(world, owner, random, sorted(days), size)
        figures[0] += len(days)

    every_world()
    return figures[0], figures[1]


def swept_as_judged(dose: int) -> Outcome:
    began = monotonic()
    with own_servers() as apps:
        nights, flags = worlds(World(apps.make, apps.worker), apps.owner, dose, PEOPLE_A_WORLD)
    return Outcome(
        "people, entries, reversals, exemptions, moves and merges by lot: after each night the"
        " flags are what a verdict on each one says",
        dose,
        kept=flags > 0,
        figures={
            "people": dose * PEOPLE_A_WORLD,
            "nights": nights,
            "flags": flags,
            "seconds": round(monotonic() - began),
        },
    )
