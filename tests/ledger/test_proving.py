"""The proof as people meet it: by night as a job, by hand as a command, later by a kept head."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.cli import commands
from ce_tracker.errors import BadRequest, CeTrackerError
from ce_tracker.extensions import db
from ce_tracker.jobs import Job, State
from ce_tracker.ledger import head
from ce_tracker.sealing import Keyring
from config import Settings
from tests.factories import Factory
from tests.http.test_health import numbers
from tests.ledger.test_proof import tamper
from tests.ledger.world import Ledger, Move, Story, story
from workers.doing import run_next
from workers.tasks import KINDS, plan

Run = Callable[..., Result]


@pytest.fixture
def ledger(make: Factory, worker: Flask) -> Ledger:
    return Ledger(worker, make)


@pytest.fixture
def told(ledger: Ledger, make: Factory) -> Story:
    return story(ledger, make)


@pytest.fixture
def run(settings: Settings) -> Run:
    def run(*words: str, **environ: str) -> Result:
        return CliRunner().invoke(commands, words, env=settings.environment() | environ)

    return run


@pytest.fixture
def proven(make: Factory, worker: Flask) -> Callable[[], Job]:
    """A night's job, worked on until it is done or dead."""

    def prove() -> Job:
        job = make.job("ledger-proof")
        again(job, worker)
        return job

    return prove


def again(job: Job, worker: Flask) -> None:
    for attempt in range(3):
        later = clock.now() + timedelta(hours=attempt)
        with clock.pinned(later), worker.app_context():
            run_next(KINDS, budget_seconds=60)
    db.session.rollback()
    db.session.refresh(job)


def refusal(done: Result) -> str:
    assert done.exit_code != 0, done.output
    assert isinstance(done.exception, CeTrackerError), done.exception
    return done.exception.detail


# --- by night ------------------------------------------------------------------------------


def test_a_ledger_that_agrees_ends_the_night_with_its_head_kept(
    told: Story, proven: Callable[[], Job], settings: Settings
) -> None:
    job = proven()
    assert job.state == State.DONE, job.error
    assert head.kept(job.place["head"], settings.keyring()) == head.current()
    assert job.steps_done >= 6


def test_what_does_not_agree_ends_the_night_where_the_authority_sees_it(
    told: Story, proven: Callable[[], Job], worker: Flask, web: Flask
) -> None:
    anna, _, _ = told.people
    assert numbers(web)["ce_ledger_findings",] == 0
    tamper("UPDATE standings SET specialty_x100 = 1 WHERE professional_id = :who", who=anna)
    job = proven()
    assert job.state == State.DEAD
    assert job.error is not None
    assert job.error.startswith("台账核验发现 2 处不符：")
    assert f"人员 {anna} 的 2025 年学时不符" in job.error
    assert numbers(web)["ce_ledger_findings",] == 2


def test_what_was_mended_is_mended_when_the_job_is_started_again(
    told: Story, proven: Callable[[], Job], worker: Flask
) -> None:
    change = "UPDATE standings SET specialty_x100 = specialty_x100 + :more WHERE year = 2025"
    tamper(change, more=1)
    job = proven()
    assert job.state == State.DEAD
    tamper(change, more=-1)
    job.state, job.attempts, job.due_at, job.error = State.WAITING, 0, clock.now(), None
    db.session.commit()
    again(job, worker)
    assert job.state == State.DONE


def test_a_night_finds_what_was_cut_off_since_the_night_before(
    told: Story, proven: Callable[[], Job]
) -> None:
    assert proven().state == State.DONE
    _, bert, _ = told.people
    tamper("DELETE FROM ledger_entries WHERE posting_id = :last", last=told.postings[3])
    tamper("DELETE FROM postings WHERE position = 4")
    tamper("UPDATE standings SET general_x100 = 1000 WHERE professional_id = :who", who=bert)
    job = proven()
    assert job.state == State.DEAD
    assert job.error is not None
    assert "台账被截短：" in job.error


def test_every_night_has_its_proof_and_its_years(make: Factory, worker: Flask) -> None:
    with worker.app_context():
        plan(clock.now())
        db.session.commit()
        db.session.remove()
    asked = select(Job.kind, Job.key).where(Job.kind.in_(("ledger-proof", "ledger-years")))
    today = clock.today()
    assert {tuple(row) for row in db.session.execute(asked)} == {
        (kind, day.isoformat())
        for kind in ("ledger-proof", "ledger-years")
        for day in (today - timedelta(days=1), today)
    }


