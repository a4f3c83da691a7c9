"""What was said on an earlier day is said again, whatever has become known since."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance import policies
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.extensions import db
from ce_tracker.policy.judge import Verdict
from ce_tracker.policy.loading import load
from ce_tracker.policy.words import Outcome
from ce_tracker.registry import facts
from ce_tracker.registry.dated import Employment
from tests.compliance.world import LONG_AGO, Place, World
from tests.factories import Factory
from tests.ledger.world import NO_FIELD, Ledger, Move

YEAR = 2025
LOCAL = Path(__file__).parents[1] / "policy" / "local"


class Told(World):
    """A world that remembers what was said of one person, and when."""

    def __init__(self, make: Factory, worker: Flask) -> None:
        super().__init__(make, worker)
        self.unit_here = self.unit(Place("371002"))
        self.who = self.person((self.unit_here, LONG_AGO, None))
        self._base = make.account(Role.PROVIDER)
        self._ledger = Ledger(worker, make)
        self._upload = self._ledger.upload(self._base)
        self._session = make.session(self._base, subject="general", **NO_FIELD).id
        policies.remember(policies.current())
        db.session.commit()

    def earns(self, x100: int) -> None:
        db.session.commit()
        move = Move(self.who, self._session, x100, date(YEAR, 5, 1))
        self._ledger.posts(move, upload_id=self._upload, posted_by=self._base.user.id)
        db.session.expire_all()

    def said(self) -> Verdict:
        db.session.commit()
        return verdict(self.who, YEAR, on=clock.today())


@pytest.fixture
def told(make: Factory, worker: Flask) -> Told:
    return Told(make, worker)


def test_hours_that_were_posted_later_change_nothing_of_before(told: Told) -> None:
    then, moment = told.said(), clock.now()
    told.earns(4000)
    now = told.said()
    assert now.findings[0].have_x100 == 4000
    assert verdict(told.who, YEAR, moment=moment) == then
    assert verdict(told.who, YEAR, moment=clock.now()) == now


def test_a_move_that_was_learnt_later_changes_nothing_of_before(told: Told) -> None:
    then, moment = told.said(), clock.now()
    harbin = told.unit(Place("230103"))
    told.works(told.who, harbin, date(2024, 1, 1))
    assert told.said().regime != then.regime
    assert verdict(told.who, YEAR, moment=moment) == then


def test_an_exemption_that_was_granted_later_changes_nothing_of_before(told: Told) -> None:
    then, moment = told.said(), clock.now()
    told.let_off(told.who, YEAR, 0)
    assert told.said().outcome is Outcome.EXEMPT
    assert verdict(told.who, YEAR, moment=moment) == then


def test_a_spell_that_was_a_mistake_is_still_what_was_known_then(told: Told) -> None:
    then, moment = told.said(), clock.now()
    spell = db.session.query(Employment).filter_by(professional_id=told.who).one()
    facts.withdraw(spell)
    assert told.said().outcome is Outcome.EXEMPT
    assert verdict(told.who, YEAR, moment=moment) == then


def test_a_rule_that_came_later_is_not_held_against_what_was_said_before(told: Told) -> None:
    then, moment = told.said(), clock.now()
    policies.remember(load(LOCAL))
    known = policies.known_at(clock.now())
    assert {v.digest for pack in known.values() for v in pack.versions} == {
        v.digest for pack in load(LOCAL).values() for v in pack.versions
    }
    assert verdict(told.who, YEAR, moment=moment) == then
    policies.remember(load())
    assert policies.known_at(clock.now()).keys() == load().keys(), "and it can go again"
    assert policies.known_at(moment).keys() == load().keys()


def test_what_is_kept_of_a_pack_makes_the_same_pack_again(told: Told) -> None:
    assert policies.known_at(clock.now()) == load()
