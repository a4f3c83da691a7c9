"""Keys are changed while people write; nothing is lost and nothing stays under the old key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock, idempotency, rotation
from ce_tracker.actor import Role
from ce_tracker.app import create_app
from ce_tracker.cli import commands
from ce_tracker.database import keep_gate_keys
from ce_tracker.errors import Conflict
from ce_tracker.extensions import db
from ce_tracker.home import Home
from ce_tracker.idempotency import KEPT_FOR, Answer
from ce_tracker.identity import PLACE
from ce_tracker.jobs import Job, State
from ce_tracker.promotions.models import PromotionVerdict
from ce_tracker.promotions.verdicts import is_ours
from ce_tracker.registry.models import Professional
from ce_tracker.rotation import reseal, values_by_version
from ce_tracker.sealing import CannotOpenError, Keyring
from config import DatabaseRole, Settings
from tests.factories import Factory
from tests.promotions.applicants import Applicant
from tests.promotions.rivals import ready
from workers.doing import run_next
from workers.tasks import NIGHTLY

NUMBERS = "professionals.id_number_sealed"
ONE_STEP = 0.0

Reseal = Callable[..., Job]


@pytest.fixture
def old(settings: Settings) -> Keyring:
    return settings.keyring()


@pytest.fixture
def new(old: Keyring) -> Keyring:
    return old.with_new_key()


@pytest.fixture
def resealed(settings: Settings, make: Factory) -> Iterator[Reseal]:
    """A worker that knows `keyring` works on the job, for one budget."""
    with ExitStack() as stack:

        def work(job: Job, keyring: Keyring, budget: float = 30) -> Job:
            app = create_app(settings.with_(keys=keyring), DatabaseRole.WORKER)
            with app.app_context():
                stack.callback(db.engine.dispose)
                run_next({"reseal": reseal}, budget)
            db.session.rollback()
            db.session.refresh(job)
            return job

        yield work


def asked_for(make: Factory, keyring: Keyring) -> Job:
    return make.job("reseal", payload={"version": keyring.current})


def written_with(make: Factory, keyring: Keyring, how_many: int) -> list[Professional]:
    """People whom a web process with this keyring takes in."""
    usual, make.settings = make.settings, make.settings.with_(keys=keyring)
    people = [make.professional() for _ in range(how_many)]
    make.settings = usual
    return people


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "ROWS_A_STEP", 2)


def opened(person: Professional, keyring: Keyring) -> bytes:
    db.session.refresh(person)
    return keyring.open(person.id_number_sealed, PLACE)


def found_by(number: bytes, keyring: Keyring) -> Professional | None:
    return db.session.scalar(
        select(Professional).where(Professional.id_number_index.in_(keyring.indexes(number, PLACE)))
    )


def test_after_the_change_every_value_opens_with_the_new_key_alone(
    settings: Settings, make: Factory, resealed: Reseal, old: Keyring, new: Keyring
) -> None:
    person = make.professional()
    number = opened(person, old)
    assert resealed(asked_for(make, new), new).state == State.DONE
    assert values_by_version()[NUMBERS] == {new.current: 1}
    alone = new.without(old.current)
    assert opened(person, alone) == number
    assert person.id_number_index == alone.index(number, PLACE)
    with pytest.raises(CannotOpenError):
        opened(person, old)


def test_a_person_is_found_before_while_and_after_the_key_changes(
    settings: Settings, make: Factory, resealed: Reseal, old: Keyring, new: Keyring
) -> None:
    person = make.professional()
    number = opened(person, old)
    assert found_by(number, old) is person
    assert found_by(number, new) is person
    resealed(asked_for(make, new), new)
    assert found_by(number, new) is person


def test_resealing_goes_on_where_it_was_cut_short(
    settings: Settings, make: Factory, resealed: Reseal, old: Keyring, new: Keyring, slow: None
) -> None:
    written_with(make, old, 5)
    job = asked_for(make, new)
    resealed(job, new, ONE_STEP)
    assert values_by_version()[NUMBERS] == {old.current: 3, new.current: 2}
    assert (job.state, job.steps_done) == (State.WAITING, 2)
    assert resealed(job, new).state == State.DONE
    assert values_by_version()[NUMBERS] == {new.current: 5}
    assert job.steps_done == 5


def test_two_changes_under_way_while_people_write_leave_nothing_old(
    settings: Settings, make: Factory, resealed: Reseal, old: Keyring, new: Keyring, slow: None
) -> None:
    newest = new.with_new_key()
    people = written_with(make, old, 5)
    numbers = [opened(person, old) for person in people]
    first = asked_for(make, new)
    resealed(first, new, ONE_STEP)
    people += written_with(make, old, 1) + written_with(make, new, 2)  # not yet restarted
    numbers += [opened(person, newest) for person in people[5:]]
    second = asked_for(make, newest)
    resealed(first, newest, ONE_STEP)
    people += written_with(make, newest, 1)
    numbers.append(opened(people[-1], newest))
    for job in (first, second):
        resealed(job, newest)
        resealed(job, newest)
    assert (first.state, second.state) == (State.DONE, State.DONE)
    assert values_by_version()[NUMBERS] == {newest.current: 9}
    alone = newest.without(old.current).without(new.current)
    assert [opened(person, alone) for person in people] == numbers
    assert [found_by(number, alone) for number in numbers] == people


def test_a_worker_that_does_not_know_the_new_key_leaves_the_work_for_later(
    make: Factory, resealed: Reseal, old: Keyring, new: Keyring
) -> None:
    """It would find nothing to do, and the job would be done with nothing done."""
    make.professional()
    job = resealed(asked_for(make, new), old)
    assert (job.state, job.attempts) == (State.WAITING, 0)
    assert job.due_at > clock.now()
    with clock.pinned(job.due_at):
        assert resealed(job, new).state == State.DONE
    assert values_by_version()[NUMBERS] == {new.current: 1}


def test_a_worker_with_an_old_key_does_not_touch_what_a_new_one_made(
    make: Factory, resealed: Reseal, old: Keyring, new: Keyring
) -> None:
    written_with(make, new, 1)
    assert resealed(make.job("reseal", payload={"day": "2026-05-04"}), old).state == State.DONE
    assert values_by_version()[NUMBERS] == {new.current: 1}


def test_what_was_written_late_under_the_old_key_is_found_every_night() -> None:
    assert "reseal" in NIGHTLY


@pytest.fixture
def command(
    settings: Settings, make: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Result]]:
    """`ce-tracker keys …` on this database and a home of its own, which keeps the keys."""
    home = Home(tmp_path)
    home.keep_keys(settings.keyring())
    monkeypatch.setenv("CE_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("REDIS_URL", str(settings.redis_url))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(commands, ["keys", *arguments])

    yield run
    db.session.rollback()


def test_an_old_key_goes_when_nothing_needs_it_and_not_before(
    make: Factory, resealed: Reseal, command: Callable[..., Result], tmp_path: Path, old: Keyring
) -> None:
    make.professional()
    assert command("rotate").exit_code == 0
    both = Home(tmp_path).keys()
    assert both.versions == [old.current + 1, old.current]
    refused = command("retire", str(old.current))
    assert isinstance(refused.exception, Conflict)
    assert Home(tmp_path).keys().versions == both.versions
    job = db.session.scalars(select(Job).where(Job.kind == "reseal")).one()
    assert resealed(job, both).state == State.DONE
    assert command("retire", str(old.current)).exit_code == 0
    assert Home(tmp_path).keys().versions == [old.current + 1]


def test_seals_of_verdicts_are_made_anew_and_stamps_are_taken_under_both_keys(
    make: Factory,
    web: Flask,
    worker: Flask,
    resealed: Reseal,
    command: Callable[..., Result],
    tmp_path: Path,
    old: Keyring,
) -> None:
    applicant = ready(Applicant.comes(make, web, worker))
    application = applicant.drafts()
    assert command("rotate").exit_code == 0
    both = Home(tmp_path).keys()
    keep_gate_keys(old)  # one that was started with the new key before the database heard of it
    db.session.commit()
    usual, make.settings = make.settings, make.settings.with_(keys=both)
    applicant.is_recommended(application)
    keep_gate_keys(both)
    db.session.commit()
    make.settings = usual
    applicant.submits(application)  # by one that was not restarted yet
    stamps = [each.stamp for each in _verdicts(application)]
    make.settings = make.settings.with_(keys=both)
    second = applicant.drafts(track="grassroots", target="full_senior")
    applicant.is_recommended(second)  # by one that was
    job = db.session.scalars(select(Job).where(Job.kind == "reseal")).one()
    assert resealed(job, both).state == State.DONE
    alone = both.without(old.current)
    assert values_by_version()["promotion_verdicts.seal"] == {alone.current: 3}
    kept = [*_verdicts(application), *_verdicts(second)]
    assert [is_ours(alone, each) for each in kept] == [True, True, True]
    assert [each.stamp for each in kept[:2]] == stamps
    assert command("retire", str(old.current)).exit_code == 0


def _verdicts(application_id: int) -> list[PromotionVerdict]:
    db.session.expire_all()
    return list(
        db.session.scalars(
            select(PromotionVerdict)
            .where(PromotionVerdict.application_id == application_id)
            .order_by(PromotionVerdict.id)
        )
    )


def test_a_remembered_answer_still_needs_the_key_that_its_request_was_indexed_with(
    make: Factory, resealed: Reseal, old: Keyring, new: Keyring
) -> None:
    account = make.account(Role.EMPLOYER)
    with clock.pinned(clock.now() - KEPT_FOR):
        idempotency.begin(old, account.actor, b"key", b"request")
        idempotency.finish(old, account.actor, b"key", Answer(201, {"id": 1}, {}))
        db.session.commit()
    resealed(asked_for(make, new), new)
    counts = values_by_version()
    assert counts["idempotent_answers.answer_sealed"] == {new.current: 1}
    assert counts["idempotent_answers.request_index"] == {old.current: 1}
    replayed = idempotency.begin(new, account.actor, b"key", b"request")
    assert replayed == Answer(201, {"id": 1}, {})
    idempotency.forget_old()
    db.session.commit()
    assert values_by_version()["idempotent_answers.request_index"] == {}