# --- by hand -------------------------------------------------------------------------------


def test_verify_says_what_it_looked_at_where_nothing_is_wrong(told: Story, run: Run) -> None:
    done = run("ledger", "verify")
    assert done.exit_code == 0, done.output
    assert "台账核验通过：4 批入账，8 条记录，没有发现不符。" in done.output


def test_verify_names_the_row_and_fails(told: Story, run: Run) -> None:
    anna, _, _ = told.people
    tamper(
        "UPDATE ledger_entries SET result = '优秀' WHERE professional_id = :who AND year = 2026",
        who=anna,
    )
    done = run("ledger", "verify")
    assert refusal(done) == "台账核验发现 1 处不符。"
    assert (
        f"✗ 人员 {anna} 在 2026 年、班次 {told.sessions[0]} 的第 1 条记录"
        f"（入账编号 {told.postings[0]}）被改动过：与它自己的摘要不符。" in done.output
    )


@pytest.fixture
def kept(told: Story, run: Run, tmp_path: Path) -> Path:
    """Yesterday's head, as somebody saved it."""
    done = run("ledger", "head")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    file = tmp_path / "head.json"
    file.write_text(done.stdout)
    return file


def test_a_kept_head_is_still_right_after_more_was_posted(
    told: Story, kept: Path, run: Run, ledger: Ledger, make: Factory
) -> None:
    ledger.posts(
        Move(make.professional().id, told.sessions[0], 800), upload_id=ledger.upload(told.base)
    )
    done = run("ledger", "verify", "--head", str(kept))
    assert done.exit_code == 0, done.output
    assert "5 批入账，9 条记录" in done.output


def test_the_last_postings_deleted_are_caught_against_a_kept_head(
    told: Story, kept: Path, run: Run
) -> None:
    tamper("DELETE FROM ledger_entries WHERE posting_id >= :third", third=told.postings[2])
    tamper("DELETE FROM held_rows WHERE posting_id >= :third", third=told.postings[2])
    tamper("DELETE FROM postings WHERE position >= 3")
    tamper(
        "UPDATE standings s SET (general_x100, specialty_x100) = ("
        " SELECT coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0),"
        "  coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0)"
        " FROM ledger_entries e WHERE (e.professional_id, e.year) = (s.professional_id, s.year))"
    )
    assert run("ledger", "verify").exit_code == 0
    done = run("ledger", "verify", "--head", str(kept))
    assert refusal(done) == "台账核验发现 1 处不符。"
    assert "第 3 批及以后的入账不见了。" in done.output


def test_a_head_that_was_changed_is_refused(kept: Path, run: Run) -> None:
    said = json.loads(kept.read_text())
    for change in (
        {"position": said["position"] - 1},
        {"entries": said["entries"] + 1},
        {"digest": "00" * 32},
        {"posted_at": None},
        {"signature": said["signature"][:-3]},
        {"signature": "A" * len(said["signature"])},
    ):
        kept.write_text(json.dumps(said | change))
        assert "签名不对" in refusal(run("ledger", "verify", "--head", str(kept))), change


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", "1", '{"position": 1}', "\x00\xff"])
def test_what_is_no_head_is_refused(kept: Path, run: Run, line: str) -> None:
    kept.write_text(line)
    assert "不是台账摘要" in refusal(run("ledger", "verify", "--head", str(kept)))


def test_a_head_signed_elsewhere_is_refused(kept: Path, run: Run) -> None:
    elsewhere = str(Keyring.for_demo())
    done = run("ledger", "verify", "--head", str(kept), CE_KEYS=elsewhere)
    assert "签名不对" in refusal(done)


def test_a_head_signed_with_an_older_key_counts_as_long_as_the_key_is_kept(
    kept: Path, settings: Settings, run: Run
) -> None:
    newer = settings.keyring().with_new_key()
    done = run("ledger", "verify", "--head", str(kept), CE_KEYS=str(newer))
    assert done.exit_code == 0, done.output
    alone = newer.without(settings.keyring().current)
    with pytest.raises(BadRequest, match="签名不对"):
        head.kept(kept.read_text(), alone)


def test_an_empty_ledger_has_a_head_too(make: Factory, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    file.write_text(run("ledger", "head").stdout)
    assert run("ledger", "verify", "--head", str(file)).exit_code == 0
    assert json.loads(file.read_text())["position"] == 0
